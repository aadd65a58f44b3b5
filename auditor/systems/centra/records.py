"""The records of Centra as they come, one class per type and only with what is read.

A field that has a default may be missing or null; without one, a record that lacks it is set aside.

Source:
    Centra reference 3.1, 3.3, 3.6, 4.1, 4.4, 5.2.
"""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct, field

Instant = Annotated[datetime, Meta(tz=True)]
"""A time that says its offset; without one, its zone would be a guess."""


class Ref(Struct, gc=False):
    """A related record of which only the id is read."""

    id: int


class Named(Struct, gc=False):
    """A related record of which only the name is read."""

    name: str | None = None


class Store(Struct, gc=False):
    """A store."""

    id: int
    type: str
    name: str | None = None


class Market(Struct, gc=False):
    """A market."""

    id: int
    name: str | None = None


class CurrencyCode(Struct, gc=False):
    """A currency by its code."""

    code: str


class Currency(Struct, gc=False):
    """A currency."""

    id: int
    code: str


class Pricelist(Struct, gc=False):
    """A price list."""

    id: int
    name: str | None = None
    status: str | None = None
    currency: CurrencyCode | None = None
    store: Ref | None = None


class Warehouse(Struct, gc=False):
    """A warehouse."""

    id: int
    name: str | None = None
    threshold: int | None = None


class Country(Struct, gc=False):
    """A country."""

    id: int
    code: str
    name: str | None = None


class Customer(Struct, gc=False, rename="camel"):
    """A customer row; guests and registered customers alike."""

    id: int
    status: str
    created_at: Instant
    updated_at: Instant
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_anonymized: bool | None = None
    total_orders: int | None = None
    store: Ref | None = None


class Subscription(Struct, gc=False, rename="camel"):
    """A newsletter subscription; one that names a product is a back-in-stock request."""

    id: int
    is_active: bool
    created_at: Instant
    store: Ref
    email: str | None = None
    product_variant: Ref | None = None
    product_size: Ref | None = None


class Account(Struct, gc=False, rename="camel"):
    """A wholesale account."""

    id: int
    status: str
    is_internal: bool
    created_at: Instant
    updated_at: Instant
    name: str | None = None


class Buyer(Struct, gc=False, rename="camel"):
    """A wholesale buyer."""

    id: int
    status: str
    created_at: Instant
    updated_at: Instant
    email: str | None = None


class Contact(Struct, gc=False):
    """The customer or buyer on an order."""

    id: int
    email: str | None = None


class Value(Struct, gc=False):
    """An amount in the currency of its order."""

    value: Decimal


class Amount(Struct, gc=False):
    """An amount with its currency."""

    value: Decimal
    currency: CurrencyCode


class Worth(Struct, gc=False, rename="camel"):
    """An amount with its currency and what one unit of that is worth in base currency."""

    value: Decimal
    currency: CurrencyCode
    conversion_rate: Decimal


class Totals(Struct, gc=False, rename="camel"):
    """Parts of an order's total."""

    shipping: Value | None = None
    tax_added: Value | None = None


class Element(Struct, gc=False):
    """A value of an attribute; its type is the tenant's choice."""

    value: object = None


class Attribute(Struct, gc=False):
    """An attribute of an order."""

    type: Named
    elements: list[Element] = []


class Size(Struct, gc=False):
    """A product size, which is what a SKU stands for."""

    sku: str | None = field(name="SKU", default=None)
    ean: str | None = field(name="EAN", default=None)


class Variant(Struct, gc=False, rename="camel"):
    """A product variant."""

    variant_number: str | None = None


class Line(Struct, gc=False, rename="camel"):
    """A line of an order."""

    id: int
    quantity: int
    cancelled_quantity: int
    tax_percent: float
    line_value: Worth
    kind: str = field(name="__typename")
    product_size: Size | None = None
    product_variant: Variant | None = None
    frontend_item_id: str | None = None


class Payment(Struct, gc=False, rename="camel"):
    """An entry of an order's payment history."""

    id: int
    entry_type: str
    status: str
    created_at: Instant
    value: Amount | None = None


class OrderLines(Struct, gc=False):
    """Nothing of an order but lines."""

    lines: list[Line]


class OrderPayments(Struct, gc=False, rename="camel"):
    """Nothing of an order but its payment history."""

    payment_history: list[Payment]


class Order(Struct, gc=False, rename="camel"):
    """An order of either kind."""

    id: str
    number: int
    status: str
    store: Ref
    is_internal: bool
    is_on_hold: bool
    is_waiting_for_payment: bool
    grand_total: Amount
    created_at: Instant
    updated_at: Instant
    lines: list[Line]
    kind: str = field(name="__typename")
    market: Ref | None = None
    customer: Contact | None = None
    buyer: Contact | None = None
    affiliate: Named | None = None
    totals: Totals | None = None
    payment_method: Named | None = None
    attributes: list[Attribute] = []
    payment_history: list[Payment] = []


class OrderNumber(Struct, gc=False):
    """An order by its number."""

    number: int


class Refund(Struct, gc=False, rename="camel"):
    """An entry of the payment history of a return."""

    entry_type: str
    status: str


class ReturnLine(Struct, gc=False, rename="camel"):
    """What a return takes back of an order line."""

    quantity: int
    order_line: Ref


class Return(Struct, gc=False, rename="camel"):
    """A return."""

    id: int
    return_status: str
    created_at: Instant
    order: OrderNumber
    lines: list[ReturnLine]
    refund_payment_history: list[Refund] | None = None
