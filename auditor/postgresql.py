"""What PostgreSQL needs so that it says what the embedded engines say, whoever set the server up.

Both stores load this module: the warehouse and the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import TypeCompiler


@compiles(sa.Text, "postgresql")
def _by_code_point(_type: sa.Text, _compiler: TypeCompiler, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    """Let text sort by its code points, as DuckDB and SQLite do; a server may be set up to sort as people do."""
    return 'TEXT COLLATE "C"'


def one_at_a_time(conn: sa.Connection) -> None:
    """Keep others from making tables until the transaction ends: two that make the same one both fail."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING_TABLES)))


_MAKING_TABLES = 0x61756469746F72
"""A number of our own among the locks of a database."""
