"""Lifecycle events and what they are fired for: parcels that left, and orders that are due."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import drift_event, link_contact, link_order
from auditor.model.history import HISTORY, snapshot_run, stream_position
from auditor.reconcile.pairing import pairs
from auditor.reconcile.sql import text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

SHIPPED, CONFIRMED = "shipped", "confirmed"

LEAVES_WITHIN = timedelta(days=30)
"""Orders of before `sales.since` are not read; their parcels leave, and fire, for so long after it."""


def events(terms: Terms) -> sa.Select[Any]:
    """Select each parcel and due order with its event, and each event that belongs to none.

    All contacts of one person are one, for an event may have gone to either. Events of contacts whom
    Centra does not know are left to the consent and identity suites, those that the channel suite
    raised to that one. A parcel left when `shippedAt` says so, which may be too early, never too late.

    Frame:
        Result: one row per parcel, due order or event without one; columns of `link_event`.

    Source:
        Centra reference 5.1 (`shippedAt` may be back-dated); Emarsys reference 7 (an event has contact,
        type and time, never what it was fired for).
    """
    owners, owned = _owners()
    causes = sa.union_all(_parcels(terms, owners), _due_orders(terms, owners)).cte("causes")
    fired = _fired(terms, owned)
    pair = pairs(causes, fired, ("order_number", "customer_id", "changed_at")).subquery("paired")
    row, excused = pair.c, _of_other_parcels(terms, owners, fired)
    window = sa.case(
        (row.role == SHIPPED, _span(terms.pairing_window)), else_=_span(terms.confirmation_window)
    )
    # Before the first event that was read others may have fired, and taken what seems to be left.
    first_at = _oldest_event() + window
    is_cause = row.subject.is_not(None)
    of_cause = (row.caused_at >= first_at) & (row.changed_at < terms.events_before)
    of_event = (
        (row.nearest.is_not(None) | row.contact_id.not_in(_with_unread_orders(owners)))
        & (row.happened_at >= first_at)
        & (row.happened_at >= _since(terms) + LEAVES_WITHIN)
        & (row.happened_at < terms.events_before)
        & excused.c.event_id.is_(None)
    )
    return sa.select(
        row.role,
        row.contact_id,
        row.subject,
        row.order_number,
        row.customer_id,
        row.caused_at,
        row.event_id,
        row.happened_at,
        row.timely_by,
        row.nearest,
        sa.case((is_cause, of_cause), else_=of_event).label("is_judged"),
    ).select_from(pair.outerjoin(excused, row.event_id == excused.c.event_id))


def _of_other_parcels(terms: Terms, owners: sa.CTE, fired: sa.CTE) -> sa.CTE:
    """Select the events that a parcel of no consumer's order may have fired for.

    A person who buys in the shop and on a marketplace has parcels of both, and no event says which it is
    of. Those parcels owe no event, so that they take none from a consumer's.
    """
    parcel, order = t.centra_shipment.c, link_order.c
    left_at = _left_at(t.centra_shipment)
    return (
        sa.select(fired.c.event_id)
        .select_from(_owned_parcels(owners).join(fired, owners.c.contact_id == fired.c.contact_id))
        .where(
            fired.c.role == SHIPPED,
            parcel.is_shipped,
            order.channel != "consumer",
            fired.c.happened_at >= left_at,
            fired.c.happened_at <= left_at + _span(terms.pairing_window),
        )
        .distinct()
        .cte("excused_events")
    )


def _owned_parcels(owners: sa.CTE) -> sa.Join:
    parcel, order = t.centra_shipment, link_order.c
    of_orders = parcel.join(link_order, parcel.c.order_number == order.order_number)
    return of_orders.join(owners, order.person == owners.c.person)


def _left_at(parcel: sa.Table) -> ColumnElement[datetime]:
    return sa.func.coalesce(parcel.c.shipped_at, parcel.c.updated_at, type_=sa.DateTime)


def _owners() -> tuple[sa.CTE, sa.CTE]:
    """Give every person one contact, and every contact the one of its person.

    What fired for a customer who was merged away fired for the survivor, who has the orders now.
    """
    row, survivor = link_contact.c, t.centra_customer.c
    person = sa.func.coalesce(survivor.email_key, row.person)
    people = (
        sa.select(
            row.contact_id,
            person.label("person"),
            sa.case((row.person == person, row.contact_id)).label("own_contact_id"),
        )
        .select_from(
            link_contact.outerjoin(t.centra_customer, row.survivor_id == survivor.customer_id)
        )
        .where(person.is_not(None))
        .cte("people_of_contacts")
    )
    of_person = (
        sa.select(
            people.c.person,
            sa.func.coalesce(
                sa.func.min(people.c.own_contact_id), sa.func.min(people.c.contact_id)
            ).label("contact_id"),
        )
        .group_by(people.c.person)
        .cte("owners")
    )
    of_contact = (
        sa.select(people.c.contact_id, of_person.c.contact_id.label("owner_id"))
        .select_from(people.join(of_person, people.c.person == of_person.c.person))
        .cte("owned_contacts")
    )
    return of_person, of_contact


def _with_unread_orders(owners: sa.CTE) -> sa.Select[Any]:
    """Select the owners who have more orders than were read, as Centra counts them.

    A parcel of an order from long before `sales.since` may leave today: that none is known proves
    nothing then. Where the tenant does not count, `LEAVES_WITHIN` has to do.
    """
    customer, order = t.centra_customer.c, link_order.c
    read = (
        sa.select(order.customer_id, sa.func.count().label("orders"))
        .where(order.customer_id.is_not(None))
        .group_by(order.customer_id)
        .subquery("read_orders")
    )
    return (
        sa.select(owners.c.contact_id)
        .select_from(
            t.centra_customer.join(owners, customer.email_key == owners.c.person).outerjoin(
                read, customer.customer_id == read.c.customer_id
            )
        )
        .where(customer.total_orders > sa.func.coalesce(read.c.orders, 0))
    )


def _parcels(terms: Terms, owners: sa.CTE) -> sa.Select[Any]:
    parcel, order, seen = t.centra_shipment.c, link_order.c, _first_seen()
    left_at = _left_at(t.centra_shipment)
    until_at = left_at + _span(terms.pairing_window)
    surely_left_at = sa.func.coalesce(seen.c.left_by, sa.func.greatest(left_at, parcel.updated_at))
    return (
        sa.select(
            text(SHIPPED).label("role"),
            owners.c.contact_id,
            parcel.number.label("subject"),
            order.order_number,
            order.customer_id,
            left_at.label("caused_at"),
            until_at.label("until_at"),
            sa.func.least(surely_left_at, until_at).label("timely_by"),
            sa.func.greatest(left_at, parcel.updated_at).label("changed_at"),
        )
        .select_from(
            _owned_parcels(owners).outerjoin(seen, parcel.shipment_id == seen.c.shipment_id)
        )
        .where(
            parcel.is_shipped,
            order.channel == "consumer",
            *_is_covered(left_at, terms, terms.shipped_event),
        )
    )


def _first_seen() -> sa.CTE:
    """Give every parcel the moment by which it had surely left.

    That is when the first snapshot that shows it completed began. The very first snapshot of shipments
    tells nothing about when; there the later of `shippedAt` and `updatedAt` stands for it, as that
    snapshot had them.
    """
    past, run, position = HISTORY[t.centra_shipment.name].c, snapshot_run.c, stream_position.c
    first = (
        sa.select(sa.func.min(position.number))
        .where(position.stream == "shipments")
        .scalar_subquery()
    )
    told = sa.func.greatest(past.shipped_at, past.updated_at)
    return (
        sa.select(
            past.shipment_id,
            sa.func.coalesce(
                sa.func.min(sa.case((run.number == first, told))),
                sa.func.greatest(sa.func.min(run.as_of), sa.func.min(past.shipped_at)),
            ).label("left_by"),
        )
        .select_from(
            HISTORY[t.centra_shipment.name].join(snapshot_run, past.valid_from_run == run.run)
        )
        .where(past.is_shipped)
        .group_by(past.shipment_id)
        .cte("first_seen")
    )


def _due_orders(terms: Terms, owners: sa.CTE) -> sa.Select[Any]:
    row, order = t.centra_order.c, link_order.c
    return (
        sa.select(
            text(CONFIRMED),
            owners.c.contact_id,
            order.order_number,
            order.order_number,
            order.customer_id,
            order.created_at,
            order.created_at + _span(terms.confirmation_window),
            order.created_at,
            sa.func.greatest(order.created_at, row.updated_at),
        )
        .select_from(
            link_order.join(t.centra_order, order.order_number == row.order_number).join(
                owners, order.person == owners.c.person
            )
        )
        .where(order.is_due, *_is_covered(order.created_at, terms, terms.confirmed_event))
    )


def _is_covered(
    at: ColumnElement[Any], terms: Terms, name: str | None
) -> tuple[ColumnElement[bool], ...]:
    """Tell whether an event fired then would be among those that were read."""
    if name is None:
        return (sa.false(),)
    definition = t.emarsys_event_definition.c
    is_there = sa.exists().where(definition.name == name)
    return at >= _oldest_event(), at >= _since(terms), is_there


def _fired(terms: Terms, owned: sa.CTE) -> sa.CTE:
    event, definition = t.emarsys_event.c, t.emarsys_event_definition.c
    raised = (
        sa.select(drift_event.c.subject_key)
        .where(drift_event.c.subject_kind == "event")
        .cte("raised_events")
    )
    role = sa.case((definition.name == terms.shipped_event, SHIPPED), else_=CONFIRMED)
    names = [name for name in (terms.shipped_event, terms.confirmed_event) if name is not None]
    return (
        sa.select(
            role.label("role"),
            owned.c.owner_id.label("contact_id"),
            event.event_id,
            event.happened_at,
        )
        .select_from(
            t.emarsys_event.join(
                t.emarsys_event_definition, event.event_type_id == definition.event_type_id
            )
            .join(owned, event.contact_id == owned.c.contact_id)
            .outerjoin(raised, "event:" + event.event_id == raised.c.subject_key)
        )
        .where(
            definition.name.in_(names),
            event.happened_at >= _since(terms),
            raised.c.subject_key.is_(None),
        )
        .cte("fired_events")
    )


def _oldest_event() -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.min(t.emarsys_event.c.happened_at)).scalar_subquery()


def _since(terms: Terms) -> datetime:
    return datetime.combine(terms.since, time())


def _span(length: timedelta) -> ColumnElement[timedelta]:
    return sa.literal(length, sa.Interval)
