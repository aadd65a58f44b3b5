"""The fields of order lines; the source of each is an (order, line) pair.

Source: Centra reference 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra.field import (
    NAMED,
    Field,
    Request,
    at,
    attr,
    const,
    named,
    plain,
    ref,
    then,
)
from auditor.sandbox.centra.money import Money, Taxed

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Line, Order

    Pair = tuple[Order, Line]

_KINDS = {
    "product": "ProductOrderLine",
    "bundle": "BundleOrderLine",
    "bundle_item": "BundleItemOrderLine",
    "gift": "GiftCertificateOrderLine",
}


def typename(_request: Request, _arguments: Arguments) -> Getter:
    """Answer which kind of line a pair is."""
    return lambda pair: _KINDS[pair[1].kind]


def amount(minor: Callable[[Any], int]) -> Field:
    """Answer an amount of a tuple that begins with an order and one of its lines."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        currencies = request.view.currencies.by("code")
        taxed = arguments.get("includingTax", True)

        def answer(parts: tuple[Any, ...]) -> Money:
            order = parts[0]
            value = Taxed(order.adds_tax, parts[1].tax_percent, taxed).of(minor(parts))
            return Money(value, currencies[order.currency], order.rate)

        return answer

    return bind


def _discount_percent(line: Line) -> float:
    if not line.unit_original_minor:
        return 0.0
    return round(100 - 100 * line.unit_minor / line.unit_original_minor, 2)


def _shipped(request: Request, _arguments: Arguments) -> Getter:
    shipments = request.view.shipments.groups("order_number")

    def answer(pair: Pair) -> int:
        order, line = pair
        return sum(
            part.quantity
            for shipment in shipments.get(order.number, [])
            if shipment.is_shipped
            for part in shipment.lines
            if part.line_id == line.id
        )

    return answer


def _or_empty(field: Field) -> Field:
    def bind(request: Request, arguments: Arguments) -> Getter:
        get = field(request, arguments)
        return lambda pair: get(pair) or ""

    return bind


_PRODUCT = at(1, ref("product_id", "products"))
_VARIANT = at(1, ref("variant_id", "variants"))
_SIZE = at(1, ref("size_id", "sizes"))

_LINE: dict[str, Field] = {
    "id": plain(lambda pair: pair[1].id),
    "size": _or_empty(then(_SIZE, attr("name"))),
    "productNumber": _or_empty(then(_PRODUCT, attr("number"))),
    "hasAnyDiscount": plain(lambda pair: pair[1].unit_minor != pair[1].unit_original_minor),
    "comment": const(None),
    "productName": then(_PRODUCT, attr("name")),
    "productBrand": then(_PRODUCT, attr("brand")),
    "productVariantName": then(_VARIANT, attr("name")),
    "folderName": const(None),
    "productExternalUrl": const(None),
    "frontendItemId": const(None),
    "quantity": plain(lambda pair: pair[1].quantity),
    "cancelledQuantity": plain(lambda pair: pair[1].cancelled),
    "returnedQuantity": plain(lambda pair: pair[1].returned),
    "shippedQuantity": _shipped,
    "unitOriginalPrice": amount(lambda pair: pair[1].unit_original_minor),
    "unitPrice": amount(lambda pair: pair[1].unit_minor),
    "lineValue": amount(lambda pair: pair[1].value_minor),
    "discountPercent": plain(lambda pair: _discount_percent(pair[1])),
    "taxPercent": plain(lambda pair: float(pair[1].tax_percent)),
    "brand": then(_PRODUCT, named("brand", "products")),
    "category": then(_PRODUCT, named("category", "products")),
    "collection": then(_PRODUCT, named("collection", "products")),
    "product": _PRODUCT,
    "productVariant": _VARIANT,
    "productSize": _SIZE,
}

FIELDS: dict[str, dict[str, Field]] = {
    **dict.fromkeys(_KINDS.values(), _LINE),
    "Brand": NAMED,
    "Category": NAMED,
    "Collection": NAMED,
}
