"""Reading a list to its end, or saying in one sentence why that was not possible.

A connection is read by cursor and has to give as many different rows as it promises. A plain list is
read by page number; it promises nothing, so it ends only where no row stands behind the last one, and
is compared with the tenant's counter where there is one. A row that goes away meanwhile moves those
behind it up, some of them onto a page that was read already; so the rows at which pages ended are looked
at once more in the end, and have to stand where they stood.

A list that changes while it is read may have had a row where pages were read already, as an old record
that changes while changes are read; it is then read anew, three times in all at most.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Aside, Page
from auditor.systems.centra.listing import Listing, one_page_of
from auditor.systems.centra.money import UnfitRowError
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.rows import Row, RowReader
from auditor.systems.centra.tally import ChangedError, Tally
from auditor.systems.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import msgspec
    import pyarrow as pa

    from auditor.systems.centra.listing import Source, Tenant, Where
    from auditor.systems.centra.nested import Nested
    from auditor.systems.centra.rows import Slice

log = logging.getLogger(__name__)

ENDS_AT_ONCE = 50
"""Pages whose ends are looked at in one query."""

MOST_READINGS = 3
"""How often a list is read whose rows come and go faster than they are read."""

_UNFIT = (UnfitRowError, ArithmeticError, ValueError)


class Reader(Generic[Row]):
    """Reads one list as pages of canonical tables.

    Args:
        source: The list.
        tenant: Whom to ask.
        notes: Hears what is left out.

    Raises:
        SchemaDriftError: the tenant does not have the list.
    """

    def __init__(self, source: Source[Row], tenant: Tenant, notes: Notes | None = None) -> None:
        self._source, self._tenant, self._notes = source, tenant, notes or Notes()
        self._listing = Listing(source, tenant, self._notes)
        self._rows = RowReader(source.row, is_connection=self._listing.is_connection)

    def pages(self, passes: Sequence[Where] = ({},), cursor: str | None = None) -> Iterator[Page]:
        """Yield the pages of all passes over the list; a row that several of them give is kept once.

        Only a single pass over a connection gives pages a cursor: nothing else says where it stands.

        Args:
            passes: One filter per pass; an empty one is none.
            cursor: Go on behind the page that carried it.

        Raises:
            IncompleteSnapshotError: the list did not give what it promised, or cannot be gone on with.
            ReadError: as for any query.
        """
        known, is_single = Seen(), len(passes) == 1
        if cursor and not (is_single and self._listing.is_connection):
            raise IncompleteSnapshotError(
                f"Centra's list of {self._source.name} cannot be gone on with; read it anew."
            )
        for where in passes:
            for data, page, place in self._read(where, cursor):
                rows = [row for row in page.rows if known.add(self._source.key(row))]
                self._complete(rows, where)
                tables, aside = self._convert(rows, data)
                total = page.total if is_single else None
                yield Page(
                    tables, page.count, total, page.aside + aside, place if is_single else None
                )

    def _read(
        self, where: Where, cursor: str | None
    ) -> Iterator[tuple[msgspec.Raw, Slice[Row], str | None]]:
        for _ in range(MOST_READINGS - 1):
            try:
                yield from self._once(where, cursor)
            except ChangedError as exc:
                log.info("%s It is read anew.", exc)
                cursor = None
            else:
                return
        yield from self._once(where, cursor)

    def _once(
        self, where: Where, cursor: str | None
    ) -> Iterator[tuple[msgspec.Raw, Slice[Row], str | None]]:
        if self._listing.is_connection:
            return self._connection(where, cursor)
        return self._plain(where)

    def _connection(
        self, where: Where, cursor: str | None
    ) -> Iterator[tuple[msgspec.Raw, Slice[Row], str | None]]:
        read, after = _place(cursor)
        tally = Tally(self._source.name, read=read)
        place: dict[str, object] = {"after": after} if after else {}
        while True:
            data = self._listing.ask(where, place)
            page = self._rows.read(data)
            tally.take(page, self._keys(page))
            yield data, page, f"{tally.count}:{page.cursor}" if page.cursor else None
            if not page.goes_on:
                break
            place = {"after": tally.next_cursor(page)}
        tally.end(page.total)

    def _plain(self, where: Where) -> Iterator[tuple[msgspec.Raw, Slice[Row], str | None]]:
        tally, number, full = Tally(self._source.name), 1, self._listing.size
        is_last_short = False
        ends: dict[int, int] = {}
        while True:
            data = self._listing.ask(where, {"page": number})
            page = self._rows.read(data)
            if page.count:
                tally.require_full(page)
                tally.take(page, self._keys(page))
                if not page.aside:
                    ends[tally.count] = self._source.key(page.rows[-1])
                yield data, page, None
                number, is_last_short = number + 1, page.count < self._listing.size
                if page.count >= full:
                    continue
                full = page.count  # where more follows, the tenant gives less than it is asked for
            if self._ends(tally.count, ends, where):
                break
            if not page.count:
                # A row came since, or was withheld: from the last page where that has room for it.
                tally.reopen()
                number -= is_last_short
        tally.end(self._listing.count(where))

    def _ends(self, count: int, ends: Mapping[int, int], where: Where) -> bool:
        """Look again at the rows at which pages ended, by position, and whether one stands behind all.

        Raises:
            ChangedError: another row stands where a page ended.
        """
        positions = [*sorted(ends)[:-1], count + 1]
        for first in range(0, len(positions), ENDS_AT_ONCE):
            some = positions[first : first + ENDS_AT_ONCE]
            data = self._listing.rows_at(some, where)
            lists = self._rows.read_parts(data, [f"b{place}" for place in range(len(some))])
            for position, rows in zip(some, lists, strict=True):
                if position > count:
                    return not rows.count
                if [self._source.key(row) for row in rows.rows] != [ends[position]]:
                    raise ChangedError(
                        f"Centra's list of {self._source.name} was changed while it was read."
                    )
        raise AssertionError  # pragma: no cover - the last position is behind all rows

    def _complete(self, rows: Sequence[Row], where: Where) -> None:
        """Read on in every list below a row that is as long as one page of it."""
        for nested in self._listing.nested:
            for row in rows:
                one = {**where, nested.filter: [self._source.key(row)]}
                entries: list[Any] = getattr(row, nested.attribute)
                nested.fill(entries, partial(self._more, nested, one))

    def _more(self, nested: Nested, where: Where, page: int) -> list[Any]:
        """Return one page of a list below the one row that a filter finds."""
        source = one_page_of(self._source, nested, page)
        listing = Listing(source, self._tenant, self._notes, size=1)
        data = listing.ask(where, {} if listing.is_connection else {"page": 1})
        found = RowReader(source.row, is_connection=listing.is_connection).read(data)
        if len(found.rows) != 1:
            raise IncompleteSnapshotError(
                f"One of Centra's {self._source.name} could not be read again for its {nested.name}."
            )
        entries: list[Any] = getattr(found.rows[0], nested.attribute)
        return entries

    def _keys(self, page: Slice[Row]) -> list[int]:
        return [self._source.key(row) for row in page.rows]

    def _convert(
        self, rows: Sequence[Row], data: msgspec.Raw
    ) -> tuple[Mapping[str, pa.Table], tuple[Aside, ...]]:
        try:
            return self._source.convert(rows), ()
        except _UNFIT:
            texts = {self._source.key(row): text for row, text in self._rows.contents(data)}
        reasons = {self._source.key(row): self._unfit(row) for row in rows}
        fit = [row for row in rows if reasons[self._source.key(row)] is None]
        aside = tuple(Aside(reason, texts[key]) for key, reason in reasons.items() if reason)
        return self._source.convert(fit), aside

    def _unfit(self, row: Row) -> str | None:
        try:
            self._source.convert([row])
        except UnfitRowError as exc:
            return str(exc)
        except _UNFIT:
            return "a value out of range"
        return None


def _place(cursor: str | None) -> tuple[int, str]:
    """Return how many rows were read up to a page's cursor, and Centra's own cursor in it."""
    read, _, after = (cursor or "0:").partition(":")
    return int(read), after
