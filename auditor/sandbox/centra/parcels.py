"""The fields of shipments and returns; the source of a line is (order, order line, line, parcel).

Source: Centra reference 5.1 and 5.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra import orders
from auditor.sandbox.centra.field import (
    Field,
    Request,
    at,
    attr,
    const,
    many,
    moment,
    plain,
    ref,
    then,
)
from auditor.sandbox.centra.lines import amount
from auditor.sandbox.centra.money import Money, Taxed

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.centra.field import Arguments, Getter, Value
    from auditor.sandbox.world.model import Return, ReturnLine, Shipment, ShipmentLine

    Parcel = Shipment | Return

_ORDER = ref("order_number", "orders", "number")


def typename_as(noun: str) -> Field:
    """Answer which of the two kinds of shipment or return a row is, by its order."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        order_of, kind_of = _ORDER(request, {}), orders.typename(request, arguments)

        def answer(row: Parcel) -> str:
            order = order_of(row)
            kind: str = kind_of(order) if order else "DirectToConsumerOrder"
            return kind.removesuffix("Order") + noun

        return answer

    return bind


def _lines(request: Request, _arguments: Arguments) -> Getter:
    order_of = _ORDER(request, {})

    def answer(row: Parcel) -> list[tuple[Any, ...]]:
        order = order_of(row)
        by_id = {line.id: line for line in order.lines} if order else {}
        return [
            (order, by_id[part.line_id], part, row) for part in row.lines if part.line_id in by_id
        ]

    return answer


def _total(value_of: Callable[[tuple[Any, ...]], int]) -> Field:
    def bind(request: Request, arguments: Arguments) -> Getter:
        currencies = request.view.currencies.by("code")
        parts_of, order_of = _lines(request, {}), _ORDER(request, {})
        taxed = arguments.get("includingTax", True)

        def answer(row: Parcel) -> Money:
            order, total = order_of(row), 0
            for part in parts_of(row):
                total += Taxed(order.adds_tax, part[1].tax_percent, taxed).of(value_of(part))
            return Money(total, currencies[order.currency], order.rate)

        return answer

    return bind


def _shipped_value(parts: tuple[Any, ...]) -> int:
    value: int = parts[1].unit_minor * parts[2].quantity
    return value


def _returned_value(parts: tuple[Any, ...]) -> int:
    value: int = parts[2].value_minor
    return value


def _captured_value(request: Request, arguments: Arguments) -> Getter:
    total = _total(_shipped_value)(request, arguments)
    return lambda shipment: total(shipment) if shipment.is_captured else None


def _returned(request: Request, _arguments: Arguments) -> Getter:
    returns = request.view.returns.groups("shipment_id")

    def answer(parts: tuple[Any, Any, ShipmentLine, Shipment]) -> int:
        _, _, part, shipment = parts
        return sum(
            line.quantity
            for row in returns.get(shipment.id, [])
            for line in row.lines
            if line.line_id == part.line_id
        )

    return answer


def _shipment_line(request: Request, _arguments: Arguments) -> Getter:
    shipments = request.view.shipments.by("id")
    lines_of = _lines(request, {})

    def answer(parts: tuple[Any, Any, ReturnLine, Return]) -> Value:
        shipment = shipments.get(parts[3].shipment_id)
        lines = lines_of(shipment) if shipment else []
        return next((line for line in lines if line[2].line_id == parts[2].line_id), None)

    return answer


_SHIPMENT: dict[str, Field] = {
    "id": attr("id"),
    "number": attr("number"),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "isGoodToGo": plain(lambda row: row.is_paid or row.is_shipped),
    "isPrinted": attr("is_shipped"),
    "isShipped": attr("is_shipped"),
    "isOnHold": const(False),
    "trackingNumber": attr("tracking_number"),
    "returnTrackingNumber": const(None),
    "numberOfPackages": const(1),
    "grandTotal": _total(_shipped_value),
    "additionalMessage": const(None),
    "shippedAt": moment("shipped_at"),
    "isPaid": attr("is_paid"),
    "paidAt": moment("paid_at"),
    "isCaptured": attr("is_captured"),
    "capturedAt": moment("captured_at"),
    "capturedValue": _captured_value,
    "currencyBaseRate": then(_ORDER, plain(lambda order: float(order.rate))),
    "usedFallbackTax": const(False),
    "lines": _lines,
    "shippingAddress": then(_ORDER, orders.address),
    "order": _ORDER,
}

_RETURN: dict[str, Field] = {
    "id": attr("id"),
    "returnStatus": attr("status"),
    "createdAt": moment("created_at"),
    "totalQuantity": plain(lambda row: sum(line.quantity for line in row.lines)),
    "grandTotal": _total(_returned_value),
    "returnedToStock": const(False),
    "comment": const(None),
    "currencyBaseRate": then(_ORDER, plain(lambda order: float(order.rate))),
    "lines": _lines,
    "returnWarehouse": const(None),
    "store": then(_ORDER, ref("store_id", "stores")),
    "usedFallbackTax": const(False),
    "externalId": const(None),
    "order": _ORDER,
    "shipment": ref("shipment_id", "shipments"),
    "refundPaymentHistory": many("payments", "return_id"),
}

_ORDER_LINE = plain(lambda parts: parts[:2])

FIELDS: dict[str, dict[str, Field]] = {
    "DirectToConsumerShipment": _SHIPMENT,
    "WholesaleShipment": _SHIPMENT,
    "DirectToConsumerReturn": {**_RETURN, "customer": ref("customer_id", "customers")},
    "WholesaleReturn": _RETURN,
    "ShipmentLine": {
        "id": at(2, attr("id")),
        "quantity": at(2, attr("quantity")),
        "returnedQuantity": _returned,
        "invoicedQuantity": const(0),
        "lineValue": amount(_shipped_value),
        "unitPrice": amount(lambda parts: parts[1].unit_minor),
        "orderLine": _ORDER_LINE,
    },
    "ReturnLine": {
        "id": at(2, attr("id")),
        "quantity": at(2, attr("quantity")),
        "lineValue": amount(_returned_value),
        "unitPrice": amount(lambda parts: parts[1].unit_minor),
        "orderLine": _ORDER_LINE,
        "shipmentLine": _shipment_line,
    },
}
