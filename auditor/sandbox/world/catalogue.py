"""The catalogue file that Emarsys pulls: one row per size, as Centra's Swedish shop sells it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.sandbox.world.campaigns import selling_prices
from auditor.sandbox.world.chance import chance, lucky
from auditor.sandbox.world.model import CatalogueRow
from auditor.sandbox.world.tenant import (
    MAIN_WAREHOUSE,
    RETAIL,
    RETAIL_SEK,
    SHOP_URL,
    SWEDEN_MARKET,
)

if TYPE_CHECKING:
    from auditor.sandbox.world.model import CentraTenant, Display, Size, World


def publish_catalogue(world: World, seed: int) -> None:
    """Write a row per size that is or was sold in Sweden.

    A size that cannot be sold is either left out or stands in the file as unavailable. Titles are
    written as feeds write them: with entities, and now and then with a double space.
    """
    rng = chance(seed, "catalogue")
    window = window_of(world.centra)
    selling = selling_prices(world.centra, world.now)
    made = {product.id: product.collection for product in world.centra.products}
    collections = {row.id: made[row.product_id] for row in world.centra.variants}
    for size in world.centra.sizes:
        display = window.displays.get(size.variant_id)
        price_minor = window.prices.get(size.variant_id)
        is_listed = lucky(rng, 0.5)
        gap = "  " if lucky(rng, 0.03) else " "
        if display is None or price_minor is None:
            continue
        is_sellable = window.is_sellable(size, display)
        if not is_sellable and not is_listed:
            continue
        stock = window.stock[size.id]
        world.emarsys.catalogue.append(
            CatalogueRow(
                item=size.sku,
                title=html.escape(display.name).replace(" ", gap),
                link=f"{SHOP_URL}{display.uri}",
                image=display.image,
                category=window.categories[size.variant_id],
                available=is_sellable and stock > 0,
                price_minor=selling[size.variant_id],
                msrp_minor=price_minor,
                stock=stock,
                collection=collections[size.variant_id],
            )
        )


def refresh_catalogue(world: World) -> None:
    """Bring the rows of the file up to date: prices, stock and availability."""
    window = window_of(world.centra)
    selling = selling_prices(world.centra, world.now)
    sizes = {size.sku: size for size in world.centra.sizes}
    for row in world.emarsys.catalogue:
        size = sizes[row.item]
        display, msrp = window.displays.get(size.variant_id), window.prices.get(size.variant_id)
        if display is not None and msrp is not None:
            row.stock = window.stock[size.id]
            row.available = window.is_sellable(size, display) and row.stock > 0
            row.price_minor, row.msrp_minor = selling[size.variant_id], msrp


@dataclass(slots=True)
class Window:
    """What the Swedish shop window knows, by variant, and the sellable stock by size.

    `kept_back` is what the storefront keeps of a size; `bundles` are the variants that are sets.
    """

    displays: dict[int, Display]
    prices: dict[int, int]
    categories: dict[int, str]
    active_variants: set[int]
    bundles: set[int]
    kept_back: dict[int, int]
    stock: dict[int, int]

    def is_sellable(self, size: Size, display: Display) -> bool:
        """Tell whether a size can be bought in Sweden, stock aside.

        Source:
            Centra reference 6.2, last point.
        """
        return (
            size.is_active
            and size.variant_id in self.active_variants
            and size.variant_id in display.variant_ids
            and display.status == "ACTIVE"
            and SWEDEN_MARKET in display.market_ids
        )


def window_of(centra: CentraTenant) -> Window:
    """Look at a tenant through its Swedish shop window."""
    kept_back = _kept_back(centra)
    products = {product.id: product for product in centra.products}
    shown = {d.product_id: d for d in centra.displays if d.store_id == RETAIL}
    return Window(
        displays={v.id: shown[v.product_id] for v in centra.variants if v.product_id in shown},
        prices={
            price.variant_id: price.minor
            for price in centra.prices
            if price.pricelist_id == RETAIL_SEK and price.minor is not None
        },
        categories={v.id: products[v.product_id].category for v in centra.variants},
        active_variants={
            v.id
            for v in centra.variants
            if v.status == "ACTIVE" and products[v.product_id].status == "ACTIVE"
        },
        bundles={v.id for v in centra.variants if products[v.product_id].is_bundle},
        kept_back=kept_back,
        stock={
            stock.size_id: stock.physical - stock.allocated - kept_back[stock.size_id]
            for stock in centra.stocks
            if stock.warehouse_id == MAIN_WAREHOUSE
        },
    )


def _kept_back(centra: CentraTenant) -> dict[int, int]:
    """Return what the storefront keeps of a size in the main warehouse."""
    threshold = next(w.threshold for w in centra.warehouses if w.id == MAIN_WAREHOUSE)
    offsets = {variant.id: variant.stock_offset for variant in centra.variants}
    return {size.id: offsets[size.variant_id] or threshold for size in centra.sizes}
