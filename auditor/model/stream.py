"""What a system offers for reading: streams that yield pages of canonical rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    import pyarrow as pa
    import sqlalchemy as sa

    from auditor.model.snapshot import Dropped, System


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that could not be parsed: kept and counted, never dropped in silence.

    Attributes:
        reason: What is wrong with it, without its content.
        content: The row as received; personal data, so it stays in the store.
        hides: Whether a record may be missing because of it, so that absence proves nothing.
    """

    reason: str
    content: str
    hides: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream, already in canonical columns.

    Attributes:
        tables: Arrow rows by canonical table name, with the columns of `model.tables`.
        rows: How many records of the system the page held, set-aside ones included.
        total: How many records the system says the whole stream has, where it says.
        aside: Records that could not be parsed.
        cursor: Where reading can go on after this page, where the system gives such a place.
    """

    tables: Mapping[str, pa.Table]
    rows: int
    total: int | None = None
    aside: tuple[Aside, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reading begins.

    Attributes:
        changed_since: Read only records changed at or after this moment (aware); None reads all.
        cursor: Go on behind the page that carried this cursor; None begins at the beginning.
    """

    changed_since: datetime | None = None
    cursor: str | None = None


class Told(NamedTuple):
    """What an engine tells of a select without running it.

    Attributes:
        types: The type of each column, in the engine's own words.
        bytes_read: How many bytes it would read.
        most_bytes: How many bytes one statement may read.
    """

    types: Mapping[str, str]
    bytes_read: int
    most_bytes: int


class Beside(Protocol):
    """The warehouse's own engine, which also reaches the tables of a system: rows need not leave it."""

    def told(self, select: sa.Select[Any]) -> Told | None:
        """Return what a select would give; None where it cannot be run, or not by this warehouse."""

    def copied(self, name: str, select: sa.Select[Any]) -> AbstractContextManager[int]:
        """Keep the rows of a select in a table of their own until the block ends; give their number."""

    def insert(self, table: sa.Table, select: sa.Select[Any]) -> int:
        """Append a select's rows to what is staged of a canonical table; return their number."""

    def rows(self, select: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield the rows of a select, so many at a time."""


ReadPages = Callable[[], Iterator[Page]]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of one system, read by one thread at a time and beside other streams.

    Attributes:
        read: Yields the pages from first to last. Raises a `ReadError` when it cannot reach the end,
            and a `ConfigError` when the settings name something that the system does not have.
        off: Why there is nothing to read, when the settings do not configure its source.
        requests: Calls made so far on behalf of this stream.
        read_from: As `read`, from a given start; None when the stream can only be read whole.
        notes: What the last read left out and what it cost; each a sentence without personal data.
        dropped: The fields that the last read left out.
        home: The address of the database that holds its rows, where it is one.
        in_place: As `read_from`, where a warehouse reaches that database itself; its pages may hold no
            rows, for these are in the warehouse already.
        is_last: Whether it is read after the others of its system, because it judges what they showed.
        sweep_after: How old the last full reading may be at most, where what changed does not tell all
            for as long as otherwise.
    """

    system: System
    name: str
    read: ReadPages
    off: str | None = None
    requests: Callable[[], int] = field(default=lambda: 0)
    read_from: Callable[[Start], Iterator[Page]] | None = None
    notes: Callable[[], tuple[str, ...]] = field(default=tuple)
    dropped: Callable[[], tuple[Dropped, ...]] = field(default=tuple)
    home: str | None = None
    in_place: Callable[[Start, Beside], Iterator[Page]] | None = None
    is_last: bool = False
    sweep_after: timedelta | None = None
