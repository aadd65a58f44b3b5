"""Whatever happens between and during snapshots of a tenant, the next whole one is the world."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from auditor.model.history import HISTORY
from auditor.model.tables import STREAM_TABLES
from auditor.sandbox.centra.server import Answer
from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.erasure import purge_order
from auditor.sandbox.world.evolve import evolve
from auditor.sandbox.world.scale import SMALLEST
from auditor.snapshot.course import Terms
from auditor.snapshot.take import Reading, take
from auditor.warehouse import Warehouse
from tests.snapshot.world import Killed, Silent
from tests.stores import warehouse_in
from tests.systems.centra.room import NOW, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from auditor.model.snapshot import Snapshot
    from auditor.sandbox.world.model import CentraTenant, World

    Names = tuple[str, ...] | None
    Tables = dict[str, list[tuple[Any, ...]]]

Fault = Literal["none", "killed", "500", "errors", "cut"]
EVERY_KIND = ("customers", "newsletter_subscriptions", "orders", "returns", "stock")
"""A connection that changes, a plain list, nested lists, a trailing window, and rows without times."""

BROKEN = {
    "500": Answer("oops", 500),
    "errors": Answer({"errors": [{"message": "Internal server error"}], "data": {"page": None}}),
    "cut": Answer('{"data":{"page":'),
}


class Step(NamedTuple):
    """A day passes; an order may be purged; then a snapshot is taken that may break off."""

    fault: Fault
    after: int
    purges: bool
    full: bool


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["none", "none", "killed", "500", "errors", "cut"]),
        st.integers(0, 40),
        st.booleans(),
        st.booleans(),
    ),
    max_size=2,
)


class Tale:
    """A tenant that lives on, and a warehouse that follows it."""

    workers = 1
    """So that a fault at the n-th request meets the same one each time."""

    def __init__(
        self, warehouse: Warehouse, world: World, now: datetime = NOW, *, names: Names = None
    ) -> None:
        self.world, self.warehouse, self.names = world, warehouse, names
        self.room = Room(world, now=now)
        self.runs = 0

    def play(self, step: Step) -> None:
        """Let a step happen."""
        self.live(purges=step.purges)
        with suppress(Killed):
            self.play_to_the_break(step)

    def play_to_the_break(self, step: Step) -> None:
        """Take a snapshot that may break off."""
        if step.fault != "none":
            self.room.meddle = self._breaking(step)
        try:
            self.snapshot(full=step.full)
        finally:
            self.room.meddle = lambda ask: ask()

    def live(self, *, purges: bool = False) -> None:
        """Let a day pass, from which on nothing of it is younger than the time."""
        evolve(self.world, 1, self.world.now + timedelta(days=1))
        if purges:
            purge_order(self.world.centra, self.world.centra.orders[-1].number)
        self.room.now = self.world.now
        self.room.refresh()

    def snapshot(self, *, full: bool) -> Snapshot:
        """Read the tenant."""
        self.runs += 1
        reading = Reading(
            f"run {self.runs}",
            self.warehouse,
            Silent(),
            lambda: self.room.now,
            lambda: 0.0,
            Terms(full=full),
            workers=self.workers,
        )
        wanted = [s for s in self.room.streams if self.names is None or s.name in self.names]
        return take(wanted, reading)

    def stored(self, run: str | None = None) -> Tables:
        """Return all rows of Centra, now or after a run."""
        found: Tables = {}
        with self.warehouse.engine.connect() as conn:
            for table in centra_tables():
                if run is not None and table.name not in HISTORY:
                    continue
                select = sa.select(table) if run is None else self.warehouse.as_of(table, run)
                found[table.name] = sorted((tuple(row) for row in conn.execute(select)), key=repr)
        return found

    def _breaking(self, step: Step) -> Callable[[Callable[[], Answer]], Answer]:
        left = step.after

        def meddle(ask: Callable[[], Answer]) -> Answer:
            nonlocal left
            left -= 1
            if left >= 0:
                return ask()
            if step.fault == "killed":
                raise Killed
            return BROKEN[step.fault]

        return meddle


@cache
def centra_tables() -> tuple[sa.Table, ...]:
    """Return the tables that the Integration API fills."""
    found = [table for tables in STREAM_TABLES.values() for table in tables]
    legacy = ("centra_customer_flag", "centra_keyed_consent")
    return tuple(t for t in found if t.name.startswith("centra_") and t.name not in legacy)


@contextmanager
def told(names: Names = None) -> Iterator[Tale]:
    """Begin a tale, of all streams or some."""
    with empty_warehouse() as warehouse:
        yield Tale(warehouse, build_world(1, Scale.of(customers=SMALLEST), NOW), names=names)


@contextmanager
def empty_warehouse() -> Iterator[Warehouse]:
    """Open a warehouse that is gone afterwards."""
    with (
        TemporaryDirectory() as folder,
        closing(Warehouse(warehouse_in(Path(folder)))) as warehouse,
    ):
        yield warehouse


def whole(tale: Tale) -> Tables:
    """Return what a client and a warehouse of their own read of the same tenant."""
    with empty_warehouse() as warehouse:
        fresh = Tale(warehouse, tale.world, tale.room.now, names=tale.names)
        fresh.snapshot(full=True)
        return fresh.stored()


# Few examples, and none made smaller: each reads the tenant whole several times.
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(steps=STEPS)
def test_a_whole_snapshot_after_any_story_is_the_world(steps: list[Step]):
    with told(EVERY_KIND) as tale:
        for step in steps:
            tale.play(step)
        tale.live()
        # The first may go on behind a break of before; the second begins anew.
        tale.snapshot(full=True)
        lines = tale.snapshot(full=True).coverage
        assert [line.stream for line in lines if not line.complete] == []
        assert tale.stored() == whole(tale)


def test_side_by_side_streams_are_read_as_one_by_one():
    with told() as single, told() as several:
        several.workers = 4
        lines = [
            [(c.stream, c.rows, c.complete, c.mode, c.requests) for c in taken.coverage]
            for taken in (single.snapshot(full=True), several.snapshot(full=True))
        ]
        assert lines[0] == lines[1]
        assert single.stored() == several.stored()


@pytest.fixture(scope="module")
def followed() -> Iterator[tuple[Tale, Tables, Snapshot]]:
    """Give a tenant that was read whole, and a day later in part."""
    with told() as tale:
        tale.snapshot(full=True)
        before = tale.stored()
        tale.live()
        yield tale, before, tale.snapshot(full=False)


def test_an_incremental_snapshot_is_the_whole_one(followed: tuple[Tale, Tables, Snapshot]):
    tale, _, _ = followed
    found, expected = tale.stored(), whole(tale)
    # How many units of a parcel came back changes with its returns, not with the parcel.
    for tables in (found, expected):
        tables["centra_shipment_line"] = [row[:3] for row in tables["centra_shipment_line"]]
    assert found == expected


def test_what_can_be_read_in_part_is(followed: tuple[Tale, Tables, Snapshot]):
    _, _, taken = followed
    assert {line.stream for line in taken.coverage if line.mode == "incremental"} == {
        *("customers", "accounts", "orders", "shipments", "returns"),
    }


SHELF = ("prices", "campaign_prices", "lowest_prices", "stock")


def test_prices_and_stock_are_known_at_once_although_no_time_tells_of_them():
    with told(SHELF) as tale:
        tale.snapshot(full=True)
        before = tale.stored()
        tenant = tale.world.centra
        tenant.prices[0].minor = 1
        tenant.campaign_variants[0].minor = 1
        tenant.lowest_prices[0].minor = 1
        tenant.stocks[0].physical += 1
        tale.room.refresh()
        tale.snapshot(full=False)
        after = tale.stored()
        assert sum(before[name] != after[name] for name in before) == len(SHELF)
        assert after == whole(tale)


ASSORTMENT = ("products", "variants", "sizes", "displays")


def test_within_a_day_the_assortment_is_read_in_part_too():
    with told(ASSORTMENT) as tale:
        tale.snapshot(full=True)
        tale.room.now += timedelta(hours=6)
        lines = tale.snapshot(full=False).coverage
    assert {line.stream for line in lines if line.mode == "incremental"} == set(ASSORTMENT)


def move_to_another_market(tenant: CentraTenant) -> None:
    tenant.displays[0].market_ids = tenant.displays[0].market_ids[1:]


def take_a_variant_off(tenant: CentraTenant) -> None:
    shown = next(row for row in tenant.displays if row.variant_ids)
    shown.variant_ids = shown.variant_ids[1:]


def delete_a_display(tenant: CentraTenant) -> None:
    tenant.displays.pop()


def rename_a_brand(tenant: CentraTenant) -> None:
    for row in tenant.products:
        row.brand = "Another"


@pytest.mark.parametrize(
    "change", [move_to_another_market, take_a_variant_off, delete_a_display, rename_a_brand]
)
def test_a_change_of_the_assortment_that_no_time_tells_is_known_the_next_night(
    change: Callable[[CentraTenant], None],
):
    with told(ASSORTMENT) as tale:
        tale.snapshot(full=True)
        before = tale.stored()
        change(tale.world.centra)
        tale.room.now += timedelta(hours=23, minutes=59)
        tale.room.refresh()
        tale.snapshot(full=False)
        assert tale.stored() != before
        assert tale.stored() == whole(tale)


def test_the_earlier_run_stays_on_record(followed: tuple[Tale, Tables, Snapshot]):
    tale, before, _ = followed
    kept = {table.name for table in centra_tables() if table.name in HISTORY}
    rows = tale.stored("run 1")
    assert {name: rows[name] for name in kept} == {name: before[name] for name in kept}


def test_a_killed_snapshot_is_gone_on_with():
    with told(EVERY_KIND) as tale:
        with pytest.raises(Killed):
            tale.play_to_the_break(Step("killed", 8, purges=False, full=True))
        tale.snapshot(full=False)
        assert tale.stored() == whole(tale)
