"""The shipped quality suite: a clean world passes all of it, and each check can fail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.model import tables as t
from tests.expect.books import HEALTHY, NOW, add, snapshot

if TYPE_CHECKING:
    import sqlalchemy as sa

    from auditor.model.snapshot import Snapshot
    from auditor.warehouse import Warehouse

FILE = Path(__file__).parents[2] / "expectations" / "quality.yaml"
QUALITY = load_checks([FILE])
AHEAD = NOW.replace(tzinfo=None) + timedelta(days=2)

# Beside one healthy row of each table: rows with everything wrong that a value can be.
WRONG: dict[sa.Table, list[dict[str, Any]]] = {
    t.centra_store: [{}, {"store_id": None}, {"type": "BAZAAR"}],
    t.centra_market: [{}],
    t.centra_currency: [{}, {"code": "XXX"}],
    t.centra_customer: [
        {},
        {"customer_id": None},
        {"email_key": "eva.example.com"},
        {"total_orders": -1},
        {"created_at": AHEAD},
        {"updated_at": AHEAD},
    ],
    t.centra_subscription: [
        {},
        {"subscription_id": None},
        {"email_key": "eva@example"},
        {"created_at": AHEAD},
    ],
    t.centra_buyer: [{}, {"buyer_id": None}],
    t.centra_order: [
        {},
        {"order_number": None, "status": "LOST", "store_id": None, "currency": "EUR"},
        {"store_id": "9", "total_minor": -1, "shipping_minor": -1, "created_at": None},
        {"created_at": AHEAD},
        {"updated_at": AHEAD},
    ],
    t.centra_order_line: [
        {"order_number": None, "line_id": None, "quantity": -1, "cancelled_quantity": -1},
        {"value_minor": -1, "currency": "EUR", "tax_percent": 101.0},
    ],
    t.centra_return: [{}, {"order_number": None}, {"created_at": AHEAD}],
    t.centra_return_line: [{"quantity": -1}],
    t.emarsys_contact: [{}, {"contact_id": None}, {"email_key": "@"}, {"opt_in": 3}],
    t.emarsys_unsubscribe: [{"happened_at": AHEAD}],
    t.emarsys_sale: [
        {"order_number": None, "item": None},
        {"quantity_milli": 10**10, "purchased_on": AHEAD.date()},
    ],
    t.emarsys_si_contact: [{}],
    t.emarsys_event: [{"event_id": None}, {"happened_at": AHEAD}],
    t.emarsys_event_definition: [{}],
}


MAILS = "match_regex.email_key"


def outcomes(
    warehouse: Warehouse, ending: str = "", reading: Snapshot | None = None
) -> dict[str, str]:
    """Judge the checks whose ids end so, for the whole suite takes a second."""
    chosen = [e for e in QUALITY if e.check.id.endswith(ending)]
    found = judge(warehouse.engine, chosen, reading or snapshot())
    return {r.check.id: r.outcome for r in found}


def test_a_clean_world_passes_every_check(each_warehouse):
    for table in HEALTHY:
        add(each_warehouse, table, {})
    found = outcomes(each_warehouse)
    assert {check: outcome for check, outcome in found.items() if outcome != "pass"} == {}


def test_an_empty_warehouse_passes_every_check(each_warehouse):
    found = outcomes(each_warehouse)
    assert {check: outcome for check, outcome in found.items() if outcome != "pass"} == {}


def test_every_check_can_fail(each_warehouse):
    for table in HEALTHY:
        add(each_warehouse, table, {}, *WRONG.get(table, []))
    found = outcomes(each_warehouse)
    assert {check: outcome for check, outcome in found.items() if outcome != "fail"} == {}


def test_the_address_of_an_erased_customer_is_not_judged(warehouse):
    add(warehouse, t.centra_customer, {"is_anonymized": True, "email_key": "erased"})
    assert set(outcomes(warehouse, MAILS).values()) == {"pass"}


@pytest.mark.parametrize(
    "address",
    [
        "eva@example.com",
        "e+v.a@shop.example.co.uk",
        "e'va@xn--exmple-cua.com",
        "evä@exämple.com",
    ],
)
def test_unusual_addresses_are_addresses(each_warehouse, address):
    add(each_warehouse, t.emarsys_contact, {"email_key": address})
    assert set(outcomes(each_warehouse, MAILS).values()) == {"pass"}


@pytest.mark.parametrize(
    "address", ["eva", "eva@", "@example.com", "eva@example", "e va@b.se", "a@b@c.se"]
)
def test_what_cannot_be_an_address_fails(warehouse, address):
    add(warehouse, t.emarsys_contact, {"email_key": address})
    assert outcomes(warehouse, f"emarsys_contact.expect_column_values_to_{MAILS}") == {
        f"quality.emarsys_contact.expect_column_values_to_{MAILS}": "fail"
    }


def test_a_record_changed_while_the_shop_was_read_is_not_from_the_future(warehouse):
    changed = NOW.replace(tzinfo=None) + timedelta(minutes=50)
    add(warehouse, t.centra_customer, {"updated_at": changed})
    long_reading = snapshot(orders={"seconds": 3600.0})
    assert set(outcomes(warehouse, "updated_at", long_reading).values()) == {"pass"}


def test_without_the_stores_no_order_is_said_to_lack_one(warehouse):
    add(warehouse, t.centra_order, {})
    cut = snapshot(stores={"complete": False, "reason": "Page 1 was cut short."})
    assert outcomes(warehouse, "centra_order.expect_column_values_to_be_in_set.store_id", cut) == {
        "quality.centra_order.expect_column_values_to_be_in_set.store_id": "skipped"
    }
