"""Where each stream's reading stands: finished by which run, or broken off behind which page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from auditor.model.history import snapshot_run, stream_position, unfinished_page, unfinished_read

if TYPE_CHECKING:
    from collections.abc import Sequence

ReadMode = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class Position:
    """The newest complete read of a stream.

    Attributes:
        basis: A digest of the settings and columns that shaped its rows.
        as_of: When it began: later changes may be missing.
        full_at: When the newest full read began; it is its own where it was full.
    """

    run: str
    basis: str
    as_of: datetime
    full_at: datetime


@dataclass(frozen=True, slots=True)
class UnfinishedRead:
    """A read that waits in the stage tables, to go on or to be published.

    Attributes:
        changed_since: As in `Start`.
        cursor: Behind which page it goes on; None where it cannot.
        pages: Pages stored so far, as are `rows`, `aside` and `hides` of them all.
    """

    stream: str
    mode: ReadMode
    basis: str
    as_of: datetime
    changed_since: datetime | None = None
    cursor: str | None = None
    pages: int = 0
    rows: int = 0
    aside: int = 0
    hides: int = 0


@dataclass(frozen=True, slots=True)
class FinishedRead:
    """A read whose staged rows may become the present ones.

    Attributes:
        tables: Of the stream, the one with a row per record first.
        key: Tells the stream's records apart; None where nothing does.
    """

    stream: str
    mode: ReadMode
    basis: str
    as_of: datetime
    tables: tuple[sa.Table, ...]
    key: tuple[str, ...] | None


def begin(conn: sa.Connection, read: UnfinishedRead) -> None:
    """Write down that a read begins; nothing is known of one before."""
    conn.execute(
        unfinished_read.insert().values(
            stream=read.stream,
            mode=read.mode,
            basis=read.basis,
            as_of=naive(read.as_of),
            changed_since=None if read.changed_since is None else naive(read.changed_since),
        )
    )


def forget(conn: sa.Connection, stream: str) -> None:
    """Forget an unfinished read, so that the next one begins anew."""
    for table in (unfinished_read, unfinished_page):
        conn.execute(table.delete().where(table.c.stream == stream))


def unfinished(conn: sa.Connection, stream: str) -> UnfinishedRead | None:
    """Return a stream's unfinished read."""
    found = conn.execute(sa.select(unfinished_read).where(unfinished_read.c.stream == stream))
    row = found.mappings().first()
    if row is None:
        return None
    page = unfinished_page.c
    stored = sa.select(unfinished_page).where(page.stream == stream).order_by(page.number)
    pages = conn.execute(stored).mappings().all()
    since = row["changed_since"]
    return UnfinishedRead(
        stream,
        row["mode"],
        row["basis"],
        _aware(row["as_of"]),
        None if since is None else _aware(since),
        next((p["cursor"] for p in reversed(pages) if p["cursor"] is not None), None),
        len(pages),
        _sum(pages, "rows"),
        _sum(pages, "aside"),
        _sum(pages, "hides"),
    )


def _sum(pages: Sequence[Any], column: str) -> int:
    return sum(page[column] for page in pages)


def position(conn: sa.Connection, stream: str) -> Position | None:
    """Return a stream's newest complete read."""
    at = stream_position.c
    newest = sa.select(stream_position).where(at.stream == stream).order_by(at.number.desc())
    row = conn.execute(newest.limit(1)).mappings().first()
    if row is None:
        return None
    return Position(row["run"], row["basis"], _aware(row["as_of"]), _aware(row["full_at"]))


def number_run(conn: sa.Connection, run: str, as_of: datetime) -> int:
    """Give a run the next number."""
    number = (conn.scalar(sa.select(sa.func.max(snapshot_run.c.number))) or 0) + 1
    conn.execute(snapshot_run.insert().values(number=number, run=run, as_of=naive(as_of)))
    return number


def finish(conn: sa.Connection, read: FinishedRead, run: str, number: int) -> None:
    """Write down that a read is complete; the next one goes on from where it began."""
    before = position(conn, read.stream)
    full_at = read.as_of if read.mode == "full" or before is None else before.full_at
    forget(conn, read.stream)
    conn.execute(
        stream_position.insert().values(
            number=number,
            run=run,
            stream=read.stream,
            mode=read.mode,
            basis=read.basis,
            as_of=naive(read.as_of),
            full_at=naive(full_at),
        )
    )


def naive(moment: datetime) -> datetime:
    """Write a moment as the warehouse holds times: UTC without zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
