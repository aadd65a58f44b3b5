"""Confirmations: which due orders have none, and whether one setting explains a whole group of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import drift_fulfilment, link_event, link_order
from auditor.reconcile.firing import CONFIRMED
from auditor.reconcile.precedence import Judgement, Rule
from auditor.reconcile.sql import any_of, count_if, drift_columns, populations, text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

LEAST_ORDERS = 5
"""Fewer missing confirmations are no pattern."""

LEAST_SHARE_PCT = 80
TIMES_AS_COMMON = 5
"""A cause explains at least this share of its rows, at least so many times as common as elsewhere."""


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the patterns among missing confirmations, and the missing ones that none explains.

    Frame:
        Result: one row per pattern or order; columns of `drift_fulfilment`.

    Source:
        Centra reference 4.2 (status), 4.5 (payment history), DESIGN section 7 (when a cause is named).
    """
    orders = _orders()
    explained = _explained(orders)
    return sa.select(
        sa.union_all(
            _pattern_rows(explained, terms), _order_rows(orders, explained, terms)
        ).subquery("confirmation_drift")
    )


def _orders() -> sa.CTE:
    """Give every judged order whether its confirmation is missing, and what may explain that."""
    row, order, known = link_event.c, link_order.c, t.centra_order.c
    paid = _payment_states()
    return (
        sa.select(
            row.subject,
            row.contact_id,
            row.customer_id,
            row.caused_at,
            row.event_id.is_(None).label("is_missing"),
            order.status,
            known.payment_method,
            paid.c.payment,
        )
        .select_from(
            link_event.join(link_order, row.subject == order.order_number)
            .join(t.centra_order, row.subject == known.order_number)
            .outerjoin(paid, row.subject == paid.c.order_number)
        )
        .where(row.role == CONFIRMED, row.is_judged)
        .cte("confirmable_orders")
    )


def _payment_states() -> sa.CTE:
    """Say how far the payment of each order got; orders without a payment history have no state."""
    row = t.centra_payment.c

    def has(*entries: str, status: str = "SUCCESS") -> ColumnElement[bool]:
        return any_of(row.entry_type.in_(entries) & (row.status == status))

    state = sa.case(
        (has("CAPTURE", "CAPTURE_GIFT_CARD"), "captured"),
        (has("MARKED_AS_PAID", "PREPAID"), "paid elsewhere"),
        (has("CAPTURE_FAILED", status="FAILED"), "capture failed"),
        (has("CAPTURE_REQUEST", "CAPTURE_PENDING", status="PENDING"), "capture pending"),
        (has("AUTH", "AUTH_GIFT_CARD"), "authorised"),
        else_="not authorised",
    )
    return (
        sa.select(row.order_number, state.label("payment"))
        .group_by(row.order_number)
        .cte("payment_states")
    )


_DIMENSIONS = {"status": "status", "payment_method": "payment method", "payment": "payment"}
"""The columns that may explain missing confirmations, and their names in a sentence."""


def _explained(orders: sa.CTE) -> sa.CTE:
    """Give every missing confirmation that a pattern explains the largest such pattern."""
    members = sa.union_all(
        *(
            sa.select(
                text(name).label("dimension"),
                orders.c[name].label("value"),
                orders.c.subject,
                orders.c.contact_id,
                orders.c.caused_at,
                orders.c.is_missing,
            ).where(orders.c[name].is_not(None))
            for name in _DIMENSIONS
        )
    ).cte("order_traits")
    group = _patterns(orders, members)
    rank = sa.func.row_number().over(
        partition_by=members.c.subject,
        order_by=(group.c.missing.desc(), group.c.orders, group.c.dimension.desc(), group.c.value),
    )
    ranked = (
        sa.select(group, members.c.subject, members.c.contact_id, rank.label("place"))
        .select_from(
            members.join(
                group,
                (members.c.dimension == group.c.dimension) & (members.c.value == group.c.value),
            )
        )
        .where(members.c.is_missing)
        .subquery("ranked_patterns")
    )
    kept = sa.func.count().over(partition_by=(ranked.c.dimension, ranked.c.value))
    first = (
        sa.select(ranked, kept.label("explained"))
        .where(ranked.c.place == 1)
        .subquery("first_patterns")
    )
    return sa.select(first).where(first.c.explained >= LEAST_ORDERS).cte("explained_orders")


def _patterns(orders: sa.CTE, members: sa.CTE) -> sa.CTE:
    """Select the values nearly all of whose orders lack a confirmation that the others have.

    The others are those of the same time: the newest orders share a status that older ones have left, and
    where nothing is confirmed any more, whatever its status, nothing is the matter with that status.
    """
    row = members.c
    group = (
        sa.select(
            row.dimension,
            row.value,
            sa.func.count().label("orders"),
            count_if(row.is_missing).label("missing"),
            sa.func.min(sa.case((row.is_missing, row.caused_at))).label("first_at"),
            sa.func.max(sa.case((row.is_missing, row.caused_at))).label("last_at"),
        )
        .group_by(row.dimension, row.value)
        .having(
            count_if(row.is_missing) >= LEAST_ORDERS,
            count_if(row.is_missing) * 100 >= sa.func.count() * LEAST_SHARE_PCT,
        )
        .subquery("trait_groups")
    )
    own = sa.case({name: orders.c[name] for name in _DIMENSIONS}, value=group.c.dimension)
    is_other = sa.func.coalesce(own != group.c.value, sa.true())
    others, missing = count_if(is_other), count_if(is_other & orders.c.is_missing)
    kept = (group.c.dimension, group.c.value, group.c.orders, group.c.missing)
    return (
        sa.select(*kept)
        .select_from(
            group.join(orders, orders.c.caused_at.between(group.c.first_at, group.c.last_at))
        )
        .group_by(*kept)
        .having(others > 0, missing * group.c.orders * TIMES_AS_COMMON <= group.c.missing * others)
        .cte("missing_patterns")
    )


def _pattern_rows(explained: sa.CTE, terms: Terms) -> sa.Select[Any]:
    row = explained.c
    named = sa.case(_DIMENSIONS, value=row.dimension)
    values: dict[str, ColumnElement[Any]] = {
        "check_id": text("fulfilment.trigger_status_mismatch"),
        "subject_kind": text("config"),
        "subject_key": _key(explained),
        "people": sa.cast(sa.func.count(sa.distinct(row.contact_id)), sa.Integer),
        "cause": "no confirmation for the " + named + " " + row.value,
        "contained": sa.false(),
        "centra_orders": sa.cast(row.orders, sa.Integer),
        "emarsys_event": text(terms.confirmed_event),
        "emarsys_missing": sa.cast(row.missing, sa.Integer),
        "emarsys_missing_share": sa.cast(row.missing, sa.Float) / row.orders,
    }
    return sa.select(*drift_columns(drift_fulfilment, values)).group_by(
        row.dimension, row.value, row.orders, row.missing
    )


def _key(explained: sa.CTE) -> ColumnElement[str]:
    row = explained.c
    return f"emarsys.events.{CONFIRMED}:" + row.dimension + "=" + row.value


def _order_rows(orders: sa.CTE, explained: sa.CTE, terms: Terms) -> sa.Select[Any]:
    row = orders.c
    values = {
        "check_id": text("fulfilment.missing_confirmation"),
        "subject_kind": text("order"),
        "subject_key": row.subject,
        "customer_id": row.customer_id,
        "contact_id": row.contact_id,
        "people": sa.literal(1),
        "contained": sa.false(),
        "occurred_at": row.caused_at,
        "centra_order": row.subject,
        "centra_caused_at": row.caused_at,
        "emarsys_event": text(terms.confirmed_event),
    }
    return (
        sa.select(*drift_columns(drift_fulfilment, values))
        .select_from(orders.outerjoin(explained, row.subject == explained.c.subject))
        .where(row.is_missing, explained.c.subject.is_(None))
    )


def judgement_of_orders(_: Terms) -> Judgement:
    """Return the rules of confirmations: a pattern that explains one that is missing comes first."""
    row, explained = link_event.c, _explained(_orders())
    rules = (
        Rule(None, row.role != CONFIRMED, "it is about a parcel"),
        Rule(None, row.event_id.is_not(None), "it is confirmed"),
        Rule(None, ~row.is_judged, "it is young, or from before what the events read can prove"),
        Rule("fulfilment.trigger_status_mismatch", explained.c.subject.is_not(None)),
        Rule("fulfilment.missing_confirmation", sa.true()),
    )
    rows = link_event.outerjoin(explained, row.subject == explained.c.subject)
    return Judgement(rows, row.subject, "confirmation of", {"order_number": row.subject}, rules)


def judgement_of_patterns(_: Terms) -> Judgement:
    """Return the rule of the patterns that explain missing confirmations."""
    explained = _explained(_orders())
    patterns = sa.select(_key(explained).label("key")).distinct().subquery("patterns")
    rules = [Rule("fulfilment.trigger_status_mismatch", sa.true())]
    key = patterns.c.key
    return Judgement(patterns, key, "setting", {"setting": key}, rules)


def checked() -> sa.Select[Any]:
    """Select how many due orders were looked at."""
    row = link_event.c
    due = count_if(row.is_judged & (row.role == CONFIRMED) & row.subject.is_not(None))
    names = ("missing_confirmation", "trigger_status_mismatch")
    return populations({f"fulfilment.{name}": due for name in names}, link_event)
