"""A stored run as it stood, from the versions that the warehouse keeps, in a warehouse of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.history import HISTORY, snapshot_run, stream_position, vanished_record
from auditor.model.tables import STREAM_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.model.snapshot import Snapshot
    from auditor.warehouse import Warehouse

LOGS = {
    "centra_payment": "created_at",
    "emarsys_sale": "loaded_at",
    "emarsys_event": "loaded_at",
    "emarsys_unsubscribe": "happened_at",
}
"""Tables that only grow, and the column that tells since when a row is there."""


def restore(source: Warehouse, target: Warehouse, snapshot: Snapshot) -> dict[str, str]:
    """Copy the rows of a stored run, and the history up to it, into an empty warehouse.

    Args:
        source: Holds the run; only read.
        target: Empty; to be thrown away.
        snapshot: The run, with its coverage.

    Returns:
        The streams that cannot be restored, with the reason as a sentence.

    Raises:
        StoreError: the source does not know the run.
    """
    lost: dict[str, str] = {}
    for stream, tables in STREAM_TABLES.items():
        line = snapshot.line(stream)
        if line is None or not line.is_usable:
            continue
        selects = {table: _rows(source, table, snapshot) for table in tables}
        without = [table.name for table, select in selects.items() if select is None]
        if without:
            lost[stream] = (
                f"No history is kept of {without[0]}, so an earlier run cannot be judged on it."
            )
            continue
        for table, select in selects.items():
            if select is not None:
                _copy(source, target, table, select)
    for table, select in _history(snapshot.run):
        _copy(source, target, table, select)
    return lost


def without(snapshot: Snapshot, lost: Mapping[str, str]) -> Snapshot:
    """Return a snapshot whose lost streams are off, so that their checks do not judge."""
    lines = tuple(
        replace(line, mode="off", complete=False, reason=lost[line.stream])
        if line.stream in lost
        else line
        for line in snapshot.coverage
    )
    return replace(snapshot, coverage=lines)


def _copy(source: Warehouse, target: Warehouse, table: sa.Table, select: sa.Select[Any]) -> None:
    for rows in source.batches(select):
        target.append({table: rows})


def _rows(source: Warehouse, table: sa.Table, snapshot: Snapshot) -> sa.Select[Any] | None:
    """Select a table's rows as they stood; None where nothing tells."""
    if table.name in HISTORY:
        return source.as_of(table, snapshot.run)
    if table.name in LOGS:
        as_of = snapshot.as_of.astimezone(UTC).replace(tzinfo=None)
        return sa.select(table).where(table.c[LOGS[table.name]] <= as_of)
    return None


def _history(run: str) -> Iterator[tuple[sa.Table, sa.Select[Any]]]:
    """Yield what the warehouse remembered right after the run: checks compare with earlier ones."""
    own = snapshot_run.alias("own")
    number = sa.select(sa.func.max(own.c.number)).where(own.c.run == run).scalar_subquery()
    later = sa.select(snapshot_run.c.run).where(snapshot_run.c.number > number)
    yield snapshot_run, sa.select(snapshot_run).where(snapshot_run.c.number <= number)
    yield stream_position, sa.select(stream_position).where(stream_position.c.number <= number)
    yield vanished_record, sa.select(vanished_record).where(vanished_record.c.run.not_in(later))
    for past in HISTORY.values():
        closed = sa.case((past.c.valid_to_run.not_in(later), past.c.valid_to_run))
        columns = [c for c in past.c if c is not past.c.valid_to_run]
        select = sa.select(*columns, closed.label("valid_to_run"))
        yield past, select.where(past.c.valid_from_run.not_in(later))
