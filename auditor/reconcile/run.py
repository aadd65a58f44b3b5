"""The order of the topics: who is who first, then what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    import sqlalchemy as sa

    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse


def reconcile(warehouse: Warehouse, terms: Terms) -> None:
    """Fill the link and drift tables and the populations, all in one transaction.

    Raises:
        ConfigError: the settings name a market or warehouse that Centra does not have.
    """
    with warehouse.engine.begin() as conn:
        items.require_names(conn, terms)
        warehouse.empty_drift(conn)
        for table, select in (
            (d.link_gone, past.gone_customers()),
            (d.link_person, people.people(terms)),
            (d.link_contact, people.contacts(terms)),
            (d.link_order, orders.orders(terms)),
            (d.link_sale, orders.sales(terms)),
            (d.link_item, items.items(terms)),
            (d.revenue_bridge, bridge.steps(terms)),
            (d.verified_share, bridge.verified(terms)),
        ):
            warehouse.refill(conn, table, select)
        _fill(conn, d.drift_event, attribution.event_drift(terms))
        # Events that the channel suite raised belong to nothing else.
        warehouse.refill(conn, d.link_event, firing.events(terms))
        warehouse.refill(conn, d.link_stream, streams.streams(terms))
        for table, select in (
            (d.drift_consent, consent.drift(terms)),
            (d.drift_identity, identity.drift(terms)),
            (d.drift_sales, sales.drift(terms)),
            (d.drift_sales, attribution.sales_drift(terms)),
            (d.drift_fulfilment, fulfilment.drift(terms)),
            (d.drift_fulfilment, fulfilment.dead_events(terms)),
            (d.drift_fulfilment, confirmations.drift(terms)),
            (d.drift_catalogue, catalogue.drift(terms)),
            (d.drift_freshness, freshness.drift(terms)),
            (d.check_population, consent.checked()),
            (d.check_population, identity.checked(terms)),
            (d.check_population, identity.people_checked(terms)),
            (d.check_population, sales.checked()),
            (d.check_population, sales.checked_in_emarsys()),
            (d.check_population, attribution.sales_checked(terms)),
            (d.check_population, attribution.events_checked(terms)),
            (d.check_population, fulfilment.checked()),
            (d.check_population, fulfilment.checked_events(terms)),
            (d.check_population, confirmations.checked()),
            (d.check_population, catalogue.checked()),
            (d.check_population, freshness.checked(terms)),
            (d.check_population, freshness.checked_feed()),
            (d.drift_audience, turnover.drift(terms)),
            (d.check_population, turnover.checked(terms)),
            *audience.links(terms),
            *((d.drift_audience, select) for select in audience.drift(terms)),
            (d.check_population, audience.checked()),
        ):
            _fill(conn, table, select)


def _fill(conn: sa.Connection, table: sa.Table, select: sa.Select[Any]) -> None:
    conn.execute(table.insert().from_select(d.filled(table), select))
