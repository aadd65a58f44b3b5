"""Which checks' subjects have known features, and how these are put into words."""

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
from auditor.reconcile import populations
from auditor.reconcile.populations import Featured, order_key, own_key

_MERGE = "merged in the hour from {} UTC"
_MOMENTS = {"hour": "of the hour from {} UTC", "day": "of {}"}
_ORDERS = Featured(
    drift_sales,
    order_key,
    populations.orders,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "currency": "in {}",
        "status": "with the status {}",
        "merge": _MERGE,
        **_MOMENTS,
    },
    {
        **{
            f"sales.{name}": "is_judged"
            for name in (
                "missing_order",
                "missing_line",
                "duplicate_order",
                "amount_mismatch",
                "quantity_mismatch",
                "return_not_reflected",
            )
        },
        "sales.cancelled_but_counted": "is_cancelled",
        "sales.wrong_contact": "is_owned",
        "sales.generated_contact": "is_owned",
        "identity.sales_on_orphan": "is_owned",
        "channel.wholesale_in_sales": "is_wholesale",
        "channel.marketplace_in_sales": "is_marketplace",
        "channel.internal_in_sales": "is_internal",
    },
)
_CONTACTS = Featured(
    drift_consent,
    own_key,
    populations.contacts,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "source": "from the source {}",
        "form": "from the form {}",
        **_MOMENTS,
    },
    {
        "consent.erased_but_contactable": "is_erased",
        "consent.erased_but_present": "is_erased",
        "consent.buyer_opted_in": "is_buyer",
        "consent.withdrawn_but_opted_in": "said_no",
        "consent.opted_in_by_order": "is_known",
        "consent.opted_in_without_evidence": "is_known",
        "consent.opt_in_lost": "said_yes",
        "consent.unsubscribed_but_active_in_centra": "said_yes",
        "consent.opt_in_unknown_person": "is_opted_in",
    },
)
_EVENTS = Featured(
    drift_event,
    own_key,
    populations.events,
    {
        "event": "of the event {}",
        "channel": "for {} orders",
        "store": "for orders of the store {}",
        **_MOMENTS,
    },
    {"channel.event_for_non_consumer": "is_judged"},
)
_FIRINGS = Featured(
    drift_fulfilment,
    own_key,
    populations.firings,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "payment_method": "paid by {}",
        **_MOMENTS,
    },
    {
        "fulfilment.missing_shipped_event": "is_parcel",
        "fulfilment.duplicate_shipped_event": "is_fired",
        "fulfilment.event_without_shipment": "is_fired",
        "fulfilment.late_shipped_event": "is_pair",
        "fulfilment.missing_confirmation": "is_confirmable",
    },
)

_KEYS = Featured(
    drift_identity,
    own_key,
    populations.contacts,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "source": "from the source {}",
        "survivor": "merged into the customer {}",
        "merge": _MERGE,
        **_MOMENTS,
    },
    {
        "identity.orphaned_by_merge": "is_keyed",
        "identity.orphaned_contact": "is_keyed",
        "identity.duplicate_contact": "is_counted",
        "identity.key_mismatch": "is_linked",
        "identity.profile_mismatch": "is_linked",
    },
)
_PEOPLE = Featured(
    drift_identity,
    own_key,
    populations.people,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "consent": "with the consent {}",
        **_MOMENTS,
    },
    {"identity.missing_contact": "is_covered"},
)
_ITEMS = Featured(
    drift_catalogue,
    own_key,
    populations.items,
    {
        "category": "in the category {}",
        "brand": "of the brand {}",
        "collection": "of the collection {}",
        **_MOMENTS,
    },
    {
        "catalogue.duplicate_item": "is_listed",
        "catalogue.missing_item": "is_sold",
        "catalogue.retired_item": "is_offered",
        "catalogue.price_mismatch": "is_judged",
        "catalogue.reference_price_mismatch": "is_judged",
        "catalogue.attribute_mismatch": "is_judged",
        "catalogue.out_of_stock_but_available": "is_counted",
        "catalogue.in_stock_but_unavailable": "is_counted",
        "catalogue.stock_mismatch": "is_counted",
    },
)
_MEMBERS = Featured(
    drift_audience,
    own_key,
    populations.members,
    {"segment": "of the segment {}", "market": "in the market {}", **_MOMENTS},
    {"audience.membership_mismatch": "is_judged"},
)

FEATURED: tuple[Featured, ...] = (
    _ORDERS,
    _CONTACTS,
    _EVENTS,
    _FIRINGS,
    _KEYS,
    _PEOPLE,
    _ITEMS,
    _MEMBERS,
)
"""The drift whose features are known; each check stands in one of them at most."""
