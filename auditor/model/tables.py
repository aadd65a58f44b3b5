"""Canonical tables: what both systems hold, in one shape, whatever engine stores it.

Conventions: ids are text; e-mails stand twice, raw and as the normalised key that matches them
(`email_key`: trimmed, NFC, lower case; empty is NULL), and as `email_hash` where they must outlive an
erasure (keyed by the brand's pepper; NULL without one); names are trimmed and NFC; money is BIGINT minor units beside a currency;
times are UTC without zone (an aware value is converted at load). No keys or indexes are declared:
they slow bulk loads two- to threefold, and uniqueness is a check.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, Text

metadata = sa.MetaData()


def _table(name: str, *columns: Column[object]) -> sa.Table:
    return sa.Table(name, metadata, *columns)


centra_store = _table(
    "centra_store",
    Column("store_id", Text),
    Column("name", Text),
    Column("type", Text),  # DIRECT_TO_CONSUMER or WHOLESALE
)
centra_wholesale_store = _table(
    "centra_wholesale_store",  # those that the token sees; none of them proves nothing
    Column("store_id", Text),
)
centra_market = _table("centra_market", Column("market_id", Text), Column("name", Text))
centra_currency = _table("centra_currency", Column("code", Text), Column("is_base", Boolean))
centra_customer = _table(
    "centra_customer",
    Column("customer_id", Text),
    Column("store_id", Text),
    Column("status", Text),
    Column("email", Text),
    Column("email_key", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("is_anonymized", Boolean),  # NULL where the tenant does not tell
    Column("total_orders", Integer),  # NULL without its permission
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
    Column("email_hash", Text),
)
centra_subscription = _table(
    "centra_subscription",
    Column("subscription_id", Text),
    Column("store_id", Text),
    Column("email", Text),
    Column("email_key", Text),
    Column("is_active", Boolean),
    Column("is_product_bound", Boolean),  # a back-in-stock request, never consent
    Column("created_at", DateTime),
)
centra_customer_flag = _table(
    "centra_customer_flag",  # from the legacy Order API, where it is configured
    Column("customer_id", Text),
    Column("email_key", Text),
    Column("receives_newsletters", Boolean),  # NULL where the tenant does not tell
    Column("is_registered", Boolean),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_keyed_consent = _table(
    "centra_keyed_consent",
    Column("customer_id", Text),
    Column("email_key", Text),
    Column("key", Text),  # what was asked, e.g. newsletter or terms
    Column("version", Text),
    Column("is_given", Boolean),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_buyer = _table(
    "centra_buyer",
    Column("buyer_id", Text),
    Column("status", Text),
    Column("email", Text),
    Column("email_key", Text),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_order = _table(
    "centra_order",
    Column("order_number", Text),
    Column("order_id", Text),
    Column("kind", Text),  # DirectToConsumerOrder or WholesaleOrder
    Column("status", Text),
    Column("store_id", Text),
    Column("market_id", Text),
    Column("customer_id", Text),
    Column("buyer_id", Text),
    Column("email_key", Text),  # of the customer or buyer on the order
    Column("affiliate", Text),
    Column("is_internal", Boolean),
    Column("is_on_hold", Boolean),
    Column("is_waiting_for_payment", Boolean),
    Column("currency", Text),
    Column("total_minor", BigInteger),
    Column("tax_added_minor", BigInteger),
    Column("shipping_minor", BigInteger),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
    Column("payment_method", Text),  # its name; NULL where the tenant does not tell
)
centra_order_attribute = _table(
    "centra_order_attribute",
    Column("order_number", Text),
    Column("name", Text),
    Column("value", Text),
)
centra_order_line = _table(
    "centra_order_line",
    Column("order_number", Text),
    Column("line_id", Text),
    Column("kind", Text),  # ProductOrderLine, BundleOrderLine, ...
    Column("item", Text),  # the id that the brand's catalogue uses (catalogue.item)
    Column("quantity", Integer),  # without cancelled units
    Column("cancelled_quantity", Integer),
    Column("value_minor", BigInteger),  # of `quantity` units, tax as `sales.tax` says
    Column("currency", Text),
    Column("digits", Integer),  # decimals of that currency
    Column("base_minor", BigInteger),  # the same in base currency, rounded half up
    Column("tax_percent", Float),
)
centra_payment = _table(
    "centra_payment",
    Column("payment_id", Text),
    Column("order_number", Text),
    Column("entry_type", Text),  # AUTH, CAPTURE, REFUND, MARKED_AS_PAID, ...
    Column("status", Text),  # SUCCESS, PENDING or FAILED
    Column("value_minor", BigInteger),  # NULL where the tenant does not tell it with a currency
    Column("currency", Text),
    Column("created_at", DateTime),
)
centra_return = _table(
    "centra_return",
    Column("return_id", Text),
    Column("order_number", Text),
    Column("status", Text),
    Column("created_at", DateTime),
    Column("has_refund", Boolean),  # money went back; NULL where the tenant does not tell
)
centra_return_line = _table(
    "centra_return_line",
    Column("return_id", Text),
    Column("line_id", Text),  # the order line it takes back
    Column("quantity", Integer),
)
centra_pricelist = _table(
    "centra_pricelist",
    Column("pricelist_id", Text),
    Column("store_id", Text),  # NULL where the tenant does not tell, as all but id and name
    Column("name", Text),
    Column("status", Text),
    Column("currency", Text),
)
centra_warehouse = _table(
    "centra_warehouse",
    Column("warehouse_id", Text),
    Column("name", Text),
    Column("threshold", Integer),  # units kept back from sale; NULL where the tenant does not tell
)
centra_country = _table(
    "centra_country",
    Column("country_id", Text),
    Column("code", Text),
    Column("name", Text),
)
centra_account = _table(
    "centra_account",
    Column("account_id", Text),
    Column("name", Text),
    Column("status", Text),
    Column("is_internal", Boolean),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_shipment = _table(
    "centra_shipment",
    Column("shipment_id", Text),
    Column("kind", Text),  # DirectToConsumerShipment or WholesaleShipment
    Column("number", Text),  # order number, a hyphen, a running number
    Column("order_number", Text),
    Column("is_shipped", Boolean),
    Column("is_paid", Boolean),  # may be set by hand; `is_captured` means that money moved
    Column("is_captured", Boolean),
    Column("shipped_at", DateTime),  # may be back-dated
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_shipment_line = _table(
    "centra_shipment_line",
    Column("shipment_id", Text),
    Column("line_id", Text),  # the order line that it ships
    Column("quantity", Integer),
    Column("returned_quantity", Integer),
)
centra_product = _table(
    "centra_product",
    Column("product_id", Text),
    Column("number", Text),
    Column("name", Text),
    Column("status", Text),
    Column("is_bundle", Boolean),
    Column("brand", Text),  # NULL without its permission, as the collection
    Column("collection", Text),
    Column("created_at", DateTime),
    Column("updated_at", DateTime),
)
centra_variant = _table(
    "centra_variant",
    Column("variant_id", Text),
    Column("product_id", Text),
    Column("number", Text),
    Column("name", Text),
    Column("status", Text),
    Column("stock_offset", Integer),  # above 0 it replaces the threshold of the warehouse
    Column("updated_at", DateTime),
)
centra_size = _table(
    "centra_size",
    Column("size_id", Text),
    Column("variant_id", Text),
    Column("sku", Text),
    Column("ean", Text),
    Column("item", Text),  # the id that the brand's catalogue uses; NULL for display items
    Column("is_active", Boolean),
    Column("updated_at", DateTime),
)
centra_display = _table(
    "centra_display",
    Column("display_id", Text),
    Column("store_id", Text),
    Column("product_id", Text),
    Column("name", Text),
    Column("status", Text),
    Column("uri", Text),
    Column("category", Text),
    Column("images", Text),  # addresses in the configured size, one a line; NULL without one
    Column("updated_at", DateTime),
)
centra_display_variant = _table(
    "centra_display_variant", Column("display_id", Text), Column("variant_id", Text)
)
centra_display_market = _table(
    "centra_display_market", Column("display_id", Text), Column("market_id", Text)
)
centra_price = _table(
    "centra_price",
    Column("price_id", Text),
    Column("pricelist_id", Text),
    Column("product_id", Text),
    Column("variant_id", Text),  # NULL: the price of all variants that have none of their own
    Column("value_minor", BigInteger),  # NULL when unset
    Column("currency", Text),
)
centra_campaign_price = _table(
    "centra_campaign_price",
    Column("campaign_id", Text),
    Column("pricelist_id", Text),
    Column("variant_id", Text),
    Column("status", Text),
    Column("price_minor", BigInteger),
    Column("currency", Text),
    Column("starts_at", DateTime),
    Column("stops_at", DateTime),  # NULL: no end is set
)
centra_campaign_market = _table(
    "centra_campaign_market", Column("campaign_id", Text), Column("market_id", Text)
)
centra_lowest_price = _table(
    "centra_lowest_price",
    Column("pricelist_id", Text),
    Column("variant_id", Text),
    Column("market_id", Text),  # NULL: of no market in particular
    Column("original_minor", BigInteger),
    Column("price_minor", BigInteger),
    Column("currency", Text),
    Column("started_at", DateTime),
)
centra_stock = _table(
    "centra_stock",
    Column("size_id", Text),
    Column("warehouse_id", Text),
    Column("free_to_allocate", Integer),  # before thresholds and offsets
)
emarsys_contact = _table(
    "emarsys_contact",
    Column("contact_id", Text),
    Column("external_id", Text),  # NULL when empty
    Column("email", Text),
    Column("email_key", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("opt_in", Integer),  # 1 yes, 2 no, NULL unknown
    Column("source_id", Text),  # fields 33 and 34: where a sign-up in Emarsys itself came from
    Column("form_id", Text),
    Column("email_hash", Text),
)
emarsys_quarantine = _table("emarsys_quarantine", Column("contact_id", Text))
emarsys_segment_member = _table(
    "emarsys_segment_member",
    Column("segment_id", Text),  # one of those that `audiences` names
    Column("contact_id", Text),
)
emarsys_event_definition = _table(
    "emarsys_event_definition",
    Column("event_type_id", Text),
    Column("name", Text),
    Column("usages", Integer),  # programs and e-mails it sets off; NULL where not asked or not told
)
emarsys_sale = _table(
    "emarsys_sale",
    Column("order_number", Text),
    Column("item", Text),
    Column("purchased_on", sa.Date),
    Column("quantity_milli", BigInteger),  # thousandths of a unit: Emarsys keeps floats
    Column("amount_minor", BigInteger),  # line total in the account's currency
    Column("si_contact_id", Text),
    Column("loaded_at", DateTime),
)
emarsys_si_contact = _table(
    "emarsys_si_contact",
    Column("si_contact_id", Text),
    Column("contact_id", Text),
    Column("external_id", Text),
    Column("is_generated", Boolean),
)
emarsys_unsubscribe = _table(
    "emarsys_unsubscribe",
    Column("contact_id", Text),
    Column("happened_at", DateTime),
    Column("source", Text),
)
emarsys_event = _table(
    "emarsys_event",
    Column("event_id", Text),
    Column("event_type_id", Text),
    Column("contact_id", Text),
    Column("happened_at", DateTime),
    Column("loaded_at", DateTime),
)
emarsys_automation_execution = _table(
    "emarsys_automation_execution",
    Column("execution_id", Text),
    Column("phase", Text),  # START or END
    Column("program_id", Text),
    Column("node_id", Text),
    Column("happened_at", DateTime),
    Column("contact_id", Text),  # NULL where the execution names no participant
    Column("trigger_id", Text),  # whether it is the one that was sent is not established
    Column("result", Text),
)
emarsys_latest_product = _table(
    "emarsys_latest_product",
    Column("item", Text),
    Column("group_id", Text),
    Column("title", Text),
    Column("link", Text),
    Column("image", Text),
    Column("category", Text),
    Column("available", Boolean),
    Column("price_minor", BigInteger),
    Column("msrp_minor", BigInteger),
    Column("currency", Text),
    Column("is_paused", Boolean),
    Column("changed_at", DateTime),
    Column("loaded_at", DateTime),
)
emarsys_item = _table(
    "emarsys_item",
    Column("item", Text),  # as the feed writes it; one that stands twice is two rows
    Column("title", Text),  # texts and links have entities decoded and white space folded
    Column("link", Text),
    Column("image", Text),
    Column("category", Text),  # levels joined with `>`, several paths with `|`
    Column("collection", Text),  # the column that catalogue.collection_column names; NULL without
    Column("available", Boolean),
    Column("price_minor", BigInteger),
    Column("msrp_minor", BigInteger),  # NULL where the feed gives none
    Column("stock", BigInteger),  # the column that catalogue.stock_column names; NULL without
    Column("currency", Text),
)
emarsys_item_locale = _table(
    "emarsys_item_locale",
    Column("item", Text),
    Column("locale", Text),  # the suffix, as the feed writes it
    Column("name", Text),  # the column without its suffix
    Column("value", Text),
)
emarsys_feed = _table(
    "emarsys_feed",
    Column("written_at", DateTime),  # NULL where the feed's server does not say
)
unparsed_row = _table(
    "unparsed_row",
    Column("run", Text),
    Column("stream", Text),
    Column("reason", Text),
    Column("content", Text),
)

STREAM_TABLES: dict[str, tuple[sa.Table, ...]] = {
    "stores": (centra_store,),
    "wholesale_stores": (centra_wholesale_store,),
    "markets": (centra_market,),
    "currencies": (centra_currency,),
    "customers": (centra_customer,),
    "newsletter_subscriptions": (centra_subscription,),
    "customer_consents": (centra_customer_flag, centra_keyed_consent),
    "buyers": (centra_buyer,),
    "accounts": (centra_account,),
    "orders": (centra_order, centra_order_line, centra_order_attribute, centra_payment),
    "shipments": (centra_shipment, centra_shipment_line),
    "returns": (centra_return, centra_return_line),
    "pricelists": (centra_pricelist,),
    "warehouses": (centra_warehouse,),
    "countries": (centra_country,),
    "products": (centra_product,),
    "variants": (centra_variant,),
    "sizes": (centra_size,),
    "displays": (centra_display, centra_display_variant, centra_display_market),
    "prices": (centra_price,),
    "campaign_prices": (centra_campaign_price, centra_campaign_market),
    "lowest_prices": (centra_lowest_price,),
    "stock": (centra_stock,),
    "contacts": (emarsys_contact,),
    "quarantine": (emarsys_quarantine,),
    "segment_members": (emarsys_segment_member,),
    "event_definitions": (emarsys_event_definition,),
    "sales": (emarsys_sale,),
    "si_contacts": (emarsys_si_contact,),
    "unsubscribes": (emarsys_unsubscribe,),
    "external_events": (emarsys_event,),
    "automation_executions": (emarsys_automation_execution,),
    "latest_products": (emarsys_latest_product,),
    "catalogue": (emarsys_item, emarsys_item_locale, emarsys_feed),
}
"""The tables each stream fills; a stream is the unit of reading, coverage and replacement."""

KEYS: dict[str, tuple[str, ...]] = {
    "centra_store": ("store_id",),
    "centra_wholesale_store": ("store_id",),
    "centra_market": ("market_id",),
    "centra_currency": ("code",),
    "centra_customer": ("customer_id",),
    "centra_subscription": ("subscription_id",),
    "centra_customer_flag": ("customer_id",),
    "centra_keyed_consent": ("customer_id", "key", "version"),
    "centra_buyer": ("buyer_id",),
    "centra_order": ("order_number",),
    "centra_order_line": ("order_number", "line_id"),
    "centra_order_attribute": ("order_number", "name"),
    "centra_return": ("return_id",),
    "centra_return_line": ("return_id", "line_id"),
    "centra_shipment": ("shipment_id",),
    "centra_shipment_line": ("shipment_id", "line_id"),
    "centra_account": ("account_id",),
    "centra_pricelist": ("pricelist_id",),
    "centra_warehouse": ("warehouse_id",),
    "centra_country": ("country_id",),
    "centra_product": ("product_id",),
    "centra_variant": ("variant_id",),
    "centra_size": ("size_id",),
    "centra_display": ("display_id",),
    "centra_price": ("price_id",),
    "centra_stock": ("size_id", "warehouse_id"),
    "emarsys_contact": ("contact_id",),
    "emarsys_quarantine": ("contact_id",),
    "emarsys_segment_member": ("segment_id", "contact_id"),
    "emarsys_event_definition": ("event_type_id",),
    "emarsys_si_contact": ("si_contact_id",),
    "emarsys_latest_product": ("item",),
}
"""What tells a table's rows apart. These tables have a history; in those that are missing here equal
rows are real (sales) or carry their own time (events, unsubscribes)."""


def record_key(stream: str) -> tuple[str, ...] | None:
    """Return the columns by which one record of a stream is replaced, with its rows in every table.

    They are the key of the stream's first table, which its other tables repeat: the lines of an
    order by its `order_number`. None where they do not: such a stream is only ever read whole.
    """
    first, *others = STREAM_TABLES[stream]
    key = KEYS.get(first.name)
    if key is None or not all(set(key) <= set(table.c.keys()) for table in others):
        return None
    return key
