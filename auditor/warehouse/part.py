"""A schema beside the tables, in which some of them stand again with a few of their rows.

While it comes first, a statement that names a table means the one in the part where there is one, and
the whole one where there is none: selects need not know which they read.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_possible(engine: sa.Engine) -> bool:
    """Tell whether names can be let mean the tables of a part; in BigQuery a connection keeps no such thing."""
    return engine.dialect.name != "bigquery"


def begin(conn: sa.Connection) -> None:
    """Make room for a part."""
    conn.execute(sa.schema.CreateSchema(name_of(conn)))


def end(engine: sa.Engine) -> None:
    """Drop the part with all its tables, if there is one.

    In a transaction of its own: DuckDB cannot end one that fills a table and drops it.
    """
    if not is_possible(engine):
        return
    with engine.begin() as conn:
        conn.execute(sa.schema.DropSchema(name_of(conn), cascade=True, if_exists=True))


def name_of(conn: sa.Connection) -> str:
    """Return the schema of the part; a database may hold the warehouses of many brands, a schema each."""
    return "part" if conn.dialect.name == "duckdb" else f"{_whole(conn)}_part"


def _whole(conn: sa.Connection) -> str:
    return str(conn.dialect.default_schema_name)


@contextlib.contextmanager
def first(conn: sa.Connection) -> Iterator[None]:
    """Let names mean tables of the part before others, until the block ends."""
    whole = _whole(conn)
    _search(conn, name_of(conn), whole)
    try:
        yield
    except BaseException:
        conn.rollback()  # nothing can be set in a transaction that has failed
        _search(conn, whole)
        raise
    _search(conn, whole)


def _search(conn: sa.Connection, *schemas: str) -> None:
    if conn.dialect.name == "duckdb":
        conn.execute(sa.text(f"SET search_path = '{','.join(schemas)}'"))
    else:
        quote = conn.dialect.identifier_preparer.quote
        conn.execute(sa.text(f"SET LOCAL search_path TO {', '.join(map(quote, schemas))}"))


def of_part(conn: sa.Connection, table: sa.Table) -> sa.Table:
    """Return a table as it stands in the part, whatever comes first."""
    return _in_schema(table, name_of(conn))


def of_whole(conn: sa.Connection, table: sa.Table) -> sa.Table:
    """Return a table as it stands beside the part, whatever comes first."""
    return _in_schema(table, _whole(conn))


@cache  # statements that name the same table are compiled once
def _in_schema(table: sa.Table, schema: str) -> sa.Table:
    return table.to_metadata(sa.MetaData(), schema=schema)


def copy(conn: sa.Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Table:
    """Put the rows of a table into the part that meet the conditions, stated on the table itself."""
    into = of_part(conn, table)
    into.create(conn)
    names = [column.name for column in table.columns]
    conn.execute(into.insert().from_select(names, sa.select(table).where(*conditions)))
    return into
