"""What a list gives is held against what it promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Aside
from auditor.systems.centra.rows import Slice
from auditor.systems.centra.tally import Tally
from auditor.systems.seen import Seen


def page(*keys: int, aside: tuple[Aside, ...] = (), **changes: Any) -> Slice[int]:
    return Slice(list(keys), aside, **changes)


def tally_of(*pages: Slice[int]) -> Tally:
    tally = Tally("orders")
    for one in pages:
        tally.take(one, one.rows)
    return tally


@settings(deadline=None)
@given(st.lists(st.integers(-(10**12), 10**12)))
def test_a_number_is_new_once(numbers: list[int]):
    seen = Seen()
    assert [n for n in numbers if seen.add(n)] == list(dict.fromkeys(numbers))
    assert len(seen) == len(set(numbers))


def test_different_rows_are_counted():
    assert tally_of(page(1, 2), page(2, 3)).count == 3


def test_rows_set_aside_are_counted():
    assert tally_of(page(1, aside=(Aside("odd", "{}"),))).count == 2


def test_a_page_of_known_rows_is_a_repetition():
    with pytest.raises(
        IncompleteSnapshotError, match=r"^Centra's list of orders repeated a page\.$"
    ):
        tally_of(page(1, 2), page(2, 1))


def test_the_same_rows_set_aside_are_a_repetition():
    odd = (Aside("odd", "{}"),)
    with pytest.raises(IncompleteSnapshotError, match="repeated a page"):
        tally_of(page(aside=odd), page(aside=odd))


def test_other_rows_set_aside_are_no_repetition():
    pages = page(aside=(Aside("odd", "1"),)), page(aside=(Aside("odd", "2"),))
    assert tally_of(*pages).count == 2


def test_a_total_that_shrinks_is_told():
    with pytest.raises(IncompleteSnapshotError, match="shrank from 9 to 8 while it was read"):
        tally_of(page(1, total=9), page(2, total=8))


def test_a_total_may_grow():
    assert tally_of(page(1, total=2), page(2, total=3)).count == 2


def test_more_rows_than_promised_are_told():
    with pytest.raises(IncompleteSnapshotError, match="promised 1 records and gave 2"):
        tally_of(page(1, 2, total=1))


def test_fewer_rows_than_promised_are_told():
    with pytest.raises(IncompleteSnapshotError, match="promised 3 records and gave 2"):
        tally_of(page(1, 2, total=3)).end(3)


@pytest.mark.parametrize("promised", [2, None])
def test_a_list_that_keeps_its_promise_ends_well(promised: int | None):
    tally_of(page(1, 2)).end(promised)


def test_the_cursor_leads_on():
    assert Tally("orders").next_cursor(page(1, cursor="b")) == "b"


def test_a_cursor_that_repeats_is_told():
    tally = Tally("orders")
    tally.next_cursor(page(1, cursor="b"))
    with pytest.raises(IncompleteSnapshotError, match="gave the same cursor twice"):
        tally.next_cursor(page(2, cursor="b"))


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_missing_cursor_is_told(cursor: str | None):
    with pytest.raises(IncompleteSnapshotError, match="goes on, but not where"):
        Tally("orders").next_cursor(page(1, cursor=cursor))


def test_an_empty_page_in_the_middle_is_told():
    with pytest.raises(IncompleteSnapshotError, match="goes on, but not where"):
        Tally("orders").next_cursor(page(cursor="b"))


@pytest.mark.parametrize("sizes", [(3, 2, 3), (3, 2, 1), (2, 3)])
def test_a_short_page_that_is_not_the_last_is_told(sizes: tuple[int, ...]):
    tally = Tally("stores")
    for size in sizes[:-1]:
        tally.require_full(page(*range(size)))
    with pytest.raises(IncompleteSnapshotError, match=r"^Centra's list of stores cut a page short"):
        tally.require_full(page(*range(sizes[-1])))


@pytest.mark.parametrize("sizes", [(3, 3, 3), (3, 3, 1), (1,)])
def test_only_the_last_page_may_be_short(sizes: tuple[int, ...]):
    tally = Tally("stores")
    for size in sizes:
        tally.require_full(page(*range(size)))
