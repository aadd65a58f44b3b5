"""The assortment in Centra: products, colours, sizes, displays, prices and stock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from auditor.sandbox.world.chance import between, chance, lucky
from auditor.sandbox.world.model import Display, Price, Product, Size, Stock, Variant
from auditor.sandbox.world.tenant import (
    MAIN_WAREHOUSE,
    OUTLET,
    RETAIL,
    SHOP_URL,
    SWEDEN_MARKET,
    WHOLESALE,
    ZALANDO,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from auditor.sandbox.world.model import CentraTenant, Currency, World
    from auditor.sandbox.world.scale import Scale

_MOODS = ("Sol", "Fjäll", "Höst", "Måne", "Älv", "Skärgård", "Björk", "Norr", "Dimma", "Lyng")
_GARMENTS = (
    ("Klänning", "Women>Dresses", 1299),
    ("Kofta", "Women>Knitwear", 999),
    ("Skjorta", "Men>Shirts", 849),
    ("Jeans & Bälte", "Men>Denim", 1199),
    ("Anorak", "Unisex>Outerwear", 2499),
    ("Mössa & Vantar", "Unisex>Accessories", 449),
    ("T-shirt", "Unisex>Jersey", 299),
    ("Byxa", "Women>Trousers", 899),
)
_COLOURS = (("BLK", "Svart"), ("BLA", "Blå"), ("GRA", "Grå"))
_SIZES = ("XS", "S", "M", "L", "XL")
_COLLECTIONS = ("Core", "Höst 26", "Vår 26", "Arkiv & Outlet")
_EVERY_BUNDLE = 12
_PARTS_OF_A_BUNDLE = 2


class Item(NamedTuple):
    """A size that can be ordered on a price list, and its list price."""

    size_id: int
    variant_id: int
    product_id: int
    minor: int


@dataclass(slots=True)
class Shelf:
    """What can be ordered: items and bundles per price list, and the sizes inside each bundle."""

    items: dict[int, list[Item]] = field(default_factory=dict)
    bundles: dict[int, list[Item]] = field(default_factory=dict)
    parts: dict[int, list[Item]] = field(default_factory=dict)


def assort(world: World, seed: int, scale: Scale) -> Shelf:
    """Fill the tenant with its assortment and return what can be ordered from it."""
    rng = chance(seed, "assortment")
    centra = world.centra
    for number in range(1, scale.products + 1):
        _design(world, rng, number)
    _show(centra, rng)
    _price(centra, chance(seed, "prices"))
    shelf = shelve(centra, chance(seed, "bundles"))
    _stock(centra, chance(seed, "stock"), shelf)
    return shelf


def _design(world: World, rng: Random, number: int) -> None:
    """Add one product with its variants and sizes."""
    centra = world.centra
    garment, category, _ = _GARMENTS[number % len(_GARMENTS)]
    is_bundle = number % _EVERY_BUNDLE == 0
    created_at = between(rng, world.now - timedelta(days=900), world.now - timedelta(days=200))
    updated_at = between(rng, created_at, world.now - timedelta(days=5))
    product = Product(
        id=number,
        number=f"NL{number:05d}",
        name=f"{rng.choice(_MOODS)} {'Set' if is_bundle else garment}",
        brand="Nordlys",
        collection=rng.choice(_COLLECTIONS),
        category=category,
        status="INACTIVE" if lucky(rng, 0.04) else "ACTIVE",
        is_bundle=is_bundle,
        created_at=created_at,
        updated_at=updated_at,
    )
    centra.products.append(product)
    for colour in _COLOURS[:1] if is_bundle else _COLOURS:
        _dye(centra, rng, product, colour)


def _dye(centra: CentraTenant, rng: Random, product: Product, colour: tuple[str, str]) -> None:
    """Add one variant of a product with its sizes."""
    code, name = colour
    variant = Variant(
        id=len(centra.variants) + 1,
        product_id=product.id,
        number=code,
        name=name,
        status="INACTIVE" if lucky(rng, 0.03) else "ACTIVE",
        stock_offset=rng.choice((3, 5)) if lucky(rng, 0.1) else 0,
        updated_at=product.updated_at,
    )
    centra.variants.append(variant)
    for number in _SIZES:
        size_id = len(centra.sizes) + 1
        centra.sizes.append(
            Size(
                id=size_id,
                variant_id=variant.id,
                number=number,
                name=number,
                sku=f"{product.number}{code}{number}",
                ean=_ean(size_id),
                is_active=not lucky(rng, 0.02),
                updated_at=product.updated_at,
            )
        )


def _ean(size_id: int) -> str:
    """Return a thirteen-digit article number with a valid check digit."""
    digits = f"735{size_id:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _show(centra: CentraTenant, rng: Random) -> None:
    """Present every product in the retail store, and some of them in the other stores."""
    markets: dict[int, list[int]] = {}
    for market in centra.markets:
        markets.setdefault(market.store_id, []).append(market.id)
    variants: dict[int, list[int]] = {}
    for variant in centra.variants:
        variants.setdefault(variant.product_id, []).append(variant.id)
    for product in centra.products:
        for store_id, share in ((RETAIL, 1.0), (OUTLET, 0.2), (WHOLESALE, 0.8), (ZALANDO, 0.3)):
            if lucky(rng, share):
                _present(centra, rng, product, (store_id, variants[product.id], markets[store_id]))


def _present(
    centra: CentraTenant,
    rng: Random,
    product: Product,
    where: tuple[int, Sequence[int], Sequence[int]],
) -> None:
    """Add one display; now and then it lacks a variant, or the Swedish market, or is inactive."""
    store_id, variant_ids, market_ids = where
    display_id = len(centra.displays) + 1
    hides_variant = len(variant_ids) > 1 and lucky(rng, 0.04)
    hides_market = lucky(rng, 0.03)
    centra.displays.append(
        Display(
            id=display_id,
            store_id=store_id,
            product_id=product.id,
            variant_ids=tuple(variant_ids[1:] if hides_variant else variant_ids),
            market_ids=tuple(m for m in market_ids if m != SWEDEN_MARKET or not hides_market),
            name=product.name,
            uri=f"{product.number.lower()}-{display_id}",
            image=f"{SHOP_URL}media/{product.number}.jpg",
            status="INACTIVE" if lucky(rng, 0.03) else "ACTIVE",
            updated_at=product.updated_at,
        )
    )


def _price(centra: CentraTenant, rng: Random) -> None:
    """Set a list price per variant and price list; some stay unset."""
    currencies = {currency.code: currency for currency in centra.currencies}
    products = {product.id: product for product in centra.products}
    for variant in centra.variants:
        step = 50 * rng.randrange(-4, 8)
        major = _GARMENTS[variant.product_id % len(_GARMENTS)][2] + step
        if products[variant.product_id].is_bundle:
            major *= _PARTS_OF_A_BUNDLE
        for pricelist in centra.pricelists:
            is_unset = lucky(rng, (0.02 if pricelist.store_id == RETAIL else 0.1))
            minor = None if is_unset else _local(major, currencies[pricelist.currency])
            centra.prices.append(
                Price(len(centra.prices) + 1, variant.id, pricelist.id, minor),
            )


def _local(major: int, currency: Currency) -> int:
    """Return a price of about so many units of base currency, as a shop would print it."""
    if currency.code == "JPY":
        return round(major / currency.rate / 100) * 100
    if currency.code in {"SEK", "NOK", "DKK"}:
        return int(major / currency.rate) * 100
    return int(major / currency.rate) * 100 + 95


def shelve(centra: CentraTenant, rng: Random) -> Shelf:
    """Return everything that has a price, per price list."""
    shelf = Shelf()
    variants = {variant.id: variant for variant in centra.variants}
    bundles = {product.id for product in centra.products if product.is_bundle}
    sizes: dict[int, list[Size]] = {}
    for size in centra.sizes:
        sizes.setdefault(size.variant_id, []).append(size)
    for price in centra.prices:
        if price.minor is None:
            continue
        product_id = variants[price.variant_id].product_id
        kind = shelf.bundles if product_id in bundles else shelf.items
        kind.setdefault(price.pricelist_id, []).extend(
            Item(size.id, price.variant_id, product_id, price.minor)
            for size in sizes[price.variant_id]
        )
    everything = shelf.items[centra.pricelists[0].id]
    for bundle in (item for items in shelf.bundles.values() for item in items):
        if bundle.size_id not in shelf.parts:
            shelf.parts[bundle.size_id] = rng.sample(everything, _PARTS_OF_A_BUNDLE)
    return shelf


def _stock(centra: CentraTenant, rng: Random, shelf: Shelf) -> None:
    """Stock every size; in the main warehouse never below what the storefront keeps back.

    A bundle holds what its scarcest part holds.
    """
    threshold = centra.warehouses[0].threshold
    variants = {variant.id: variant for variant in centra.variants}
    free: dict[int, int] = {}
    for size in centra.sizes:
        kept_back = variants[size.variant_id].stock_offset or threshold
        free[size.id] = kept_back + (0 if lucky(rng, 0.2) else rng.randrange(1, 80))
    for size in centra.sizes:
        parts = shelf.parts.get(size.id)
        if parts:
            kept_back = variants[size.variant_id].stock_offset or threshold
            free[size.id] = max(kept_back, min(free[part.size_id] for part in parts))
        allocated = rng.randrange(0, 6)
        physical = free[size.id] + allocated
        centra.stocks.append(Stock(size.id, MAIN_WAREHOUSE, physical, allocated))
        centra.stocks.append(Stock(size.id, 2, rng.randrange(0, 12), 0))
        centra.stocks.append(Stock(size.id, 3, rng.randrange(0, 300), rng.randrange(0, 20)))
