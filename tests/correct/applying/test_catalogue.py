"""The catalogue, pushed whole with some cells set; never smaller than it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.model.plan import CatalogueCells
from auditor.pipeline import apply, undo, verify
from auditor.sandbox.wire import Fault
from tests.correct.applying.shop import change

if TYPE_CHECKING:
    from auditor.model.plan import Change
    from auditor.pipeline import Applied
    from auditor.sandbox.world.model import CatalogueRow
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


def test_the_draft_of_the_file_does_not_stay(shop):
    applied(shop, cells(shop, price="1.00"))
    assert [path for path in (shop.folder / "var/catalogue").rglob("*") if path.is_file()] == []
