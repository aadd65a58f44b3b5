"""A stream is read whole, in part, or on from where it stopped, and history tells the runs apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError, StoreError, TransientReadError
from auditor.model.stream import Start
from auditor.model.tables import centra_order, emarsys_sale
from auditor.snapshot import store
from auditor.snapshot.course import OVERLAP
from auditor.snapshot.take import Reading, take
from tests.snapshot.world import Killed, Shop, Silent, snap, stored

if TYPE_CHECKING:
    from auditor.warehouse import Warehouse


@pytest.fixture
def shop() -> Shop:
    opened = Shop()
    for number in "12345":
        opened.put(number)
    return opened


def test_the_first_read_is_full(warehouse: Warehouse, shop: Shop):
    line = snap(warehouse, shop, "a").coverage[0]
    assert (line.mode, shop.starts) == ("full", [Start()])


def test_the_next_read_asks_only_for_what_changed_since_the_last_began(
    warehouse: Warehouse, shop: Shop
):
    first = snap(warehouse, shop, "a")
    snap(warehouse, shop, "b")
    assert shop.starts[1] == Start(changed_since=first.as_of - OVERLAP)


def test_an_incremental_read_replaces_an_order_with_all_its_lines(warehouse: Warehouse, shop: Shop):
    shop.put("3", lines=3)
    snap(warehouse, shop, "a")
    shop.put("3", "SHIPPED", lines=1)
    snap(warehouse, shop, "b")
    assert stored(warehouse) == shop.orders


def test_coverage_of_an_incremental_read_counts_all_rows_of_the_table(
    warehouse: Warehouse, shop: Shop
):
    snap(warehouse, shop, "a")
    shop.put("3", "SHIPPED")
    shop.put("6")
    line = snap(warehouse, shop, "b").coverage[0]
    assert (line.mode, line.rows, line.complete) == ("incremental", 6, True)


def test_an_incremental_read_concludes_no_deletion(warehouse: Warehouse, shop: Shop):
    snap(warehouse, shop, "a")
    shop.lose("2")
    snap(warehouse, shop, "b")
    assert "2" in stored(warehouse)


@pytest.mark.parametrize("terms", [{"full": True}, {"basis": "other settings"}])
def test_a_full_read_is_taken_when_asked_for_or_when_settings_changed(
    warehouse: Warehouse, shop: Shop, terms: dict[str, Any]
):
    snap(warehouse, shop, "a")
    shop.lose("2")
    snap(warehouse, shop, "b", **terms)
    assert stored(warehouse) == shop.orders


def test_a_full_read_is_due_after_a_week_of_incremental_ones(warehouse: Warehouse, shop: Shop):
    modes = []
    for day in range(9):
        modes.append(snap(warehouse, shop, f"day {day}").coverage[0].mode)
        shop.now += timedelta(hours=23)
    assert modes == ["full", *["incremental"] * 6, "full", "incremental"]


def test_a_stream_that_cannot_tell_what_changed_is_always_read_whole(
    warehouse: Warehouse, shop: Shop
):
    for run in "ab":
        line = snap(warehouse, shop, run, replace(shop.stream(), read_from=None)).coverage[0]
    assert line.mode == "full"


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("fault", [Killed(), TransientReadError("cut")])
def test_a_read_broken_off_after_any_page_ends_as_if_undisturbed(
    warehouse: Warehouse, shop: Shop, fault: BaseException, after: int
):
    broken_off(warehouse, shop, fault, after)
    snap(warehouse, shop, "b")
    assert stored(warehouse) == shop.orders


def broken_off(warehouse: Warehouse, shop: Shop, fault: BaseException, after: int) -> None:
    stream = shop.stream(fault, after)
    if isinstance(fault, Killed):
        with pytest.raises(Killed):
            snap(warehouse, shop, "broken", stream)
    else:
        snap(warehouse, shop, "broken", stream)


def test_a_read_broken_off_goes_on_behind_the_last_stored_page(warehouse: Warehouse, shop: Shop):
    broken_off(warehouse, shop, Killed(), 2)
    snap(warehouse, shop, "b")
    assert shop.starts[1] == Start(cursor="4")


def test_a_process_that_is_killed_loses_what_waited_and_nothing_else(
    warehouse: Warehouse, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patched:
        patched.setattr(store, "MOST_BYTES", 0)
        broken_off(warehouse, shop, TransientReadError("cut"), 1)
    with monkeypatch.context() as patched:
        patched.setattr(warehouse, "append_stage", killed)
        broken_off(warehouse, shop, Killed(), 1)
    snap(warehouse, shop, "c")
    assert shop.starts[1:] == [Start(cursor="2")] * 2
    assert stored(warehouse) == shop.orders


def killed(*_: object) -> None:
    raise Killed


def test_a_read_broken_off_is_as_old_as_its_beginning(warehouse: Warehouse, shop: Shop):
    broken_off(warehouse, shop, Killed(), 2)
    began = shop.now
    assert snap(warehouse, shop, "b").coverage[0].as_of == began


def test_a_read_broken_off_shows_nothing_of_itself(warehouse: Warehouse, shop: Shop):
    broken_off(warehouse, shop, TransientReadError("cut"), 2)
    assert stored(warehouse) == {}


def test_an_incremental_read_broken_off_goes_on_with_the_same_changes(
    warehouse: Warehouse, shop: Shop
):
    snap(warehouse, shop, "a")
    for number in "2345":
        shop.put(number, "SHIPPED")
    broken_off(warehouse, shop, Killed(), 1)
    snap(warehouse, shop, "c")
    assert shop.starts[2] == Start(shop.starts[1].changed_since, "3")
    assert stored(warehouse) == shop.orders


def test_an_order_read_on_both_sides_of_a_break_is_believed_as_read_last(
    warehouse: Warehouse, shop: Shop
):
    broken_off(warehouse, shop, Killed(), 1)
    shop.orders["3"] = shop.orders.pop("2")
    seen_again = replace(shop.stream(), read_from=lambda _: shop.stream().read())
    shop.put("1", "SHIPPED", lines=2)
    snap(warehouse, shop, "b", seen_again)
    assert stored(warehouse)["1"] == ("SHIPPED", 2)


def test_a_break_of_more_than_a_day_ago_is_forgotten(warehouse: Warehouse, shop: Shop):
    broken_off(warehouse, shop, Killed(), 2)
    shop.now += timedelta(hours=24)
    snap(warehouse, shop, "b")
    assert shop.starts[1] == Start()


def test_a_read_that_contradicts_itself_begins_anew(warehouse: Warehouse, shop: Shop):
    broken_off(warehouse, shop, IncompleteSnapshotError("the cursor repeats"), 2)
    snap(warehouse, shop, "b")
    assert shop.starts[1] == Start()


def test_a_stream_that_its_guard_disbelieves_is_not_published(warehouse: Warehouse, shop: Shop):
    snap(warehouse, shop, "a")
    before = stored(warehouse)
    shop.orders.clear()
    doubted = Reading(
        "b",
        warehouse,
        Silent(),
        shop.clock,
        lambda: 0.0,
        guard=lambda line: replace(line, complete=False, reason="it shrank"),
    )
    line = take([replace(shop.stream(), read_from=None)], doubted).coverage[0]
    assert (line.reason, stored(warehouse)) == ("it shrank", before)


def test_an_earlier_run_can_be_looked_at(warehouse: Warehouse, shop: Shop):
    snap(warehouse, shop, "a")
    before = dict(shop.orders)
    shop.put("3", "SHIPPED", lines=2)
    shop.lose("4")
    snap(warehouse, shop, "b", full=True)
    assert stored(warehouse, "a") == before
    assert stored(warehouse, "b") == shop.orders


def test_a_run_that_never_was_is_refused(warehouse: Warehouse):
    with pytest.raises(StoreError, match="holds no run x"):
        warehouse.as_of(centra_order, "x")


def test_a_table_without_history_is_refused(warehouse: Warehouse):
    with pytest.raises(StoreError, match="no history is kept of emarsys_sale"):
        warehouse.as_of(emarsys_sale, "a")
