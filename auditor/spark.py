"""What Spark SQL needs so that it says what the embedded engines say; Databricks speaks the same language.

A dialect of SQLAlchemy that writes statements and opens no connection: no driver of Spark is part of the
auditor. Whoever runs the statements sets the session as `SESSION` says.

Source:
    Spark 3.5 SQL reference: ANSI compliance, data types, literals, built-in functions (read 2026-11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import (
    DDLCompiler,
    GenericTypeCompiler,
    IdentifierPreparer,
    SQLCompiler,
)

from auditor.sql_writing import Seconds, extracted, zone_and_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlalchemy.types import TypeEngine

    Function = sa.Function[Any]

SESSION = {
    "spark.sql.ansi.enabled": "true",  # what does not fit is an error, never NULL
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}
"""What a session of Spark sets, so that times have no zone and nothing is cast in silence."""


class SparkInterval(Seconds):
    """A span of time, written in seconds."""

    unit = "SECONDS"


class _Moment(sa.DateTime):
    def literal_processor(self, dialect: sa.Dialect) -> Callable[[datetime], str]:  # noqa: ARG002
        return lambda moment: f"TIMESTAMP_NTZ'{moment.isoformat(' ')}'"


class _Day(sa.Date):
    def literal_processor(self, dialect: sa.Dialect) -> Callable[[date], str]:  # noqa: ARG002
        return lambda day: f"DATE'{day.isoformat()}'"


class _Types(GenericTypeCompiler):
    """Names of types; a FLOAT of Spark has 32 bits, and its VARCHAR wants a length."""

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, N802, ARG002
        return "TIMESTAMP_NTZ"

    def visit_TEXT(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, N802, ARG002
        return "STRING"

    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, N802, ARG002
        return "INT"

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:  # noqa: ANN401, N802, ARG002
        return "DOUBLE"

    visit_TIMESTAMP = visit_DATETIME  # noqa: N815
    visit_DOUBLE = visit_FLOAT  # noqa: N815


class _Statements(SQLCompiler):
    """Functions that Spark names or writes in another way."""

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:  # noqa: ANN401
        written = super().render_literal_value(value, type_)
        # A backslash begins an escape in a literal of Spark.
        return written.replace("\\", "\\\\") if isinstance(value, str) else written

    def visit_strpos_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Find a text in another."""
        return f"instr({self._arguments(fn, **kw)})"

    def visit_trim_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Take characters off both ends, which Spark's function names first."""
        return self._trimmed("BOTH", fn, **kw)

    def visit_rtrim_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Take characters off the end."""
        return self._trimmed("TRAILING", fn, **kw)

    def _trimmed(self, side: str, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        text, *what = (self.process(one, **kw) for one in fn.clauses)
        return f"trim({side} {what[0] if what else repr(' ')} FROM {text})"

    def visit_timezone_func(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        """Read a time of UTC on the clock of a zone: `timezone(zone, timezone('UTC', time))`."""
        zone, moment = zone_and_moment(self, fn, **kw)
        return f"convert_timezone('UTC', {zone}, {moment})"

    def visit_extract(self, extract: Any, **kw: Any) -> str:  # noqa: ANN401
        """Count the seconds since 1970, which Spark's EXTRACT cannot."""
        return extracted(self, extract, "unix_timestamp(CAST({} AS TIMESTAMP))", **kw)

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ANN401, ARG002
        """Search a text for a pattern, which Java reads: it names a class of characters otherwise."""
        pattern = sa.literal(binary.right.value.replace("[:space:]", r"\s"), sa.Text)
        text = self.process(binary.left, **kw)
        return f"regexp_like({text}, {self.process(pattern, **kw)})"

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ANN401
        """Likewise."""
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **kw)}"

    def _arguments(self, fn: Function, **kw: Any) -> str:  # noqa: ANN401
        return ", ".join(self.process(one, **kw) for one in fn.clauses)


class _Tables(DDLCompiler):
    """Tables are kept as Parquet files."""

    def post_create_table(self, table: sa.Table) -> str:  # noqa: ARG002
        return " USING PARQUET"


class SparkDialect(DefaultDialect):
    """Spark SQL 3.5 under ANSI, as statements."""

    name = "spark"
    statement_compiler = _Statements
    ddl_compiler = _Tables
    type_compiler_cls = _Types
    supports_native_boolean = True
    supports_statement_cache = True
    supports_multivalues_insert = True
    div_is_floordiv = False  # integers are divided as doubles
    supports_default_values = False
    colspecs: ClassVar[dict[type[TypeEngine[Any]], type[TypeEngine[Any]]]] = {  # type: ignore[misc]
        sa.Interval: SparkInterval,
        sa.DateTime: _Moment,
        sa.Date: _Day,
    }

    def __init__(self) -> None:
        super().__init__()
        self.identifier_preparer = IdentifierPreparer(self, initial_quote="`")
