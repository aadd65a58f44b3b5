"""Pair events with what caused them, where neither says what it belongs to: first come, first served.

Per contact, each event takes the earliest cause that came before it within its window and that no
event took yet. Walking through the events one by one, with `a` causes come and `x` of them expired by
the time of the j-th event, the number `p` of causes that are taken or expired moves like this:

    p(j) = min(a(j), max(p(j-1), x(j)) + 1)

Written for q(j) = p(j) - j this is a walk between two barriers, q(j) = min(A(j), max(q(j-1), X(j))) with
A(j) = a(j) - j and X(j) = x(j) + 1 - j, and such a walk has a closed form, without any walking:

    q(j) = max over k <= j of min(X(k), the smallest of A(k) ... A(j))

Causes expire in the order they come in, so the j-th event takes cause number p(j), or none where the
number did not grow. Only few k can matter (see `_starts`), mostly one per contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.elements import ColumnElement

CAUSE, EVENT, EXPIRY = 0, 1, 2
"""What comes first at the same instant: an event belongs to a cause of its very moment, and to one
that is as old as the window allows."""

_SO_FAR = (None, 0)
_BEFORE = (None, -1)


def pairs(causes: sa.CTE, events: sa.CTE, facts: Sequence[str]) -> sa.Select[Any]:
    """Select every cause with its event, every cause without one and every event without a cause.

    Frame:
        causes: role, contact_id (within both of which is paired), subject (key), caused_at, until_at
            (an event later than this is not its own), timely_by, and the facts.
        events: role, contact_id, event_id (key), happened_at.
        Result: role, contact_id, subject, *facts, caused_at, event_id, happened_at, timely_by (the
            latest of the causes that came before the event), nearest (of an event without a cause:
            the subject of the newest cause in its window, which another event took).

    Args:
        causes: What events are fired for.
        events: What fired.
        facts: More columns of the causes that the result repeats.
    """
    taken = _taken(_counted(_timeline(causes, events))).cte("taken")
    numbered = _numbered(causes, facts)
    nearest = numbered.alias("nearest_causes")

    def same(cause: sa.FromClause, position: ColumnElement[Any]) -> ColumnElement[bool]:
        return (
            (cause.c.role == taken.c.role)
            & (cause.c.contact_id == taken.c.contact_id)
            & (cause.c.position == position)
        )

    return sa.select(
        sa.func.coalesce(numbered.c.role, taken.c.role).label("role"),
        sa.func.coalesce(numbered.c.contact_id, taken.c.contact_id).label("contact_id"),
        numbered.c.subject,
        *(numbered.c[name] for name in facts),
        numbered.c.caused_at,
        taken.c.event_id,
        taken.c.happened_at,
        taken.c.timely_by,
        nearest.c.subject.label("nearest"),
    ).select_from(
        numbered.join(taken, same(numbered, taken.c.position), full=True).outerjoin(
            nearest, same(nearest, taken.c.nearest_position)
        )
    )


def _numbered(causes: sa.CTE, facts: Sequence[str]) -> sa.CTE:
    names = ("role", "contact_id", "subject", "caused_at", *facts)
    position = sa.func.row_number().over(
        partition_by=(causes.c.role, causes.c.contact_id),
        order_by=(causes.c.caused_at, causes.c.subject),
    )
    return sa.select(*(causes.c[name] for name in names), position.label("position")).cte(
        "numbered_causes"
    )


def _timeline(causes: sa.CTE, events: sa.CTE) -> sa.Subquery:
    """Put the causes, their expiry and the events of each contact into one order."""
    cause, event = causes.c, events.c

    def rows(
        of: sa.CTE, at: ColumnElement[Any], turn: int, key: str, by: ColumnElement[Any]
    ) -> sa.Select[Any]:
        return sa.select(
            of.c.role,
            of.c.contact_id,
            at.label("at"),
            sa.literal(turn, sa.Integer).label("turn"),
            of.c[key].label("key"),
            by.label("timely_by"),
        )

    never = sa.cast(sa.null(), sa.DateTime)
    return sa.union_all(
        rows(causes, cause.caused_at, CAUSE, "subject", cause.timely_by),
        rows(events, event.happened_at, EVENT, "event_id", never),
        rows(causes, cause.until_at, EXPIRY, "subject", never),
    ).subquery("timeline")


def _counted(timeline: sa.Subquery) -> sa.CTE:
    """Select the events with how many causes have come and expired, and the barriers of the walk."""
    row = timeline.c

    def so_far(value: sa.Function[Any]) -> sa.Over[Any]:
        return value.over(
            partition_by=(row.role, row.contact_id),
            order_by=(row.at, row.turn, row.key),
            rows=_SO_FAR,
        )

    def count(turn: int) -> sa.Over[Any]:
        return so_far(sa.func.count(sa.case((row.turn == turn, 1))))

    everything = sa.select(
        timeline,
        count(CAUSE).label("come"),
        count(EXPIRY).label("expired"),
        count(EVENT).label("number"),
        so_far(sa.func.max(row.timely_by)).label("latest"),
    ).subquery("counted_timeline")
    at = everything.c
    return (
        sa.select(
            at.role,
            at.contact_id,
            at.key.label("event_id"),
            at.at.label("happened_at"),
            at.latest.label("timely_by"),
            at.number,
            at.come,
            at.expired,
            (at.come - at.number).label("most"),
            (at.expired + 1 - at.number).label("least"),
        )
        .where(at.turn == EVENT)
        .cte("counted_events")
    )


def _starts(counted: sa.CTE) -> sa.CTE:
    """Select the k of the closed form that can matter.

    The walk never falls below the least of its first barriers, so a later X(k) matters only where it
    is above that; and only where causes expired since the event before, for otherwise X(k) is one
    below X(k-1) and not above A(k-1).
    """
    row = counted.c
    contact = (row.role, row.contact_id)
    first = sa.func.first_value(row.least).over(partition_by=contact, order_by=row.number)
    lowest = sa.func.min(row.most).over(partition_by=contact, order_by=row.number, rows=_BEFORE)
    expired = sa.func.lag(row.expired).over(partition_by=contact, order_by=row.number)
    seen = sa.select(
        *contact,
        row.number,
        row.least,
        sa.func.least(first, lowest).label("floor"),
        expired.label("expired_before"),
        row.expired,
    ).subquery("possible_starts")
    at = seen.c
    matters = (at.number == 1) | ((at.expired > at.expired_before) & (at.least > at.floor))
    return sa.select(at.role, at.contact_id, at.number, at.least).where(matters).cte("walk_starts")


def _taken(counted: sa.CTE) -> sa.Select[Any]:
    """Select each event with the number of the cause it takes, NULL where it finds none."""
    start, row = _starts(counted), counted.c
    same = (start.c.role == row.role) & (start.c.contact_id == row.contact_id)
    lowest = sa.func.min(row.most).over(
        partition_by=(row.role, row.contact_id, start.c.number),
        order_by=row.number,
        rows=_SO_FAR,
    )
    walks = (
        sa.select(counted, sa.func.least(start.c.least, lowest).label("height"))
        .select_from(counted.join(start, same & (start.c.number <= row.number)))
        .subquery("walks")
    )
    own = [walks.c[column.name] for column in counted.c]
    used = (
        sa.select(*own, (sa.func.max(walks.c.height) + walks.c.number).label("used"))
        .group_by(*own)
        .subquery("used_causes")
    )
    used_before = sa.func.lag(used.c.used, 1, 0).over(
        partition_by=(used.c.role, used.c.contact_id), order_by=used.c.number
    )
    at = sa.select(used, used_before.label("used_before")).subquery("walked").c
    takes = at.used > sa.func.greatest(at.used_before, at.expired)
    return sa.select(
        at.role,
        at.contact_id,
        at.event_id,
        at.happened_at,
        at.timely_by,
        sa.case((takes, at.used)).label("position"),
        sa.case((~takes & (at.come > at.expired), at.come)).label("nearest_position"),
    )
