"""Products, variants, sizes and displays, as canonical tables.

Names are folded as the feed's texts are, so that the same words compare as the same.

Source:
    Centra reference 6.1 and 6.2.
"""

from __future__ import annotations

import json
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.model.tables import (
    centra_display,
    centra_display_market,
    centra_display_variant,
    centra_product,
    centra_size,
    centra_variant,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.assortment_records import (
    Display,
    DisplayMarkets,
    DisplayVariants,
    Product,
    SizeRow,
    VariantRow,
)
from auditor.systems.centra.listing import HEAVY, Source
from auditor.systems.centra.nested import Nested
from auditor.systems.centra.query import Want, if_granted, wants
from auditor.systems.plain_text import plain_text
from auditor.systems.text import text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    import sqlalchemy as sa

    from auditor.systems.centra.orders import Item
    from auditor.systems.centra.records import Named


_PRODUCT = wants(
    *("id", "name", "status", "productNumber", "createdAt", "updatedAt"),
    Want("isBundle", is_optional=True, fills=("centra_product.is_bundle",)),
    if_granted("brand", wants("name"), "Brand:read", "centra_product.brand"),
    if_granted("collection", wants("name"), "Collection:read", "centra_product.collection"),
)
_VARIANT = wants(
    *("id", "name", "status", "variantNumber", "updatedAt"),
    Want("stockOffset", is_optional=True, fills=("centra_variant.stock_offset",)),
    if_granted("product", wants("id"), "Product:read", "centra_variant.product_id"),
)
_SIZE = wants(
    *("id", "SKU", "EAN", "isActive", "updatedAt"),
    Want("productVariant", wants("id", "variantNumber")),
)
_DISPLAY = wants(
    *("id", "name", "status", "uri", "updatedAt"),
    Want("store", wants("id")),
    Want("product", wants("id")),
    if_granted("canonicalCategory", wants("name"), "Category:read", "centra_display.category"),
    Want("productVariants", wants("id")),
    if_granted("markets", wants("id"), "Market:read", "centra_display_market.market_id"),
)


def _product_tables(rows: Sequence[Product]) -> dict[str, pa.Table]:
    columns = {
        "product_id": [str(row.id) for row in rows],
        "number": [text_or_none(row.product_number) for row in rows],
        "name": [plain_text(row.name) for row in rows],
        "status": [row.status for row in rows],
        "is_bundle": [row.is_bundle for row in rows],
        "brand": [_name(row.brand) for row in rows],
        "collection": [_name(row.collection) for row in rows],
        "created_at": [row.created_at for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    return {centra_product.name: arrow_table(centra_product, columns)}


def _name(named: Named | None) -> str | None:
    return plain_text(named.name) if named else None


def _variant_tables(rows: Sequence[VariantRow]) -> dict[str, pa.Table]:
    columns = {
        "variant_id": [str(row.id) for row in rows],
        "product_id": [str(row.product.id) if row.product else None for row in rows],
        "number": [text_or_none(row.variant_number) for row in rows],
        "name": [plain_text(row.name) for row in rows],
        "status": [row.status for row in rows],
        "stock_offset": [row.stock_offset for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    return {centra_variant.name: arrow_table(centra_variant, columns)}


_ITEM_OF: dict[Item, Callable[[SizeRow], str | None]] = {
    "sku": lambda row: text_or_none(row.sku),
    "ean": lambda row: text_or_none(row.ean),
    "variant": lambda row: text_or_none(row.product_variant.variant_number),
    # The API names no display items: only order lines tell theirs.
    "display_item": lambda _: None,
}


def sizes(item: Item) -> Source[SizeRow]:
    """Return the list of sizes, each with the id that the brand's catalogue knows it by."""
    item_of = _ITEM_OF[item]

    def tables(rows: Sequence[SizeRow]) -> dict[str, pa.Table]:
        columns = {
            "size_id": [str(row.id) for row in rows],
            "variant_id": [str(row.product_variant.id) for row in rows],
            "sku": [text_or_none(row.sku) for row in rows],
            "ean": [text_or_none(row.ean) for row in rows],
            "item": [item_of(row) for row in rows],
            "is_active": [row.is_active for row in rows],
            "updated_at": [row.updated_at for row in rows],
        }
        return {centra_size.name: arrow_table(centra_size, columns)}

    roots = ("productSizeConnection", "productSizes")
    return Source("sizes", roots, SizeRow, _SIZE, tables, window="updatedAt")


def _display_tables(rows: Sequence[Display]) -> dict[str, pa.Table]:
    columns = {
        "display_id": [str(row.id) for row in rows],
        "store_id": [str(row.store.id) for row in rows],
        "product_id": [str(row.product.id) for row in rows],
        "name": [plain_text(row.name) for row in rows],
        "status": [row.status for row in rows],
        "uri": [text_or_none(row.uri) for row in rows],
        "category": [_name(row.canonical_category) for row in rows],
        "images": [_images(row) for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    variants = [(str(row.id), str(one.id)) for row in rows for one in row.product_variants]
    markets = [(str(row.id), str(one.id)) for row in rows for one in row.markets]
    return {
        centra_display.name: arrow_table(centra_display, columns),
        centra_display_variant.name: _pairs(centra_display_variant, "variant_id", variants),
        centra_display_market.name: _pairs(centra_display_market, "market_id", markets),
    }


def _images(row: Display) -> str | None:
    urls = [plain_text(one.source.url) for one in row.media if one.source]
    return "\n".join(url for url in urls if url) or None


def _pairs(table: sa.Table, column: str, pairs: Sequence[tuple[str, str]]) -> pa.Table:
    columns = {"display_id": [one for one, _ in pairs], column: [other for _, other in pairs]}
    return arrow_table(table, columns)


PRODUCTS = Source(
    "products",
    ("productConnection", "products"),
    Product,
    _PRODUCT,
    _product_tables,
    window="updatedAt",
)
VARIANTS = Source(
    "variants",
    ("productVariantConnection", "productVariants"),
    VariantRow,
    _VARIANT,
    _variant_tables,
    window="updatedAt",
)
DISPLAYS = Source(
    "displays",
    ("displayConnection", "displays"),
    Display,
    _DISPLAY,
    _display_tables,
    size=HEAVY,
    window="updatedAt",
    nested=(
        Nested("productVariants", "product_variants", DisplayVariants, "id", attrgetter("id")),
        Nested("markets", "markets", DisplayMarkets, "id", attrgetter("id")),
    ),
)


def displays(image_size: str | None) -> Source[Display]:
    """Return the list of displays, with the addresses of their pictures in a size where one is asked for.

    Source:
        Centra reference 6.2: `media { source(sizeName:) { url } }`.
    """
    if image_size is None:
        return DISPLAYS
    picture = Want("source", wants("url"), f"sizeName: {json.dumps(image_size)}")
    media = Want("media", (picture,), is_optional=True, fills=("centra_display.images",))
    return replace(DISPLAYS, fields=(*DISPLAYS.fields, media))
