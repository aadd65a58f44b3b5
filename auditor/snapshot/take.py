"""Read every stream of both systems to its end, or say why not.

The streams of one system are read side by side, each by one thread from first page to last, so that
one waits for an answer while another is turned into rows. Whatever they share here, the warehouse,
the guard and who watches, is used by one at a time.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.errors import AbsentError, IncompleteSnapshotError, ReadError
from auditor.model.snapshot import Coverage, Snapshot
from auditor.model.tables import STREAM_TABLES
from auditor.snapshot.course import Terms, choose, pages
from auditor.snapshot.halt import Halt
from auditor.snapshot.store import Batch
from auditor.warehouse import FinishedRead

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from auditor.model.stream import Stream
    from auditor.snapshot.course import Course
    from auditor.warehouse import Warehouse

log = logging.getLogger(__name__)

WORKERS = 4
"""More would only wait for each other: for the tenant's rate, and for this process to read answers."""


class Progress(Protocol):
    """Whoever wants to watch a snapshot being taken; called by one thread at a time."""

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
        workers: How many streams of one system are read side by side.
        halt: Stops all of them early.
        lock: Held by whoever uses the warehouse or the guard.
        watched: Held by whoever uses `progress`: it need not wait until rows are stored.
    """

    run: str
    warehouse: Warehouse
    progress: Progress
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    terms: Terms = field(default_factory=Terms)
    guard: Callable[[Coverage], Coverage] = _believed
    pepper: str | None = None
    workers: int = WORKERS
    halt: Halt = field(default_factory=Halt)
    lock: Lock = field(default_factory=Lock)
    watched: Lock = field(default_factory=Lock)


class _Ended(NamedTuple):
    """A stream that was read, with what may be published of it."""

    line: Coverage
    finished: FinishedRead | None = None


def take(streams: Sequence[Stream], reading: Reading) -> Snapshot:
    """Read all streams, those of Emarsys first, and publish the complete ones at once.

    What Emarsys claims is read before what Centra can say for it: evidence that is newer than the
    claim does no harm, while older evidence would make a sign-up of this minute look unproven.

    A stream that ends early is left as the last complete snapshot had it; its coverage says so. What
    was read of it waits for the next snapshot, which goes on from there where the system can.

    Raises:
        ConfigError: the settings name something that a system does not have.
    """
    as_of = reading.clock()
    reading = replace(reading, clock=_steady(reading, as_of))
    with reading.warehouse.beside_readers():
        ended = [one for part in _parts(streams) for one in _read_side_by_side(part, reading)]
    finished = [one.finished for one in ended if one.finished is not None]
    reading.warehouse.publish(reading.run, as_of, finished, [stream.name for stream in streams])
    order = [stream.name for stream in streams]
    lines = sorted((one.line for one in ended), key=lambda line: order.index(line.stream))
    return Snapshot(reading.run, as_of, tuple(lines))


def _steady(reading: Reading, as_of: datetime) -> Callable[[], datetime]:
    """Return the clock of a run: one that is put forward meanwhile is not followed, nothing is skipped."""
    began = reading.seconds()

    def clock() -> datetime:
        return min(reading.clock(), as_of + timedelta(seconds=reading.seconds() - began))

    return clock


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


def _parts(streams: Sequence[Stream]) -> Iterator[list[Stream]]:
    """Yield the streams that may be read side by side, in the order in which they have to be."""
    for system in ("emarsys", "centra"):
        for is_last in (False, True):
            yield [s for s in streams if (s.system, s.is_last) == (system, is_last)]


def _read_side_by_side(streams: Sequence[Stream], reading: Reading) -> list[_Ended]:
    """Read some streams; the first fault that is no stream's own stops them all and is raised."""
    with ThreadPoolExecutor(reading.workers, "read") as pool:
        try:
            # Each in a copy of what this thread knows, so that its log lines name the same run.
            reads = [pool.submit(copy_context().run, _read, stream, reading) for stream in streams]
            for read in as_completed(reads):
                read.result()
        except BaseException:
            reading.halt.call()
            pool.shutdown(cancel_futures=True)
            raise
    return [read.result() for read in reads]


def _read(stream: Stream, reading: Reading) -> _Ended:
    try:
        one = _off(stream, reading, stream.off) if stream.off else _read_stream(stream, reading)
    except AbsentError as exc:
        with reading.lock:
            reading.warehouse.forget_read(stream.name)
        one = _off(stream, reading, str(exc))
    with reading.watched:
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
    with reading.lock:
        course = choose(stream, reading.warehouse, reading.terms, reading.clock())
        _begin(stream, reading.warehouse, course)
    count = _Count(course)
    fault = None
    try:
        _read_pages(stream, reading, course, count)
    except AbsentError:
        raise
    except ReadError as exc:
        fault = exc
        log.warning("stream %s is incomplete: %s", stream.name, exc)
    with reading.lock:
        line = Coverage(
            system=stream.system,
            stream=stream.name,
            rows=_rows(stream.name, reading.warehouse, course, fault),
            complete=fault is None and not count.hides,
            mode=course.mode,
            as_of=course.read.as_of,
            reason=_reason(fault, count.aside),
            set_aside=count.aside,
            requests=stream.requests() - before,
            seconds=round(reading.seconds() - began, 3),
            notes=stream.notes(),
            dropped=stream.dropped(),
        )
        return _end(line, reading, course, is_cut=fault is not None)


def _begin(stream: Stream, warehouse: Warehouse, course: Course) -> None:
    tables = STREAM_TABLES[stream.name]
    if course.resumes and course.key is not None:
        warehouse.resume_read(tables, course.key)
    else:
        warehouse.begin_read(course.read, tables)


class _Count:
    """What the pages of one read hold, those before a break included."""

    def __init__(self, course: Course) -> None:
        self.pages, self.rows = course.read.pages, course.read.rows
        self.aside, self.hides = course.read.aside, course.read.hides


def _read_pages(stream: Stream, reading: Reading, course: Course, count: _Count) -> None:
    batch = Batch(stream.name, reading.run, reading.pepper, reading.seconds)
    try:
        for page in pages(stream, course.read, reading.warehouse.beside(stream.home)):
            count.pages += 1
            count.rows += page.rows
            count.aside += len(page.aside)
            count.hides += sum(one.hides for one in page.aside)
            batch.add(count.pages, page)
            if batch.is_full:
                with reading.lock:
                    batch.store(reading.warehouse)
            with reading.watched:
                reading.progress.advanced(stream, count.rows, page.total)
            reading.halt.heed()
    finally:  # what was read before a fault waits for the next try, too
        with reading.lock:
            batch.store(reading.warehouse)


def _rows(stream: str, warehouse: Warehouse, course: Course, fault: ReadError | None) -> int:
    """Bring together what was stored, and count it."""
    if isinstance(fault, IncompleteSnapshotError):
        # What was read contradicts itself: going on from it would hide the fault.
        warehouse.forget_read(stream)
    tables = STREAM_TABLES[stream]
    if course.resumes and course.key is not None:
        warehouse.end_read(tables, course.key)
    first = tables[0]
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


def _reason(fault: ReadError | None, aside: int) -> str | None:
    if fault is not None:
        return str(fault)
    return f"{aside} rows could not be parsed; see the table unparsed_row." if aside else None
