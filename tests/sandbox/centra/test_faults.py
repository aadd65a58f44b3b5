"""Faults that strike the pages of a list, and those of the wire through the whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.sandbox.wire import Fault

if TYPE_CHECKING:
    from tests.sandbox.centra.conftest import Shop

QUERY = """query ($after: String) { orderConnection(first: 4, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { number } } } }"""
PLAIN = "query ($page: Int) { orders(limit: 4, page: $page) { number } }"


def page(shop: Shop, after: str | None = None) -> tuple[list[int], Any, dict[str, Any]]:
    answer = shop.ask(QUERY, after=after)
    part = answer["data"]["orderConnection"]
    numbers = [edge["node"]["number"] for edge in part["edges"]]
    return numbers, part["pageInfo"], answer


def second_page(shop: Shop) -> tuple[list[int], Any, dict[str, Any]]:
    return page(shop, page(shop)[1]["endCursor"])


def test_a_repeated_page_has_the_rows_and_cursor_of_the_one_before(shop: Shop):
    shop.faults.arm(Fault("centra", "repeat", match="orderConnection", skip=1))
    assert second_page(shop)[:2] == page(shop)[:2]


def test_the_page_behind_a_repeated_one_is_right_again(shop: Shop):
    shop.faults.arm(Fault("centra", "repeat", skip=1))
    after = second_page(shop)[1]["endCursor"]
    assert page(shop, after)[0] == [105, 106, 107, 108]


def test_a_page_repeated_for_ever_never_ends(shop: Shop):
    shop.faults.arm(Fault("centra", "repeat", skip=1, times=None))
    first = page(shop)
    seen = first
    for _ in range(3):
        seen = page(shop, seen[1]["endCursor"])
    assert seen[:2] == first[:2]


def test_a_first_page_is_never_a_repeated_one(shop: Shop):
    second_page(shop)
    shop.faults.arm(Fault("centra", "repeat"))
    assert page(shop)[0] == [101, 102, 103, 104]


def test_a_plain_page_is_repeated_too(shop: Shop):
    shop.faults.arm(Fault("centra", "repeat", skip=1))
    pages = [shop.rows("number", PLAIN, page=number) for number in (1, 2)]
    assert pages == [[101, 102, 103, 104]] * 2


def test_a_shortened_page_keeps_its_cursor_and_total(shop: Shop):
    whole = page(shop)
    shop.faults.arm(Fault("centra", "lose"))
    short = page(shop)
    assert short[0] == [101, 102]
    assert (short[1], short[2]["data"]["orderConnection"]["totalCount"]) == (whole[1], 11)


def test_a_plain_page_is_shortened_too(shop: Shop):
    shop.faults.arm(Fault("centra", "lose", match="orders"))
    assert shop.rows("number", PLAIN) == [101, 102]


def test_a_shortened_page_says_nothing_of_it(shop: Shop):
    shop.faults.arm(Fault("centra", "lose"))
    assert "errors" not in page(shop)[2]


def test_a_partial_answer_is_a_200_with_data_and_errors(shop: Shop):
    shop.faults.arm(Fault("centra", "partial"))
    response = shop.post(QUERY)
    answer = response.json()
    assert (response.status_code, answer["errors"]) == (
        200,
        [{"message": "Internal server error", "path": ["orderConnection"]}],
    )
    assert len(answer["data"]["orderConnection"]["edges"]) == 2


def test_a_spent_fault_leaves_the_next_page_alone(shop: Shop):
    shop.faults.arm(Fault("centra", "lose"))
    assert [len(page(shop)[0]), len(page(shop)[0])] == [2, 4]


def test_a_cut_answer_breaks_off(shop: Shop):
    shop.faults.arm(Fault("centra", "cut"))
    with pytest.raises(httpx.RemoteProtocolError):
        shop.post(QUERY)


def test_garbage_is_a_200_without_json(shop: Shop):
    shop.faults.arm(Fault("centra", "garbage"))
    response = shop.post(QUERY)
    assert (response.status_code, response.text[:6]) == (200, "<html>")


def test_the_log_remembers_a_query_and_its_status(shop: Shop):
    shop.faults.arm(Fault("centra", "status", status=503))
    shop.post(PLAIN, page=2)
    (row,) = shop.log.rows()
    assert (row.system, row.method, row.path, row.status) == ("centra", "POST", "/graphql", 503)
    assert b'"page":2' in row.body


@pytest.mark.parametrize(("rows", "seen"), [(-1, [106, 107, 108, 109]), (1, [104, 105, 106, 107])])
def test_page_numbers_skip_or_repeat_when_rows_shift(shop: Shop, rows: int, seen: list[int]):
    shop.rows("number", PLAIN, page=1)
    shop.faults.arm(Fault("centra", "shift", rows=rows))
    assert shop.rows("number", PLAIN, page=2) == seen


@pytest.mark.parametrize(("rows", "total"), [(-1, 10), (1, 12), (-3, 8)])
def test_cursors_do_neither_but_the_total_moves(shop: Shop, rows: int, total: int):
    after = page(shop)[1]["endCursor"]
    shop.faults.arm(Fault("centra", "shift", rows=rows))
    numbers, _, answer = page(shop, after)
    assert numbers == [105, 106, 107, 108]
    assert answer["data"]["orderConnection"]["totalCount"] == total


@pytest.mark.parametrize(
    "name", ["customers", "newsletterSubscriptions", "orders", "shipments", "returns", "prices"]
)
def test_rows_of_a_list_can_come_and_go(name: str, shop: Shop):
    query = f"{{ {name} {{ id }} }}"
    before = shop.rows("id", query)
    shop.faults.arm(Fault("centra", "shift", rows=1))
    assert len(shop.rows("id", query)) == len(before) + 1
    shop.faults.arm(Fault("centra", "shift", rows=-1))
    assert shop.rows("id", query) == before


def test_a_list_that_cannot_shift_stays(shop: Shop):
    shop.faults.arm(Fault("centra", "shift"))
    assert shop.rows("id", "{ stores { id } }") == [1, 2, 3]


def test_an_empty_list_cannot_shift(shop: Shop):
    shop.tenant.returns = []
    shop.faults.arm(Fault("centra", "shift"))
    assert shop.rows("id", "{ returns { id } }") == []
