"""Orders with their lines and attributes, as canonical tables.

Source:
    Centra reference 4.1 to 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from auditor.model.currency import MINOR_DIGITS
from auditor.model.tables import (
    centra_order,
    centra_order_attribute,
    centra_order_line,
    centra_payment,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.money import base_units, minor_units
from auditor.systems.centra.payments import PAYMENTS, payment_table
from auditor.systems.centra.query import Want, if_granted, wants
from auditor.systems.centra.records import Totals
from auditor.systems.text import email_key, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from auditor.systems.centra.records import Contact, Line, Named, Order, Ref, Value

_NOTHING = Decimal(0)

Item = Literal["sku", "ean", "variant", "display_item"]
Tax = Literal["included", "excluded"]

_ITEMS = {
    "sku": Want("productSize", wants("SKU")),
    "ean": Want("productSize", wants("EAN")),
    "variant": Want("productVariant", wants("variantNumber")),
    "display_item": Want("frontendItemId"),
}


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What decides how an order is read.

    Attributes:
        item: Which id of a product a line is known by.
        tax: Whether amounts include it.
        needs_affiliate: Whether orders cannot be judged without theirs.
        needs_attributes: Likewise.
    """

    item: Item
    tax: Tax
    needs_affiliate: bool = False
    needs_attributes: bool = False


def order_fields(terms: OrderTerms) -> tuple[Want, ...]:
    """Return what to ask for of an order.

    Attributes need a permission of their own and treble the price of a query, so they are asked for
    only where the settings tell marketplaces by them. The affiliate costs next to nothing: it is left
    out only where the tenant or the token lacks it and the settings do not need it.

    Source:
        Centra reference 1.3 (permissions), 2.6 (prices), 4.1 and 4.4 (fields).
    """
    with_tax = f"includingTax: {'true' if terms.tax == 'included' else 'false'}"
    return wants(
        *("__typename", "id", "number", "status", "createdAt", "updatedAt"),
        *("isInternal", "isOnHold", "isWaitingForPayment"),
        Want("store", wants("id")),
        Want("market", wants("id")),
        Want("customer", wants("id", "email")),
        if_granted("buyer", wants("id", "email"), "Buyer:read", "centra_order.buyer_id"),
        _affiliate(is_needed=terms.needs_affiliate),
        Want("grandTotal", _AMOUNT, with_tax),
        Want("totals", _TOTALS, is_optional=True),
        Want(
            "paymentMethod",
            wants("name"),
            is_optional=True,
            fills=("centra_order.payment_method",),
        ),
        _lines(terms, with_tax),
        *(_ATTRIBUTES if terms.needs_attributes else ()),
        PAYMENTS,
    )


_AMOUNT = wants("value", Want("currency", wants("code")))
_TOTALS = (
    Want("shipping", wants("value"), is_optional=True, fills=("centra_order.shipping_minor",)),
    Want("taxAdded", wants("value"), is_optional=True, fills=("centra_order.tax_added_minor",)),
)
_ATTRIBUTES = wants(
    Want("attributes", wants(Want("type", wants("name")), Want("elements", wants("value"))))
)


def _lines(terms: OrderTerms, with_tax: str) -> Want:
    worth = Want("lineValue", (*_AMOUNT, Want("conversionRate")), with_tax)
    fields = wants("__typename", "id", "quantity", "cancelledQuantity", "taxPercent", worth)
    return Want("lines", (*fields, _ITEMS[terms.item]), "includeFullyCancelled: true")


def _affiliate(*, is_needed: bool) -> Want:
    """Source: Centra reference 4.1: its name on an order is inferred."""
    if is_needed:
        return Want("affiliate", wants("name"))
    return if_granted("affiliate", wants("name"), "Affiliate:read", "centra_order.affiliate")


class OrderTables:
    """Turns orders into canonical tables.

    Args:
        terms: How orders are read.
        base: The currency that everything is converted to.
    """

    def __init__(self, terms: OrderTerms, base: str) -> None:
        self._item: Callable[[Line], str | None] = _ITEM_OF[terms.item]
        self._base = base

    def __call__(self, orders: Sequence[Order]) -> dict[str, pa.Table]:
        """Return the tables.

        Raises:
            UnfitRowError: an order in a currency whose decimals are not known.
            ArithmeticError, ValueError: an order with a value out of range.
        """
        return {
            centra_order.name: arrow_table(centra_order, _order_columns(orders)),
            centra_order_line.name: self._line_table(orders),
            centra_order_attribute.name: _attribute_table(orders),
            centra_payment.name: payment_table(orders),
        }

    def _line_table(self, orders: Sequence[Order]) -> pa.Table:
        pairs = [(str(order.number), line) for order in orders for line in order.lines]
        lines = [line for _, line in pairs]
        worth = [line.line_value for line in lines]
        values = [amount.value for amount in worth]
        currencies = [amount.currency.code for amount in worth]
        rates = [amount.conversion_rate for amount in worth]
        item = self._item
        columns = {
            "order_number": [number for number, _ in pairs],
            "line_id": [str(line.id) for line in lines],
            "kind": [line.kind for line in lines],
            "item": [item(line) for line in lines],
            "quantity": [line.quantity for line in lines],
            "cancelled_quantity": [line.cancelled_quantity for line in lines],
            "value_minor": minor_units(values, currencies),
            "currency": currencies,
            "digits": [MINOR_DIGITS[code] for code in currencies],
            "base_minor": base_units(values, rates, self._base),
            "tax_percent": [line.tax_percent for line in lines],
        }
        return arrow_table(centra_order_line, columns)


def _sku(line: Line) -> str | None:
    return text_or_none(line.product_size.sku) if line.product_size else None


def _ean(line: Line) -> str | None:
    return text_or_none(line.product_size.ean) if line.product_size else None


def _variant(line: Line) -> str | None:
    return text_or_none(line.product_variant.variant_number) if line.product_variant else None


def _display_item(line: Line) -> str | None:
    return text_or_none(line.frontend_item_id)


_ITEM_OF = {"sku": _sku, "ean": _ean, "variant": _variant, "display_item": _display_item}


def _order_columns(orders: Sequence[Order]) -> dict[str, object]:
    contacts = [order.customer or order.buyer for order in orders]
    totals = [order.totals or Totals() for order in orders]
    currencies = [order.grand_total.currency.code for order in orders]
    return {
        "order_number": [str(order.number) for order in orders],
        "order_id": [order.id for order in orders],
        "kind": [order.kind for order in orders],
        "status": [order.status for order in orders],
        "store_id": [str(order.store.id) for order in orders],
        "market_id": [_id(order.market) for order in orders],
        "customer_id": [_id(order.customer) for order in orders],
        "buyer_id": [_id(order.buyer) for order in orders],
        "email_key": [email_key(contact.email) if contact else None for contact in contacts],
        "affiliate": [_name(order.affiliate) for order in orders],
        "is_internal": [order.is_internal for order in orders],
        "is_on_hold": [order.is_on_hold for order in orders],
        "is_waiting_for_payment": [order.is_waiting_for_payment for order in orders],
        "currency": list(currencies),
        "total_minor": minor_units([order.grand_total.value for order in orders], currencies),
        "tax_added_minor": _parts([total.tax_added for total in totals], currencies),
        "shipping_minor": _parts([total.shipping for total in totals], currencies),
        "created_at": [order.created_at for order in orders],
        "updated_at": [order.updated_at for order in orders],
        "payment_method": [_name(order.payment_method) for order in orders],
    }


def _name(related: Named | None) -> str | None:
    return text_or_none(related.name) if related else None


def _id(related: Ref | Contact | None) -> str | None:
    return str(related.id) if related else None


def _parts(parts: Sequence[Value | None], currencies: Sequence[str]) -> list[int | None]:
    """Return parts of totals in minor units; one that the tenant does not tell stays unknown."""
    known = minor_units([part.value if part else _NOTHING for part in parts], currencies)
    return [minor if part else None for part, minor in zip(parts, known, strict=True)]


def _attribute_table(orders: Sequence[Order]) -> pa.Table:
    rows = [
        (str(order.number), attribute.type.name, _text(element.value))
        for order in orders
        for attribute in order.attributes
        for element in attribute.elements
    ]
    columns = {
        "order_number": [number for number, _, _ in rows],
        "name": [text_or_none(name) for _, name, _ in rows],
        "value": [text_or_none(value) for _, _, value in rows],
    }
    return arrow_table(centra_order_attribute, columns)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
