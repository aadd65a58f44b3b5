"""What happened to a subject, in order: by both systems' own times, and as our snapshots saw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.explain.records import SOURCES
from auditor.model.history import HISTORY, snapshot_run
from auditor.model.tables import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.explain.records import Records, Row, Source
    from auditor.explain.subject import Subject

_OURS = ("valid_from_run", "valid_to_run", "row_hash", "from_at", "to_at")


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        at: Aware, in UTC; a mere date is its first instant.
        source: `centra`, `emarsys`, or `auditor` for what a snapshot saw.
        what: In words, without personal data.
        changes: Columns that changed, with the value before and after; they may be personal.
    """

    at: datetime
    source: str
    what: str
    changes: tuple[tuple[str, Any, Any], ...] = ()


def timeline(conn: sa.Connection, subject: Subject, found: Iterable[Records]) -> list[Moment]:
    """Return everything that is known to have happened, oldest first."""
    moments = {moment for one in found for moment in (*_of_records(one), *_left_out(one))}
    for source in dict.fromkeys(SOURCES[subject.kind]):
        if source.table.name in HISTORY:
            moments |= set(_of_history(conn, subject, source))
    return sorted(moments, key=lambda moment: (moment.at, moment.source, moment.what))


def _of_records(one: Records) -> Iterator[Moment]:
    for row in one.rows:
        for name, value in row.items():
            if isinstance(value, date):  # a datetime is one, too
                yield Moment(
                    _utc(value), one.source.system, f"{_named(one.source, row)} {_verb(name)}"
                )


def _left_out(one: Records) -> Iterator[Moment]:
    """Say, where the rows that are told begin, how many older ones are not."""
    time = one.source.time
    times = [] if time is None else [row[time] for row in one.rows if time in row]
    if one.total > len(one.rows) and times:
        what = f"{one.source.name}: {one.total - len(one.rows)} older rows are not told"
        yield Moment(_utc(min(times)), one.source.system, what)


def _named(source: Source, row: Row) -> str:
    key = " ".join(str(row[column]) for column in KEYS.get(source.table.name, ()) if column in row)
    return f"{source.name} {key}".rstrip()


def _verb(column: str) -> str:
    return column.removesuffix("_at").removesuffix("_on").replace("_", " ")


def _utc(value: date) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=UTC)


def _of_history(conn: sa.Connection, subject: Subject, source: Source) -> Iterator[Moment]:
    """Yield when a snapshot first saw a record, saw it changed, and saw it gone."""
    key = itemgetter(*KEYS[source.table.name])
    for _, versions in groupby(_versions(conn, subject, source), key=key):
        first, *later = versions
        name = _named(source, first)
        yield Moment(_utc(first["from_at"]), "auditor", f"{name} first seen")
        last = first
        for row in later:
            yield from _between(name, last, row)
            last = row
        if last["to_at"] is not None:
            yield Moment(_utc(last["to_at"]), "auditor", f"{name} seen gone")


def _between(name: str, before: Row, row: Row) -> Iterator[Moment]:
    if before["row_hash"] is None:
        return  # emptied: what it held, and what came between, is not kept any more
    if before["valid_to_run"] != row["valid_from_run"]:
        yield Moment(_utc(before["to_at"]), "auditor", f"{name} seen gone")
        yield Moment(_utc(row["from_at"]), "auditor", f"{name} seen again")
        return
    changes = tuple(_differences(before, row))
    if changes:
        yield Moment(_utc(row["from_at"]), "auditor", f"{name} seen changed", changes)


def _versions(conn: sa.Connection, subject: Subject, source: Source) -> Iterator[Row]:
    history = HISTORY[source.table.name]
    began, ended = snapshot_run.alias("began"), snapshot_run.alias("ended")
    select = (
        sa.select(history, began.c.as_of.label("from_at"), ended.c.as_of.label("to_at"))
        .select_from(
            history.join(began, history.c.valid_from_run == began.c.run).outerjoin(
                ended, history.c.valid_to_run == ended.c.run
            )
        )
        .where(source.holds(subject, history))
        .order_by(*(history.c[column] for column in KEYS[source.table.name]), began.c.number)
    )
    for row in conn.execute(select).mappings():
        yield dict(row)


def _differences(before: Row, row: Row) -> Iterator[tuple[str, Any, Any]]:
    for name, value in row.items():
        if name not in _OURS and before[name] != value:
            yield name, before[name], value
