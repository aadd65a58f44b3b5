"""What BigQuery needs so that it says what the embedded engines say; its dialect of SQLAlchemy is an extra.

Source:
    GoogleSQL reference: operators, conditional expressions, date and string functions, DML syntax
    (read 2026-11).
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy_bigquery import BigQueryDialect
from sqlalchemy_bigquery.base import BigQueryCompiler, BigQueryDDLCompiler, unnest

from auditor.sql_writing import Seconds, extracted, zone_and_moment

if TYPE_CHECKING:
    from types import ModuleType

    Function = sa.Function[Any]

# Loading it makes its `unnest` that of every engine, also where PostgreSQL lists the indexes of a
# table; SQLAlchemy warns on each use of a function that does not say whether it may be cached.
unnest.inherit_cache = True

__all__ = ["BigQueryDialect", "WarehouseDialect"]

DRIVER = "warehouse"
"""Behind `bigquery+` it names the dialect below."""


CLUSTERED = ("check_id", "topic", "order_number", "customer_id", "contact_id", "email_key", "item")
"""Columns that tables are clustered by: the first of them that a table has.

Source:
    BigQuery, clustered tables: a condition on the column reads only the blocks that may hold it.
"""


class BigQueryInterval(Seconds):
    """A span of time, written in seconds."""

    unit = "SECOND"


class _Statements(BigQueryCompiler):  # type: ignore[misc]
    """Functions that BigQuery lacks, names or writes in another way."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *args: Any, **kw: Any) -> str:  # noqa: ANN401
        """Write spans out: a parameter cannot be one."""
        if isinstance(bindparam.type.dialect_impl(self.dialect), BigQueryInterval):
            return str(self.render_literal_bindparam(bindparam))
        return str(super().visit_bindparam(bindparam, *args, **kw))

    def visit_greatest_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Leave NULL aside, as the other engines do; BigQuery's own is NULL if any is."""
        return self._of_pairs("GREATEST", fn, **kw)

    def visit_least_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Likewise."""
        return self._of_pairs("LEAST", fn, **kw)

    def _of_pairs(self, name: str, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        parts = [self.process(one, **kw) for one in fn.clauses]
        return str(reduce(lambda a, b: f"COALESCE({name}({a}, {b}), {a}, {b})", parts))

    def visit_split_part_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Take the first part of a text; there always is one."""
        text, mark, place = fn.clauses
        if getattr(place, "value", None) != 1:
            raise sa.exc.CompileError("Only the first part of a text can be taken in BigQuery.")
        return f"SPLIT({self.process(text, **kw)}, {self.process(mark, **kw)})[SAFE_OFFSET(0)]"

    def visit_timezone_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Read a time of UTC on the clock of a zone: `timezone(zone, timezone('UTC', time))`."""
        zone, moment = zone_and_moment(self, fn, **kw)
        return f"DATETIME(TIMESTAMP({moment}), {zone})"

    def visit_date_trunc_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Cut a time down to a unit, which is a word and no text."""
        unit, moment = fn.clauses
        return f"DATETIME_TRUNC({self.process(moment, **kw)}, {unit.value.upper()})"

    def visit_extract(self, extract: Any, **kw: Any) -> str:  # noqa: ANN401
        """Count the seconds since 1970, which EXTRACT cannot."""
        return extracted(self, extract, "UNIX_SECONDS(TIMESTAMP({}))", **kw)

    def visit_md5_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Write a hash as text; BigQuery gives its bytes."""
        return f"TO_HEX(MD5({', '.join(self.process(one, **kw) for one in fn.clauses)}))"

    def visit_version_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401, ARG002
        """Say which engine it is; its version nobody is told."""
        return "'BigQuery'"

    def visit_mod_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ANN401, ARG002
        """Take a remainder, for which there is no sign."""
        return f"MOD({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ANN401, ARG002
        """Search a text for a pattern."""
        sides = (self.process(binary.left, **kw), self.process(binary.right, **kw))
        return f"REGEXP_CONTAINS({', '.join(sides)})"

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ANN401
        """Likewise."""
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **kw)}"

    def visit_values(self, element: sa.Values, *_: Any, **__: Any) -> str:  # noqa: ANN401
        """Write rows as an array of structs: VALUES stands in an INSERT alone."""
        quote = self.preparer.quote
        columns = list(element._column_args)  # noqa: SLF001 - SQLAlchemy tells them nowhere else
        rows = [row for rows in element._data for row in rows]  # noqa: SLF001
        structs = [
            ", ".join(
                f"{self.process(sa.literal(value, column.type), literal_binds=True)} AS {quote(column.name)}"
                for column, value in zip(columns, row, strict=True)
            )
            for row in rows
        ]
        array = ", ".join(f"STRUCT({struct})" for struct in structs)
        return f"UNNEST([{array}]) AS {quote(str(element.name))}"

    def visit_delete(self, delete_stmt: Any, **kw: Any) -> str:  # noqa: ANN401
        """Say of all rows that all are meant: BigQuery deletes nothing without a condition."""
        said: str = super().visit_delete(delete_stmt, **kw)
        return said if delete_stmt.whereclause is not None else f"{said} WHERE true"


class _Tables(BigQueryDDLCompiler):  # type: ignore[misc]
    """Tables, each with what it is clustered by."""

    def visit_create_table(self, create: Any, **kw: Any) -> str:  # noqa: ANN401
        """Make a table of one's own an ordinary one: BigQuery's are of a session, and none is kept open."""
        return str(super().visit_create_table(create, **kw)).replace("TEMPORARY TABLE", "TABLE", 1)

    def post_create_table(self, table: sa.Table) -> str:
        """Keep rows of one key together, so that a condition on it reads less."""
        key = next((name for name in CLUSTERED if name in table.columns), None)
        return f" CLUSTER BY {self.preparer.quote(key)}" if key else ""


class WarehouseDialect(BigQueryDialect):  # type: ignore[misc]
    """BigQuery as a warehouse."""

    driver = DRIVER
    statement_compiler = _Statements
    ddl_compiler = _Tables
    supports_statement_cache = False
    colspecs: ClassVar[dict[Any, Any]] = {
        **BigQueryDialect.colspecs,
        sa.Interval: BigQueryInterval,
    }

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the driver."""
        driver: ModuleType = BigQueryDialect.import_dbapi()
        return driver

    def get_isolation_level_values(self, dbapi_conn: Any) -> list[str]:  # noqa: ANN401, ARG002
        """Say that every statement stands alone."""
        return ["AUTOCOMMIT"]

    def get_isolation_level(self, dbapi_conn: Any) -> str:  # noqa: ANN401, ARG002
        """Likewise."""
        return "AUTOCOMMIT"

    def set_isolation_level(self, dbapi_conn: Any, level: str) -> None:  # noqa: ANN401
        """Leave it at the one that there is."""


sa.dialects.registry.register(f"bigquery.{DRIVER}", __name__, WarehouseDialect.__name__)
