"""The order of the topics: who is who first, then what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model import drift as d
from auditor.reconcile import (
    attribution,
    catalogue,
    consent,
    freshness,
    items,
    orders,
    people,
    sales,
    streams,
)

if TYPE_CHECKING:
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
            (d.link_person, people.people(terms)),
            (d.link_contact, people.contacts(terms)),
            (d.link_order, orders.orders(terms)),
            (d.link_sale, orders.sales(terms)),
            (d.link_item, items.items(terms)),
            (d.link_stream, streams.streams(terms)),
        ):
            warehouse.refill(conn, table, select)
        for table, select in (
            (d.drift_consent, consent.drift(terms)),
            (d.drift_sales, sales.drift(terms)),
            (d.drift_sales, attribution.sales_drift(terms)),
            (d.drift_event, attribution.event_drift(terms)),
            (d.drift_catalogue, catalogue.drift(terms)),
            (d.drift_freshness, freshness.drift(terms)),
            (d.check_population, consent.checked()),
            (d.check_population, sales.checked()),
            (d.check_population, sales.checked_in_emarsys()),
            (d.check_population, attribution.sales_checked(terms)),
            (d.check_population, attribution.events_checked(terms)),
            (d.check_population, catalogue.checked()),
            (d.check_population, freshness.checked(terms)),
            (d.check_population, freshness.checked_feed()),
        ):
            conn.execute(table.insert().from_select([c.name for c in table.columns], select))
