"""Which topics attribution compares, and which checks belong to each."""

from __future__ import annotations

from auditor.model.drift import (
    drift_audience,
    drift_catalogue,
    drift_consent,
    drift_event,
    drift_fulfilment,
    drift_identity,
    drift_sales,
)
from auditor.reconcile import catalogue, compared, links
from auditor.reconcile.compared import Topic
from auditor.reconcile.firing import CONFIRMED, SHIPPED

_OF_OWNERS = ("sales.wrong_contact", "sales.generated_contact", "identity.sales_on_orphan")
_OF_ORDERS = (
    "sales.missing_order",
    "sales.duplicate_order",
    "sales.cancelled_but_counted",
    "sales.unknown_order",
    "channel.wholesale_in_sales",
    "channel.marketplace_in_sales",
    "channel.internal_in_sales",
)
_SALES = ("orders", "returns", "sales")
_PEOPLE = ("customers", "newsletter_subscriptions", "contacts")

_OF_KEYS = (
    "identity.orphaned_by_merge",
    "identity.orphaned_contact",
    "identity.duplicate_contact",
    "identity.key_mismatch",
)
_CATALOGUE = ("products", "variants", "sizes", "displays", "prices", "campaign_prices", "catalogue")
_EVENTS = ("orders", "shipments", "contacts", "external_events")

TOPICS: tuple[Topic, ...] = (
    Topic("consent", drift_consent, "contact", _PEOPLE, compared.contacts),
    Topic("order", drift_sales, "order", _SALES, compared.orders, _OF_ORDERS),
    Topic("line", drift_sales, "line", _SALES, compared.lines),
    Topic("owner", drift_sales, "order", (*_SALES, "si_contacts"), compared.owners, _OF_OWNERS),
    Topic("identity", drift_identity, "contact", _PEOPLE, links.keys, _OF_KEYS),
    Topic(
        "person", drift_identity, "contact", _PEOPLE, links.people, ("identity.missing_contact",)
    ),
    Topic(
        "profile",
        drift_identity,
        "contact",
        _PEOPLE,
        links.profiles,
        ("identity.profile_mismatch",),
    ),
    Topic(
        "item",
        drift_catalogue,
        "item",
        _CATALOGUE,
        links.item_values(("in_centra", "is_sellable"), ("rows", "available"), links.is_settled),
        ("catalogue.missing_item", "catalogue.retired_item", "catalogue.duplicate_item"),
        is_of_people=False,
    ),
    Topic(
        "price",
        drift_catalogue,
        "item",
        _CATALOGUE,
        links.item_values(("price_minor", "currency"), ("feed_price_minor",), catalogue.is_judged),
        ("catalogue.price_mismatch",),
        is_of_people=False,
    ),
    Topic(
        "reference_price",
        drift_catalogue,
        "item",
        (*_CATALOGUE, "lowest_prices"),
        links.item_values(("msrp_minor", "currency"), ("feed_msrp_minor",), catalogue.is_judged),
        ("catalogue.reference_price_mismatch",),
        is_of_people=False,
    ),
    Topic(
        "stock",
        drift_catalogue,
        "item",
        (*_CATALOGUE, "stock"),
        links.item_values(("stock",), ("available", "feed_stock"), catalogue.is_counted),
        (
            "catalogue.out_of_stock_but_available",
            "catalogue.in_stock_but_unavailable",
            "catalogue.stock_mismatch",
        ),
        is_of_people=False,
    ),
    Topic(
        "attributes",
        drift_catalogue,
        "item",
        _CATALOGUE,
        links.item_values(
            ("title", "uri", "category", "images", "collection"),
            ("feed_title", "feed_link", "feed_category", "feed_image", "feed_collection"),
            catalogue.is_judged,
        ),
        ("catalogue.attribute_mismatch",),
        is_of_people=False,
    ),
    Topic("parcel", drift_fulfilment, "shipment", _EVENTS, links.firings(SHIPPED)),
    # Missing confirmations are raised by patterns of all orders.
    Topic(
        "confirmation",
        drift_fulfilment,
        "order",
        _EVENTS,
        links.firings(CONFIRMED),
        is_of_people=False,
    ),
    Topic(
        "trigger",
        drift_fulfilment,
        "config",
        ("event_definitions",),
        links.triggers,
        ("fulfilment.dead_event",),
        is_of_people=False,
    ),
    Topic(
        "member",
        drift_audience,
        "audience",
        (*_SALES, "contacts", "segment_members"),
        links.members,
    ),
    Topic(
        "turnover",
        drift_audience,
        "contact",
        (*_SALES, "contacts", "si_contacts"),
        links.turnovers,
        ("audience.inflated_value",),
    ),
    Topic("event", drift_event, "event", ("orders", "contacts", "external_events"), links.events),
)
"""What is compared. A row that stands in none of them is attributed to nobody: a stream, a feed, a token
or a pattern is no link of one record to another, so that no side of it can have moved away."""
