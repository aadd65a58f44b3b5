"""The populations that checks look at, with the features that might explain their drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    drift_consent,
    drift_event,
    drift_fulfilment,
    drift_sales,
    link_contact,
    link_event,
    link_order,
)
from auditor.reconcile.firing import CONFIRMED, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


@dataclass(frozen=True, slots=True)
class Featured:
    """Checks of a drift table whose subjects have known features.

    Attributes:
        drift: Where their rows stand.
        key: Gives the key, in the population, of a drift row.
        population: Selects `key`, a text column per feature and a boolean per population, one row
            per key.
        features: By column: how its value is put into words.
        checks: By check: the column that tells whether it looked at a row.
    """

    drift: sa.Table
    key: Callable[[sa.Table], ColumnElement[str]]
    population: Callable[[Terms], sa.Select[Any]]
    features: Mapping[str, str]
    checks: Mapping[str, str]


def own_key(drift: sa.Table) -> ColumnElement[str]:
    """Return the subject key itself: the population is one of subjects."""
    return drift.c.subject_key


def moment_features(moment: ColumnElement[Any]) -> list[ColumnElement[str]]:
    """Name the hour and the day of a moment, in UTC: a release or a broken job starts in one."""
    hour = sa.cast(sa.func.date_trunc("hour", moment), sa.Text)
    return [hour.label("hour"), sa.cast(sa.cast(moment, sa.Date), sa.Text).label("day")]


def orders(terms: Terms) -> sa.Select[Any]:
    """Select every order with what it has in common with others."""
    del terms
    row, order, store, market = link_order.c, t.centra_order, t.centra_store, t.centra_market
    consumer = row.channel == "consumer"
    return sa.select(
        row.order_number.label("key"),
        market.c.name.label("market"),
        store.c.name.label("store"),
        order.c.currency.label("currency"),
        row.status.label("status"),
        *moment_features(row.created_at),
        (row.is_due & row.is_settled).label("is_judged"),
        (consumer & row.is_cancelled & row.is_settled).label("is_cancelled"),
        (consumer & ~row.is_cancelled & row.is_settled).label("is_owned"),
        *[
            (row.channel == name).label(f"is_{name}")
            for name in ("wholesale", "marketplace", "internal")
        ],
    ).select_from(
        link_order.outerjoin(order, row.order_number == order.c.order_number)
        .outerjoin(store, order.c.store_id == store.c.store_id)
        .outerjoin(market, order.c.market_id == market.c.market_id)
    )


def contacts(terms: Terms) -> sa.Select[Any]:
    """Select every contact with what it has in common with others."""
    del terms
    row, contact = link_contact.c, t.emarsys_contact
    customer, store = t.centra_customer, t.centra_store
    known, erased = row.person.is_not(None), row.erased_customer_id.is_not(None)
    opted_in = sa.func.coalesce(row.opt_in == 1, sa.false())
    return sa.select(
        row.contact_id.label("key"),
        store.c.name.label("store"),
        contact.c.source_id.label("source"),
        contact.c.form_id.label("form"),
        *moment_features(sa.func.coalesce(row.evidence_at, customer.c.created_at)),
        erased.label("is_erased"),
        (row.is_buyer & ~known).label("is_buyer"),
        (known & (row.consent == "no")).label("said_no"),
        (known & (row.consent == "yes")).label("said_yes"),
        (known & opted_in).label("is_known"),
        opted_in.label("is_opted_in"),
    ).select_from(
        link_contact.outerjoin(contact, row.contact_id == contact.c.contact_id)
        .outerjoin(
            customer,
            sa.func.coalesce(row.customer_id, row.erased_customer_id) == customer.c.customer_id,
        )
        .outerjoin(store, customer.c.store_id == store.c.store_id)
    )


def events(terms: Terms) -> sa.Select[Any]:
    """Select every lifecycle event with what it has in common with others."""
    event, definition = t.emarsys_event, t.emarsys_event_definition
    return (
        sa.select(
            ("event:" + event.c.event_id).label("key"),
            definition.c.name.label("event"),
            *moment_features(event.c.happened_at),
            sa.true().label("is_judged"),
        )
        .select_from(event.join(definition, event.c.event_type_id == definition.c.event_type_id))
        .where(
            definition.c.name.in_(terms.lifecycle_events),
            event.c.happened_at >= terms.since,
            event.c.happened_at < terms.events_before,
        )
    )


def firings(terms: Terms) -> sa.Select[Any]:
    """Select every parcel, confirmable order and event without either, with what they share."""
    del terms
    row, order, store, market = link_event.c, t.centra_order, t.centra_store, t.centra_market
    has_cause, has_event = row.subject.is_not(None), row.event_id.is_not(None)
    is_shipped = row.is_judged & (row.role == SHIPPED)
    return sa.select(
        sa.func.coalesce(row.subject, "event:" + row.event_id).label("key"),
        market.c.name.label("market"),
        store.c.name.label("store"),
        order.c.payment_method.label("payment_method"),
        *moment_features(sa.func.coalesce(row.caused_at, row.happened_at)),
        (is_shipped & has_cause).label("is_parcel"),
        (is_shipped & has_event).label("is_fired"),
        (is_shipped & has_cause & has_event).label("is_pair"),
        (row.is_judged & (row.role == CONFIRMED) & has_cause).label("is_confirmable"),
    ).select_from(
        link_event.outerjoin(order, row.order_number == order.c.order_number)
        .outerjoin(store, order.c.store_id == store.c.store_id)
        .outerjoin(market, order.c.market_id == market.c.market_id)
    )


def _order_of(drift: sa.Table) -> ColumnElement[str]:
    # A line's key is <order number>/<item>; an order's has no stroke.
    return sa.func.split_part(drift.c.subject_key, "/", 1)


_MOMENTS = {"hour": "of the hour from {} UTC", "day": "of {}"}
_ORDERS = Featured(
    drift_sales,
    _order_of,
    orders,
    {
        "market": "in the market {}",
        "store": "in the store {}",
        "currency": "in {}",
        "status": "with the status {}",
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
        "channel.wholesale_in_sales": "is_wholesale",
        "channel.marketplace_in_sales": "is_marketplace",
        "channel.internal_in_sales": "is_internal",
    },
)
_CONTACTS = Featured(
    drift_consent,
    own_key,
    contacts,
    {
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
        "consent.opted_in_without_evidence": "is_known",
        "consent.opt_in_lost": "said_yes",
        "consent.unsubscribed_but_active_in_centra": "said_yes",
        "consent.opt_in_unknown_person": "is_opted_in",
    },
)
_EVENTS = Featured(
    drift_event,
    own_key,
    events,
    {"event": "of the event {}", **_MOMENTS},
    {"channel.event_for_non_consumer": "is_judged"},
)
_FIRINGS = Featured(
    drift_fulfilment,
    own_key,
    firings,
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

FEATURED: tuple[Featured, ...] = (_ORDERS, _CONTACTS, _EVENTS, _FIRINGS)
"""The drift whose features are known; each check stands in one of them at most."""
