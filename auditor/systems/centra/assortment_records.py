"""The records of parcels, products, prices and stock as they come, only with what is read.

A field that has a default may be missing or null; without one, a record that lacks it is set aside.

Source:
    Centra reference 5.1, 6.2, 6.3 and 6.4.
"""

# No `from __future__ import annotations` here: msgspec reads these annotations while it runs.

from msgspec import Struct, field

from auditor.systems.centra.records import Amount, Instant, Named, OrderNumber, Ref, Variant


class ShipmentLine(Struct, gc=False, rename="camel"):
    """Units of an order line in a shipment."""

    quantity: int
    order_line: Ref
    returned_quantity: int | None = None


class Shipment(Struct, gc=False, rename="camel"):
    """A shipment."""

    id: int
    number: str
    order: OrderNumber
    is_shipped: bool
    is_paid: bool
    is_captured: bool
    created_at: Instant
    updated_at: Instant
    lines: list[ShipmentLine]
    kind: str = field(name="__typename")
    shipped_at: Instant | None = None


class Product(Struct, gc=False, rename="camel"):
    """A product."""

    id: int
    status: str
    product_number: str
    created_at: Instant
    updated_at: Instant
    name: str | None = None
    is_bundle: bool | None = None
    brand: Named | None = None
    collection: Named | None = None


class VariantRow(Struct, gc=False, rename="camel"):
    """A variant of a product."""

    id: int
    status: str
    updated_at: Instant
    name: str | None = None
    variant_number: str | None = None
    stock_offset: int | None = None
    product: Ref | None = None


class VariantRef(Variant, gc=False, rename="camel", kw_only=True):
    """The variant that a size is of."""

    id: int


class SizeRow(Struct, gc=False, rename="camel"):
    """A size of a variant."""

    id: int
    is_active: bool
    updated_at: Instant
    product_variant: VariantRef
    sku: str | None = field(name="SKU", default=None)
    ean: str | None = field(name="EAN", default=None)


class Picture(Struct, gc=False):
    """Where a picture stands, in one size."""

    url: str | None = None


class Media(Struct, gc=False):
    """A picture of a display."""

    source: Picture | None = None


class Display(Struct, gc=False, rename="camel"):
    """How a store shows a product."""

    id: int
    status: str
    updated_at: Instant
    store: Ref
    product: Ref
    name: str | None = None
    uri: str | None = None
    canonical_category: Named | None = None
    media: list[Media] = []
    product_variants: list[Ref] = []
    markets: list[Ref] = []


class DisplayVariants(Struct, gc=False, rename="camel"):
    """Nothing of a display but its variants."""

    product_variants: list[Ref]


class DisplayMarkets(Struct, gc=False):
    """Nothing of a display but its markets."""

    markets: list[Ref]


class Price(Struct, gc=False, rename="camel"):
    """A list price."""

    id: int
    pricelist: Ref
    product: Ref | None = None
    product_variant: Ref | None = None
    price: Amount | None = None


class LowestPrice(Struct, gc=False, rename="camel"):
    """What a variant's price is compared with by law; it has no id."""

    product_variant: Ref
    pricelist: Ref
    original_price: Amount | None = None
    price: Amount | None = None
    start_date: Instant | None = None
    markets: list[Ref] = []


class StockRow(Struct, gc=False, rename="camel"):
    """What one warehouse has of a size."""

    warehouse: Ref
    free_to_allocate_quantity: int


class SizeStock(Struct, gc=False):
    """A size with what each warehouse has of it."""

    id: int
    stock: list[StockRow]


class StockOnly(Struct, gc=False):
    """Nothing of a size but its stock."""

    stock: list[StockRow]


class CampaignVariant(Struct, gc=False, rename="camel"):
    """A variant in a campaign, with its price on one list."""

    id: int
    product_variant: Ref
    pricelist: Ref
    price: Amount | None = None


class Campaign(Struct, gc=False, rename="camel"):
    """A campaign."""

    id: int
    status: str
    variants: list[CampaignVariant]
    start_date: Instant | None = None
    stop_date: Instant | None = None
    markets: list[Ref] = []


class CampaignVariants(Struct, gc=False):
    """Nothing of a campaign but its variants."""

    variants: list[CampaignVariant]
