"""Decides how a stream is read: whole or only what changed, from the beginning or from a break."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from auditor.model.stream import Start
from auditor.model.tables import STREAM_TABLES, record_key
from auditor.warehouse import UnfinishedRead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from auditor.model.stream import Beside, Page, Stream
    from auditor.warehouse import Position, Warehouse
    from auditor.warehouse.reads import ReadMode

SWEEP_EVERY = timedelta(days=7)
OVERLAP = timedelta(minutes=10)
"""Clocks differ, and a change may be committed later than its own time says."""

RESUME_WITHIN = timedelta(hours=24)
"""An older beginning says too little about the present; it is read again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides between a full and an incremental read.

    Attributes:
        full: Whether everything is to be read whole, whatever is stored.
        basis: A digest of the settings that shape rows: rows shaped otherwise cannot be kept.
        is_sweep_due: Tells from the time of the last full read, and the present, whether the next
            one is due.
    """

    full: bool = False
    basis: str = ""
    is_sweep_due: Callable[[datetime, datetime], bool] = lambda last, now: now - last >= SWEEP_EVERY


@dataclass(frozen=True, slots=True)
class Course:
    """How one stream is read this time.

    Attributes:
        read: What is to be read, with what of it is stored already.
        resumes: Whether it goes on behind a break.
        key: Tells the stream's records apart; None where nothing does.
    """

    read: UnfinishedRead
    resumes: bool
    key: tuple[str, ...] | None

    @property
    def mode(self) -> ReadMode:
        """Whether it reads everything."""
        return self.read.mode


def choose(stream: Stream, warehouse: Warehouse, terms: Terms, now: datetime) -> Course:
    """Choose the cheapest read that still tells the truth."""
    key = record_key(stream.name)
    basis = _basis(stream.name, terms.basis)
    if stream.read_from is None or key is None:
        return Course(UnfinishedRead(stream.name, "full", basis, now), resumes=False, key=key)
    position = warehouse.position(stream.name)
    since = _changed_since(position, terms, basis, now, stream.sweep_after)
    mode: ReadMode = "full" if since is None else "incremental"
    fresh = UnfinishedRead(stream.name, mode, basis, now, changed_since=since)
    broken = warehouse.unfinished(stream.name)
    if broken is not None and _goes_on(broken, fresh):
        return Course(broken, resumes=True, key=key)
    return Course(fresh, resumes=False, key=key)


def pages(stream: Stream, read: UnfinishedRead, beside: Beside | None = None) -> Iterator[Page]:
    """Yield the pages of a stream from where a read stands.

    Args:
        stream: What is read.
        read: Where the read stands.
        beside: The warehouse, where it reaches the stream's rows itself.
    """
    start = Start(read.changed_since, read.cursor)
    if stream.in_place is not None and beside is not None:
        return stream.in_place(start, beside)
    return stream.read() if stream.read_from is None else stream.read_from(start)


def _changed_since(
    position: Position | None,
    terms: Terms,
    basis: str,
    now: datetime,
    sweep_after: timedelta | None,
) -> datetime | None:
    if position is None or terms.full or position.basis != basis:
        return None
    if position.as_of > now:  # the clock was wrong then, or is now: what changed since is not known
        return None
    if sweep_after is not None and now - position.full_at >= sweep_after:
        return None
    return None if terms.is_sweep_due(position.full_at, now) else position.as_of - OVERLAP


def _goes_on(broken: UnfinishedRead, fresh: UnfinishedRead) -> bool:
    return (
        broken.cursor is not None
        and (broken.mode, broken.basis) == (fresh.mode, fresh.basis)
        and timedelta() <= fresh.as_of - broken.as_of < RESUME_WITHIN
    )


def _basis(stream: str, settings: str) -> str:
    """Add the columns to the settings: an auditor that stores more has to read more."""
    columns = [f"{table.name}.{c.name}" for table in STREAM_TABLES[stream] for c in table.columns]
    return sha256("\n".join([settings, *columns]).encode()).hexdigest()
