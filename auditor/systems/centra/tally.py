"""What a list has given so far, held against what it promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.errors import IncompleteSnapshotError
from auditor.systems.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.stream import Aside
    from auditor.systems.centra.rows import Slice


class ChangedError(IncompleteSnapshotError):
    """Rows came or went while a list was read: read once more, it may keep its promise."""


class Tally:
    """Counts the pages of one pass over a list.

    Rows that a page repeats are counted once: a list that grows while it is read may show some twice.

    Args:
        name: The list's name in messages.
        read: Rows that were read before, where reading goes on behind a cursor.
    """

    def __init__(self, name: str, *, read: int = 0) -> None:
        self._list = f"Centra's list of {name}"
        self._seen = Seen()
        self._read_before = read
        self._set_aside = 0
        self._aside: tuple[Aside, ...] = ()
        self._total: int | None = None
        self._has_grown = False
        self._cursor: str | None = None
        self._before: int | None = None
        self._longest = 0
        self._reopened_at: int | None = None

    @property
    def count(self) -> int:
        """Return how many different rows were read; those set aside count each time."""
        return self._read_before + len(self._seen) + self._set_aside

    def take(self, page: Slice[Any], keys: Sequence[int]) -> None:
        """Count a page.

        Raises:
            IncompleteSnapshotError: it cannot be the next page of a list that is read to its end; a
                `ChangedError` where rows went meanwhile.
        """
        news = sum([self._seen.add(key) for key in keys])
        if page.count and not news and page.aside == self._aside:
            raise IncompleteSnapshotError(f"{self._list} repeated a page.")
        self._aside = page.aside
        self._set_aside += len(page.aside)
        if page.total is not None:
            self._hold_against(page.total)

    def _hold_against(self, total: int) -> None:
        if self._total is not None and total < self._total:
            raise ChangedError(
                f"{self._list} shrank from {self._total} to {total} while it was read."
            )
        self._has_grown |= self._total is not None and total > self._total
        self._total = total
        if self.count > total:
            self.end(total)

    def next_cursor(self, page: Slice[Any]) -> str:
        """Return the cursor of the page behind this one of a connection.

        Raises:
            IncompleteSnapshotError: there is none, or it leads back.
        """
        if not page.cursor or not page.count:
            raise IncompleteSnapshotError(f"{self._list} says that it goes on, but not where.")
        if page.cursor == self._cursor:
            raise IncompleteSnapshotError(f"{self._list} gave the same cursor twice.")
        self._cursor = page.cursor
        return page.cursor

    def require_full(self, page: Slice[Any]) -> None:
        """Refuse a page of a plain list that follows one shorter than the others.

        Raises:
            IncompleteSnapshotError: that one was cut, since only the last may be shorter.
        """
        self._longest = max(self._longest, page.count)
        if self._before is not None and self._before < self._longest:
            raise IncompleteSnapshotError(f"{self._list} cut a page short.")
        self._before = page.count

    def reopen(self) -> None:
        """Let the last page come once more, with rows that it did not have.

        Raises:
            IncompleteSnapshotError: it came again already, and brought none.
        """
        if self._reopened_at == self.count:
            raise IncompleteSnapshotError(f"{self._list} withholds rows at its end.")
        self._reopened_at, self._before = self.count, None

    def end(self, promised: int | None) -> None:
        """Hold the rows that were read against those that were promised; None promises nothing.

        Raises:
            IncompleteSnapshotError: they differ; a `ChangedError` where rows may have come where pages
                had been read already.
        """
        if promised is not None and promised != self.count:
            kind = ChangedError if self._has_grown else IncompleteSnapshotError
            raise kind(f"{self._list} promised {promised} records and gave {self.count}.")
