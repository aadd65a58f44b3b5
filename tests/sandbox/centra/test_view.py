"""The rows that a token sees, and what is kept between pages."""

from __future__ import annotations

import pytest

from auditor.sandbox.centra.view import Restriction, View
from tests.sandbox.centra.tenant import day, small_tenant


class Maker:
    """Makes a selection of a given size and counts how often."""

    def __init__(self, size: int) -> None:
        self.rows, self.times = list(range(size)), 0

    def __call__(self) -> list[int]:
        self.times += 1
        return self.rows


@pytest.fixture
def view() -> View:
    return View(small_tenant(), Restriction(None, None))


@pytest.mark.parametrize(("size", "times"), [(5_000, 1), (5, 2)])
def test_only_large_selections_are_remembered(view: View, size: int, times: int):
    maker = Maker(size)
    assert [view.remembered("a", maker), view.remembered("a", maker)] == [maker.rows] * 2
    assert maker.times == times


@pytest.mark.parametrize(("touched", "times"), [(True, 1), (False, 2)])
def test_the_selection_used_longest_ago_is_forgotten(view: View, touched: bool, times: int):
    maker = Maker(5_000)
    view.remembered("a", maker)
    for number in range(32):
        view.remembered(str(number), Maker(5_000))
        if touched:
            view.remembered("a", maker)
    view.remembered("a", maker)
    assert maker.times == times


@pytest.mark.parametrize(
    ("low", "high", "ids"),
    [(None, None, [4, 3, 2, 6, 1, 5]), (1, 3, [3, 2, 6]), (2, None, [2, 6, 1, 5]), (9, None, [])],
)
def test_rows_between_two_dates_are_found(
    view: View, low: int | None, high: int | None, ids: list[int]
):
    bounds = [None if bound is None else day(bound) for bound in (low, high)]
    rows = view.customers.between("updated_at", *bounds)
    assert [row.id for row in rows] == ids


def test_rows_without_the_date_lie_between_no_dates(view: View):
    assert [row.id for row in view.shipments.between("shipped_at", None, None)] == [1, 3, 4, 5]


def test_names_are_numbered_in_alphabetical_order(view: View):
    assert view.orders.names("affiliate") == {"Magazine": 1, "Zalando": 2}
