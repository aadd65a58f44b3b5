"""What a Centra tenant holds, as plain rows.

Money is an integer in minor units of the currency beside it (JPY has no minor unit, so 1 is 1 yen).
Times are aware UTC datetimes. Rows are mutable: the server changes them when they are written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from auditor.sandbox.world.offer_rows import Campaign, CampaignVariant, LowestPrice, Payment
    from auditor.sandbox.world.trade_rows import Account, Buyer


@dataclass(slots=True)
class Currency:
    """One currency of the tenant; `rate` is how much base currency one unit is worth."""

    id: int
    code: str
    exponent: int
    rate: Decimal
    is_base: bool


@dataclass(slots=True)
class Country:
    """A country as Centra lists it, with Emarsys' own choice id for field 14."""

    id: int
    code: str
    name: str
    emarsys_choice: int


@dataclass(slots=True)
class Store:
    """A Centra store; `type` is `DIRECT_TO_CONSUMER` or `WHOLESALE`."""

    id: int
    name: str
    type: str


@dataclass(slots=True)
class Market:
    """A market of one store and the countries it serves."""

    id: int
    name: str
    store_id: int
    country_codes: tuple[str, ...]


@dataclass(slots=True)
class Pricelist:
    """A price list: one store, one currency, some countries."""

    id: int
    name: str
    store_id: int
    currency: str
    country_codes: tuple[str, ...]
    status: str = "ACTIVE"


@dataclass(slots=True)
class Warehouse:
    """A warehouse; `threshold` is the stock the storefront keeps back."""

    id: int
    name: str
    threshold: int = 0


@dataclass(slots=True)
class Product:
    """A product; its variants, sizes and displays point at it by id."""

    id: int
    number: str
    name: str
    brand: str
    collection: str
    category: str
    status: str
    is_bundle: bool
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Variant:
    """A colour of a product."""

    id: int
    product_id: int
    number: str
    name: str
    status: str
    stock_offset: int
    updated_at: datetime


@dataclass(slots=True)
class Size:
    """A size of a variant: the unit that is sold and stocked; `sku` is the joined numbers."""

    id: int
    variant_id: int
    number: str
    name: str
    sku: str
    ean: str
    is_active: bool
    updated_at: datetime


@dataclass(slots=True)
class Display:
    """A product's presentation in one store."""

    id: int
    store_id: int
    product_id: int
    variant_ids: tuple[int, ...]
    market_ids: tuple[int, ...]
    name: str
    uri: str
    image: str
    status: str
    updated_at: datetime


@dataclass(slots=True)
class Price:
    """The list price of a variant on a price list; None when unset."""

    id: int
    variant_id: int
    pricelist_id: int
    minor: int | None


@dataclass(slots=True)
class Stock:
    """Units of a size in a warehouse; free to allocate is physical minus allocated."""

    size_id: int
    warehouse_id: int
    physical: int
    allocated: int


@dataclass(slots=True)
class Customer:
    """A consumer row: guest or registered, in one store."""

    id: int
    store_id: int
    status: str
    email: str
    first_name: str
    last_name: str
    country: str
    market_id: int
    is_registered: bool
    is_anonymized: bool
    receives_newsletters: bool
    created_at: datetime
    updated_at: datetime
    total_orders: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Subscription:
    """A newsletter row; with a variant or size it is a back-in-stock request, not consent."""

    id: int
    store_id: int
    email: str
    is_active: bool
    country: str
    created_at: datetime
    variant_id: int | None = None
    size_id: int | None = None


@dataclass(slots=True)
class Line:
    """An order line. `kind`: product, bundle, bundle_item or gift.

    `value_minor` is the line value for the present `quantity`, tax included, in the order's currency;
    cancelled units are in `cancelled`, not in `quantity`; returned units are still in `quantity`.
    """

    id: int
    kind: str
    size_id: int | None
    variant_id: int | None
    product_id: int | None
    quantity: int
    cancelled: int
    returned: int
    unit_original_minor: int
    unit_minor: int
    value_minor: int
    tax_percent: Decimal


@dataclass(slots=True)
class Order:
    """An order of either kind; wholesale ones carry account and buyer and no customer.

    `rate` is the conversion to base currency on the order's day. `attributes` are dynamic ones.
    With `adds_tax` its amounts are without tax, which comes on top.
    """

    id: str
    number: int
    store_id: int
    market_id: int
    pricelist_id: int
    status: str
    currency: str
    rate: Decimal
    country: str
    created_at: datetime
    updated_at: datetime
    customer_id: int | None
    account_id: int | None
    buyer_id: int | None
    email: str
    is_internal: bool
    is_on_hold: bool
    is_waiting_for_payment: bool
    hold_reason: str | None
    affiliate: str | None
    payment_method: str
    shipping_minor: int
    lines: list[Line]
    attributes: dict[str, str] = field(default_factory=dict)
    adds_tax: bool = False


@dataclass(slots=True)
class ShipmentLine:
    """Units of one order line in a shipment."""

    id: int
    line_id: int
    quantity: int


@dataclass(slots=True)
class Shipment:
    """A parcel; `number` is `<order number>-<n>`."""

    id: int
    number: str
    order_number: int
    created_at: datetime
    updated_at: datetime
    shipped_at: datetime | None
    is_shipped: bool
    is_paid: bool
    is_captured: bool
    tracking_number: str
    lines: list[ShipmentLine]
    paid_at: datetime | None = None
    captured_at: datetime | None = None


@dataclass(slots=True)
class ReturnLine:
    """Units of one order line that came back, with their line value."""

    id: int
    line_id: int
    quantity: int
    value_minor: int


@dataclass(slots=True)
class Return:
    """A return; Centra tells when it was created, never when it was completed."""

    id: int
    order_number: int
    shipment_id: int | None
    customer_id: int | None
    status: str
    created_at: datetime
    lines: list[ReturnLine]


@dataclass(slots=True)
class CentraTenant:
    """Everything one Centra tenant holds, and when the auditor's token for it ends."""

    base_currency: str
    currencies: list[Currency] = field(default_factory=list)
    countries: list[Country] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    pricelists: list[Pricelist] = field(default_factory=list)
    warehouses: list[Warehouse] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    displays: list[Display] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    stocks: list[Stock] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    buyers: list[Buyer] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    campaign_variants: list[CampaignVariant] = field(default_factory=list)
    lowest_prices: list[LowestPrice] = field(default_factory=list)
    token_ends_on: date | None = None
