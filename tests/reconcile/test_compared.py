"""A change on one side only is attributed to that side, whatever the topic."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from auditor.config.audiences import Audience, LifetimeValue, Rule
from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES
from auditor.reconcile import agreed
from auditor.reconcile.topics import TOPICS
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, OLD, TERMS, Books

RICH = Rule(lifetime_value=LifetimeValue(over=1))
READ = replace(TERMS, audiences=(Audience(segment=7, name="Rich", rule=RICH),))
LATER = OLD + timedelta(days=8)
SOON = LATER + timedelta(minutes=5)


def agreeing(books: Books) -> None:
    """Write one link of every topic, and both sides agree on it."""
    for number in ("10", "11", "12"):
        books.customer(number, f"{number}@x.se", email_hash=f"hash {number}")
        books.contact(number, f"{number}@x.se", None, external_id=number, email_hash=number)
    for item in ("price", "msrp", "stock", "title", "retired"):
        books.sells(item)
        books.lists(item)
    books.event("first", "nobody")
    books.customer("20", "20@x.se", total_orders=2)
    books.contact("20", "20@x.se", None, external_id="20")
    bought = {"customer_id": "20", "created_at": LATER, "updated_at": LATER}
    books.order("100", books.line("sku", 1, 50_000), **bought)
    books.sale("100", "sku", 1, 50_000, si_contact_id="si20", purchased_on=LATER.date())
    books.segment(7, "20")
    books.shipment("100-1", LATER)
    books.event("shipped", "20", happened_at=SOON)
    books.event("confirmed", "20", "order_confirmation", SOON)
    books.customer("30", "30@x.se", total_orders=1)
    books.contact("30", "30@x.se", None, external_id="30")
    both = {"customer_id": "30", "status": "PENDING"}
    books.order("200", books.line("sku", 1, 100), **both)
    books.order("201", store_id="3", **both)
    books.event("stray", "30", "order_confirmation", SOON)
    for number in ("40", "41"):
        books.customer(number, f"{number}@x.se", last_name="Ek")
        books.contact(number, f"{number}@x.se", None, external_id=number, last_name="Ek")
    for number in ("50", "51"):
        books.customer(number, f"{number}@x.se", total_orders=1)
        books.contact(number, f"{number}@x.se", None, external_id=number)
    books.order("500", books.line("sku", 1, 100), customer_id="50")
    books.sale("500", "sku", 1, 100, si_contact_id="si50")
    books.order("510", books.line("sku", 1, 100), customer_id="51", is_on_hold=True)
    books.order("511", books.line("sku", 1, 50), customer_id="51")
    books.sale("511", "sku", 1, 50, si_contact_id="si51")


def changed(books: Books) -> None:
    """Let one side leave each of them."""
    books.change(t.emarsys_contact, {"contact_id": "10"}, external_id="nobody")
    books.lose(t.centra_customer, customer_id="11")
    books.lose(t.emarsys_contact, contact_id="12")
    books.change(t.emarsys_item, {"item": "price"}, price_minor=9_000)
    books.change(t.emarsys_item, {"item": "msrp"}, msrp_minor=9_000)
    books.change(t.centra_stock, {"size_id": "stock"}, free_to_allocate=0)
    books.change(t.centra_display, {"display_id": "title"}, name="Another coat")
    books.change(t.centra_product, {"product_id": "retired"}, status="INACTIVE")
    books.lose(t.emarsys_event, event_id="shipped")
    books.lose(t.emarsys_event, event_id="confirmed")
    books.definition("order_confirmation", usages=0)
    books.lose(t.emarsys_segment_member, contact_id="20")
    books.lose(t.centra_order, order_number="200")
    books.change(t.centra_customer, {"customer_id": "40"}, last_name="Ask")
    books.change(t.emarsys_contact, {"contact_id": "41"}, last_name="Ask")
    books.change(t.centra_order, {"order_number": "500"}, is_on_hold=True)
    books.sale("510", "sku", 1, 100, si_contact_id="si51")


def test_a_change_on_one_side_is_attributed_to_it(warehouse_url: str):
    with closing(Warehouse(warehouse_url)) as warehouse:
        for day in range(2):
            books = Books(warehouse)
            agreeing(books)
            if day:
                changed(books)
            _empty(warehouse)
            books.rows(READ)
            terms = replace(READ, as_of=NOW + timedelta(days=day))
            every = {stream for topic in TOPICS for stream in topic.needs}
            agreed.attribute(warehouse, terms, f"run-{day}", usable=every)
        found = _attributed(warehouse)
    assert found == {
        ("identity.key_mismatch", "10"): "emarsys",
        ("identity.orphaned_contact", "11"): "centra",
        ("identity.missing_contact", "centra:12"): "emarsys",
        ("catalogue.price_mismatch", "price"): "emarsys",
        ("catalogue.reference_price_mismatch", "msrp"): "emarsys",
        ("catalogue.out_of_stock_but_available", "stock"): "centra",
        ("catalogue.attribute_mismatch", "title"): "centra",
        ("catalogue.retired_item", "retired"): "centra",
        ("fulfilment.missing_shipped_event", "100-1"): "emarsys",
        ("fulfilment.missing_confirmation", "100"): "emarsys",
        ("fulfilment.dead_event", "emarsys.events.confirmed"): "emarsys",
        ("audience.membership_mismatch", "7/20"): "emarsys",
        ("channel.event_for_non_consumer", "event:stray"): "centra",
        ("identity.profile_mismatch", "40"): "centra",
        ("identity.profile_mismatch", "41"): "emarsys",
        ("audience.inflated_value", "50"): "centra",
        ("audience.inflated_value", "51"): "emarsys",
    }


def _attributed(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    with warehouse.engine.connect() as conn:
        return {
            (row.check_id, row.subject_key): row.moved_by
            for table in DRIFT_TABLES
            for row in conn.execute(
                sa.select(table.c.check_id, table.c.subject_key, table.c.moved_by)
            )
        }


def _empty(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as conn:
        for tables in t.STREAM_TABLES.values():
            for table in tables:
                conn.execute(table.delete())
