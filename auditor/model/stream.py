"""What a system offers for reading: streams that yield pages of canonical rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

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
        is_last: Whether it is read after the others of its system, because it judges what they showed.
    """

    system: System
    name: str
    read: ReadPages
    off: str | None = None
    requests: Callable[[], int] = field(default=lambda: 0)
    read_from: Callable[[Start], Iterator[Page]] | None = None
    notes: Callable[[], tuple[str, ...]] = field(default=tuple)
    dropped: Callable[[], tuple[Dropped, ...]] = field(default=tuple)
    is_last: bool = False
