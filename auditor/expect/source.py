"""The warehouse as a data source of Great Expectations, on one connection that stays open.

Great Expectations fetches results after it gave the connection back to the pool. DuckDB drops an open
result there, and every expectation would crash; on one held connection nothing is given back. The
connection commits by itself, so that a query that fails on PostgreSQL does not spoil those after it.

Importing this module imports Great Expectations; only `auditor.expect.run` may.
"""

# Great Expectations is untyped for mypy here (see pyproject): its classes are Any, and so is what
# derives from them.
# mypy: disable-error-code="misc,untyped-decorator"

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import sqlalchemy.dialects.postgresql
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from auditor.model.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import sqlalchemy as sa


class _Declared:
    """The columns of canonical tables as they are declared: to look each table up costs two queries."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self.dialect = dialect

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Return the columns of a table.

        Raises:
            KeyError: it is not a canonical table.
        """
        del schema
        columns = metadata.tables[str(table_name)].columns
        return [{"name": column.name, "type": column.type} for column in columns]

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """Return none: bulk tables have no keys."""
        del table_name, schema
        return {}


class HeldConnection(SqlAlchemyExecutionEngine):
    """Runs all queries on a connection that its owner opens and closes."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(engine=connection.engine, create_temp_table=False)
        self._held = connection
        if self.dialect_name == "duckdb":
            # DuckDB speaks PostgreSQL's SQL; without this, patterns are "not supported".
            self.dialect_module = sqlalchemy.dialects.postgresql

    def get_inspector(self) -> _Declared:
        """Return what knows the columns of tables."""
        return _Declared(self.engine.dialect)

    @contextlib.contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Lend the connection."""
        yield self._held

    def close(self) -> None:
        """Leave the connection and its pool alone; Great Expectations would dispose of both."""


class WarehouseSource(SQLDatasource):
    """A data source over a connection that is open already."""

    type: Literal["warehouse"] = "warehouse"
    connection_string: str = "held://"  # required by its parent, used by nobody
    _queries: HeldConnection = PrivateAttr()

    @classmethod
    def over(cls, connection: sa.Connection) -> WarehouseSource:
        """Make a source of an open connection."""
        source = cls(name="warehouse")
        source._queries = HeldConnection(connection)
        return source

    def get_engine(self) -> sa.Engine:
        """Return the engine behind the connection, for reading the columns of tables."""
        engine: sa.Engine = self._queries.engine
        return engine

    def get_execution_engine(self) -> HeldConnection:
        """Return what runs the queries."""
        return self._queries

    def test_connection(self, test_assets: bool = True) -> None:
        """Do nothing: the connection is open."""
