"""Which channel an order belongs to, and which orders Emarsys is to be told about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from auditor.sandbox.world.tenant import MARKETPLACES

if TYPE_CHECKING:
    from auditor.sandbox.world.model import CentraTenant, Order

Channel = Literal["wholesale", "marketplace", "internal", "consumer"]
Way = Literal["store", "market", "attribute", "affiliate"]

DUE_STATUSES = frozenset({"CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED"})


class Channels:
    """Tells the channel of an order of one tenant."""

    def __init__(self, centra: CentraTenant) -> None:
        self._wholesale = {store.id for store in centra.stores if store.type == "WHOLESALE"}
        self._stores = {s.id for s in centra.stores if s.name in MARKETPLACES.stores}
        self._markets = {m.id for m in centra.markets if m.name in MARKETPLACES.markets}

    def of(self, order: Order) -> Channel:
        """Return the channel; wholesale comes before marketplace, marketplace before internal."""
        if order.store_id in self._wholesale:
            return "wholesale"
        if self.marketplace_way(order):
            return "marketplace"
        return "internal" if order.is_internal else "consumer"

    def marketplace_way(self, order: Order) -> Way | None:
        """Return what marks an order as a marketplace's, or None."""
        name, value = MARKETPLACES.attribute
        if order.store_id in self._stores:
            return "store"
        if order.market_id in self._markets:
            return "market"
        if order.attributes.get(name) == value:
            return "attribute"
        return "affiliate" if order.affiliate in MARKETPLACES.affiliates else None


def is_due(order: Order) -> bool:
    """Tell whether a consumer order is due in Emarsys, its age aside."""
    return (
        order.status in DUE_STATUSES and not order.is_on_hold and not order.is_waiting_for_payment
    )
