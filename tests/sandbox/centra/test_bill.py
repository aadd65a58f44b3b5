"""What queries cost, and what else an answer tells about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

WORKED_SAMPLE = """{ markets(limit: 50) { id assignedToCountries(limit: 10) { id
    states(limit: 10) { id } } } }"""


def complexity(shop: Shop, query: str) -> int:
    cost: int = shop.ask(query)["extensions"]["complexity"]
    return cost


def test_the_worked_sample_of_the_vendor_costs_what_it_says(shop: Shop):
    assert complexity(shop, WORKED_SAMPLE) == 5_550


def test_the_rate_limits_query_costs_what_the_vendor_reports(shop: Shop):
    assert complexity(shop, "{ rateLimits { type quota } }") == 10


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ orders(limit: 50) { id number } }", 50),
        ("{ orders { id } }", 20),
        ("{ orders(limit: 50) { store { id } market { name } } }", 150),
        ("{ orders(limit: 5) { lines { id } } }", 55),
        ("{ orders(limit: 5) { lines { productSize { id } lineValue { value } } } }", 155),
        ("{ orderConnection(first: 50) { totalCount edges { cursor node { id } } } }", 50),
        ("{ orderConnection(last: 50) { edges { node { store { id } } } } }", 100),
        ("{ orderConnection(first: 50) { pageInfo { endCursor } } }", 1),
        ("{ orderConnection { edges { node { id } } } }", 20),
        ('{ order(id: "x") { store { id } } }', 2),
        ("{ counters { orders } }", 1),
        ("{ productSizes(limit: 1) { stock(limit: 3) { freeToAllocateQuantity } } }", 4),
        ("{ productSizes(limit: 1) { stock(limit: 3) { physicalQuantity } } }", 10),
        ("{ productSizes(limit: 1) { stock { physicalQuantity } } }", 31),
        ("{ orders(limit: 1) { ... on WholesaleOrder { account { id } } } }", 2),
        ("{ orders(limit: 2) { a: store { id } b: store { id } store { id } store { name } } }", 8),
        ("{ orders(limit: 2) { store @skip(if: true) { id } } }", 2),
        ("{ __schema { queryType { name } } }", 0),
    ],
)
def test_a_query_costs_by_the_published_rules(shop: Shop, query: str, cost: int):
    assert complexity(shop, query) == cost


def test_the_size_of_a_page_may_come_from_a_variable(shop: Shop):
    query = "query ($n: Int) { orders(limit: $n) { id } }"
    assert shop.ask(query, n=7)["extensions"]["complexity"] == 7


def test_the_cost_counts_requested_rows_not_returned_ones(shop: Shop):
    assert complexity(shop, "{ orders(limit: 150, where: {id: []}) { id } }") == 150


def test_an_invalid_query_tells_its_extensions_too(shop: Shop):
    extensions = shop.ask("{ nonsense }")["extensions"]
    assert extensions == {"complexity": 0, "permissionsUsed": [], "appVersion": "v1.7.0"}


def test_used_permissions_are_listed_once(shop: Shop):
    query = "{ orders { store { id } } a: orders { store { name } number } }"
    assert shop.ask(query)["extensions"]["permissionsUsed"] == ["Order:read", "Store:read"]


def test_the_version_is_that_of_the_options(open_shop: Opener):
    answer = open_shop(app_version="v9.9.9").ask("{ stores { id } }")
    assert answer["extensions"]["appVersion"] == "v9.9.9"
