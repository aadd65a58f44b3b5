"""The world: what both vendors hold, as plain rows that their servers serve and mutate.

The rows of a Centra tenant stand in `tenant_rows.py`, those of an Emarsys account in
`account_rows.py`; payments and campaigns in `offer_rows.py`,
accounts and buyers in `trade_rows.py`. Nothing in here knows what the auditor looks for; the answer key comes from
`planting.py` and is never in a `World`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.sandbox.world.account_rows import (
    CatalogueRow,
    Contact,
    ContactList,
    EmarsysAccount,
    EventDefinition,
    FiredEvent,
    Purchase,
    Segment,
    SiContact,
    Unsubscribe,
)
from auditor.sandbox.world.offer_rows import Campaign, CampaignVariant, LowestPrice, Payment
from auditor.sandbox.world.tenant_rows import (
    CentraTenant,
    Country,
    Currency,
    Customer,
    Display,
    Line,
    Market,
    Order,
    Price,
    Pricelist,
    Product,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    Size,
    Stock,
    Store,
    Subscription,
    Variant,
    Warehouse,
)
from auditor.sandbox.world.trade_rows import Account, Buyer

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "Account",
    "Buyer",
    "Campaign",
    "CampaignVariant",
    "CatalogueRow",
    "CentraTenant",
    "Contact",
    "ContactList",
    "Country",
    "Currency",
    "Customer",
    "Display",
    "EmarsysAccount",
    "EventDefinition",
    "FiredEvent",
    "Line",
    "LowestPrice",
    "Market",
    "Order",
    "Payment",
    "Planted",
    "Price",
    "Pricelist",
    "Product",
    "Purchase",
    "Return",
    "ReturnLine",
    "Segment",
    "Shipment",
    "ShipmentLine",
    "SiContact",
    "Size",
    "Stock",
    "Store",
    "Subscription",
    "Unsubscribe",
    "Variant",
    "Warehouse",
    "World",
]


@dataclass(slots=True)
class World:
    """One moment of one brand: both systems as they stood at `now`."""

    now: datetime
    centra: CentraTenant
    emarsys: EmarsysAccount


@dataclass(frozen=True, slots=True, order=True)
class Planted:
    """One line of the answer key: a check that must fail for one subject."""

    check: str
    subject: str
