"""The populations that checks look at, with the features that might explain their drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    link_bought,
    link_contact,
    link_event,
    link_gone,
    link_item,
    link_member,
    link_order,
    link_person,
)
from auditor.reconcile import catalogue
from auditor.reconcile.attribution import lifecycle_events
from auditor.reconcile.consent import is_yes_in_centra
from auditor.reconcile.firing import CONFIRMED, SHIPPED
from auditor.reconcile.identity import covered, is_judged
from auditor.reconcile.sql import the_same

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

    Narrowing = Callable[[sa.FromClause, ColumnElement[str]], sa.FromClause]
    """Takes rows of a population, and their key, and returns those that are wanted."""


def everyone(rows: sa.FromClause, key: ColumnElement[str]) -> sa.FromClause:
    """Take all rows of a population."""
    del key
    return rows


def only(keys: sa.Subquery) -> Narrowing:
    """Take the rows of some keys, before anything is joined to them or computed of them.

    Args:
        keys: Has `key`, each once.
    """

    def narrowed(rows: sa.FromClause, key: ColumnElement[str]) -> sa.FromClause:
        return rows.join(keys, key == keys.c.key)

    return narrowed


@dataclass(frozen=True, slots=True)
class Featured:
    """Checks of a drift table whose subjects have known features.

    Attributes:
        drift: Where their rows stand.
        key: Gives the key, in the population, of a drift row.
        population: Selects `key`, a text column per feature and a boolean per population, one row
            per key: `everyone`, or `only` some keys.
        features: By column: how its value is put into words.
        checks: By check: the column that tells whether it looked at a row.
    """

    drift: sa.Table
    key: Callable[[sa.Table], ColumnElement[str]]
    population: Callable[[Terms, Narrowing], sa.Select[Any]]
    features: Mapping[str, str]
    checks: Mapping[str, str]


def order_key(drift: sa.Table) -> ColumnElement[str]:
    """Return the order a finding is about: a line's key is <order number>/<item>.

    Centra's numbers have no stroke, and only its orders have lines; those that it never had are told
    whole, whatever they are called.
    """
    number = sa.func.split_part(drift.c.subject_key, "/", 1, type_=sa.Text)
    return sa.case((drift.c.subject_kind == "line", number), else_=drift.c.subject_key)


def own_key(drift: sa.Table) -> ColumnElement[str]:
    """Return the subject key itself: the population is one of subjects."""
    return drift.c.subject_key


def moment_features(moment: ColumnElement[Any]) -> list[ColumnElement[str]]:
    """Name the hour and the day of a moment, in UTC: a release or a broken job starts in one."""
    day = sa.cast(sa.cast(moment, sa.Date), sa.Text)
    return [_hour(moment).label("hour"), day.label("day")]


def _hour(moment: ColumnElement[Any]) -> ColumnElement[str]:
    return sa.cast(sa.func.date_trunc("hour", moment), sa.Text)


def orders(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every order with what it has in common with others."""
    del terms
    row, order, store, market = link_order.c, t.centra_order, t.centra_store, t.centra_market
    consumer, merged = row.channel == "consumer", _merges().subquery("merged")
    return sa.select(
        row.order_number.label("key"),
        merged.c.merge,
        market.c.name.label("market"),
        store.c.name.label("store"),
        order.c.currency.label("currency"),
        row.status.label("status"),
        *moment_features(row.created_at),
        (row.is_due & row.is_settled).label("is_judged"),
        (consumer & row.is_cancelled & row.is_settled).label("is_cancelled"),
        (consumer & ~row.is_cancelled & row.is_settled).label("is_owned"),
        *[
            ((row.channel == name) & row.is_settled).label(f"is_{name}")
            for name in ("wholesale", "marketplace", "internal")
        ],
    ).select_from(
        taken(link_order, row.order_number)
        .outerjoin(order, row.order_number == order.c.order_number)
        .outerjoin(store, order.c.store_id == store.c.store_id)
        .outerjoin(market, order.c.market_id == market.c.market_id)
        .outerjoin(merged, row.customer_id == merged.c.survivor_id)
    )


def _merges() -> sa.Select[Any]:
    """Give every survivor the hour of its merge: customers are merged in batches."""
    row = link_gone.c
    at = sa.func.max(row.gone_at)
    return (
        sa.select(row.survivor_id, _hour(at).label("merge"))
        .where(row.survivor_id.is_not(None))
        .group_by(row.survivor_id)
    )


def contacts(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every contact with what it has in common with others."""
    del terms
    row, contact = link_contact.c, t.emarsys_contact
    customer, store = t.centra_customer, t.centra_store
    known, erased = row.person.is_not(None), row.erased_customer_id.is_not(None)
    opted_in = sa.func.coalesce(row.opt_in == 1, sa.false())
    counted = is_judged()
    linked = counted & row.customer_id.is_not(None)
    return sa.select(
        row.contact_id.label("key"),
        link_bought.c.market,
        store.c.name.label("store"),
        row.survivor_id.label("survivor"),
        sa.case((row.survivors > 0, _hour(row.gone_at))).label("merge"),
        contact.c.source_id.label("source"),
        contact.c.form_id.label("form"),
        *moment_features(sa.func.coalesce(row.evidence_at, customer.c.created_at)),
        erased.label("is_erased"),
        (row.is_buyer & ~known).label("is_buyer"),
        (known & (row.consent == "no")).label("said_no"),
        (known & is_yes_in_centra()).label("said_yes"),
        (known & opted_in).label("is_known"),
        opted_in.label("is_opted_in"),
        counted.label("is_counted"),
        (counted & row.key.is_not(None)).label("is_keyed"),
        linked.label("is_linked"),
    ).select_from(
        taken(link_contact, row.contact_id)
        .outerjoin(contact, row.contact_id == contact.c.contact_id)
        .outerjoin(
            customer,
            sa.func.coalesce(row.customer_id, row.erased_customer_id) == customer.c.customer_id,
        )
        .outerjoin(store, customer.c.store_id == store.c.store_id)
        .outerjoin(link_bought, row.person == link_bought.c.person)
    )


def people(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every person who must have a contact, with what they have in common with others."""
    person, customer, store = covered(terms).subquery("people"), t.centra_customer, t.centra_store
    key = "centra:" + person.c.customer_id
    return sa.select(
        key.label("key"),
        link_bought.c.market,
        store.c.name.label("store"),
        link_person.c.consent,
        *moment_features(customer.c.created_at),
        sa.true().label("is_covered"),
    ).select_from(
        taken(person, key)
        .join(customer, person.c.customer_id == customer.c.customer_id)
        .join(link_person, person.c.email_key == link_person.c.email_key)
        .outerjoin(store, customer.c.store_id == store.c.store_id)
        .outerjoin(link_bought, person.c.email_key == link_bought.c.person)
    )


def items(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every item of either side with what it has in common with others."""
    del terms
    row, size, variant, product = link_item.c, t.centra_size.c, t.centra_variant, t.centra_product
    made = (
        sa.select(
            size.item,
            the_same(product.c.brand).label("brand"),
            the_same(product.c.collection).label("collection"),
        )
        .select_from(
            t.centra_size.join(variant, size.variant_id == variant.c.variant_id).join(
                product, variant.c.product_id == product.c.product_id
            )
        )
        .group_by(size.item)
        .subquery("made")
    )
    return sa.select(
        row.item.label("key"),
        sa.func.coalesce(row.category, row.feed_category).label("category"),
        made.c.brand,
        made.c.collection,
        *moment_features(row.changed_at),
        (row.rows > 0).label("is_listed"),
        (row.is_sellable & row.is_settled).label("is_sold"),
        (row.available & row.is_settled).label("is_offered"),
        catalogue.is_judged().label("is_judged"),
        catalogue.is_counted().label("is_counted"),
    ).select_from(taken(link_item, row.item).outerjoin(made, row.item == made.c.item))


def members(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every judged contact of a segment with what it has in common with others."""
    row, contact = link_member.c, link_contact.c
    names = {str(audience.segment): audience.name for audience in terms.audiences}
    segment = sa.case(names, value=row.segment_id) if names else row.segment_id
    key = row.segment_id + "/" + row.contact_id
    return sa.select(
        key.label("key"),
        sa.func.coalesce(segment, row.segment_id).label("segment"),
        link_bought.c.market,
        *moment_features(contact.changed_at),
        sa.true().label("is_judged"),
    ).select_from(
        taken(link_member, key)
        .join(link_contact, row.contact_id == contact.contact_id)
        .outerjoin(link_bought, row.person == link_bought.c.person)
    )


def events(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every lifecycle event with what it has in common with others.

    Who it fired for tells how its sender goes about it: for every order of a store, or of a channel.
    """
    event, contact = lifecycle_events(terms), link_contact
    whose = sa.func.coalesce(contact.c.person, contact.c.email_key)
    key = "event:" + event.c.event_id
    return sa.select(
        key.label("key"),
        event.c.name.label("event"),
        link_bought.c.channel,
        link_bought.c.store,
        *moment_features(event.c.happened_at),
        sa.true().label("is_judged"),
    ).select_from(
        taken(event, key)
        .outerjoin(contact, event.c.contact_id == contact.c.contact_id)
        .outerjoin(link_bought, whose == link_bought.c.person)
    )


def firings(terms: Terms, taken: Narrowing) -> sa.Select[Any]:
    """Select every parcel, confirmable order and event without either, with what they share."""
    del terms
    row, order, store, market = link_event.c, t.centra_order, t.centra_store, t.centra_market
    has_cause, has_event = row.subject.is_not(None), row.event_id.is_not(None)
    is_shipped = row.is_judged & (row.role == SHIPPED)
    key = sa.func.coalesce(row.subject, "event:" + row.event_id)
    return sa.select(
        key.label("key"),
        market.c.name.label("market"),
        store.c.name.label("store"),
        order.c.payment_method.label("payment_method"),
        *moment_features(sa.func.coalesce(row.caused_at, row.happened_at)),
        (is_shipped & has_cause).label("is_parcel"),
        (is_shipped & has_event).label("is_fired"),
        (is_shipped & has_cause & has_event).label("is_pair"),
        (row.is_judged & (row.role == CONFIRMED) & has_cause).label("is_confirmable"),
    ).select_from(
        taken(link_event, key)
        .outerjoin(order, row.order_number == order.c.order_number)
        .outerjoin(store, order.c.store_id == store.c.store_id)
        .outerjoin(market, order.c.market_id == market.c.market_id)
    )
