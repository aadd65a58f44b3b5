"""More of what a Centra tenant holds: payments, campaigns and lowest prices.

Money and times are as in `tenant_rows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Payment:
    """One entry of an order's payment history, in the order's currency; a refund names its return."""

    id: int
    order_number: int
    return_id: int | None
    entry_type: str
    status: str
    minor: int
    created_at: datetime
    reference: str
    payment_method: str
    source: str


@dataclass(slots=True)
class Campaign:
    """A sale: it lowers prices in some markets between two moments."""

    id: int
    name: str
    status: str
    start_at: datetime
    stop_at: datetime
    market_ids: tuple[int, ...]
    updated_at: datetime


@dataclass(slots=True)
class CampaignVariant:
    """The price of one variant on one price list while its campaign runs."""

    id: int
    campaign_id: int
    variant_id: int
    pricelist_id: int
    minor: int


@dataclass(slots=True)
class LowestPrice:
    """What a variant cost before a reduction, as the Omnibus directive wants it told."""

    id: int
    variant_id: int
    pricelist_id: int
    original_minor: int
    minor: int
    start_at: datetime
    market_ids: tuple[int, ...]
