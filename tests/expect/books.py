"""Rows for the expect stage: healthy by default, a test states what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.expect.expectation import Case, Expectation
from auditor.expect.judge import judge
from auditor.model import tables as t
from auditor.model.drift import check_population, drift_consent, drift_quality
from auditor.model.finding import Check
from auditor.model.snapshot import Coverage, Snapshot
from auditor.model.tables import STREAM_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.finding import CheckResult
    from auditor.warehouse import Warehouse

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
OLD = NOW.replace(tzinfo=None) - timedelta(days=20)

HEALTHY: dict[sa.Table, dict[str, Any]] = {
    t.centra_store: {"store_id": "1", "name": "Retail", "type": "DIRECT_TO_CONSUMER"},
    t.centra_wholesale_store: {"store_id": "2"},
    t.centra_customer_flag: {"customer_id": "4711", "receives_newsletters": True},
    t.centra_keyed_consent: {"customer_id": "4711", "key": "newsletter", "is_given": True},
    t.centra_market: {"market_id": "1", "name": "Sweden"},
    t.centra_currency: {"code": "SEK", "is_base": True},
    t.centra_customer: {
        "customer_id": "4711",
        "store_id": "1",
        "status": "ACTIVE",
        "email": "Eva@Example.com",
        "email_key": "eva@example.com",
        "first_name": "Eva",
        "last_name": "Berg",
        "is_anonymized": False,
        "total_orders": 1,
        "created_at": OLD,
        "updated_at": OLD,
    },
    t.centra_subscription: {
        "subscription_id": "31",
        "store_id": "1",
        "email": "eva@example.com",
        "email_key": "eva@example.com",
        "is_active": True,
        "is_product_bound": False,
        "created_at": OLD,
    },
    t.centra_buyer: {
        "buyer_id": "5",
        "email": "shop@example.com",
        "email_key": "shop@example.com",
        "created_at": OLD,
        "updated_at": OLD,
    },
    t.centra_order: {
        "order_number": "100017",
        "order_id": "a1",
        "kind": "DirectToConsumerOrder",
        "status": "SHIPPED",
        "store_id": "1",
        "customer_id": "4711",
        "currency": "SEK",
        "total_minor": 129900,
        "tax_added_minor": 0,
        "shipping_minor": 4900,
        "created_at": OLD,
        "updated_at": OLD,
    },
    t.centra_order_attribute: {"order_number": "100017", "name": "gift", "value": "yes"},
    t.centra_order_line: {
        "order_number": "100017",
        "line_id": "1",
        "kind": "ProductOrderLine",
        "item": "SKU-1",
        "quantity": 1,
        "cancelled_quantity": 0,
        "value_minor": 125000,
        "currency": "SEK",
        "tax_percent": 25.0,
    },
    t.centra_return: {
        "return_id": "8",
        "order_number": "100017",
        "status": "COMPLETED",
        "created_at": OLD,
    },
    t.centra_return_line: {"return_id": "8", "line_id": "1", "quantity": 1},
    t.centra_payment: {"payment_id": "1"},
    t.centra_pricelist: {"pricelist_id": "1"},
    t.centra_warehouse: {"warehouse_id": "1"},
    t.centra_country: {"country_id": "1"},
    t.centra_account: {"account_id": "1"},
    t.centra_shipment: {"shipment_id": "1"},
    t.centra_shipment_line: {"shipment_id": "1"},
    t.centra_product: {"product_id": "1"},
    t.centra_variant: {"variant_id": "1"},
    t.centra_size: {"size_id": "1"},
    t.centra_display: {"display_id": "1"},
    t.centra_display_variant: {"display_id": "1"},
    t.centra_display_market: {"display_id": "1"},
    t.centra_price: {"price_id": "1"},
    t.centra_campaign_price: {"campaign_id": "1"},
    t.centra_campaign_market: {"campaign_id": "1"},
    t.centra_lowest_price: {"pricelist_id": "1"},
    t.centra_stock: {"size_id": "1"},
    t.emarsys_item: {"item": "A"},
    t.emarsys_item_locale: {"item": "A"},
    t.emarsys_feed: {"written_at": None},
    t.emarsys_contact: {
        "contact_id": "990017",
        "external_id": "4711",
        "email": "eva@example.com",
        "email_key": "eva@example.com",
        "first_name": "Eva",
        "last_name": "Berg",
        "opt_in": 1,
    },
    t.emarsys_quarantine: {"contact_id": "990017"},
    t.emarsys_event_definition: {"event_type_id": "7", "name": "order_shipped"},
    t.emarsys_sale: {
        "order_number": "100017",
        "item": "SKU-1",
        "purchased_on": date(2026, 11, 3),
        "quantity_milli": 1000,
        "amount_minor": 125000,
        "si_contact_id": "3",
        "loaded_at": OLD,
    },
    t.emarsys_si_contact: {"si_contact_id": "3", "contact_id": "990017", "is_generated": False},
    t.emarsys_segment_member: {"segment_id": "200001", "contact_id": "990017"},
    t.emarsys_automation_execution: {"execution_id": "x1"},
    t.emarsys_latest_product: {"item": "SKU-1"},
    t.emarsys_unsubscribe: {"contact_id": "990017", "happened_at": OLD, "source": "unsubscribe"},
    t.emarsys_event: {
        "event_id": "e1",
        "event_type_id": "7",
        "contact_id": "990017",
        "happened_at": OLD,
        "loaded_at": OLD,
    },
}


def add(warehouse: Warehouse, table: sa.Table, *rows: dict[str, Any]) -> None:
    """Insert healthy rows, each with what the test changes."""
    with warehouse.engine.begin() as conn:
        conn.execute(table.insert(), [{**HEALTHY.get(table, {}), **row} for row in rows])


def drift(warehouse: Warehouse, check: str, rows: int, checked: int, **columns: object) -> None:
    """Leave drift of a check as reconcile does; in `drift_consent`, for they are all alike."""
    with warehouse.engine.begin() as conn:
        conn.execute(check_population.insert().values(check_id=check, checked=checked))
        if rows:
            found = [
                {"check_id": check, "subject_kind": "contact", "subject_key": str(n), **columns}
                for n in range(rows)
            ]
            conn.execute(drift_consent.insert(), found)


def snapshot(**lines: dict[str, Any]) -> Snapshot:
    """Describe a reading of every stream to its end, but for what the test changes."""
    whole = [
        Coverage("centra", stream, 1, complete=True, mode="full", as_of=NOW)
        for stream in STREAM_TABLES
    ]
    coverage = [replace(line, **lines.get(line.stream, {})) for line in whole]
    return Snapshot("2026-11-23T05:00:00Z-7f3a", NOW, tuple(coverage))


def no_drift(check: str, *, max_rows: int = 0, max_share: float = 0.0) -> Expectation:
    """Expect no drift of a check that needs the contacts."""
    suite = check.partition(".")[0]
    return Expectation(
        Check(
            check,
            suite,
            f"{check} fails.",
            "critical",
            "crm",
            ("contacts",),
            max_rows=max_rows,
            max_share=max_share,
        )
    )


def built_in(
    table: sa.Table, kind: str, where: Mapping[str, Any] | None = None, **kwargs: Any
) -> Expectation:
    """Expect something of a table; the check is named after the built-in."""
    check = Check(f"quality.{kind}", "quality", f"{kind} fails.", "info", "integration", ())
    return Expectation(check, f"expect_{kind}", table.name, where or {}, kwargs)


def case(expectation: Expectation) -> Case:
    """Take an expectation whose arguments hold no parameters into a run."""
    return Case(expectation, expectation.kwargs)


def judged(warehouse: Warehouse, *expectations: Expectation) -> dict[str, CheckResult]:
    """Judge after a complete reading; the results by check id."""
    return {r.check.id: r for r in judge(warehouse.engine, expectations, snapshot())}


def failing_rows(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return what stands in `drift_quality`, in a stable order."""
    q = drift_quality.c
    with warehouse.engine.connect() as conn:
        rows = conn.execute(sa.select(drift_quality).order_by(q.check_id, q.subject_key)).all()
    return [dict(row._mapping) for row in rows]
