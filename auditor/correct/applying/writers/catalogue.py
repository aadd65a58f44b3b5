"""The catalogue: the feed as it is now, with the cells of the plan set, pushed whole.

A push does not change the feed, which is the brand's own file. Whatever was pushed since the audit, by
this plan or another, is therefore set in every later push too: the feed alone would take it back.

Source:
    Emarsys reference 6: a pushed file replaces the catalogue; no call tells what became of a cell, so
    that the feed is read again later.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from auditor.correct.applying.writers.outcome import fate_of_upload
from auditor.correct.applying.writers.writer import AFTER, BEFORE, Sending, Sight, request_of
from auditor.errors import UnsafePlanError
from auditor.model.plan import CatalogueCells
from auditor.private_file import private_folder
from auditor.systems.emarsys.feed import feed_client, opened_feed
from auditor.systems.emarsys.feed_edit import FeedRows, write_edited
from auditor.systems.emarsys.writing.catalogue import catalogue_file, push_catalogue
from auditor.systems.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from auditor.correct.applying.journal import Receipt
    from auditor.model.plan import Change
    from auditor.systems.emarsys.feed_edit import Row
    from auditor.systems.emarsys.writing.hapi import Hapi

AT_ONCE = 100_000
DRAFTS = Path("var/catalogue")
AMOUNTS = ("price", "msrp")

NO_ITEM = Sight("other", "the item is not in the feed any more, or stands there twice")
CHANGED = Sight("other", "the feed was changed since the plan was made")


class CatalogueWriter:
    """Pushes the whole catalogue, with some cells changed.

    Args:
        feed: Address or path of the feed.
        hapi: Takes the file.
        least: How many rows the feed must have: fewer would shrink the catalogue beyond its cap.
        pushed: Returns what was pushed since the audit, or may have been, in the order of the pushes.
        stock_column: The column that holds the stock, where the brand's feed has one.
    """

    at_once, shows_later, may_repeat = AT_ONCE, True, True

    def __init__(
        self,
        feed: str,
        hapi: Hapi,
        least: int,
        pushed: Callable[[], Sequence[Change]],
        stock_column: str | None = None,
    ) -> None:
        self._feed, self._hapi, self._least, self._pushed = feed, hapi, least, pushed
        self._numbers = frozenset({*AMOUNTS, *([stock_column] if stock_column else [])})

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Read the feed and compare its cells with what the changes expect, and what they set.

        Raises:
            UnsafePlanError: the feed has lost more rows than a push may take away.
        """
        with closing(feed_client()) as http, opened_feed(self._feed, http) as feed:
            return self._sights(feed.file, _requests(changes))

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Push the feed as it is now, with the cells set of these changes and of those before them.

        Raises:
            UnsafePlanError: what was pushed before is not known any more, or the feed lost rows.
        """
        private_folder(DRAFTS)
        with (
            tempfile.TemporaryDirectory(dir=DRAFTS) as folder,
            closing(feed_client()) as http,
            opened_feed(self._feed, http) as feed,
        ):
            edits = _edits([*self._standing(feed.file, changes), *_requests(changes)])
            draft = Path(folder) / "catalogue.csv"
            with draft.open("w", encoding="utf-8", newline="") as out:
                count, found = write_edited(feed.file, out, edits)
            self._require_whole(count)
            upload = push_catalogue(self._hapi, catalogue_file(draft))
        fate = fate_of_upload(upload.outcome)
        gone = Sending("failed", str(NO_ITEM.note))
        return [
            fate if request_of(change, CatalogueCells).item in found else gone for change in changes
        ]

    def shown(
        self, changes: Sequence[Change], _receipts: Mapping[str, Receipt]
    ) -> list[Sight | None]:
        """Return which cells the feed shows by now; of the others nothing can be said yet."""
        return [sight if sight.place == "after" else None for sight in self.look(changes)]

    def _standing(self, feed: BinaryIO, changes: Sequence[Change]) -> list[CatalogueCells]:
        """Return what was pushed before and the feed still lacks; leave the feed at its beginning.

        Where the feed's makers have written something else by now, that is theirs to say.
        """
        own = {change.id for change in changes}
        earlier = _last_set(_requests(one for one in self._pushed() if one.id not in own))
        if not earlier:
            return []
        sights = self._sights(feed, earlier)
        feed.seek(0)
        return [one for one, seen in zip(earlier, sights, strict=True) if seen == BEFORE]

    def _sights(self, feed: BinaryIO, requests: Sequence[CatalogueCells]) -> list[Sight]:
        wanted = {one.item for one in requests}
        rows: dict[str, list[Row]] = {}
        count = 0
        for row in FeedRows(feed):
            count += 1
            if row["item"] in wanted:
                rows.setdefault(row["item"], []).append(row)
        self._require_whole(count)
        return [_sight(one, rows.get(one.item, []), self._numbers) for one in requests]

    def _require_whole(self, count: int) -> None:
        if count < self._least:
            raise UnsafePlanError(
                f"The catalogue feed has {count} rows, and had more when the plan was made: pushing "
                "it would shrink the catalogue beyond corrections.caps; see what became of the feed."
            )


def _requests(changes: Iterable[Change]) -> list[CatalogueCells]:
    return [request_of(change, CatalogueCells) for change in changes]


def _last_set(requests: Iterable[CatalogueCells]) -> list[CatalogueCells]:
    """Return each cell by itself as it was set last: what was taken back since stands no more."""
    last = {(one.item, column): one for one in requests for column in one.set}
    return [
        CatalogueCells(item, {column: one.set[column]}, {column: one.expect[column]})
        for (item, column), one in last.items()
    ]


def _edits(requests: Iterable[CatalogueCells]) -> dict[str, dict[str, str]]:
    """Return what is set, by item and column."""
    edits: dict[str, dict[str, str]] = {}
    for one in requests:
        edits.setdefault(one.item, {}).update(one.set)
    return edits


def _sight(request: CatalogueCells, rows: Sequence[Row], numbers: Collection[str]) -> Sight:
    if len(rows) != 1:
        return NO_ITEM
    (row,) = rows
    if any(column not in row for column in request.set):
        return CHANGED
    if all(_same(column, text, row[column], numbers) for column, text in request.set.items()):
        return AFTER
    is_expected = all(
        _same(column, text, row.get(column), numbers) for column, text in request.expect.items()
    )
    return BEFORE if is_expected else CHANGED


def _same(column: str, wanted: str | None, found: str | None, numbers: Collection[str]) -> bool:
    """Tell whether a cell holds what is wanted, as an audit reads both."""
    if column in numbers and wanted and found:
        try:
            number = Decimal(wanted)
            return Decimal(found.strip()).quantize(number, ROUND_HALF_UP) == number
        except InvalidOperation:
            pass  # one of them is no number
    return _compared(column, wanted) == _compared(column, found)


def _compared(column: str, text: str | None) -> str | None:
    """Return a cell as it is compared: marks without case, texts folded."""
    folded = plain_text(text)
    return folded.lower() if folded is not None and column == "available" else folded
