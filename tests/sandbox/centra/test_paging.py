"""Both list styles: pages by number, and cursors."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.centra.tenant import day, line, order, small_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

CONNECTIONS = {
    "customers": "customer",
    "orders": "order",
    "shipments": "shipment",
    "returns": "return",
    "accounts": "account",
    "products": "product",
    "productVariants": "productVariant",
    "productSizes": "productSize",
    "displays": "display",
}
FORWARD = """query ($after: String, $first: Int) {{ {name}Connection(first: $first, after: $after{more}) {{
  totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
  edges {{ cursor node {{ id }} }} }} }}"""
BACKWARD = FORWARD.replace("first", "last").replace("after", "before")


def walk(shop: Shop, name: str, first: int, more: str = "") -> list[Any]:
    ids, after = [], None
    while True:
        query = FORWARD.format(name=name, more=more)
        page = shop.data(query, first=first, after=after)[f"{name}Connection"]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return ids
        after = page["pageInfo"]["endCursor"]


def many_orders(count: int) -> Any:
    tenant = small_tenant()
    stamps = [day(n // 7) for n in range(count)]
    tenant.orders = [
        order(1000 + n, [line(n)], id=f"{n * 7 % count:032x}", updated_at=stamps[n])
        for n in range(count)
    ]
    return tenant


@pytest.mark.parametrize("plural", CONNECTIONS)
def test_walking_a_connection_to_its_end_gives_the_plain_list(shop: Shop, plural: str):
    plain = shop.rows("id", f"{{ {plural}(limit: 200) {{ id }} }}")
    assert walk(shop, CONNECTIONS[plural], 2) == plain


@pytest.mark.parametrize(
    "sort", ["id_ASC", "id_DESC", "number_DESC", "updatedAt_ASC", "updatedAt_DESC", "orderDate_ASC"]
)
def test_a_walk_meets_each_row_once_however_many_share_a_date(open_shop: Opener, sort: str):
    ids = walk(open_shop(many_orders(50)), "order", 4, f", sort: {sort}")
    assert sorted(ids) == [f"{n:032x}" for n in range(50)]


@pytest.mark.parametrize("sort", ["id_ASC", "id_DESC", "updatedAt_ASC", "updatedAt_DESC"])
def test_a_walk_goes_in_the_order_of_the_plain_list(open_shop: Opener, sort: str):
    shop = open_shop(many_orders(30))
    plain = shop.rows("id", f"{{ orders(limit: 200, sort: {sort}) {{ id }} }}")
    assert walk(shop, "order", 7, f", sort: [{sort}]") == plain


def test_a_walk_backwards_meets_the_rows_from_the_end(shop: Shop):
    query = BACKWARD.format(name="customer", more="")
    last = shop.data(query, last=2, before=None)["customerConnection"]
    before = last["pageInfo"]["startCursor"]
    page = shop.data(query, last=2, before=before)["customerConnection"]
    ids = [[edge["node"]["id"] for edge in part["edges"]] for part in (last, page)]
    assert ids == [[5, 6], [3, 4]]


def test_the_first_page_has_a_next_and_no_previous_page(shop: Shop):
    query = FORWARD.format(name="customer", more="")
    info = shop.data(query, first=2)["customerConnection"]["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)


def test_the_total_counts_every_selected_row(shop: Shop):
    query = FORWARD.format(name="customer", more=", where: {storeId: 1}")
    assert shop.data(query, first=2)["customerConnection"]["totalCount"] == 5


def test_an_empty_connection_has_no_cursors(shop: Shop):
    query = FORWARD.format(name="customer", more=", where: {id: 99}")
    info = shop.data(query, first=2)["customerConnection"]["pageInfo"]
    assert (info["startCursor"], info["endCursor"], info["hasNextPage"]) == (None, None, False)


def test_a_cursor_is_sort_field_and_value_in_base64(shop: Shop):
    query = FORWARD.format(name="order", more="")
    page = shop.data(query, first=1)["orderConnection"]
    assert base64.b64decode(page["pageInfo"]["endCursor"]) == b"number:101"


def test_the_cursor_of_an_edge_leads_behind_it(shop: Shop):
    query = FORWARD.format(name="customer", more="")
    edge = shop.data(query, first=3)["customerConnection"]["edges"][1]
    page = shop.data(query, first=1, after=edge["cursor"])["customerConnection"]
    assert page["edges"][0]["node"]["id"] == 3


def test_a_cursor_outlives_its_row(shop: Shop):
    query = FORWARD.format(name="customer", more="")
    after = shop.data(query, first=2)["customerConnection"]["pageInfo"]["endCursor"]
    del shop.tenant.customers[1]
    page = shop.data(query, first=1, after=after)["customerConnection"]
    assert page["edges"][0]["node"]["id"] == 3


@pytest.mark.parametrize("after", ["%%", "bm8=", "aWQ6eA==", "bnVtYmVyOjE2Ng=="])
def test_a_strange_cursor_is_an_error(shop: Shop, after: str):
    answer = shop.ask(FORWARD.format(name="customer", more=""), first=1, after=after)
    assert answer["errors"][0]["path"] == ["customerConnection"]


@pytest.mark.parametrize(("page", "numbers"), [(1, [101, 102]), (2, [103, 104]), (7, [])])
def test_a_plain_list_has_numbered_pages(shop: Shop, page: int, numbers: list[int]):
    query = "query ($page: Int) { orders(limit: 2, page: $page) { number } }"
    assert shop.rows("number", query, page=page) == numbers


def test_a_plain_list_shows_twenty_rows_unless_asked(open_shop: Opener):
    assert len(open_shop(many_orders(50)).rows("id", "{ orders { id } }")) == 20


def test_a_connection_shows_twenty_rows_unless_asked(open_shop: Opener):
    query = "{ orderConnection { edges { node { id } } } }"
    assert len(open_shop(many_orders(50)).data(query)["orderConnection"]["edges"]) == 20


@pytest.mark.parametrize(
    "query", ["{ orders(limit: 500) { id } }", "{ orderConnection(first: 500) { totalCount } }"]
)
def test_a_page_above_200_is_an_error_where_so_chosen(open_shop: Opener, query: str):
    assert "between 1 and 200" in open_shop(over_limit="error").error(query)


def test_a_page_above_200_is_cut_to_200_where_so_chosen(open_shop: Opener):
    shop = open_shop(many_orders(210), over_limit="clamp")
    assert len(shop.rows("id", "{ orders(limit: 500) { id } }")) == 200


@pytest.mark.parametrize("arguments", ["limit: 0", "limit: -1", "page: 0"])
def test_a_page_below_one_is_an_error(shop: Shop, arguments: str):
    assert shop.ask(f"{{ orders({arguments}) {{ id }} }}")["data"] is None


def test_a_nested_list_without_limit_argument_is_complete(open_shop: Opener):
    tenant = small_tenant()
    tenant.orders = [order(1, [line(n) for n in range(1, 41)])]
    query = "{ orders { lines { id } } }"
    assert len(open_shop(tenant).data(query)["orders"][0]["lines"]) == 40


def test_a_nested_list_with_limit_argument_has_pages(shop: Shop):
    query = "{ accounts { orders(limit: 1, page: 2) { id } } }"
    assert shop.data(query) == {"accounts": [{"orders": []}]}


def test_a_nested_list_takes_filters(shop: Shop):
    query = "{ accounts { orders(where: {status: SHIPPED}) { number } } }"
    assert shop.data(query) == {"accounts": [{"orders": [{"number": 105}]}]}


def test_rows_that_were_added_are_seen_at_once(shop: Shop):
    shop.rows("id", "{ customers { id } }")
    shop.tenant.customers.append(replace(shop.tenant.customers[0], id=77))
    assert shop.rows("id", "{ customers(where: {id: 77}) { id } }") == [77]


def test_rows_that_changed_their_date_are_found_after_a_refresh(shop: Shop):
    query = '{ customers(where: {updatedAt: {from: "2026-08-01T00:00:00Z"}}) { id } }'
    shop.rows("id", query)
    shop.tenant.customers[2].updated_at = day(90)
    shop.server.refresh()
    assert shop.rows("id", query) == [3]
