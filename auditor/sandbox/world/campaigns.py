"""Campaigns, each on a few variants: one runs; others are over, to come, paused, or abroad."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import chance
from auditor.sandbox.world.model import Campaign, CampaignVariant, LowestPrice
from auditor.sandbox.world.money import half_up
from auditor.sandbox.world.tenant import RETAIL, RETAIL_SEK, SWEDEN_MARKET

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.world.model import CentraTenant, World

# name, status, first and last day counted from now, percent off, whether Sweden takes part
_CAMPAIGNS = (
    ("Mid Season Sale", "ACTIVE", -12, 40, 20, True),
    ("Summer Sale", "ACTIVE", -70, -40, 30, True),
    ("Vårrea", "ACTIVE", 90, 120, 25, True),
    ("Lagerrensning", "INACTIVE", -20, 30, 40, True),
    ("Export Days", "ACTIVE", -9, 20, 15, False),
)
_SHARE_OF_VARIANTS = 25


def run_campaigns(world: World, seed: int) -> None:
    """Put a few variants on campaign in the markets of the retail store."""
    centra, rng = world.centra, chance(seed, "campaigns")
    markets = tuple(market.id for market in centra.markets if market.store_id == RETAIL)
    lists = {row.id for row in centra.pricelists if row.store_id == RETAIL}
    on_sale = [price for price in centra.prices if price.pricelist_id in lists]
    for number, (name, status, first, last, percent, in_sweden) in enumerate(_CAMPAIGNS, 1):
        start_at = world.now + timedelta(days=first)
        stop_at = world.now + timedelta(days=last)
        where = tuple(m for m in markets if in_sweden or m != SWEDEN_MARKET)
        updated_at = min(start_at, world.now) - timedelta(days=3)
        centra.campaigns.append(
            Campaign(number, name, status, start_at, stop_at, where, updated_at)
        )
        count = max(len(centra.variants) // _SHARE_OF_VARIANTS, 1)
        chosen = {variant.id for variant in rng.sample(centra.variants, count)}
        for price in on_sale:
            if price.variant_id in chosen and price.minor is not None:
                minor = half_up(price.minor * (100 - percent), 100)
                place = len(centra.campaign_variants) + 1
                centra.campaign_variants.append(
                    CampaignVariant(place, number, price.variant_id, price.pricelist_id, minor)
                )
    tell_lowest_prices(world)


def tell_lowest_prices(world: World) -> None:
    """Write a lowest price for every variant whose campaign runs now.

    Source:
        Centra reference 6.3: consumers' stores only, computed after each change.
    """
    centra = world.centra
    campaigns = {row.id: row for row in centra.campaigns if _runs(row, world.now)}
    prices = {(price.variant_id, price.pricelist_id): price.minor for price in centra.prices}
    centra.lowest_prices = []
    for row in centra.campaign_variants:
        original = prices.get((row.variant_id, row.pricelist_id))
        campaign = campaigns.get(row.campaign_id)
        if campaign and original is not None:
            place = len(centra.lowest_prices) + 1
            centra.lowest_prices.append(
                LowestPrice(
                    id=place,
                    variant_id=row.variant_id,
                    pricelist_id=row.pricelist_id,
                    original_minor=original,
                    minor=original,
                    start_at=campaign.start_at,
                    market_ids=campaign.market_ids,
                )
            )


def selling_prices(centra: CentraTenant, now: datetime) -> dict[int, int]:
    """Return what each variant costs in Sweden now, by variant: the list price, or a campaign's."""
    prices = {
        price.variant_id: price.minor
        for price in centra.prices
        if price.pricelist_id == RETAIL_SEK and price.minor is not None
    }
    running = {
        row.id for row in centra.campaigns if SWEDEN_MARKET in row.market_ids and _runs(row, now)
    }
    for row in centra.campaign_variants:
        if row.campaign_id in running and row.pricelist_id == RETAIL_SEK:
            prices[row.variant_id] = min(row.minor, prices[row.variant_id])
    return prices


def _runs(campaign: Campaign, now: datetime) -> bool:
    return campaign.status == "ACTIVE" and campaign.start_at <= now < campaign.stop_at
