"""What the payment history of a clean world holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.payments import settle_payments
from tests.sandbox.world.conftest import NOW

if TYPE_CHECKING:
    from auditor.sandbox.world import World
    from auditor.sandbox.world.model import Payment
    from tests.sandbox.world.facts import Facts


def of_orders(facts: Facts) -> dict[int, list[Payment]]:
    found = defaultdict(list)
    for row in facts.world.centra.payments:
        found[row.order_number].append(row)
    return found


def test_marketplace_orders_come_prepaid_from_an_import(clean: Facts):
    found = of_orders(clean)
    numbers = [o.number for o in clean.orders.values() if clean.channel(o) == "marketplace"]
    entries = [row for number in numbers for row in found[number]]
    paid = {(row.entry_type, row.source) for row in entries if row.return_id is None}
    assert paid == {("PREPAID", "import")}


def test_some_captures_come_days_after_they_were_asked_for(clean: Facts):
    for rows in of_orders(clean).values():
        asked = [row.created_at for row in rows if row.entry_type == "CAPTURE_REQUEST"]
        done = [row.created_at for row in rows if row.entry_type == "CAPTURE"]
        if asked and done and max(done) - min(asked) > timedelta(days=2):
            return
    pytest.fail("no capture took days")


def test_a_captured_parcel_has_its_moment_and_no_other_has_one(clean: Facts):
    parcels = clean.world.centra.shipments
    assert all((row.captured_at is not None) == row.is_captured for row in parcels)


def test_some_parcels_left_paid_and_are_never_captured(clean: Facts):
    failed = {r.order_number for r in clean.world.centra.payments if r.status == "FAILED"}
    assert any(
        row.is_shipped and row.is_paid and not row.is_captured and row.order_number in failed
        for row in clean.world.centra.shipments
    )


def test_every_old_completed_return_is_refunded(clean: Facts):
    refunded = {
        row.return_id
        for row in clean.world.centra.payments
        if row.entry_type.startswith("REFUND") and row.status == "SUCCESS"
    }
    old = clean.now - timedelta(days=2)
    backs = [r for r in clean.world.centra.returns if r.status == "COMPLETED"]
    assert {row.id for row in backs if row.created_at < old} <= refunded


def test_a_pending_return_is_not_refunded(clean: Facts):
    refunded = {row.return_id for row in clean.world.centra.payments}
    assert not [r for r in clean.world.centra.returns if r.status == "PENDING" and r.id in refunded]


def test_nothing_is_paid_in_the_future_and_ids_are_unique(clean: Facts):
    rows = clean.world.centra.payments
    assert max(row.created_at for row in rows) <= clean.now
    assert [row.id for row in rows] == list(range(1, len(rows) + 1))


def test_settling_twice_adds_nothing(small: World):
    before = [astuple(row) for row in small.centra.payments]
    settle_payments(small, 3)
    assert [astuple(row) for row in small.centra.payments] == before


def test_later_payments_only_add_to_the_history(small: World):
    before = [astuple(row) for row in small.centra.payments]
    small.now += timedelta(days=4)
    settle_payments(small, 3)
    after = [astuple(row) for row in small.centra.payments]
    assert after[: len(before)] == before
    assert len(after) > len(before)


def test_the_running_campaign_lowers_prices_in_the_feed():
    world = build_world(3, Scale.of(customers=150), NOW)
    rows = world.emarsys.catalogue
    assert any(row.price_minor < row.msrp_minor for row in rows)
    assert any(row.price_minor == row.msrp_minor for row in rows)


def test_only_running_campaigns_have_lowest_prices(clean: Facts):
    centra = clean.world.centra
    running = {row.id for row in centra.campaigns if row.start_at <= clean.now < row.stop_at}
    reduced = {row.variant_id for row in centra.campaign_variants if row.campaign_id in running}
    assert {row.variant_id for row in centra.lowest_prices} <= reduced
    assert len(running) == 3  # one of them is paused and one runs abroad


def test_wholesale_orders_are_without_tax_and_no_other_order_is(clean: Facts):
    for order in clean.orders.values():
        assert order.adds_tax == (clean.channel(order) == "wholesale")
