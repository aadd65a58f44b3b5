"""Stage tables: where the pages of a read wait until the whole snapshot is published.

`stage_*` holds the pages since the read began or went on, `kept_*` those from before it went on.
A record that was read on both sides of the break is believed as it was read last.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = tuple[str, ...]


@cache
def staged(table: sa.Table, stage: str = "stage") -> sa.Table:
    """Return the stage table of a canonical table."""
    return table.to_metadata(sa.MetaData(), name=f"{stage}_{table.name}")


def begin(conn: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Create empty stage tables, dropping what an earlier read left."""
    for table in tables:
        drop(conn, staged(table, "kept"))
        renew(conn, staged(table))


def go_on(engine: sa.Engine, tables: Sequence[sa.Table], key: Key) -> None:
    """Keep the pages staged so far and make room for those behind the break."""
    join(engine, tables, key)
    with engine.begin() as conn:
        for table in tables:
            rename(conn, staged(table), staged(table, "kept").name)
            staged(table).create(conn)


def join(engine: sa.Engine, tables: Sequence[sa.Table], key: Key) -> None:
    """Put the pages from before a break to those behind it; without a break do nothing."""
    with engine.begin() as conn:
        if not sa.inspect(conn).has_table(staged(tables[0], "kept").name):
            return
        first = staged(tables[0])
        # The first table comes last: its rows say which records were read again.
        for table in reversed(tables):
            kept = staged(table, "kept")
            earlier = sa.select(kept).where(~same_record(kept, first, key))
            conn.execute(staged(table).insert().from_select(list(kept.c.keys()), earlier))
            kept.drop(conn)


def swap_in(conn: sa.Connection, table: sa.Table) -> None:
    """Let a table's staged rows take the place of all its present ones."""
    if conn.dialect.name == "duckdb":
        drop(conn, table)
        rename(conn, staged(table), table.name)
        return
    fresh = staged(table)
    if conn.dialect.name == "bigquery":  # in one step, and for nothing
        name, source = (
            conn.dialect.identifier_preparer.format_table(one) for one in (table, fresh)
        )
        conn.execute(sa.text(f"CREATE OR REPLACE TABLE {name} COPY {source}"))
        drop(conn, fresh)
        return
    empty(conn, table)
    conn.execute(table.insert().from_select(list(table.c.keys()), sa.select(fresh)))
    drop(conn, fresh)


def merge_in(conn: sa.Connection, tables: Sequence[sa.Table], key: Key) -> None:
    """Let the staged records, with all their rows, take the place of the same records."""
    first = staged(tables[0])
    for table in tables:
        fresh = staged(table)
        conn.execute(table.delete().where(same_record(table, first, key)))
        conn.execute(table.insert().from_select(list(table.c.keys()), sa.select(fresh)))


def same_record(table: sa.Table, first: sa.Table, key: Key) -> sa.ColumnElement[bool]:
    """Tell whether a row's record stands in the first table of a stage."""
    return sa.exists().where(*(first.c[name] == table.c[name] for name in key))


def empty(conn: sa.Connection, table: sa.Table) -> None:
    """Take all rows out of a table.

    DuckDB makes it anew, which is the cheapest, and nobody else has its file open. PostgreSQL deletes: to drop
    or truncate a table waits for all who read it, and whoever comes to read it then waits for the whole
    transaction; and with a table go the rights and the views that somebody gave it.
    """
    if conn.dialect.name == "duckdb":
        renew(conn, table)
    else:
        conn.execute(table.delete())


def renew(conn: sa.Connection, table: sa.Table) -> None:
    """Make a table anew, empty; on BigQuery, which takes a second for each statement, in one."""
    if conn.dialect.name != "bigquery":
        drop(conn, table)
        table.create(conn)
        return
    made = str(sa.schema.CreateTable(table).compile(conn)).strip()
    conn.execute(sa.text(made.replace("CREATE TABLE", "CREATE OR REPLACE TABLE", 1)))


def drop(conn: sa.Connection, table: sa.Table) -> None:
    """Drop a table if it is there; to ask first takes DuckDB longer than all the rest."""
    conn.execute(sa.schema.DropTable(table, if_exists=True))


def learn(conn: sa.Connection, *tables: sa.Table) -> None:
    """Let the engine count what it was given, where it would only do so after the transaction.

    PostgreSQL plans by statistics that its own service takes once rows are committed. Until then it takes
    a full table for an empty one, and joins it with itself row by row.
    """
    if conn.dialect.name != "postgresql":
        return
    written = conn.dialect.identifier_preparer.format_table
    conn.execute(sa.text(f"ANALYZE {', '.join(written(table) for table in tables)}"))


def settle(conn: sa.Connection, table: sa.Table) -> None:
    """Let the engine count what a table was given before others are joined with it.

    DuckDB counts nothing that its own transaction wrote, and joins as if there were next to nothing: so
    it is committed. One process has the file, and nobody sees it on the way.
    """
    if conn.dialect.name == "duckdb":
        conn.commit()
    else:
        learn(conn, table)


def rename(conn: sa.Connection, table: sa.Table, name: str) -> None:
    """Rename a table."""
    quote = conn.dialect.identifier_preparer.quote
    conn.execute(sa.text(f"ALTER TABLE {quote(table.name)} RENAME TO {quote(name)}"))
