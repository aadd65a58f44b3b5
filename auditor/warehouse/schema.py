"""The shape of the warehouse: made whole, brought up to date from an older one, refused where it cannot be.

What is derived is dropped and derived again. What was read, and its history, gets the columns that came
since, empty; the columns are part of what a read rests on, so the next run reads those streams whole.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor import __version__
from auditor.errors import StoreError
from auditor.model import drift, history, judged
from auditor.model.tables import metadata
from auditor.postgresql import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

PASSING = frozenset({"stage", "kept", "fresh", "raw"})
"""What stands before the name of a table whose rows pass through another."""

SCHEMA = 4
"""Of the tables that the model declares; any change of them raises it: see docs/upgrades.md."""

OLDEST = 0
"""The oldest that can be brought up to date; a column of another type raises it. 0 had no number."""

version_table = sa.Table(
    "warehouse_version", sa.MetaData(), sa.Column("number", sa.Integer, nullable=False)
)
DERIVED = tuple(
    table
    for module in (drift, judged)
    for table in vars(module).values()
    if isinstance(table, sa.Table)
)
"""What every audit derives anew from what was read."""

_COLUMNS = sa.table(
    "columns",
    *(sa.column(name, sa.Text) for name in ("table_schema", "table_name", "column_name")),
    schema="information_schema",
)
_TABLES = sa.table(
    "tables",
    *(sa.column(name, sa.Text) for name in ("table_schema", "table_name")),
    schema="information_schema",
)
Known = dict[str, set[str]]


def bring_up_to_date(conn: sa.Connection) -> None:
    """Make the tables, or those of an older auditor what they are to be; nothing where they are.

    Args:
        conn: In a transaction, which holds all of it.

    Raises:
        StoreError: the warehouse is of a newer auditor, or of one too old, or could not be changed.
    """
    if stored_version(conn) == SCHEMA:
        return
    one_at_a_time(conn)
    known = _known(conn)
    version = stored_version(conn)
    if history.snapshot_run.name in known:  # every auditor made that table
        version = version or 0
        _require_at_hand(conn, version)
        if version == SCHEMA:  # another process was first
            return
        _migrate(conn, known, version)
    metadata.create_all(conn)
    history.metadata.create_all(conn)
    version_table.create(conn, checkfirst=True)
    conn.execute(version_table.delete())
    conn.execute(version_table.insert().values(number=SCHEMA))


def stored_version(conn: sa.Connection) -> int | None:
    """Return the schema that a warehouse says it has, None where it says none."""
    if conn.dialect.name == "bigquery":
        if not sa.inspect(conn).has_table(version_table.name):
            return None
        return conn.scalar(sa.select(version_table.c.number))
    row = _TABLES.c
    is_there = sa.select(row.table_name).where(
        row.table_schema == sa.func.current_schema(), row.table_name == version_table.name
    )
    if conn.execute(is_there).first() is None:
        return None
    return conn.scalar(sa.select(version_table.c.number))


def passing_tables(conn: sa.Connection) -> list[str]:
    """Return the names of the tables that hold rows only until these are published."""
    return sorted(name for name in _known(conn) if _is_passing(name))


def drop_passing(conn: sa.Connection) -> None:
    """Drop the tables that hold rows only until these are published."""
    quote = conn.dialect.identifier_preparer.quote
    for name in passing_tables(conn):
        conn.execute(sa.text(f"DROP TABLE {quote(name)}"))


def _is_passing(name: str) -> bool:
    """Tell whether a table is one of ours: in a schema of the brand's own there may be others called alike."""
    prefix, _, of = name.partition("_")
    return prefix in PASSING and of in metadata.tables


def _known(conn: sa.Connection) -> Known:
    """Return the columns of all tables; DuckDB takes ten times as long for them as for the tables alone."""
    row = _COLUMNS.c
    found = sa.select(row.table_name, row.column_name).where(
        row.table_schema == sa.func.current_schema()
    )
    if conn.dialect.name == "bigquery":  # its own is one of a dataset
        place = f"{conn.engine.url.database}.INFORMATION_SCHEMA"
        own = sa.table("COLUMNS", *(sa.column(c.name, sa.Text) for c in row), schema=place).c
        found = sa.select(own.table_name, own.column_name)
    known: Known = {}
    for name, column in conn.execute(found):
        known.setdefault(name, set()).add(column)
    return known


def _require_at_hand(conn: sa.Connection, version: int) -> None:
    place = conn.engine.url.database
    if version > SCHEMA:
        raise StoreError(
            f"store.warehouse: {place} has schema {version}, of a newer auditor; this one "
            f"({__version__}) knows schema {SCHEMA} at most; install the version that wrote it, or move "
            "the warehouse away: the next audit reads everything again."
        )
    if version < OLDEST:
        raise StoreError(
            f"store.warehouse: {place} has schema {version}, and this auditor ({__version__}) can bring "
            f"up to date those from {OLDEST} on; move the warehouse away and run `auditor snapshot "
            "--full`, which reads everything again; the history of its rows stays in the old one."
        )


def _migrate(conn: sa.Connection, known: Known, version: int) -> None:
    from_to = f"from schema {version or 'without a number'} to {SCHEMA}"
    try:
        _adapt(conn, known)
    except sa.exc.DBAPIError as exc:
        raise StoreError(
            f"store.warehouse: {conn.engine.url.database} could not be brought {from_to} "
            f"({type(exc).__name__}) and is as it was; see that the disk has room and that the user may "
            "change its tables, or go on with the older auditor."
        ) from exc
    log.warning(
        "store.warehouse: brought %s; what differs is read again whole, and derived again by the next "
        "audit",
        from_to,
    )


def _adapt(conn: sa.Connection, known: Known) -> None:
    for table in DERIVED:
        conn.execute(sa.schema.DropTable(table, if_exists=True))
    quote = conn.dialect.identifier_preparer.quote
    for column in _missing(known):
        kind = column.type.compile(conn.dialect)
        added = f"{quote(column.table.name)} ADD COLUMN {quote(column.name)} {kind}"
        conn.execute(sa.text(f"ALTER TABLE {added}"))
    if conn.dialect.name == "postgresql":
        _sort_by_code_point(conn, known)
    _forget_broken_reads(conn, known)


def _forget_broken_reads(conn: sa.Connection, known: Known) -> None:
    """Let a read that was broken off begin again: its stage has the old shape."""
    drop_passing(conn)
    for table in (history.unfinished_read, history.unfinished_page):
        if table.name in known:
            conn.execute(table.delete())


def _sort_by_code_point(conn: sa.Connection, known: Known) -> None:
    """Let text sort as in DuckDB, also where the server was set up to sort it as people do."""
    quote = conn.dialect.identifier_preparer.quote
    for table in (*metadata.sorted_tables, *history.metadata.sorted_tables):
        texts = [c for c in table.columns if isinstance(c.type, sa.Text)]
        if texts and table.name in known and table not in DERIVED:
            changes = (f'ALTER COLUMN {quote(c.name)} TYPE TEXT COLLATE "C"' for c in texts)
            conn.execute(sa.text(f"ALTER TABLE {quote(table.name)} {', '.join(changes)}"))


def _missing(known: Known) -> Iterator[sa.Column[object]]:
    for table in (*metadata.sorted_tables, *history.metadata.sorted_tables):
        if table.name in known and table not in DERIVED:
            yield from (c for c in table.columns if c.name not in known[table.name])
