"""Read every stream of both systems to its end, or say why not."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.errors import AbsentError, IncompleteSnapshotError, ReadError
from auditor.model.snapshot import Coverage, Snapshot
from auditor.model.tables import STREAM_TABLES
from auditor.snapshot.course import Terms, choose, pages
from auditor.snapshot.store import store_page
from auditor.warehouse import FinishedRead

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from auditor.model.stream import Stream
    from auditor.snapshot.course import Course
    from auditor.warehouse import Warehouse

log = logging.getLogger(__name__)


class Progress(Protocol):
    """Whoever wants to watch a snapshot being taken."""

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        """Hear how far a stream has been read; `total` is None where the system does not tell."""

    def ended(self, coverage: Coverage) -> None:
        """Hear that a stream is done, completely or not."""


def _believed(line: Coverage) -> Coverage:
    return line


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading needs beside the streams: where rows go, who watches, what time it is.

    Attributes:
        terms: Whether streams are read whole or only what changed.
        guard: Gets the coverage of a complete stream before its rows are published, and may return
            it as incomplete; then they are not.
        pepper: Keys the hashes of e-mail addresses; without one there are none.
    """

    run: str
    warehouse: Warehouse
    progress: Progress
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    terms: Terms = field(default_factory=Terms)
    guard: Callable[[Coverage], Coverage] = _believed
    pepper: str | None = None


class _Ended(NamedTuple):
    """A stream that was read, with what may be published of it."""

    line: Coverage
    finished: FinishedRead | None = None


def take(streams: Sequence[Stream], reading: Reading) -> Snapshot:
    """Read all streams, Emarsys first, and publish the complete ones at once.

    What Emarsys claims is read before what Centra can say for it: evidence that is newer than the
    claim does no harm, while older evidence would make a sign-up of this minute look unproven.

    A stream that ends early is left as the last complete snapshot had it; its coverage says so. What
    was read of it waits for the next snapshot, which goes on from there where the system can.

    Raises:
        ConfigError: the settings name something that a system does not have.
    """
    as_of = reading.clock()
    by_system = [[s for s in streams if s.system == name] for name in ("emarsys", "centra")]
    ended = [_read(stream, reading) for part in by_system for stream in part]
    finished = [one.finished for one in ended if one.finished is not None]
    reading.warehouse.publish(reading.run, as_of, finished)
    order = [stream.name for stream in streams]
    lines = sorted((one.line for one in ended), key=lambda line: order.index(line.stream))
    return Snapshot(reading.run, as_of, tuple(lines))


def unread(names: Collection[str], reading: Reading, reason: str) -> Snapshot:
    """Write down that a system did not answer at all: what is stored stays, and nothing is read.

    Args:
        names: The streams that were wanted.
        reading: As for `take`.
        reason: Why none was read, as a sentence without personal data.
    """
    as_of = reading.clock()
    log.warning("no stream is read: %s", reason)
    reading.warehouse.publish(reading.run, as_of, ())
    lines = tuple(
        Coverage(
            "emarsys" if tables[0].name.startswith("emarsys_") else "centra",
            name,
            reading.warehouse.count(tables[0]),
            complete=False,
            mode="full",
            as_of=as_of,
            reason=reason,
        )
        for name, tables in STREAM_TABLES.items()
        if name in names
    )
    for line in lines:
        reading.progress.ended(line)
    return Snapshot(reading.run, as_of, lines)


def _read(stream: Stream, reading: Reading) -> _Ended:
    try:
        one = _off(stream, reading, stream.off) if stream.off else _read_stream(stream, reading)
    except AbsentError as exc:
        reading.warehouse.forget_read(stream.name)
        one = _off(stream, reading, str(exc))
    reading.progress.ended(one.line)
    return one


def _off(stream: Stream, reading: Reading, reason: str) -> _Ended:
    as_of = reading.clock()
    return _Ended(
        Coverage(
            stream.system, stream.name, 0, complete=False, mode="off", as_of=as_of, reason=reason
        )
    )


def _read_stream(stream: Stream, reading: Reading) -> _Ended:
    began, before = reading.seconds(), stream.requests()
    course = choose(stream, reading.warehouse, reading.terms, reading.clock())
    count = _Count(course)
    reason = None
    try:
        _read_pages(stream, reading, course, count)
    except AbsentError:
        raise
    except ReadError as exc:
        reason = str(exc)
        log.warning("stream %s is incomplete: %s", stream.name, reason)
        if isinstance(exc, IncompleteSnapshotError):
            # What was read contradicts itself: going on from it would hide the fault.
            reading.warehouse.forget_read(stream.name)
    if course.resumes and course.key is not None:
        reading.warehouse.end_read(STREAM_TABLES[stream.name], course.key)
    line = Coverage(
        system=stream.system,
        stream=stream.name,
        rows=_rows(stream.name, reading.warehouse, course),
        complete=reason is None and not count.hides,
        mode=course.mode,
        as_of=course.read.as_of,
        reason=reason or _aside_reason(count.aside),
        set_aside=count.aside,
        requests=stream.requests() - before,
        seconds=round(reading.seconds() - began, 3),
        notes=stream.notes(),
    )
    return _end(line, reading, course, is_cut=reason is not None)


class _Count:
    """What the pages of one read hold, those before a break included."""

    def __init__(self, course: Course) -> None:
        self.pages, self.rows = course.read.pages, course.read.rows
        self.aside, self.hides = course.read.aside, course.read.hides


def _read_pages(stream: Stream, reading: Reading, course: Course, count: _Count) -> None:
    tables = STREAM_TABLES[stream.name]
    if course.resumes and course.key is not None:
        reading.warehouse.resume_read(tables, course.key)
    else:
        reading.warehouse.begin_read(course.read, tables)
    for page in pages(stream, course.read):
        count.pages += 1
        store_page(
            reading.warehouse,
            page,
            stream=stream.name,
            run=reading.run,
            number=count.pages,
            pepper=reading.pepper,
        )
        count.rows += page.rows
        count.aside += len(page.aside)
        count.hides += sum(one.hides for one in page.aside)
        reading.progress.advanced(stream, count.rows, page.total)


def _rows(stream: str, warehouse: Warehouse, course: Course) -> int:
    first = STREAM_TABLES[stream][0]
    if course.mode == "full" or course.key is None:
        return warehouse.count_staged(first)
    return warehouse.count_merged(first, course.key)


def _end(line: Coverage, reading: Reading, course: Course, *, is_cut: bool) -> _Ended:
    line = reading.guard(line)
    if line.complete:
        read = course.read
        tables = STREAM_TABLES[line.stream]
        return _Ended(
            line, FinishedRead(line.stream, course.mode, read.basis, read.as_of, tables, course.key)
        )
    if not is_cut:
        reading.warehouse.forget_read(line.stream)
    return _Ended(line)


def _aside_reason(aside: int) -> str | None:
    return f"{aside} rows could not be parsed; see the table unparsed_row." if aside else None
