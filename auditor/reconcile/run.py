"""The order of the topics: who is who first, then what differs."""

from __future__ import annotations

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
)

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
    """

    serves: frozenset[str]
    fills: Callable[[Terms], Iterable[Filling]]
    is_anew: bool = False


def _link(serves: Iterable[str], table: sa.Table, select: Callable[[Terms], Any]) -> _Step:
    return _Step(frozenset(serves), lambda terms: ((table, select(terms)),), is_anew=True)


def _drift(suite: str, table: sa.Table, *selects: Callable[[Terms], Any]) -> _Step:
    return _Step(frozenset({suite}), lambda terms: [(table, one(terms)) for one in selects])


def _checked(suite: str, *selects: Callable[[Terms], Any]) -> _Step:
    return _drift(suite, d.check_population, *selects)


_OF_SALES = {"sales", "channel", "audience"}
_OF_EVENTS = {"channel", "fulfilment", "freshness"}
_OF_PEOPLE = {"consent", "identity", *_OF_SALES, *_OF_EVENTS}

_STEPS: tuple[_Step, ...] = (
    _link(_OF_PEOPLE, d.link_gone, past.gone_customers),
    _link(_OF_PEOPLE, d.link_person, people.people),
    _link(_OF_PEOPLE, d.link_contact, people.contacts),
    _link(_OF_PEOPLE, d.link_order, orders.orders),
    _link({*_OF_SALES, "freshness"}, d.link_sale, orders.sales),
    _link({"catalogue"}, d.link_item, items.items),
    _link({"sales"}, d.revenue_bridge, bridge.steps),
    _link({"sales"}, d.verified_share, bridge.verified),
    _Step(frozenset(_OF_EVENTS), lambda t: [(d.drift_event, attribution.event_drift(t))]),
    # Events that the channel suite raised belong to nothing else.
    _link({"fulfilment", "freshness"}, d.link_event, firing.events),
    _link({"freshness"}, d.link_stream, streams.streams),
    _drift("consent", d.drift_consent, consent.drift),
    _checked("consent", lambda _: consent.checked()),
    _drift("identity", d.drift_identity, identity.drift),
    _checked("identity", identity.checked, identity.people_checked),
    _Step(frozenset(_OF_SALES), lambda t: [(d.drift_sales, sales.drift(t))]),
    # Whose sales they are: the buyer's, or those of a contact that a merge left behind.
    _Step(
        frozenset({"identity", *_OF_SALES}),
        lambda t: [
            (d.drift_sales, attribution.sales_drift(t)),
            (d.check_population, attribution.sales_checked(t)),
        ],
    ),
    _Step(
        frozenset(_OF_SALES),
        lambda _: [
            (d.check_population, sales.checked()),
            (d.check_population, sales.checked_in_emarsys()),
        ],
    ),
    _checked("channel", attribution.events_checked),
    _drift(
        "fulfilment",
        d.drift_fulfilment,
        fulfilment.drift,
        fulfilment.dead_events,
        confirmations.drift,
    ),
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
    _drift("audience", d.drift_audience, turnover.drift),
    _checked("audience", turnover.checked),
    _Step(frozenset({"audience"}), audience.links),
    _Step(
        frozenset({"audience"}),
        lambda t: [(d.drift_audience, select) for select in audience.drift(t)],
    ),
    _checked("audience", lambda _: audience.checked()),
)


def reconcile(warehouse: Warehouse, terms: Terms, *, suites: Collection[str] | None = None) -> None:
    """Fill the link and drift tables and the populations, all in one transaction.

    Args:
        warehouse: Holds a snapshot.
        terms: What it is judged by.
        suites: Fill only what these suites look at, for a caller who asks for nothing else: the drift
            tables of the others stay empty, and their link tables as they were. None fills everything.

    Raises:
        ConfigError: the settings name a market or warehouse that Centra does not have.
    """
    with warehouse.engine.begin() as conn:
        items.require_names(conn, terms)
        warehouse.empty_drift(conn)
        for step in _STEPS:
            if suites is not None and step.serves.isdisjoint(suites):
                continue
            for table, select in step.fills(terms):
                if step.is_anew:
                    warehouse.refill(conn, table, select)
                else:
                    conn.execute(table.insert().from_select(d.filled(table), select))
