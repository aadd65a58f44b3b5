"""The fields of products, variants, sizes, displays, prices and stock.

Source: Centra reference 6.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.field import (
    Field,
    Request,
    attr,
    const,
    many,
    members,
    moment,
    named,
    plain,
    ref,
    then,
)
from auditor.sandbox.centra.money import Money
from auditor.sandbox.centra.paging import nested, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.centra.field import Arguments, Getter, Row
    from auditor.sandbox.world.model import Display, Price, Product, Size, Stock


def _product_displays(request: Request, arguments: Arguments) -> Getter:
    def answer(row: Product) -> list[Any]:
        return nested(request, "Display", {"productId": [row.id]}, arguments)

    return answer


def _variant_displays(request: Request, _arguments: Arguments) -> Getter:
    displays = request.view.displays.groups("variant_ids", several=True)
    return lambda row: displays.get(row.id, [])


def _price(request: Request, _arguments: Arguments) -> Getter:
    pricelists = request.view.pricelists.by("id")
    currencies = request.view.currencies.by("code")

    def answer(row: Price) -> Money | None:
        if row.minor is None:
            return None
        currency = currencies[pricelists[row.pricelist_id].currency]
        return Money(row.minor, currency, currency.rate)

    return answer


def _display_prices(request: Request, _arguments: Arguments) -> Getter:
    pricelists = request.view.pricelists.by("id")
    prices = request.view.prices.groups("variant_id")

    def answer(row: Display) -> list[Price]:
        return [
            price
            for variant_id in row.variant_ids
            for price in prices.get(variant_id, [])
            if pricelists[price.pricelist_id].store_id == row.store_id
        ]

    return answer


def _stock_rows(request: Request, arguments: Arguments) -> Callable[[Size], list[Stock]]:
    stocks = request.view.stocks.groups("size_id")
    wanted = (arguments.get("where") or {}).get("warehouseId")

    def answer(row: Size) -> list[Stock]:
        rows = stocks.get(row.id, [])
        return rows if wanted is None else [stock for stock in rows if stock.warehouse_id in wanted]

    return answer


def _stock(request: Request, arguments: Arguments) -> Getter:
    rows_of = _stock_rows(request, arguments)
    descending = (arguments.get("sort") or ["warehouseId_ASC"])[0] == "warehouseId_DESC"

    def answer(row: Size) -> list[Stock]:
        rows = sorted(rows_of(row), key=attrgetter("warehouse_id"), reverse=descending)
        return page_of(request, rows, arguments)

    return answer


def _stock_totals(request: Request, arguments: Arguments) -> Getter:
    rows_of = _stock_rows(request, arguments)

    def answer(row: Size) -> tuple[int, int]:
        rows = rows_of(row)
        return sum(stock.physical for stock in rows), sum(stock.allocated for stock in rows)

    return answer


def _free(pair: tuple[int, int]) -> int:
    return pair[0] - pair[1]


_QUANTITIES: dict[str, Field] = {
    "freeToAllocateQuantity": plain(_free),
    "availableNowQuantity": plain(_free),
    "availableQuantity": plain(_free),
    "physicalQuantity": plain(lambda pair: pair[0]),
    "allocatedQuantity": plain(lambda pair: pair[1]),
    "demandQuantity": const(0),
    "incomingQuantity": const(0),
    "linkedIncomingQuantity": const(0),
    "unlinkedIncomingQuantity": const(0),
    "onDeliveryQuantity": const(0),
    "unshippedQuantity": const(0),
}
_PAIR = plain(lambda stock: (stock.physical, stock.allocated))

FIELDS: dict[str, dict[str, Field]] = {
    "Product": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "productNumber": attr("number"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "harmonizedCommodityCode": const(None),
        "harmonizedCommodityCodeDescription": const(None),
        "internalComment": const(None),
        "isBundle": attr("is_bundle"),
        "isSerializableProduct": const(False),
        "attributes": const([]),
        "brand": named("brand", "products"),
        "collection": named("collection", "products"),
        "displays": _product_displays,
        "variants": many("variants", "product_id"),
    },
    "ProductVariant": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "variantNumber": attr("number"),
        "internalName": const(None),
        "unitCost": const(None),
        "updatedAt": moment("updated_at"),
        "stockOffset": attr("stock_offset"),
        "attributes": const([]),
        "displays": _variant_displays,
        "productSizes": many("sizes", "variant_id"),
        "product": ref("product_id", "products"),
    },
    "Size": {"id": attr("id"), "name": attr("name")},
    "ProductSize": {
        "id": attr("id"),
        "description": attr("name"),
        "sizeNumber": attr("number"),
        "SKU": attr("sku"),
        "EAN": attr("ean"),
        "UPC": const(None),
        "preorder": const(False),
        "comment": const(None),
        "updatedAt": moment("updated_at"),
        "isActive": attr("is_active"),
        "size": plain(lambda row: row),
        "productVariant": ref("variant_id", "variants"),
        "stock": _stock,
        "stockTotals": _stock_totals,
    },
    "Display": {
        "id": attr("id"),
        "name": attr("name"),
        "status": attr("status"),
        "uri": attr("uri"),
        "description": const(None),
        "shortDescription": const(None),
        "tags": const([]),
        "updatedAt": moment("updated_at"),
        "attributes": const([]),
        "categories": then(
            ref("product_id", "products"),
            lambda request, arguments: _as_list(named("category", "products")(request, arguments)),
        ),
        "canonicalCategory": then(ref("product_id", "products"), named("category", "products")),
        "prices": _display_prices,
        "media": plain(lambda row: [row.image] if row.image else []),
        "product": ref("product_id", "products"),
        "productVariants": members("variant_ids", "variants"),
        "store": ref("store_id", "stores"),
        "markets": members("market_ids", "markets"),
    },
    "DisplayPrice": {"pricelist": ref("pricelist_id", "pricelists"), "price": _price},
    "DisplayMedia": {"source": plain(lambda url: url)},
    "MediaSource": {"type": const(None), "url": plain(lambda url: url)},
    "Price": {
        "id": attr("id"),
        "price": _price,
        "recommendedRetailPrice": const(None),
        "pricelist": ref("pricelist_id", "pricelists"),
        "product": then(ref("variant_id", "variants"), ref("product_id", "products")),
        "productVariant": ref("variant_id", "variants"),
    },
    "Stock": {
        "warehouse": ref("warehouse_id", "warehouses"),
        **{name: then(_PAIR, field) for name, field in _QUANTITIES.items()},
    },
    "StockTotals": _QUANTITIES,
}


def _as_list(get: Getter) -> Getter:
    def answer(row: Row) -> list[Any]:
        value = get(row)
        return [] if value is None else [value]

    return answer
