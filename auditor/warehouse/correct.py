"""Puts single records that were read again into the tables, with their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.history import HISTORY, vanished_record
from auditor.warehouse import load, versions
from auditor.warehouse.stage import staged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pyarrow as pa

FRESH = "fresh"
"""What stands before the name of a table for rows that were read again: other stages may be waiting."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The present rows of some records.

    Attributes:
        tables: Of the stream, the one with a row per record first.
        key: The column of every table that tells the records apart.
        asked: The keys that were asked for: such a record without a row is gone.
        rows: By table name; keys among them that were not asked for are records that came.
    """

    tables: tuple[sa.Table, ...]
    key: str
    asked: Collection[str]
    rows: dict[str, pa.Table]


def stage_rows(engine: sa.Engine, correction: Correction) -> None:
    """Write the rows beside the tables they belong to."""
    fresh = {table.name: staged(table, FRESH) for table in correction.tables}
    with engine.begin() as conn:
        for table in fresh.values():
            table.drop(conn, checkfirst=True)
            table.create(conn)
    load.append(engine, {fresh[name]: rows for name, rows in correction.rows.items()})


def apply(conn: sa.Connection, correction: Correction, run: str) -> bool:
    """Let the staged rows take the place of those of the same records; say whether they differ."""
    keys, tables = _keys(correction), correction.tables
    if not any(_differs(conn, table, correction.key, keys) for table in tables):
        return False
    for table in tables:
        fresh = staged(table, FRESH)
        if table.name in HISTORY:
            concerned = HISTORY[table.name].c[correction.key].in_(keys)
            versions.keep(conn, table, run, concerned, fresh)
            if table is tables[0]:
                _remember_vanished(conn, table, correction.key, keys, run)
        conn.execute(table.delete().where(table.c[correction.key].in_(keys)))
        conn.execute(table.insert().from_select(list(table.c.keys()), sa.select(fresh)))
    return True


def _remember_vanished(
    conn: sa.Connection, table: sa.Table, key: str, keys: Sequence[str], run: str
) -> None:
    fresh = staged(table, FRESH)
    gone = sa.select(sa.literal(run), sa.literal(table.name), table.c[key]).where(
        table.c[key].in_(keys), table.c[key].not_in(sa.select(fresh.c[key]))
    )
    into = [column.name for column in vanished_record.columns]
    conn.execute(vanished_record.insert().from_select(into, gone))


def drop_stages(conn: sa.Connection, corrections: Iterable[Correction]) -> None:
    """Forget the rows that were staged."""
    for table in {table for one in corrections for table in one.tables}:
        staged(table, FRESH).drop(conn, checkfirst=True)


def _keys(correction: Correction) -> Sequence[str]:
    rows = correction.rows.get(correction.tables[0].name)
    found = [] if rows is None else rows.column(correction.key).to_pylist()
    return sorted({*correction.asked, *found})


def _differs(conn: sa.Connection, table: sa.Table, key: str, keys: Sequence[str]) -> bool:
    fresh = staged(table, FRESH)
    present: sa.Select[Any] = sa.select(table).where(table.c[key].in_(keys))
    now = sa.select(fresh)
    return any(
        conn.execute(sa.except_all(one, other).limit(1)).first() is not None
        for one, other in ((present, now), (now, present))
    )
