"""Single records of Centra, read again by their keys.

What a filter by id does not give is gone: Centra says so, for this moment.

Source:
    Centra reference 2.4 (filters take lists; a text is matched as a whole), 3.1 (customers by id), 3.3
    (newsletter subscriptions by id and e-mail), 4.3 (orders by number), 5.2 (returns by order number).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Page
from auditor.systems.centra.listing import Listing
from auditor.systems.centra.order_passes import order_passes
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import CUSTOMERS, SUBSCRIPTIONS
from auditor.systems.centra.places import base_currency
from auditor.systems.centra.returns import RETURNS
from auditor.systems.centra.rows import RowReader
from auditor.systems.centra.streams import order_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from auditor.systems.centra.listing import Source, Tenant, Where
    from auditor.systems.centra.orders import OrderTerms

EMAILS_AT_ONCE = 20
ROWS_PER_EMAIL = 20
"""An e-mail has a subscription per store, and one per product that is out of stock; more are read by pages."""

_WIDEST_ID = 2**31
"""GraphQL's integers have 32 bits; a longer number is nobody's id."""


class CentraPoints:
    """Records of one tenant by their keys.

    Args:
        tenant: Whom to ask.
        terms: How orders are read.
    """

    def __init__(self, tenant: Tenant, terms: OrderTerms) -> None:
        self._tenant, self._terms = tenant, terms
        self._base = cache(lambda: base_currency(tenant.client))
        self._reads: Mapping[str, Callable[[Sequence[str]], Iterator[Page]]] = {
            "customers": lambda ids: self._by(CUSTOMERS, "id", ids),
            "newsletter_subscriptions": lambda ids: self._by(SUBSCRIPTIONS, "id", ids),
            "orders": self._orders,
            "returns": lambda numbers: self._by(RETURNS, "orderNumber", numbers),
        }

    @property
    def requests(self) -> int:
        """Return how many requests were sent so far."""
        return self._tenant.client.requests

    @property
    def streams(self) -> frozenset[str]:
        """Return the streams of which single records can be read."""
        return frozenset(self._reads)

    def read(
        self, stream: str, keys: Sequence[str], emails: Sequence[str] = ()
    ) -> Mapping[str, pa.Table]:
        """Return the records that are there now, as canonical rows by table.

        Args:
            stream: One of `streams`.
            keys: Ids; of orders and returns, the numbers of the orders.
            emails: Spellings of e-mail addresses, whose newsletter subscriptions are read too.

        Raises:
            IncompleteSnapshotError: a record cannot be read.
            ReadError: as for any query.
        """
        pages = [*self._reads[stream](keys), *self._of_emails(emails)]
        if any(page.aside for page in pages):
            raise IncompleteSnapshotError(f"Some of Centra's {stream} could not be read again.")
        found = _joined(pages)
        return {name: _distinct(rows) for name, rows in found.items()} if emails else found

    def _by(self, source: Source[Any], filter_name: str, keys: Sequence[str]) -> Iterator[Page]:
        numbers = _numbers(keys)
        if numbers:
            yield from Reader(source, self._tenant).pages(({filter_name: numbers},))

    def _orders(self, keys: Sequence[str]) -> Iterator[Page]:
        """Yield orders, those included that the tenant hides unless they are asked for."""
        numbers = _numbers(keys)
        if numbers:
            passes = order_passes(self._tenant, {"number": numbers})
            yield from Reader(order_source(self._terms, self._base), self._tenant).pages(passes)

    def _of_emails(self, emails: Sequence[str]) -> Iterator[Page]:
        listing = Listing(SUBSCRIPTIONS, self._tenant)
        reader = RowReader(SUBSCRIPTIONS.row, is_connection=listing.is_connection)
        for start in range(0, len(emails), EMAILS_AT_ONCE):
            some: list[Where] = [
                {"email": {"equals": email}} for email in emails[start : start + EMAILS_AT_ONCE]
            ]
            data = listing.ask_each(some, ROWS_PER_EMAIL)
            each = reader.read_each(data, [f"b{place}" for place in range(len(some))])
            for where, found in zip(some, each, strict=True):
                if found.goes_on or found.count >= ROWS_PER_EMAIL:
                    yield from Reader(SUBSCRIPTIONS, self._tenant).pages((where,))
                else:
                    yield Page(SUBSCRIPTIONS.convert(found.rows), found.count, aside=found.aside)


def _numbers(keys: Sequence[str]) -> list[int]:
    """Return the keys that can be numbers of Centra's; nothing has any other."""
    found = [int(key) for key in keys if key.isascii() and key.isdecimal()]
    return [number for number in found if number < _WIDEST_ID]


def _joined(pages: Sequence[Page]) -> dict[str, pa.Table]:
    names = {name for page in pages for name in page.tables}
    parts = [page.tables for page in pages]
    return {name: pa.concat_tables([p[name] for p in parts if name in p]) for name in names}


def _distinct(rows: pa.Table) -> pa.Table:
    """Return each record once: an id and several spellings of an e-mail may find the same one."""
    last = {key: place for place, key in enumerate(rows.column(0).to_pylist())}
    return rows.take(pa.array(sorted(last.values()), pa.int64()))
