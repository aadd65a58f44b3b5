"""The fields of orders and their totals.

Source: Centra reference 4.1 and 4.2.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.sandbox.centra.field import (
    Field,
    Request,
    attr,
    const,
    many,
    moment,
    named,
    plain,
    ref,
)
from auditor.sandbox.centra.money import Money, Taxed
from auditor.sandbox.centra.options import CANCELLED
from auditor.sandbox.centra.payments import payments_of_order
from auditor.sandbox.centra.people import Address, attributes

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Buyer, Customer, Line, Order


def typename(request: Request, _arguments: Arguments) -> Getter:
    """Answer which of the two kinds of order a row is."""
    stores = request.view.stores.by("id")

    def answer(order: Order) -> str:
        store = stores.get(order.store_id)
        wholesale = store is not None and store.type == "WHOLESALE"
        return "WholesaleOrder" if wholesale else "DirectToConsumerOrder"

    return answer


def amount(minor: Callable[[Order], int]) -> Field:
    """Answer an amount of an order in its own currency."""

    def bind(request: Request, _arguments: Arguments) -> Getter:
        currencies = request.view.currencies.by("code")
        return lambda order: Money(minor(order), currencies[order.currency], order.rate)

    return bind


def _grand_total(request: Request, arguments: Arguments) -> Getter:
    taxed = arguments.get("includingTax", True)
    return amount(_with_tax if taxed else _before_tax)(request, arguments)


def _with_tax(order: Order) -> int:
    return _total(order, taxed=True)


def _before_tax(order: Order) -> int:
    return _total(order, taxed=False)


def _total(order: Order, *, taxed: bool) -> int:
    if taxed != order.adds_tax:
        # The amounts are kept the way they are asked for: no rounding comes in.
        return order.shipping_minor + sum([line.value_minor for line in order.lines])
    lines = sum(
        Taxed(order.adds_tax, line.tax_percent, taxed).of(line.value_minor) for line in order.lines
    )
    return lines + _shipping(order, taxed=taxed)


def _shipping(order: Order, *, taxed: bool) -> int:
    """Tax shipping like the highest taxed line: the reference does not say which rate it carries."""
    rates: list[Decimal] = [line.tax_percent for line in order.lines]
    percent = max(rates, default=Decimal(0))
    return Taxed(order.adds_tax, percent, taxed).of(order.shipping_minor)


def _tax(order: Order) -> int:
    return _with_tax(order) - _before_tax(order)


def _shipping_tax(order: Order) -> int:
    return _shipping(order, taxed=True) - _shipping(order, taxed=False)


def _discounts(order: Order) -> int:
    return -sum(
        (line.unit_original_minor - line.unit_minor) * line.quantity for line in order.lines
    )


def _status(request: Request, _arguments: Arguments) -> Getter:
    cancelled = request.options.cancelled_status
    return lambda order: cancelled if order.status in CANCELLED else order.status


def _lines(_request: Request, arguments: Arguments) -> Getter:
    if arguments.get("includeFullyCancelled"):
        return lambda order: [(order, line) for line in order.lines]
    return lambda order: [(order, line) for line in order.lines if not _is_cancelled(line)]


def _is_cancelled(line: Line) -> bool:
    return line.quantity == 0 and line.cancelled > 0


def address(request: Request, _arguments: Arguments) -> Getter:
    """Answer the address of an order: its own e-mail and country, the name of who placed it."""
    customers, buyers = request.view.customers.by("id"), request.view.buyers.by("id")
    countries = request.view.countries.by("code")

    def answer(order: Order) -> Address:
        who: Customer | Buyer | None = customers.get(order.customer_id) or buyers.get(
            order.buyer_id
        )
        first, last = (who.first_name, who.last_name) if who else (None, None)
        return Address(first, last, order.email, countries.get(order.country))

    return answer


_ORDER: dict[str, Field] = {
    "id": attr("id"),
    "number": attr("number"),
    "status": _status,
    "grandTotal": _grand_total,
    "createdAt": moment("created_at"),
    "orderDate": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "otherComment": const(""),
    "internalComment": const(None),
    "userIP": const(None),
    "currencyBaseRate": plain(lambda order: float(order.rate)),
    "attributes": attributes("Order"),
    "billingAddress": address,
    "shippingAddress": address,
    "country": ref("country", "countries", "code"),
    "store": ref("store_id", "stores"),
    "market": ref("market_id", "markets"),
    "pricelist": ref("pricelist_id", "pricelists"),
    "lines": _lines,
    "totals": plain(lambda order: order),
    "paymentMethod": plain(lambda order: order.payment_method or None),
    "shipments": many("shipments", "order_number", "number"),
    "returns": many("returns", "order_number", "number"),
    "affiliate": named("affiliate", "orders"),
    "discountsApplied": plain(lambda order: [order] if _discounts(order) else []),
    "paymentHistory": payments_of_order,
    "isOnHold": attr("is_on_hold"),
    "isLocked": const(False),
    "isInternal": attr("is_internal"),
    "isWaitingForPayment": attr("is_waiting_for_payment"),
}

FIELDS: dict[str, dict[str, Field]] = {
    "DirectToConsumerOrder": {**_ORDER, "customer": ref("customer_id", "customers")},
    "WholesaleOrder": {
        **_ORDER,
        "account": ref("account_id", "accounts"),
        "buyer": ref("buyer_id", "buyers"),
        "purchaseOrderNumber": const(None),
    },
    "OrderTotals": {
        "shipping": amount(lambda order: order.shipping_minor),
        "handling": amount(lambda _order: 0),
        "discounts": amount(_discounts),
        "taxAdded": amount(lambda order: _tax(order) if order.adds_tax else 0),
        "taxDeducted": amount(lambda _order: 0),
        "taxIncluded": amount(lambda order: 0 if order.adds_tax else _tax(order)),
        "shippingTaxIncluded": amount(lambda o: 0 if o.adds_tax else _shipping_tax(o)),
        "quantity": plain(lambda order: sum(line.quantity for line in order.lines)),
    },
    "AdminDiscount": {"value": amount(_discounts)},
    "PaymentMethod": {
        "uri": plain(lambda method: method),
        "plugin": const(None),
        "name": plain(lambda method: method),
    },
}
