"""Campaign prices, as canonical tables: what a variant costs on a price list while a campaign runs.

Source:
    Centra reference 6.3: `CampaignVariant`, start and stop dates and markets; their names are inferred.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.model.tables import centra_campaign_market, centra_campaign_price
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.assortment_records import Campaign, CampaignVariants
from auditor.systems.centra.listing import HEAVY, Source
from auditor.systems.centra.money import minor_units
from auditor.systems.centra.nested import Nested
from auditor.systems.centra.query import Want, if_granted, wants

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

VARIANTS_AT_ONCE = 200
"""Source: Centra reference 2.2: campaign variants take `limit`, at most 200."""

_CAMPAIGN = wants(
    *("id", "status", "startDate", "stopDate"),
    if_granted("markets", wants("id"), "Market:read", "centra_campaign_market.market_id"),
    Want(
        "variants",
        wants(
            "id",
            Want("productVariant", wants("id")),
            Want("pricelist", wants("id")),
            Want("price", wants("value", Want("currency", wants("code")))),
        ),
    ),
)


def _campaign_tables(rows: Sequence[Campaign]) -> dict[str, pa.Table]:
    pairs = [(row, variant) for row in rows for variant in row.variants]
    prices = [variant.price for _, variant in pairs]
    markets = [(str(row.id), str(market.id)) for row in rows for market in row.markets]
    columns = {
        "campaign_id": [str(row.id) for row, _ in pairs],
        "pricelist_id": [str(variant.pricelist.id) for _, variant in pairs],
        "variant_id": [str(variant.product_variant.id) for _, variant in pairs],
        "status": [row.status for row, _ in pairs],
        "price_minor": [
            minor_units([price.value], [price.currency.code])[0] if price else None
            for price in prices
        ],
        "currency": [price.currency.code if price else None for price in prices],
        "starts_at": [row.start_date for row, _ in pairs],
        "stops_at": [row.stop_date for row, _ in pairs],
    }
    of_markets = {
        "campaign_id": [campaign for campaign, _ in markets],
        "market_id": [market for _, market in markets],
    }
    return {
        centra_campaign_price.name: arrow_table(centra_campaign_price, columns),
        centra_campaign_market.name: arrow_table(centra_campaign_market, of_markets),
    }


CAMPAIGN_PRICES = Source(
    "campaigns",
    ("campaignConnection", "campaigns"),
    Campaign,
    _CAMPAIGN,
    _campaign_tables,
    size=HEAVY // 10,  # each has many variants below it
    nested=(
        Nested(
            "variants",
            "variants",
            CampaignVariants,
            "id",
            attrgetter("id"),
            VARIANTS_AT_ONCE,
            is_limited=True,
        ),
    ),
)
