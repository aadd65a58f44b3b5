"""Streams: how far Emarsys has followed Centra, and how long each record takes to get there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    link_contact,
    link_event,
    link_order,
    link_sale,
    link_stream,
)
from auditor.reconcile.firing import SHIPPED
from auditor.reconcile.identity import covered
from auditor.reconcile.sql import LONG_AGO, any_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Moving, Terms

TIMED = timedelta(days=14)
"""What left Centra longer ago says little about how late Emarsys is now."""

FEWEST_TIMED = 100
"""Of fewer records, a handful that waited in Centra would make the slowest twentieth."""


def learned_lags(conn: sa.Connection) -> dict[str, timedelta]:
    """Return how late the slowest twentieth of each stream was, as the run before measured it."""
    row = link_stream.c
    timed = sa.select(row.stream, row.lag_p95_s).where(row.lag_p95_s.is_not(None))
    return {stream: timedelta(seconds=lag_s) for stream, lag_s in conn.execute(timed)}


def streams(terms: Terms) -> sa.Select[Any]:
    """Select, for orders, contacts and events, the newest row, what is owed since, and the lag.

    A record is owed when Centra made it after Emarsys' newest row and has not touched it for as long
    as the stream may be silent. Orders are those that are due and of which a sale is expected, so not
    one of gift certificates alone or one that came back whole; events are those of due orders and of
    completed shipments, as far as the settings name them. A contact tells no time: the newest row is
    that of the youngest customer who has a contact, younger ones are owed, and their lag is not known.

    The lag runs from the moment an order was placed, or a shipment last changed, to the moment its
    first row was loaded, over two weeks; events belong to shipments as `firing` has paired them before.
    Centra does not tell when an order became due. One that waited counts with its wait, which the
    slowest twentieth has room for; a confirmation, which is quick, is not timed at all.

    Frame:
        Result: one row per stream; columns of `link_stream`; lag in whole seconds, NULL below 100 samples.

    Source:
        Emarsys reference 7 (`load_date`, `loaded_at`; latency is not published), CHECKS.md freshness.
    """
    parts = (
        _stream("orders", _orders(terms), _order_lags(terms)),
        _stream("contacts", _contacts(terms), None),
        _stream("events", _events(terms), _event_lags(terms)),
    )
    return sa.select(sa.union_all(*parts).subquery())


def _stream(name: Moving, followed: sa.Select[Any], lags: sa.Select[Any] | None) -> sa.Select[Any]:
    row = followed.subquery(f"{name}_followed")
    lag = (_no_lags() if lags is None else _percentiles(lags)).subquery(f"{name}_lag")
    both = row.join(lag, sa.true())  # of one row each
    return sa.select(text(name).label("stream"), *row.c, *lag.c).select_from(both)


# --- how far Emarsys has followed -------------------------------------------------------------------


def _orders(terms: Terms) -> sa.Select[Any]:
    order = t.centra_order
    newest_at = sa.select(sa.func.max(t.emarsys_sale.c.loaded_at)).scalar_subquery()
    expecting = sa.select(link_sale.c.order_number).where(link_sale.c.least_quantity > 0)
    due = (
        sa.select(link_order.c.created_at, order.c.updated_at)
        .select_from(link_order.join(order, order.c.order_number == link_order.c.order_number))
        .where(
            link_order.c.is_due,
            link_order.c.created_at > _since(newest_at),
            link_order.c.order_number.in_(expecting),
        )
    )
    return _followed(due, newest_at, terms.as_of - terms.stalls["orders"])


def _events(terms: Terms) -> sa.Select[Any]:
    newest_at = (
        sa.select(sa.func.max(t.emarsys_event.c.loaded_at))
        .where(t.emarsys_event.c.event_type_id.in_(_event_types(terms)))
        .scalar_subquery()
    )
    made = _causes(terms, _since(newest_at))
    return _followed(made, newest_at, terms.as_of - terms.stalls["events"])


def _since(newest_at: sa.ScalarSelect[datetime]) -> ColumnElement[datetime]:
    return sa.func.coalesce(newest_at, LONG_AGO)


def _followed(
    made: sa.Select[Any], newest_at: sa.ScalarSelect[datetime], limit: datetime
) -> sa.Select[Any]:
    """Count the records that should have followed before the limit; all were made since the newest row."""
    row = made.subquery().c
    is_owed = sa.func.greatest(row.created_at, row.updated_at) <= limit
    columns: list[ColumnElement[Any]] = [
        sa.func.max(row.created_at).label("moved_at"),
        sa.cast(sa.func.count(), sa.BigInteger).label("waiting"),
        newest_at.label("newest_at"),
    ]
    return sa.select(*columns).where(is_owed)


def _contacts(terms: Terms) -> sa.Select[Any]:
    """Follow the youngest customer row of each person; only people whom the feed policy sends count."""
    customer, contact, people = t.centra_customer.c, link_contact.c, covered(terms).subquery()
    person = people.c
    found = (
        sa.select(
            sa.func.min(customer.created_at).label("created_at"),
            sa.func.max(person.changed_at).label("updated_at"),
            any_of(contact.person.is_not(None)).label("is_known"),
        )
        .select_from(
            people.join(t.centra_customer, customer.email_key == person.email_key).outerjoin(
                link_contact, contact.person == person.email_key
            )
        )
        .group_by(person.email_key)
        .cte("people_made")
    )
    newest_at = sa.select(sa.func.max(found.c.created_at)).where(found.c.is_known).scalar_subquery()
    made = sa.select(found.c.created_at, found.c.updated_at).where(
        ~found.c.is_known, found.c.created_at > _since(newest_at)
    )
    return _followed(made, newest_at, terms.as_of - terms.stalls["contacts"])


# --- what events are fired for ----------------------------------------------------------------------


def _event_types(terms: Terms) -> sa.Select[Any]:
    row = t.emarsys_event_definition.c
    named = row.name.in_(terms.lifecycle_events)
    return sa.select(row.event_type_id).where(named)


def _causes(terms: Terms, since: ColumnElement[datetime]) -> sa.Select[Any]:
    """Select the moments of what lifecycle events are fired for: when it came about, and was touched last.

    Args:
        terms: Name the events; what none is named for is not fired for.
        since: What came about later.
    """
    order, shipment = t.centra_order, t.centra_shipment
    of_order = link_order.join(order, order.c.order_number == link_order.c.order_number)
    mailable = link_order.c.person.in_(
        sa.select(link_contact.c.person).where(link_contact.c.person.is_not(None))
    )
    confirmed = (
        sa.select(
            link_order.c.created_at.label("created_at"), order.c.updated_at.label("updated_at")
        )
        .select_from(of_order)
        .where(
            link_order.c.is_due,
            link_order.c.created_at > since,
            mailable,
            _named(terms.confirmed_event),
        )
    )
    left_at = sa.func.coalesce(shipment.c.shipped_at, shipment.c.updated_at)
    shipped = (
        sa.select(left_at, shipment.c.updated_at)
        .select_from(
            link_order.join(shipment, shipment.c.order_number == link_order.c.order_number)
        )
        .where(
            shipment.c.is_shipped,
            left_at > since,
            link_order.c.channel == "consumer",
            mailable,
            _named(terms.shipped_event),
        )
    )
    return sa.select(sa.union_all(confirmed, shipped).subquery())


def _named(event: str | None) -> ColumnElement[bool]:
    return sa.false() if event is None else sa.true()


# --- how long it takes ------------------------------------------------------------------------------


def _order_lags(terms: Terms) -> sa.Select[Any]:
    sale, order = t.emarsys_sale, link_order.c
    lag = _seconds(sa.func.min(sale.c.loaded_at)) - _seconds(order.created_at)
    return (
        sa.select(lag.label("lag_s"))
        .select_from(link_order.join(sale, order.order_number == sale.c.order_number))
        .where(order.is_due, order.created_at > terms.as_of - TIMED)
        .group_by(order.order_number, order.created_at)
    )


def _event_lags(terms: Terms) -> sa.Select[Any]:
    """Time every shipped event from when its parcel left, or changed last, before it.

    A parcel that changed after its event, as a capture changes it, no longer tells when it left.
    """
    pair, parcel, event = link_event.c, t.centra_shipment.c, t.emarsys_event.c
    left_at = sa.func.greatest(pair.caused_at, parcel.updated_at)
    return (
        sa.select((_seconds(event.loaded_at) - _seconds(left_at)).label("lag_s"))
        .select_from(
            link_event.join(t.centra_shipment, pair.subject == parcel.number).join(
                t.emarsys_event, pair.event_id == event.event_id
            )
        )
        .where(
            pair.role == SHIPPED,
            pair.happened_at > terms.as_of - TIMED,
            left_at <= pair.happened_at,
        )
    )


def _seconds(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    return sa.cast(sa.func.floor(sa.extract("epoch", moment)), sa.BigInteger)


def _percentiles(lags: sa.Select[Any]) -> sa.Select[Any]:
    """Select the least lag that half, and 95 of 100, of the records do not exceed, by counting ranks."""
    row = lags.subquery().c
    ranked = sa.select(
        row.lag_s,
        sa.func.row_number().over(order_by=row.lag_s).label("place"),
        sa.func.count().over().label("total"),
    ).subquery()

    def reached(percent: int) -> ColumnElement[int]:
        covers = ranked.c.place * 100 >= ranked.c.total * percent
        is_enough = ranked.c.total >= FEWEST_TIMED
        return sa.func.min(sa.case((covers & is_enough, ranked.c.lag_s)))

    columns = [sa.cast(sa.func.count(), sa.BigInteger), reached(50), reached(95)]
    return _lag_row(columns).select_from(ranked)


def _no_lags() -> sa.Select[Any]:
    return _lag_row(
        [sa.cast(value, sa.BigInteger) for value in (sa.literal(0), sa.null(), sa.null())]
    )


def _lag_row(columns: Sequence[ColumnElement[Any]]) -> sa.Select[Any]:
    names = ("samples", "lag_p50_s", "lag_p95_s")
    return sa.select(*[c.label(name) for c, name in zip(columns, names, strict=True)])
