"""Stock that moves and prices that change; the catalogue file follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.campaigns import tell_lowest_prices
from auditor.sandbox.world.catalogue import refresh_catalogue
from auditor.sandbox.world.chance import pick
from auditor.sandbox.world.changes import change_price, change_stock
from auditor.sandbox.world.tenant import MAIN_WAREHOUSE, RETAIL_SEK

if TYPE_CHECKING:
    from auditor.sandbox.world.span import Span

_STOCK, _PRICES = 0.01, 0.003


def change_shelf(span: Span) -> None:
    """Move some stock, change a few list prices and write the catalogue file again."""
    world, rng = span.world, span.rng("shelf")
    centra = world.centra
    threshold = next(row.threshold for row in centra.warehouses if row.id == MAIN_WAREHOUSE)
    offsets = {row.id: row.stock_offset for row in centra.variants}
    for _ in range(span.count(rng, len(centra.sizes), _STOCK)):
        size = pick(rng, centra.sizes)
        kept_back = offsets[size.variant_id] or threshold
        change_stock(world, size.id, kept_back + rng.randrange(0, 60), span.moment(rng))
    reduced = {row.variant_id for row in centra.campaign_variants}
    fixed = [
        row
        for row in centra.prices
        if row.pricelist_id == RETAIL_SEK and row.minor and row.variant_id not in reduced
    ]
    for _ in range(span.count(rng, len(fixed), _PRICES)):
        price = pick(rng, fixed)
        minor = max((price.minor or 0) + 5_000 * rng.choice((-1, 1)), 10_000)
        change_price(world, price.variant_id, minor, span.moment(rng))
    tell_lowest_prices(world)
    refresh_catalogue(world)
