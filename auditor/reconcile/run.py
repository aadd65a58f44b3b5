"""The order of the topics: who is who first, then what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model import drift as d
from auditor.reconcile import (
    attribution,
    audience,
    bridge,
    consent,
    identity,
    orders,
    past,
    people,
    sales,
    turnover,
)

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse


def reconcile(warehouse: Warehouse, terms: Terms) -> None:
    """Fill the link and drift tables and the populations, all in one transaction."""
    with warehouse.engine.begin() as conn:
        warehouse.empty_drift(conn)
        for table, select in (
            (d.link_gone, past.gone_customers()),
            (d.link_person, people.people(terms)),
            (d.link_contact, people.contacts(terms)),
            (d.link_order, orders.orders(terms)),
            (d.link_sale, orders.sales(terms)),
            (d.revenue_bridge, bridge.steps(terms)),
            (d.verified_share, bridge.verified(terms)),
        ):
            warehouse.refill(conn, table, select)
        for table, select in (
            (d.drift_consent, consent.drift(terms)),
            (d.drift_identity, identity.drift(terms)),
            (d.drift_sales, sales.drift(terms)),
            (d.drift_sales, attribution.sales_drift(terms)),
            (d.drift_event, attribution.event_drift(terms)),
            (d.check_population, consent.checked()),
            (d.check_population, identity.checked(terms)),
            (d.check_population, identity.people_checked(terms)),
            (d.check_population, sales.checked()),
            (d.check_population, sales.checked_in_emarsys()),
            (d.check_population, attribution.sales_checked(terms)),
            (d.check_population, attribution.events_checked(terms)),
            (d.drift_audience, turnover.drift(terms)),
            (d.check_population, turnover.checked(terms)),
            *audience.links(terms),
            *((d.drift_audience, select) for select in audience.drift(terms)),
            (d.check_population, audience.checked()),
        ):
            conn.execute(table.insert().from_select(d.filled(table), select))
