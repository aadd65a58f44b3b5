"""Puts pages of a stream into the stage tables, with the place where reading goes on behind them.

A commit costs about as much for one page as for a hundred, so pages wait for others. E-mail addresses get
their keyed hash here, for both systems at one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.model.history import unfinished_page
from auditor.model.keyed_hash import keyed_hash
from auditor.model.tables import metadata, unparsed_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from auditor.model.stream import Aside, Page
    from auditor.warehouse import Warehouse


MOST_BYTES = 8 * 1024**2
"""Of pages that wait: some 50,000 rows, with which a commit is a small part of what it takes to read them."""

LONGEST_S = 10.0
"""Seconds of reading that may be lost with a process that is killed."""


class Batch:
    """Pages of one read that wait to be stored together.

    Args:
        stream: Whose pages.
        run: The run that reads them.
        pepper: Keys the hashes of e-mail addresses; without one there are none.
        seconds: Tells seconds that only grow.
    """

    def __init__(
        self, stream: str, run: str, pepper: str | None, seconds: Callable[[], float]
    ) -> None:
        self._stream, self._run, self._pepper, self._seconds = stream, run, pepper, seconds
        self._waiting: list[tuple[int, Page]] = []
        self._bytes, self._since_s = 0, 0.0

    def add(self, number: int, page: Page) -> None:
        """Let a page wait, given with its number in the read."""
        if not self._waiting:
            self._bytes, self._since_s = 0, self._seconds()
        self._waiting.append((number, page))
        self._bytes += sum(rows.nbytes for rows in page.tables.values())
        self._bytes += sum(len(one.content) for one in page.aside)

    @property
    def is_full(self) -> bool:
        """Whether what waits should be stored now."""
        if not self._waiting:
            return False
        waited_s = self._seconds() - self._since_s
        return self._bytes >= MOST_BYTES or waited_s >= LONGEST_S

    def store(self, warehouse: Warehouse) -> None:
        """Store the pages that wait; all of them with their cursors, or nothing."""
        waiting, self._waiting = self._waiting, []  # whatever becomes of it, never stored twice
        if not waiting:
            return
        parts: dict[sa.Table, list[pa.Table]] = {unfinished_page: [_places(waiting, self._stream)]}
        for _, page in waiting:
            for name, rows in page.tables.items():
                parts.setdefault(metadata.tables[name], []).append(hashed(rows, self._pepper))
        aside = [one for _, page in waiting for one in page.aside]
        if aside:
            parts[unparsed_row] = [_aside_rows(aside, self._stream, self._run)]
        warehouse.append_stage({table: pa.concat_tables(some) for table, some in parts.items()})


def hashed(rows: pa.Table, pepper: str | None) -> pa.Table:
    """Return rows with the keyed hashes of their e-mails, where the table has room for them."""
    at = rows.schema.get_field_index("email_hash")
    if at < 0 or pepper is None:
        return rows
    hashes = [keyed_hash(key, pepper) for key in rows.column("email_key").to_pylist()]
    return rows.set_column(at, rows.schema.field(at), pa.array(hashes, pa.string()))


def _places(pages: Sequence[tuple[int, Page]], stream: str) -> pa.Table:
    hides = [sum(one.hides for one in page.aside) for _, page in pages]
    return pa.table(
        {
            "stream": pa.array([stream] * len(pages), pa.string()),
            "number": pa.array([number for number, _ in pages], pa.int32()),
            "cursor": pa.array([page.cursor for _, page in pages], pa.string()),
            "rows": pa.array([page.rows for _, page in pages], pa.int32()),
            "aside": pa.array([len(page.aside) for _, page in pages], pa.int32()),
            "hides": pa.array(hides, pa.int32()),
        }
    )


def _aside_rows(aside: Sequence[Aside], stream: str, run: str) -> pa.Table:
    return pa.table(
        {
            "run": pa.array([run] * len(aside), pa.string()),
            "stream": pa.array([stream] * len(aside), pa.string()),
            "reason": pa.array([row.reason for row in aside], pa.string()),
            "content": pa.array([row.content for row in aside], pa.string()),
        }
    )
