"""A world that lives on stays clean, changes a little every day, and tells what changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sandbox.world import Scale, brand_settings, build_world, evolve
from tests.sandbox.world.conftest import NOW
from tests.sandbox.world.facts import Facts
from tests.sandbox.world.laws import SUITES

if TYPE_CHECKING:
    from auditor.sandbox.world import World

DAY = timedelta(days=1)
spans = st.lists(st.sampled_from([1, 24, 24, 24, 72, 100, 31]), min_size=1, max_size=3)


def broken(world: World) -> list[tuple[str, str]]:
    facts = Facts(world, brand_settings(world))
    return [row for law in SUITES for row in law(facts)]


def aged(days: int, customers: int = 150) -> World:
    world = build_world(3, Scale.of(customers=customers), NOW)
    evolve(world, 3, NOW + days * DAY)
    return world


@pytest.fixture(scope="module")
def week() -> tuple[World, World]:
    """Return a world of some size and what becomes of it in a week."""
    return aged(0, 1000), aged(7, 1000)


def rows(world: World, table: str, key: str = "id") -> dict[Any, Any]:
    return {getattr(row, key): asdict(row) for row in getattr(world.centra, table)}


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    now=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    hours=spans,
)
def test_a_clean_world_stays_clean_whenever_it_is_seen(seed: int, now: datetime, hours: list[int]):
    world = build_world(seed, Scale.of(customers=150), now)
    for span in hours:
        now += timedelta(hours=span)
        evolve(world, seed, now)
        assert broken(world) == []


def test_a_month_leaves_no_trace_of_drift():
    assert broken(aged(32)) == []


def test_two_days_at_once_are_two_days():
    once = aged(2)
    twice = aged(1)
    evolve(twice, 3, NOW + 2 * DAY)
    assert twice == once


def test_another_seed_lives_another_day():
    one, two = (build_world(3, Scale.of(customers=150), NOW) for _ in range(2))
    evolve(one, 3, NOW + DAY)
    evolve(two, 4, NOW + DAY)
    assert one != two


def test_no_time_changes_nothing():
    assert aged(0) == build_world(3, Scale.of(customers=150), NOW)


def test_time_does_not_run_backwards(small: World):
    with pytest.raises(ValueError, match="cannot go back"):
        evolve(small, 3, NOW - DAY)


def test_a_world_says_when_it_is():
    assert aged(3).now == NOW + 3 * DAY


@pytest.mark.parametrize(("table", "key"), [("customers", "id"), ("orders", "number")])
def test_about_one_percent_changes_per_day(table: str, key: str, week: tuple[World, World]):
    before, after = (rows(world, table, key) for world in week)
    changed = [number for number, row in after.items() if before.get(number) != row]
    assert 0.02 < len(changed) / len(before) < 0.14


@pytest.mark.parametrize(
    ("table", "key"), [("customers", "id"), ("orders", "number"), ("shipments", "id")]
)
def test_whatever_changed_was_updated_since(table: str, key: str, week: tuple[World, World]):
    before, after = (rows(world, table, key) for world in week)
    silent = [
        number
        for number, row in after.items()
        if before.get(number) != row and row["updated_at"] < NOW
    ]
    assert silent == []


@pytest.mark.parametrize("table", ["customers", "orders", "shipments", "returns", "payments"])
def test_every_day_adds_rows(table: str, week: tuple[World, World]):
    before, after = (len(getattr(world.centra, table)) for world in week)
    assert after > before


def test_ids_stay_unique(week: tuple[World, World]):
    for table in ("customers", "subscriptions", "shipments", "returns", "payments"):
        ids = [row.id for row in getattr(week[1].centra, table)]
        assert len(ids) == len(set(ids))
    lines = [line.id for order in week[1].centra.orders for line in order.lines]
    assert len(lines) == len(set(lines))


def test_orders_get_further(week: tuple[World, World]):
    before, after = (rows(world, "orders", "number") for world in week)
    steps = {(row["status"], after[number]["status"]) for number, row in before.items()}
    assert ("PROCESSING", "SHIPPED") in steps


def test_pending_returns_are_completed_long_after_they_were_created(week: tuple[World, World]):
    before, after = (rows(world, "returns") for world in week)
    steps = {(row["status"], after[number]["status"]) for number, row in before.items()}
    assert ("PENDING", "COMPLETED") in steps


def test_people_sign_up_and_withdraw(week: tuple[World, World]):
    opted = [
        {row.id: row.values[31] for row in world.emarsys.contacts if row.values[31]}
        for world in week
    ]
    assert opted[1].keys() > opted[0].keys()
    assert any(opted[0][number] != opted[1][number] for number in opted[0])


def test_sales_are_loaded_once_a_day_at_the_same_time(week: tuple[World, World]):
    times = {row.loaded_at.time() for row in week[1].emarsys.purchases if row.loaded_at > NOW}
    assert len(times) == 1


def test_the_latest_load_is_less_than_a_day_old(week: tuple[World, World]):
    latest = max(row.loaded_at for row in week[1].emarsys.purchases)
    assert week[1].now - latest < DAY


def test_nothing_happens_in_the_future(week: tuple[World, World]):
    centra, emarsys = week[1].centra, week[1].emarsys
    moments = [row.updated_at for row in centra.customers]
    moments += [row.updated_at for row in centra.orders]
    moments += [row.updated_at for row in centra.shipments]
    moments += [row.created_at for row in centra.payments]
    moments += [row.loaded_at for row in emarsys.purchases]
    moments += [row.loaded_at for row in emarsys.fired_events]
    assert max(moments) <= week[1].now


def test_customers_still_count_their_orders(week: tuple[World, World]):
    centra = week[1].centra
    counts = dict.fromkeys((row.id for row in centra.customers), 0)
    for order in centra.orders:
        if order.customer_id is not None:
            counts[order.customer_id] += 1
    assert counts == {row.id: row.total_orders for row in centra.customers}
