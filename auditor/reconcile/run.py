"""The order of the topics: who is who first, then what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.model import drift as d
from auditor.reconcile import (
    attribution,
    audience,
    bridge,
    catalogue,
    confirmations,
    consent,
    firing,
    freshness,
    fulfilment,
    identity,
    items,
    orders,
    past,
    people,
    sales,
    streams,
    turnover,
    words,
)
from auditor.reconcile.again import marks, rows, state, touched
from auditor.warehouse import part, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse

Filling = tuple[sa.Table, sa.Select[Any]]


class _Step(NamedTuple):
    """One step of reconciling.

    Attributes:
        serves: The suites that need it.
        fills: Gives what is inserted into which table, all of it in order.
        is_anew: Whether the table is emptied before; drift and populations are, all at the beginning.
        empties: Tables that are emptied before, where it may fill them several times, or not at all.
        is_of_people: Whether what it says of orders, contacts and people depends on these and what is
            tied to them alone, so that it may be asked of a part of them.
    """

    serves: frozenset[str]
    fills: Callable[[Terms], Iterable[Filling]]
    is_anew: bool = False
    empties: tuple[sa.Table, ...] = ()
    is_of_people: bool = False


def _link(
    serves: Iterable[str],
    table: sa.Table,
    select: Callable[[Terms], Any],
    *,
    is_of_people: bool = False,
) -> _Step:
    return _Step(
        frozenset(serves),
        lambda terms: ((table, select(terms)),),
        is_anew=True,
        is_of_people=is_of_people,
    )


def _drift(
    suite: str,
    table: sa.Table,
    *selects: Callable[[Terms], Any],
    is_of_people: bool = False,
) -> _Step:
    return _Step(
        frozenset({suite}),
        lambda terms: [(table, one(terms)) for one in selects],
        is_of_people=is_of_people,
    )


def _checked(suite: str, *selects: Callable[[Terms], Any]) -> _Step:
    return _drift(suite, d.check_population, *selects)


_OF_SALES = {"sales", "channel", "audience"}
_OF_EVENTS = {"channel", "fulfilment", "freshness"}
_OF_PEOPLE = {"consent", "identity", *_OF_SALES, *_OF_EVENTS}

_GONE = _link(_OF_PEOPLE, d.link_gone, past.gone_customers)
_STEPS: tuple[_Step, ...] = (
    _GONE,
    _link(_OF_PEOPLE, d.link_person, people.people, is_of_people=True),
    _link(_OF_PEOPLE, d.link_contact, people.contacts, is_of_people=True),
    _link(_OF_PEOPLE, d.link_order, orders.orders, is_of_people=True),
    _link(
        {"consent", "identity", "channel", "audience"},
        d.link_bought,
        orders.bought,
        is_of_people=True,
    ),
    _link({*_OF_SALES, "freshness"}, d.link_sale, words.lines, is_of_people=True),
    _link(_OF_SALES, d.link_verdict, sales.verdicts, is_of_people=True),
    _link({"catalogue"}, d.link_item, items.items),
    _link({"sales"}, d.revenue_bridge, bridge.steps),
    _link({"sales"}, d.verified_share, bridge.verified),
    _Step(
        frozenset(_OF_EVENTS),
        lambda t: [(d.drift_event, attribution.event_drift(t))],
        is_of_people=True,
    ),
    # Events that the channel suite raised belong to nothing else.
    _link({"fulfilment", "freshness"}, d.link_event, firing.events, is_of_people=True),
    _link({"freshness"}, d.link_stream, streams.streams),
    _drift("consent", d.drift_consent, consent.drift, is_of_people=True),
    _checked("consent", lambda _: consent.checked()),
    _drift("identity", d.drift_identity, identity.drift, is_of_people=True),
    _checked("identity", identity.checked, identity.people_checked),
    _Step(frozenset(_OF_SALES), lambda t: [(d.drift_sales, sales.drift(t))], is_of_people=True),
    # Whose sales they are: the buyer's, or those of a contact that a merge left behind.
    _Step(
        frozenset({"identity", *_OF_SALES}),
        lambda t: [(d.drift_sales, attribution.sales_drift(t))],
        is_of_people=True,
    ),
    _Step(
        frozenset({"identity", *_OF_SALES}),
        lambda t: [(d.check_population, attribution.sales_checked(t))],
    ),
    _Step(
        frozenset(_OF_SALES),
        lambda t: [
            (d.check_population, sales.checked()),
            (d.check_population, sales.checked_in_emarsys(t)),
        ],
    ),
    _checked("channel", attribution.events_checked),
    _drift("fulfilment", d.drift_fulfilment, fulfilment.drift, is_of_people=True),
    # A pattern is one of all orders, whomever they belong to.
    _drift("fulfilment", d.drift_fulfilment, fulfilment.dead_events, confirmations.drift),
    _checked(
        "fulfilment",
        lambda _: fulfilment.checked(),
        fulfilment.checked_events,
        lambda _: confirmations.checked(),
    ),
    _drift("catalogue", d.drift_catalogue, catalogue.drift),
    _checked("catalogue", lambda _: catalogue.checked()),
    _drift("freshness", d.drift_freshness, freshness.drift),
    _checked("freshness", freshness.checked, lambda _: freshness.checked_feed()),
    _drift("audience", d.drift_audience, turnover.drift, is_of_people=True),
    _checked("audience", turnover.checked),
    _Step(
        frozenset({"audience"}),
        audience.links,
        empties=(d.link_purchase, d.link_member),
        is_of_people=True,
    ),
    _Step(
        frozenset({"audience"}),
        lambda t: [(d.drift_audience, select) for select in audience.drift(t)],
        is_of_people=True,
    ),
    _checked("audience", lambda _: audience.checked()),
)


def reconcile(warehouse: Warehouse, terms: Terms, *, suites: Collection[str] | None = None) -> None:
    """Fill the link and drift tables and the populations anew.

    Args:
        warehouse: Holds a snapshot.
        terms: What it is judged by.
        suites: Fill only what these suites look at, for a caller who asks for nothing else: the drift
            tables of the others stay empty, and their link tables as they were. None fills everything.

    Raises:
        ConfigError: the settings name a market or warehouse that Centra does not have.
    """
    wanted = [s for s in _STEPS if suites is None or not s.serves.isdisjoint(suites)]
    with warehouse.engine.connect() as conn:
        items.require_names(conn, terms)
        state.forget(conn)
        warehouse.empty_drift(conn)
        _take(conn, warehouse, terms, wanted)
        conn.commit()


def reconcile_again(
    warehouse: Warehouse, terms: Terms, run: str, *, usable: Collection[str], anew: bool = False
) -> bool:
    """Fill the same tables with the same rows, judging only what was touched where that suffices.

    `agreed.attribute` must follow, with the same run and streams: until it has, no other run goes on
    from here.

    Args:
        warehouse: Holds a snapshot.
        terms: What it is judged by.
        run: The run's id.
        usable: The streams that were read to their end.
        anew: Judge everything, whatever was judged before.

    Returns:
        Whether only what was touched was judged.

    Raises:
        ConfigError: the settings name a market or warehouse that Centra does not have.
    """
    may_follow = part.is_possible(warehouse.engine)
    is_again = not anew and may_follow and _set_apart(warehouse, terms, run, usable)
    with warehouse.engine.connect() as conn:
        items.require_names(conn, terms)
        now, earlier = state.judging(conn, terms, run, usable), state.read(conn)
        # What this run judged whole a moment ago is whole for attribution, whatever is judged again.
        is_of_part = is_again and earlier is not None and (earlier.is_learned or earlier.is_of_part)
        if is_again:
            with part.first(conn):
                _take(conn, warehouse, terms, [step for step in _STEPS if step.is_of_people])
        # From here on the links are of no run, until all of them are of this one.
        state.forget(conn)
        warehouse.empty_drift(conn, but=touched.DRIFT if is_again else ())
        if is_again:
            rows.put_back(conn)
            _take(conn, warehouse, terms, [step for step in _STEPS if not step.is_of_people])
            marks.follow(conn)
        else:
            _take(conn, warehouse, terms, _STEPS)
            if may_follow:
                marks.keep(conn, terms)
        state.write(conn, replace(now, is_of_part=is_of_part))
        conn.commit()
    if not is_of_part:
        part.end(warehouse.engine)
    return is_again


def _take(conn: sa.Connection, warehouse: Warehouse, terms: Terms, steps: Iterable[_Step]) -> None:
    for step in steps:
        for table in step.empties:
            stage.empty(conn, table)
        for table, select in step.fills(terms):
            if step.is_anew:
                warehouse.refill(conn, table, select)
            else:
                conn.execute(table.insert().from_select(d.filled(table), select))


def _set_apart(warehouse: Warehouse, terms: Terms, run: str, usable: Collection[str]) -> bool:
    """Put the rows of the touched into the part; say whether judging these alone suffices.

    What is asked of people is then asked of these, and what is asked of everything of everything.
    """
    part.end(warehouse.engine)
    with warehouse.engine.connect() as conn:
        now, earlier = state.judging(conn, terms, run, usable), state.read(conn)
        if earlier is None or not now.may_follow(earlier):
            return False
        part.begin(conn)
        rows.make_room(conn)
        with part.first(conn):
            _take(conn, warehouse, terms, [_GONE])
            is_enough = touched.collect(conn, terms, now, earlier)
        if is_enough:
            rows.take(conn)
        conn.commit()
    return is_enough
