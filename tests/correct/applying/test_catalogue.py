"""The catalogue, pushed whole with some cells set; never smaller than it was."""

from __future__ import annotations

import contextlib
import csv
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import UnsafePlanError
from auditor.model.plan import CatalogueCells
from auditor.pipeline import apply, undo, verify
from auditor.sandbox.wire import Fault
from auditor.systems.emarsys.writing.catalogue import push_catalogue
from tests.correct.applying.shop import change, halt, lift

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from auditor.model.plan import Change
    from auditor.pipeline import Applied
    from auditor.sandbox.world.model import CatalogueRow
    from auditor.systems.emarsys.writing.catalogue import CatalogueFile
    from auditor.systems.emarsys.writing.hapi import Hapi, Upload
    from tests.correct.applying.shop import Shop


def rows(shop: Shop) -> list[CatalogueRow]:
    return shop.running.world.emarsys.catalogue


def cells(shop: Shop, place: int = 0, **set_to: str) -> Change:
    row = rows(shop)[place]
    now = {
        "price": f"{row.price_minor / 100:.2f}",
        "title": row.title,
        "available": str(row.available).lower(),
    }
    held = {column: now[column] for column in set_to}
    back = CatalogueCells(row.item, held, dict[str, str | None](set_to))
    return change(
        CatalogueCells(row.item, set_to, dict[str, str | None](held)), back, remedy="push_catalogue"
    )


def applied(shop: Shop, *changes: Change, **parts: Any) -> Applied:
    path, digest = shop.plan(*changes, **({"items": len(rows(shop))} | parts))
    return apply(shop.run(), path, digest)


def test_a_price_is_set_and_the_rest_stays(shop):
    before = [(row.item, row.title, row.price_minor) for row in rows(shop)]
    result = applied(shop, cells(shop, price="1.00"))
    expected = [(before[0][0], before[0][1], 100), *before[1:]]
    assert [(row.item, row.title, row.price_minor) for row in rows(shop)] == expected
    assert result.count("pending") == 1


def repriced(shop: Shop, count: int) -> tuple[list[Change], list[int]]:
    """Return new prices of so many items, in the order of their sending, and how to read them back."""
    changes = [cells(shop, place, price=f"{place + 1}.00") for place in range(count)]
    places = {change.id: place for place, change in enumerate(changes)}
    changes.sort(key=lambda one: one.id)
    return changes, [places[one.id] for one in changes]


def prices(shop: Shop, places: Iterable[int]) -> list[int]:
    return [rows(shop)[place].price_minor for place in places]


@pytest.mark.parametrize(("count", "pushes"), [(2, 2), (14, 4)])
def test_the_last_push_holds_all_of_the_plan(shop, count, pushes):
    shop.feed_of_its_own()
    changes, places = repriced(shop, count)
    result = applied(shop, *changes)
    assert prices(shop, places) == [(place + 1) * 100 for place in places]
    assert (result.count("pending"), len(shop.sent("/catalog/api"))) == (count, pushes)


def halted_after_one(shop: Shop, path: Path, digest: str) -> None:
    """Apply a plan up to its first push, and let writing be allowed again."""

    def push(hapi: Hapi, file: CatalogueFile) -> Upload:
        upload = push_catalogue(hapi, file)
        halt(shop.run(), "x")
        return upload

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.correct.applying.writers.catalogue.push_catalogue", push)
        assert apply(shop.run(), path, digest).count("pending") == 1
    lift(shop.run())


def test_a_push_after_a_halt_holds_what_was_pushed_before_it(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    path, digest = shop.plan(*changes, items=len(rows(shop)))
    halted_after_one(shop, path, digest)
    apply(shop.run(), path, digest)
    assert prices(shop, places) == [(place + 1) * 100 for place in places]


def test_a_push_whose_fate_is_unknown_stands_in_those_that_follow(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    shop.running.faults.arm(Fault("emarsys", "cut", match="/catalog/api", times=6))
    result = applied(shop, *changes)
    assert prices(shop, places) == [(place + 1) * 100 for place in places]
    assert result.count("pending") == 2


def test_what_was_refused_is_in_no_later_push(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    before = prices(shop, places)
    path, digest = shop.plan(*changes, items=len(rows(shop)))
    shop.running.faults.arm(Fault("emarsys", "status", match="/catalog/api", status=400))
    apply(shop.run(), path, digest)
    apply(shop.run(), path, digest)
    assert prices(shop, places) == [before[0], (places[1] + 1) * 100]


def test_a_cell_that_the_feeds_makers_have_set_since_is_theirs_in_later_pushes(shop):
    feed = shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    path, digest = shop.plan(*changes, items=len(rows(shop)))
    halted_after_one(shop, path, digest)
    rows(shop)[places[0]].price_minor = 77_700
    shop.write_feed(feed)
    apply(shop.run(), path, digest)
    assert prices(shop, places) == [77_700, (places[1] + 1) * 100]


def applied_one_by_one(shop: Shop, changes: Iterable[Change], **parts: Any) -> list[Path]:
    """Apply a plan of each change, and return where the plans stand."""
    return [applied(shop, one, **parts).path for one in changes]


def test_a_push_holds_what_other_plans_of_the_same_audit_have_pushed(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 3)
    applied_one_by_one(shop, changes)
    assert prices(shop, places) == [(place + 1) * 100 for place in places]


def test_cells_of_one_item_that_two_plans_set_stand_together(shop):
    shop.feed_of_its_own()
    applied_one_by_one(shop, [cells(shop, price="1.00"), cells(shop, title="Ours")])
    assert (rows(shop)[0].price_minor, rows(shop)[0].title) == (100, "Ours")


def test_a_plan_that_goes_on_holds_what_another_has_pushed_meanwhile(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 3)
    path, digest = shop.plan(*changes[:2], items=len(rows(shop)))
    halted_after_one(shop, path, digest)
    applied(shop, changes[2])
    apply(shop.run(), path, digest)
    assert prices(shop, places) == [(place + 1) * 100 for place in places]


def test_a_push_holds_nothing_of_an_earlier_audit(shop):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    before = prices(shop, places)
    applied(shop, changes[0])
    applied(shop, changes[1], run="run-2")
    assert prices(shop, places) == [before[0], (places[1] + 1) * 100]


def test_what_was_taken_back_is_in_no_push_of_another_plan(shop):
    feed = shop.feed_of_its_own()
    old_feed = feed.read_bytes()
    changes, places = repriced(shop, 2)
    before = prices(shop, places)
    path, digest = shop.plan(changes[0], items=len(rows(shop)))
    apply(shop.run(), path, digest)
    shop.write_feed(feed)
    verify(shop.run(), path)
    back = undo(shop.run(), path)
    apply(shop.run(), back.path, back.digest)
    feed.write_bytes(old_feed)
    applied(shop, changes[1])
    assert prices(shop, places) == [before[0], (places[1] + 1) * 100]


def without_an_earlier_plan(shop: Shop) -> tuple[Path, str]:
    """Return a plan, after another of the same audit was applied whose file is gone by now."""
    shop.feed_of_its_own()
    changes, _ = repriced(shop, 2)
    (gone,) = applied_one_by_one(shop, changes[:1])
    gone.unlink()
    return shop.plan(changes[1], items=len(rows(shop)))


def test_nothing_is_pushed_that_would_take_back_what_a_lost_plan_has_pushed(shop):
    path, digest = without_an_earlier_plan(shop)
    with pytest.raises(UnsafePlanError, match="audit again and make a new plan"):
        apply(shop.run(), path, digest)
    assert len(shop.sent("/catalog/api")) == 1


def test_a_plan_that_pushes_nothing_does_not_mind_a_lost_one(shop):
    without_an_earlier_plan(shop)
    path, digest = shop.plan(shop.rename())
    assert apply(shop.run(), path, digest).count("verified") == 1


def test_a_plan_is_found_from_whichever_folder_another_is_applied(shop, tmp_path):
    shop.feed_of_its_own()
    changes, places = repriced(shop, 2)
    store = {"ledger": f"sqlite:///{shop.folder}/ledger.sqlite"}
    shop.change_store(**store)
    applied(shop, changes[0])
    with contextlib.chdir(tmp_path):
        applied(shop, changes[1])
    assert prices(shop, places) == [(place + 1) * 100 for place in places]


def test_several_are_taken_back_together(shop):
    feed = shop.feed_of_its_own()
    changes, places = repriced(shop, 3)
    before = prices(shop, places)
    path, digest = shop.plan(*changes, items=len(rows(shop)))
    apply(shop.run(), path, digest)
    shop.write_feed(feed)
    verify(shop.run(), path)
    back = undo(shop.run(), path)
    apply(shop.run(), back.path, back.digest)
    assert prices(shop, places) == before


def test_it_is_verified_once_the_feed_shows_it(shop):
    path, digest = shop.plan(cells(shop, price="1.00"), items=len(rows(shop)))
    apply(shop.run(), path, digest)
    assert verify(shop.run(), path).count("verified") == 1


def test_a_cell_that_was_changed_since_is_left(shop):
    planned = cells(shop, title="Ours")
    rows(shop)[0].title = "Theirs"
    result = applied(shop, planned)
    assert (result.count("superseded"), shop.sent("/catalog/api")) == (1, [])


def test_a_price_that_is_written_otherwise_is_the_same(shop):
    row = rows(shop)[0]
    row.price_minor = 12_300
    request = CatalogueCells(row.item, {"price": "99.00"}, {"price": "123"})
    assert applied(shop, change(request, remedy="push_catalogue")).count("pending") == 1


@pytest.mark.parametrize(
    ("column", "told", "written"),
    [
        ("price", "123.00", "122.996"),
        ("price", "1299", "1299.4"),
        ("msrp", "0.01", "0.005"),
        ("c_stock", "15", "15.0"),
        ("c_stock", "15", "14.5"),
    ],
)
def test_a_number_is_the_one_that_an_audit_reads(shop, column: str, told: str, written: str):
    file = shop.feed_of_its_own()
    table = list(csv.reader(file.read_text().splitlines()))
    table[1][table[0].index(column)] = written
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(table)
    request = CatalogueCells(table[1][table[0].index("item")], {column: "7"}, {column: told})
    assert applied(shop, change(request, remedy="push_catalogue")).count("pending") == 1


def test_a_title_is_no_number(shop):
    rows(shop)[0].title = "501.0"
    request = CatalogueCells(rows(shop)[0].item, {"title": "Jeans"}, {"title": "501"})
    assert applied(shop, change(request, remedy="push_catalogue")).count("superseded") == 1


def test_an_item_that_is_gone_is_left(shop):
    planned = cells(shop, price="1.00")
    items = len(rows(shop))
    del rows(shop)[0]
    result = applied(shop, planned, items=items - 1)
    assert (result.count("superseded"), shop.sent("/catalog/api")) == (1, [])


@pytest.mark.parametrize(("lost", "is_pushed"), [(1, True), (2, True), (3, False)])
def test_a_feed_that_shrank_beyond_its_cap_is_not_pushed(shop, lost, is_pushed):
    planned, items = cells(shop, price="1.00"), 100
    del rows(shop)[items - lost :]
    assert len(rows(shop)) == items - lost
    shop.change_settings(caps={"default": {"count": 500, "share": 0.02}})
    result = applied(shop, planned, items=items)
    assert bool(shop.sent("/catalog/api")) == is_pushed
    assert (result.stopped is None) == is_pushed


def test_a_feed_that_cannot_be_read_is_not_pushed(shop):
    shop.running.faults.arm(Fault("emarsys", "status", match="/feeds/", status=404, times=None))
    result = applied(shop, cells(shop, price="1.00"))
    assert (shop.sent("/catalog/api"), result.left) == ([], 1)


def test_a_wrong_token_is_told(shop):
    shop.running.faults.arm(
        Fault("emarsys", "status", match="/catalog/api", status=401, times=None)
    )
    result = applied(shop, cells(shop, price="1.00"), cells(shop, 1, price="1.00"))
    assert (result.count("failed"), result.left) == (1, 1)


def test_it_is_taken_back(shop):
    before = rows(shop)[0].price_minor
    path, digest = shop.plan(cells(shop, price="1.00"), items=len(rows(shop)))
    apply(shop.run(), path, digest)
    verify(shop.run(), path)
    back = undo(shop.run(), path)
    apply(shop.run(), back.path, back.digest)
    assert rows(shop)[0].price_minor == before


def test_what_the_feed_does_not_show_yet_is_not_called_final(shop):
    shop.feed_of_its_own()
    path, digest = shop.plan(cells(shop, price="1.00"), items=len(rows(shop)))
    apply(shop.run(), path, digest)
    with pytest.raises(UnsafePlanError, match="does not show yet"):
        undo(shop.run(), path)


def test_the_draft_of_the_file_does_not_stay(shop):
    applied(shop, cells(shop, price="1.00"))
    assert [path for path in (shop.folder / "var/catalogue").rglob("*") if path.is_file()] == []
