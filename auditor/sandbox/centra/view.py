"""A tenant's rows as one token may see them, with the indexes that reading needs."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from auditor.sandbox.centra.options import Token
    from auditor.sandbox.world import model

Row = TypeVar("Row")

_KEPT_SELECTIONS = 32
_WORTH_KEEPING = 1_000


class Table(Generic[Row]):
    """The rows of one type; each index is built when it is first asked for."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._unique: dict[str, dict[Any, Row]] = {}
        self._groups: dict[str, dict[Any, list[Row]]] = {}
        self._sorted: dict[str, tuple[list[Any], list[Row]]] = {}
        self._numbers: dict[str, dict[str, int]] = {}

    def by(self, attribute: str) -> dict[Any, Row]:
        """Return the rows by an attribute that is unique."""
        if attribute not in self._unique:
            key = attrgetter(attribute)
            self._unique[attribute] = {key(row): row for row in self.rows}
        return self._unique[attribute]

    def groups(
        self, name: str, key: Callable[[Row], Any] | None = None, *, several: bool = False
    ) -> dict[Any, list[Row]]:
        """Return the rows grouped by a key, by default the attribute `name`.

        With `several` the key is a collection, and the row stands under each of its members.
        """
        if name not in self._groups:
            self._groups[name] = _group(self.rows, key or attrgetter(name), several=several)
        return self._groups[name]

    def between(self, attribute: str, low: datetime | None, high: datetime | None) -> list[Row]:
        """Return the rows whose attribute is at least `low` and below `high`; None is no bound."""
        if attribute not in self._sorted:
            key = attrgetter(attribute)
            rows = sorted((row for row in self.rows if key(row) is not None), key=key)
            self._sorted[attribute] = [key(row) for row in rows], rows
        keys, rows = self._sorted[attribute]
        start = 0 if low is None else bisect_left(keys, low)
        stop = len(keys) if high is None else bisect_left(keys, high)
        return rows[start:stop]

    def names(self, attribute: str) -> dict[str, int]:
        """Number the different texts of an attribute, in alphabetical order from 1."""
        if attribute not in self._numbers:
            texts = sorted({text for text in map(attrgetter(attribute), self.rows) if text})
            self._numbers[attribute] = {text: number for number, text in enumerate(texts, 1)}
        return self._numbers[attribute]


def _group(
    rows: Iterable[Row], key: Callable[[Row], Any], *, several: bool
) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        for value in key(row) if several else (key(row),):
            groups[value].append(row)
    return dict(groups)


@dataclass(frozen=True, slots=True)
class Restriction:
    """The stores and store types a token is restricted to; None is no restriction.

    Source: Centra reference 1.2.
    """

    stores: frozenset[int] | None
    store_types: frozenset[str] | None

    @classmethod
    def of(cls, token: Token) -> Restriction:
        """Return the restriction of a token."""
        return cls(token.stores, token.store_types)

    def admits(self, store: model.Store) -> bool:
        """Tell whether the rows of a store are visible."""
        in_stores = self.stores is None or store.id in self.stores
        return in_stores and (self.store_types is None or store.type in self.store_types)


class View:
    """The tables that one restriction leaves visible.

    An unrestricted view reads the tenant's own lists. Indexes and selections are as old as the view:
    `CentraServer` makes a new one when a list has grown or shrunk, or when it is told to refresh.
    """

    def __init__(self, tenant: model.CentraTenant, restriction: Restriction) -> None:
        self.tenant = tenant
        self.sizes_of_lists = lengths(tenant)
        self._seen = Restriction(None, None) != restriction
        self._stores = {store.id for store in tenant.stores if restriction.admits(store)}
        self._orders = {order.number: order for order in tenant.orders} if self._seen else {}
        self._selections: OrderedDict[str, Any] = OrderedDict()
        self.currencies = Table(tenant.currencies)
        self.countries = Table(tenant.countries)
        self.warehouses = Table(tenant.warehouses)
        self.products = Table(tenant.products)
        self.variants = Table(tenant.variants)
        self.sizes = Table(tenant.sizes)
        self.stocks = Table(tenant.stocks)
        self.stores = Table(self._visible(tenant.stores, attrgetter("id")))
        self.markets = Table(self._visible(tenant.markets))
        self.pricelists = Table(self._visible(tenant.pricelists))
        self.displays = Table(self._visible(tenant.displays))
        self.customers = Table(self._visible(tenant.customers))
        self.subscriptions = Table(self._visible(tenant.subscriptions))
        self.buyers = Table(self._visible(tenant.buyers))
        self.orders = Table(self._visible(tenant.orders))
        self.shipments = Table(self._visible(tenant.shipments, self._store_of_order))
        self.returns = Table(self._visible(tenant.returns, self._store_of_order))
        self.payments = Table(self._visible(tenant.payments, self._store_of_order))
        self.campaigns = Table(tenant.campaigns)
        self.prices = Table(self._listed(tenant.prices))
        self.campaign_variants = Table(self._listed(tenant.campaign_variants))
        self.lowest_prices = Table(self._listed(tenant.lowest_prices))
        accounts_of_buyers = {buyer.account_id for buyer in self.buyers.rows}
        self.accounts = Table(
            [a for a in tenant.accounts if a.id in accounts_of_buyers]
            if self._seen
            else tenant.accounts
        )

    def _visible(
        self, rows: list[Row], store_of: Callable[[Any], int | None] = attrgetter("store_id")
    ) -> list[Row]:
        if not self._seen:
            return rows
        return [row for row in rows if store_of(row) in self._stores]

    def _listed(self, rows: list[Row]) -> list[Row]:
        """Return the rows that stand on a visible price list."""
        if not self._seen:
            return rows
        visible = self.pricelists.by("id")
        listed: list[Any] = rows
        return [row for row in listed if row.pricelist_id in visible]

    def _store_of_order(self, row: model.Shipment | model.Return | model.Payment) -> int | None:
        order = self._orders.get(row.order_number)
        return order.store_id if order else None

    def remembered(self, name: str, make: Callable[[], list[Row]]) -> list[Row]:
        """Return the rows remembered under a name, else make them and remember them if they are many."""
        if name in self._selections:
            self._selections.move_to_end(name)
            return self._selections[name]  # type: ignore[no-any-return]
        rows = make()
        if len(rows) >= _WORTH_KEEPING:
            self._selections[name] = rows
            if len(self._selections) > _KEPT_SELECTIONS:
                self._selections.popitem(last=False)
        return rows


def lengths(tenant: model.CentraTenant) -> tuple[int, ...]:
    """Return how many rows each list of a tenant has, to notice that one was added or removed."""
    return tuple(
        len(value)
        for value in (getattr(tenant, field.name) for field in fields(tenant))
        if isinstance(value, list)
    )
