"""How large a world is, when its rows are, and that the same arguments always give the same one."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.world import Scale, build_world, plant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.world.facts import Facts

NOW = datetime(2026, 11, 23, 10, 6, tzinfo=UTC)
TINY = Scale.of(customers=150)

PRINT_DIGEST = """
import hashlib
from datetime import UTC, datetime
from auditor.sandbox.world import Scale, build_world, plant
world = build_world(5, Scale.of(customers=150), datetime(2026, 11, 23, 10, 6, tzinfo=UTC))
answers = plant(world, 5)
print(hashlib.sha256(repr((world, answers)).encode()).hexdigest(), end="")
"""


def moments_in(value: Any) -> Iterator[datetime | date]:
    if isinstance(value, datetime | date):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from moments_in(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from moments_in(getattr(value, field.name))


def test_the_same_arguments_give_the_same_world():
    assert build_world(5, TINY, NOW) == build_world(5, TINY, NOW)


def test_another_seed_gives_another_world():
    assert build_world(5, TINY, NOW) != build_world(6, TINY, NOW)


def test_planting_is_deterministic():
    first, second = (build_world(5, TINY, NOW) for _ in range(2))
    assert (plant(first, 9), first) == (plant(second, 9), second)


@pytest.mark.parametrize(("hash_seed", "zone"), [("0", "UTC"), ("4711", "Asia/Tokyo")])
def test_neither_the_hash_seed_nor_the_zone_of_the_machine_matters(hash_seed: str, zone: str):
    world = build_world(5, TINY, NOW)
    here = hashlib.sha256(repr((world, plant(world, 5))).encode()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        env={"PYTHONHASHSEED": hash_seed, "TZ": zone},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    assert there.stdout.decode() == here


def test_the_zone_of_now_does_not_matter():
    local = NOW.astimezone(timezone(timedelta(hours=9)))
    assert build_world(5, TINY, local) == build_world(5, TINY, NOW)


def test_now_needs_a_zone():
    with pytest.raises(ValueError, match="time zone"):
        build_world(5, TINY, NOW.replace(tzinfo=None))


@pytest.mark.parametrize("customers", [40, 150, 151, 700])
def test_a_world_has_exactly_the_customers_of_its_scale(customers: int):
    world = build_world(1, Scale.of(customers=customers), NOW)
    assert len(world.centra.customers) == customers


def test_a_world_has_about_the_orders_of_its_scale(clean: Facts):
    assert len(clean.world.centra.orders) == pytest.approx(Scale.S.orders, rel=0.02)


def test_the_named_scales_are_those_of_the_brief():
    sizes = [(scale.customers, scale.orders) for scale in (Scale.S, Scale.M)]
    assert sizes == [(2_000, 6_000), (100_000, 300_000)]


def test_the_assortment_grows_with_the_customers():
    assert Scale.M.products > 10 * Scale.S.products


def test_a_world_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="at least"):
        Scale.of(customers=39)


def test_nothing_but_the_end_of_a_campaign_or_token_is_later_than_now(
    spoiled: tuple[Facts, Any],
):
    world = spoiled[0].world
    planned: set[datetime | date | None] = {world.centra.token_ends_on}
    planned |= {m for row in world.centra.campaigns for m in (row.start_at, row.stop_at)}
    late = [
        moment
        for moment in moments_in(world)
        if moment not in planned
        and (moment > world.now if isinstance(moment, datetime) else moment > world.now.date())
    ]
    assert late == []


def test_every_time_is_in_utc(spoiled: tuple[Facts, Any]):
    times = [moment for moment in moments_in(spoiled[0].world) if isinstance(moment, datetime)]
    assert {moment.tzinfo for moment in times} == {UTC}


def test_no_row_is_updated_before_it_is_created(spoiled: tuple[Facts, Any]):
    centra = spoiled[0].world.centra
    rows: list[Any] = [*centra.customers, *centra.buyers, *centra.accounts, *centra.products]
    rows += [*centra.orders, *centra.shipments]
    assert [row for row in rows if row.updated_at < row.created_at] == []


def test_no_shipment_leaves_before_it_exists(spoiled: tuple[Facts, Any]):
    shipments = spoiled[0].world.centra.shipments
    assert [s for s in shipments if s.shipped_at and s.shipped_at < s.created_at] == []


def test_no_order_is_older_than_its_customer(clean: Facts):
    rows = {row.id: row for row in clean.world.centra.customers}
    orders = [order for order in clean.world.centra.orders if order.customer_id]
    assert [o.id for o in orders if rows[o.customer_id or 0].created_at > o.created_at] == []


def test_history_reaches_back_about_150_days(clean: Facts):
    oldest = min(order.created_at for order in clean.world.centra.orders)
    assert timedelta(days=148) < clean.now - oldest <= timedelta(days=150)


@pytest.mark.parametrize(
    "table",
    ["customers", "subscriptions", "buyers", "accounts", "orders", "shipments", "returns", "sizes"],
)
def test_ids_are_unique_in(table: str, spoiled: tuple[Facts, Any]):
    ids = [row.id for row in getattr(spoiled[0].world.centra, table)]
    assert len(ids) == len(set(ids))


def test_order_numbers_are_unique_across_stores(clean: Facts):
    assert len(clean.orders) == len(clean.world.centra.orders)


def test_order_ids_are_32_hex_characters(clean: Facts):
    assert {(len(o.id), int(o.id, 16) >= 0) for o in clean.world.centra.orders} == {(32, True)}


def test_skus_are_unique_and_joined_from_their_numbers(clean: Facts):
    centra = clean.world
    products = {row.id: row for row in centra.centra.products}
    variants = {row.id: row for row in centra.centra.variants}
    joined = {
        products[variants[s.variant_id].product_id].number
        + variants[s.variant_id].number
        + s.number: s.sku
        for s in centra.centra.sizes
    }
    assert [key for key, sku in joined.items() if key != sku] == []
    assert len(joined) == len(centra.centra.sizes)
