"""Fulfilment: every parcel has its one mail, in time, and what triggers mails is alive.

`firing` has paired parcels and events before; here each of them gets its verdict. Confirmations have
their own module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import drift_fulfilment, link_contact, link_event
from auditor.reconcile.firing import CONFIRMED, SHIPPED
from auditor.reconcile.precedence import Judgement, Rule, first_of
from auditor.reconcile.sql import count_if, drift_columns, populations, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the parcels without an event or with a late one, and the events too many.

    Frame:
        Result: one row per parcel or event; columns of `drift_fulfilment`.

    Source:
        CHECKS.md, fulfilment; Emarsys reference 8 (without a trigger id every call fires again).
    """
    found, contact = _judged(terms), link_contact
    surplus, nearest = _surplus().cte("surplus"), link_event.alias("nearest_parcel")
    event = t.emarsys_event
    row = found.c
    is_alone = row.subject.is_(None)
    contact_id = sa.func.coalesce(event.c.contact_id, row.contact_id)
    values = {
        "check_id": row.check_id,
        "subject_kind": text("shipment"),
        "subject_key": sa.func.coalesce(row.subject, "event:" + row.event_id),
        "customer_id": sa.func.coalesce(row.customer_id, contact.c.customer_id),
        "contact_id": contact_id,
        "people": sa.literal(1),
        "cause": sa.case((row.nearest.is_not(None), _pattern(found, nearest, surplus))),
        "contained": sa.false(),
        "occurred_at": sa.func.coalesce(row.caused_at, row.happened_at),
        "centra_order": sa.func.coalesce(row.order_number, nearest.c.order_number),
        "centra_caused_at": sa.func.coalesce(row.caused_at, nearest.c.caused_at),
        "emarsys_event": text(terms.shipped_event),
        "emarsys_happened_at": row.happened_at,
    }
    return sa.select(*drift_columns(drift_fulfilment, values)).select_from(
        found.outerjoin(event, sa.case((is_alone, row.event_id)) == event.c.event_id)
        .outerjoin(contact, contact_id == contact.c.contact_id)
        .outerjoin(nearest, (row.nearest == nearest.c.subject) & (nearest.c.role == SHIPPED))
        .outerjoin(surplus, row.nearest == surplus.c.nearest)
    )


def _judged(terms: Terms) -> sa.CTE:
    row, check_id = link_event.c, first_of(_rules(terms))
    judged = (
        sa.select(link_event, check_id.label("check_id"))
        .where(row.role == SHIPPED, row.is_judged)
        .subquery("judged_parcels")
    )
    return sa.select(judged).where(judged.c.check_id.is_not(None)).cte("fulfilment_drift")


def judgement_of_parcels(terms: Terms) -> Judgement:
    """Return the rules of parcels and of the events that belong to none."""
    row = link_event.c
    key = sa.func.coalesce(row.subject, "event:" + row.event_id)
    rules = [
        Rule(None, row.role != SHIPPED, "it is about a confirmation"),
        Rule(None, ~row.is_judged, "it is young, or from before what the events read can prove"),
        *_rules(terms),
    ]
    ids = {"number": row.subject, "event_id": row.event_id}
    return Judgement(link_event, key, "parcel", ids, rules)


def _rules(terms: Terms) -> list[Rule]:
    row = link_event.c
    service_level = sa.literal(terms.service_level, sa.Interval)
    is_late = row.happened_at > row.timely_by + service_level
    return [
        Rule("fulfilment.missing_shipped_event", row.event_id.is_(None)),
        Rule("fulfilment.duplicate_shipped_event", row.nearest.is_not(None)),
        Rule("fulfilment.event_without_shipment", row.subject.is_(None)),
        Rule("fulfilment.late_shipped_event", is_late),
    ]


def _surplus() -> sa.Select[Any]:
    """Count, for every parcel with too many events, what tells how its sender fires."""
    row, parcel, line = link_event.c, t.centra_shipment.c, t.centra_shipment_line.c
    extra = (
        sa.select(row.nearest, sa.func.count().label("events"))
        .where(row.role == SHIPPED, row.nearest.is_not(None))
        .group_by(row.nearest)
        .subquery("extra_events")
    )
    lines = sa.func.count(sa.distinct(line.line_id))
    of_parcel = (
        sa.select(
            extra.c.nearest,
            sa.func.min(extra.c.events).label("events"),
            sa.func.min(parcel.order_number).label("order_number"),
            lines.label("lines"),
        )
        .select_from(
            extra.join(t.centra_shipment, extra.c.nearest == parcel.number).outerjoin(
                t.centra_shipment_line, parcel.shipment_id == line.shipment_id
            )
        )
        .group_by(extra.c.nearest)
        .subquery("parcels_with_extra")
    )
    siblings = t.centra_shipment.alias("siblings")
    return (
        sa.select(
            of_parcel.c.nearest,
            of_parcel.c.events,
            of_parcel.c.lines,
            sa.func.count(siblings.c.number).label("parcels"),
        )
        .select_from(
            of_parcel.outerjoin(
                siblings,
                (of_parcel.c.order_number == siblings.c.order_number) & siblings.c.is_shipped,
            )
        )
        .group_by(of_parcel.c.nearest, of_parcel.c.events, of_parcel.c.lines)
    )


def _pattern(
    row: sa.FromClause, nearest: sa.FromClause, surplus: sa.FromClause
) -> ColumnElement[str | None]:
    """Name the habit of the sender that explains an event too many."""
    extra = surplus.c
    return sa.case(
        (row.c.happened_at == nearest.c.happened_at, "fires again on every retry"),
        ((extra.lines > 1) & (extra.events + 1 == extra.lines), "fires per order line"),
        ((extra.parcels > 1) & (extra.events == 1), "fires for the order and for its parcels"),
        else_=None,
    )


def dead_events(terms: Terms) -> sa.Select[Any]:
    """Select the configured events that set nothing off; an event that is not there sets nothing off.

    Frame:
        Result: one row per setting; columns of `drift_fulfilment`.

    Source:
        Emarsys reference 8: triggering an event with nothing attached is answered like any other.
    """
    events = configured(terms)
    row = events.c
    is_there = row.definitions > 0
    values = {
        "check_id": text("fulfilment.dead_event"),
        "subject_kind": text("config"),
        "subject_key": "emarsys.events." + row.role,
        "people": sa.literal(0),
        "cause": sa.case(
            (is_there, "no program and no e-mail listens to it"),
            else_="the account has no event of this name",
        ),
        "contained": sa.false(),
        "emarsys_event": row.name,
        "emarsys_usages": row.usages,
    }
    return sa.select(*drift_columns(drift_fulfilment, values)).where(_is_dead(events))


def _is_dead(events: sa.CTE) -> ColumnElement[bool]:
    return (events.c.definitions == 0) | (events.c.usages == 0)


def judgement_of_settings(terms: Terms) -> Judgement:
    """Return the rule of the events that the settings name."""
    events = configured(terms)
    key = "emarsys.events." + events.c.role
    rules = [Rule("fulfilment.dead_event", _is_dead(events))]
    return Judgement(events, key, "setting", {"setting": key}, rules)


def configured(terms: Terms) -> sa.CTE:
    """Give every configured event how many definitions bear its name and how often they are used."""
    definition = t.emarsys_event_definition.c
    names = {SHIPPED: terms.shipped_event, CONFIRMED: terms.confirmed_event}
    wanted = sa.union_all(
        *(
            sa.select(text(role).label("role"), text(name).label("name"))
            for role, name in names.items()
        )
    ).subquery("wanted_events")
    return (
        sa.select(
            wanted.c.role,
            wanted.c.name,
            sa.cast(sa.func.count(definition.event_type_id), sa.Integer).label("definitions"),
            sa.func.max(definition.usages).label("usages"),
        )
        .select_from(wanted.outerjoin(t.emarsys_event_definition, wanted.c.name == definition.name))
        .where(wanted.c.name.is_not(None))
        .group_by(wanted.c.role, wanted.c.name)
        .cte("configured_events")
    )


def checked() -> sa.Select[Any]:
    """Select how many parcels, events and pairs of both each check looked at."""
    row = link_event.c
    judged = row.is_judged & (row.role == SHIPPED)
    has_parcel, has_event = row.subject.is_not(None), row.event_id.is_not(None)
    counts: Mapping[str, ColumnElement[Any]] = {
        "fulfilment.missing_shipped_event": count_if(judged & has_parcel),
        "fulfilment.duplicate_shipped_event": count_if(judged & has_event),
        "fulfilment.event_without_shipment": count_if(judged & has_event),
        "fulfilment.late_shipped_event": count_if(judged & has_parcel & has_event),
    }
    return populations(counts, link_event)


def checked_events(terms: Terms) -> sa.Select[Any]:
    """Select how many configured events were looked at."""
    return populations({"fulfilment.dead_event": sa.func.count()}, configured(terms))
