"""What is compared of people, items, parcels, segments and events; sales and consent are in `compared.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    drift_identity,
    link_contact,
    link_event,
    link_item,
    link_member,
    link_order,
)
from auditor.model.history import agreed_value
from auditor.reconcile.attribution import lifecycle_events
from auditor.reconcile.compared import compared
from auditor.reconcile.fulfilment import configured
from auditor.reconcile.identity import covered
from auditor.reconcile.profile import compared_columns, customer_of
from auditor.reconcile.sql import any_of, text
from auditor.reconcile.turnover import turnover, worth_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


def keys(terms: Terms) -> sa.Select[Any]:
    """Select every contact: the customer that both sides agreed on against the key and the e-mail.

    Which customer that is, the contact itself says as long as nothing is wrong with it, and the base
    afterwards: else a key that was changed in Emarsys would seem to be another customer in Centra.
    """
    del terms
    row, contact, customer = link_contact.c, t.emarsys_contact, t.centra_customer
    base, drifted = _base("identity"), _drifted(drift_identity)
    key = sa.case((row.key.not_like("%@%"), row.key))
    whose = sa.case(
        (drifted.c.subject_key.is_not(None), sa.func.coalesce(base.c.named, key)), else_=key
    )
    is_there = customer.c.customer_id.is_not(None)
    return compared(
        row.contact_id,
        (is_there, customer.c.is_anonymized, customer.c.email_hash),
        (key, contact.c.email_hash),
        sa.true(),
    ).select_from(
        link_contact.join(contact, row.contact_id == contact.c.contact_id)
        .outerjoin(base, row.contact_id == base.c.link_key)
        .outerjoin(drifted, row.contact_id == drifted.c.subject_key)
        .outerjoin(customer, whose == customer.c.customer_id)
    )


def people(terms: Terms) -> sa.Select[Any]:
    """Select every person who must have a contact: the person's e-mail against the contact they had."""
    person, row, contact = covered(terms).subquery("people"), link_contact.c, t.emarsys_contact
    base = _base("person")
    first = (
        sa.select(row.person, sa.func.min(row.contact_id).label("contact_id"))
        .where(row.person.is_not(None))
        .group_by(row.person)
        .subquery("first_contacts")
    )
    link_key = "centra:" + person.c.customer_id
    customer = t.centra_customer
    return compared(
        link_key,
        (customer.c.email_hash,),
        (contact.c.contact_id, contact.c.email_hash),
        person.c.changed_at < terms.contacts_before,
    ).select_from(
        person.join(customer, person.c.customer_id == customer.c.customer_id)
        .outerjoin(first, person.c.email_key == first.c.person)
        .outerjoin(base, link_key == base.c.link_key)
        .outerjoin(
            contact, sa.func.coalesce(first.c.contact_id, base.c.named) == contact.c.contact_id
        )
    )


def profiles(terms: Terms) -> sa.Select[Any]:
    """Select every contact with a customer: the mapped fields of either, hashed, for they are personal."""
    row, contact, customer = link_contact.c, t.emarsys_contact, t.centra_customer
    columns = compared_columns(terms).values()
    ours, theirs = (
        (text(""), *(sa.func.md5(table.c[column]) for column in columns))
        for table in (customer, contact)
    )
    return compared(
        row.contact_id, ours, theirs, row.changed_at < terms.contacts_before
    ).select_from(
        link_contact.join(contact, row.contact_id == contact.c.contact_id).join(
            customer, customer_of(link_contact) == customer.c.customer_id
        )
    )


def _base(topic: str) -> sa.Subquery:
    """Select what the links of a topic named in Emarsys when both sides agreed last."""
    base = agreed_value.c
    named = sa.func.nullif(sa.func.split_part(base.emarsys, "|", 1), "", type_=sa.Text)
    of_topic = sa.select(base.link_key, named.label("named")).where(base.topic == topic)
    return of_topic.subquery("agreed_before")


def _drifted(drift: sa.Table) -> sa.Subquery:
    return sa.select(drift.c.subject_key).distinct().subquery("drifted_now")


def item_values(
    centra: Sequence[str], emarsys: Sequence[str], is_judged: Callable[[], ColumnElement[bool]]
) -> Callable[[Terms], sa.Select[Any]]:
    """Compare columns of `link_item`; what is not judged agrees on nothing."""
    row = link_item.c
    ours, theirs = ([row[name] for name in names] for names in (centra, emarsys))
    return lambda _: compared(row.item, ours, theirs, is_judged())


def is_settled() -> ColumnElement[bool]:
    """Tell whether an item is old enough to say whether it is there."""
    return link_item.c.is_settled


def firings(role: str) -> Callable[[Terms], sa.Select[Any]]:
    """Compare when a parcel left, or an order was placed, with when its event fired."""
    row = link_event.c
    key = sa.func.coalesce(row.subject, "event:" + row.event_id)
    links = compared(key, (row.caused_at,), (row.happened_at,), row.is_judged)
    return lambda _: links.where(row.role == role)


def triggers(terms: Terms) -> sa.Select[Any]:
    """Select every configured event: its name in the settings against what listens to it."""
    row = configured(terms).c
    listens = (row.definitions > 0, row.usages)
    return compared("emarsys.events." + row.role, (row.name,), listens, sa.true())


def members(terms: Terms) -> sa.Select[Any]:
    """Select every judged contact of a segment: whether the rule holds against whether it is in."""
    del terms
    row = link_member.c
    belongs = row.is_member != row.is_wrong
    key = row.segment_id + "/" + row.contact_id
    return compared(key, (belongs,), (row.is_member,), sa.true())


def turnovers(terms: Terms) -> sa.Select[Any]:
    """Select every contact of a person with sales: what the person's orders are worth against them."""
    row, order = link_contact.c, link_order.c
    known = row.person.is_not(None)
    whole = turnover(terms, sa.select(row.contact_id).where(known)).subquery("turnover")
    worth = worth_of(terms, sa.select(row.person).where(known)).subquery("worth")
    young = sa.select(order.person).where(~order.is_settled, order.person.is_not(None)).distinct()
    waiting = young.subquery("waiting")
    return compared(
        row.contact_id,
        (sa.func.coalesce(worth.c.net_minor, 0),),
        (whole.c.amount_minor,),
        waiting.c.person.is_(None),
    ).select_from(
        link_contact.join(whole, row.contact_id == whole.c.contact_id)
        .outerjoin(worth, row.person == worth.c.person)
        .outerjoin(waiting, row.person == waiting.c.person)
    )


def events(terms: Terms) -> sa.Select[Any]:
    """Select the lifecycle events of people with other orders than a consumer's: theirs may be wrong.

    Compared is whether the person has a consumer's order too, against when the event fired.
    """
    event, order, contact = lifecycle_events(terms), link_order.c, link_contact
    buyers = (
        sa.select(
            order.person,
            any_of(order.channel.in_(("consumer", "internal"))).label("is_consumer"),
        )
        .where(order.person.is_not(None))
        .group_by(order.person)
        .having(any_of(order.channel.in_(("wholesale", "marketplace"))))
        .subquery("buyers")
    )
    whose = sa.func.coalesce(contact.c.person, contact.c.email_key)
    return compared(
        "event:" + event.c.event_id,
        (buyers.c.is_consumer,),
        (event.c.name, event.c.happened_at),
        sa.true(),
    ).select_from(
        event.join(contact, event.c.contact_id == contact.c.contact_id).join(
            buyers, whose == buyers.c.person
        )
    )
