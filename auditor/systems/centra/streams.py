"""The streams that Centra offers, each with what it takes to read it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

from auditor.model.stream import Start, Stream
from auditor.systems.centra.assortment import PRODUCTS, VARIANTS, displays, sizes
from auditor.systems.centra.campaigns import CAMPAIGN_PRICES
from auditor.systems.centra.listing import HEAVY, Source, Tenant, filter_type
from auditor.systems.centra.nested import Nested
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.order_passes import order_passes
from auditor.systems.centra.orders import Item, OrderTables, OrderTerms, Tax, order_fields
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import ACCOUNTS, BUYERS, CUSTOMERS, SUBSCRIPTIONS
from auditor.systems.centra.places import (
    COUNTRIES,
    MARKETS,
    PRICELISTS,
    WAREHOUSES,
    base_currency,
    pricelist_filter,
    read_currencies,
)
from auditor.systems.centra.prices import LOWEST_PRICES, PRICES, STOCK
from auditor.systems.centra.records import Order, OrderLines, OrderPayments
from auditor.systems.centra.restriction import Witness, read_stores, read_wholesale
from auditor.systems.centra.returns import RETURNS
from auditor.systems.centra.schema import learn_schema
from auditor.systems.centra.shipments import SHIPMENTS
from auditor.systems.centra.window import narrowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from auditor.config.systems import Centra, CentraCatalogue
    from auditor.model.stream import Page
    from auditor.systems.centra.client import CentraClient
    from auditor.systems.centra.listing import Where
    from auditor.systems.centra.schema import Memory

EARLIER = timedelta(days=8)
"""Orders placed shortly before the first day that counts explain what the days after it show."""

FIRST_YEAR = 1971
"""A first day before it means all orders there are; older dates only strain date parsers."""

NIGHTLY = timedelta(hours=20)
"""How old the last full reading of the assortment may be; less than a day, so that no audit is skipped.

What a record points at may change without it: which variants and markets a display has, the name of a
brand or a category. Centra has an event of its own for that, and none of an update.

Source:
    Centra reference 7.1 (`DEPENDENT_DATA_CHANGED`), 11 (displays, variants and sizes: nightly).
"""

NO_DISPLAY_ITEMS = (
    "Sizes have no item: Centra's API names display items on order lines only; "
    "set centra.catalogue.item to another id for the checks of the catalogue."
)


def _one_pass(where: Where) -> Sequence[Where]:
    return (where,)


@dataclass(frozen=True, slots=True)
class _Offer:
    """A stream that is one list.

    Attributes:
        where: Returns what all reading is filtered by; asked anew for each.
        passes: Returns the filters of the passes that give everything within such a filter.
        is_optional: Whether the stream is off, not incomplete, where the tenant lacks the list.
        note: What is known to be lacking before it is read.
        sweep_after: As for `Stream`.
    """

    name: str
    source: Source[Any]
    where: Callable[[], Where] = field(default=dict)
    passes: Callable[[Where], Sequence[Where]] = _one_pass
    is_optional: bool = True
    note: str | None = None
    sweep_after: timedelta | None = None


def centra_streams(
    settings: Centra,
    *,
    client: CentraClient,
    since: date,
    item: Item,
    tax: Tax,
    memory: Memory | None = None,
) -> list[Stream]:
    """Return all streams of one tenant, asking it first what it has.

    Stores come last: by then the other streams have shown whether some are hidden.

    Args:
        settings: How marketplaces are told, and which price list counts.
        client: Asks the tenant.
        since: The first day whose orders count.
        item: Which id of a product an order line is known by.
        tax: Whether amounts include it.
        memory: Keeps what the tenant has from run to run.

    Raises:
        ReadError: the tenant does not tell what it has.
    """
    streams = _Streams(Tenant(client, learn_schema(client, memory)))
    terms = order_terms(settings, item, tax)
    return [
        *streams.people(),
        *streams.trade(terms, _created(since)),
        *streams.assortment(item, settings.catalogue),
        *streams.stores(is_wholesale_sold=settings.wholesale),
    ]


class _Streams:
    """The streams of one tenant; each asks it by a client of its own, since each has its own thread."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant, self._witness = tenant, Witness()

    def people(self) -> Iterator[Stream]:
        """Yield markets, countries and currencies, and whom the tenant knows."""
        yield self._of(_Offer("markets", MARKETS, is_optional=False))
        yield self._of(_Offer("countries", COUNTRIES))
        yield self._special("currencies", read_currencies)
        yield self._of(_Offer("customers", CUSTOMERS, is_optional=False))
        yield self._of(_Offer("newsletter_subscriptions", SUBSCRIPTIONS, is_optional=False))
        yield self._of(_Offer("accounts", ACCOUNTS))
        yield self._of(_Offer("buyers", BUYERS))

    def trade(self, terms: OrderTerms, where: Where) -> Iterator[Stream]:
        """Yield orders, shipments and returns."""
        own = self._own()
        base = cache(lambda: base_currency(own.client))

        def passes(narrow: Where) -> Sequence[Where]:
            base()
            return order_passes(own, narrow)

        orders = order_source(terms, base)
        yield self._of(_Offer("orders", orders, lambda: where, passes, is_optional=False), own)
        yield self._of(_Offer("shipments", SHIPMENTS, lambda: where))
        yield self._of(_Offer("returns", RETURNS, lambda: where, is_optional=False))

    def assortment(self, item: Item, catalogue: CentraCatalogue) -> Iterator[Stream]:
        """Yield what is sold, for how much, and what there is of it."""
        yield self._of(_Offer("pricelists", PRICELISTS))
        yield self._of(_Offer("warehouses", WAREHOUSES))
        yield self._of(_Offer("products", PRODUCTS, sweep_after=NIGHTLY))
        yield self._of(_Offer("variants", VARIANTS, sweep_after=NIGHTLY))
        lacking = NO_DISPLAY_ITEMS if item == "display_item" else None
        yield self._of(_Offer("sizes", sizes(item), note=lacking, sweep_after=NIGHTLY))
        shown = displays(catalogue.image_size)
        yield self._of(_Offer("displays", shown, sweep_after=NIGHTLY))
        of_list = _OfList(catalogue.pricelist)
        yield self._priced("prices", PRICES, of_list)
        yield self._of(_Offer("campaign_prices", CAMPAIGN_PRICES))
        yield self._priced("lowest_prices", LOWEST_PRICES, of_list)
        yield self._of(_Offer("stock", STOCK))

    def stores(self, *, is_wholesale_sold: bool) -> Iterator[Stream]:
        """Yield the stores, and those of wholesale again: a token may be kept from them."""
        stores = partial(read_stores, witness=self._witness)
        wholesale = partial(read_wholesale, witness=self._witness, is_sold=is_wholesale_sold)
        yield replace(self._special("stores", stores), is_last=True)
        yield replace(self._special("wholesale_stores", wholesale), is_last=True)

    def _own(self) -> Tenant:
        return replace(self._tenant, client=self._tenant.client.branch())

    def _priced(self, name: str, source: Source[Any], of_list: _OfList) -> Stream:
        own = self._own()
        return self._of(_Offer(name, source, lambda: of_list(own)), own)

    def _of(self, offer: _Offer, own: Tenant | None = None) -> Stream:
        notes, source, tenant = Notes(), offer.source, own or self._own()

        def read_from(start: Start) -> Iterator[Page]:
            return self._metered(tenant, notes, lambda: _pages(offer, tenant, notes, start))

        return Stream(
            "centra",
            offer.name,
            lambda: read_from(Start()),
            off=self._why_off(offer),
            requests=lambda: tenant.client.requests,
            read_from=read_from if self._has_window(source) else None,
            notes=notes,
            dropped=notes.dropped,
            sweep_after=offer.sweep_after,
        )

    def _special(self, name: str, read: Callable[[Tenant, Notes], Iterator[Page]]) -> Stream:
        notes, tenant = Notes(), self._own()
        return Stream(
            "centra",
            name,
            lambda: self._metered(tenant, notes, lambda: read(tenant, notes)),
            requests=lambda: tenant.client.requests,
            notes=notes,
            dropped=notes.dropped,
        )

    def _metered(
        self, tenant: Tenant, notes: Notes, read: Callable[[], Iterator[Page]]
    ) -> Iterator[Page]:
        client = tenant.client
        points = client.points
        notes.clear()
        try:
            for page in read():
                self._witness.see(page)
                yield page
        finally:
            notes.add(_cost(client, client.points - points))

    def _why_off(self, offer: _Offer) -> str | None:
        roots = offer.source.roots
        if not offer.is_optional or any(self._tenant.schema.root(name) for name in roots):
            return None
        return f"This Centra tenant has no list of {offer.source.name}."

    def _has_window(self, source: Source[Any]) -> bool:
        if source.window is None:
            return False
        schema = self._tenant.schema
        return schema.has_input(filter_type(source, schema) or "", source.window)


class _OfList:
    """The filter for one price list, looked up by the first stream that asks."""

    def __init__(self, pricelist: str | None) -> None:
        self._pricelist, self._looking = pricelist, Lock()
        self._found: Where | None = None

    def __call__(self, tenant: Tenant) -> Where:
        """Return it."""
        with self._looking:
            if self._found is None:
                self._found = pricelist_filter(tenant, self._pricelist)
            return self._found


def _pages(offer: _Offer, tenant: Tenant, notes: Notes, start: Start) -> Iterator[Page]:
    reader = Reader(offer.source, tenant, notes)
    where = offer.where()
    if offer.note is not None:
        notes.add(offer.note)
    if start.changed_since is not None and offer.source.window is not None:
        where = narrowed(where, offer.source.window, start.changed_since)
    yield from reader.pages(offer.passes(where), start.cursor)


def _created(since: date) -> Where:
    if since.year < FIRST_YEAR:
        return {}
    return {"createdAt": {"from": f"{since - EARLIER:%Y-%m-%d}T00:00:00+00:00"}}


def _cost(client: CentraClient, points: int) -> str:
    shares = client.shares
    hour = " and ".join(
        f"{shares[kind]:.1%} of the {name}"
        for kind, name in (("REQUEST_COUNT", "requests"), ("QUERY_COMPLEXITY", "points"))
        if kind in shares
    )
    used = f"; the last hour's reading used {hour} that the tenant allows" if hour else ""
    return f"Reading cost {points} points of query complexity{used}."


def order_terms(settings: Centra, item: Item, tax: Tax) -> OrderTerms:
    """Return how orders are read by the settings."""
    return OrderTerms(
        item,
        tax,
        needs_affiliate=bool(settings.marketplaces.affiliates),
        needs_attributes=bool(settings.marketplaces.attributes),
    )


def order_source(terms: OrderTerms, base: Callable[[], str]) -> Source[Order]:
    """Return the list of orders; the base currency is asked for when the first order is there."""

    def tables(rows: Sequence[Order]) -> Mapping[str, pa.Table]:
        return OrderTables(terms, base())(rows)

    return Source(
        name="orders",
        roots=("orderConnection", "orders"),
        row=Order,
        fields=order_fields(terms),
        convert=tables,
        size=HEAVY,
        # Ids are hashes: read by them, a new order may come to stand behind the cursor.
        sorts=("number_ASC", "orderDate_ASC", "id_ASC"),
        key=attrgetter("number"),
        window="updatedAt",
        nested=(
            Nested("lines", "lines", OrderLines, "number", attrgetter("id")),
            Nested("paymentHistory", "payment_history", OrderPayments, "number", attrgetter("id")),
        ),
    )
