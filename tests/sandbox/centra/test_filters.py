"""What a `where` argument selects and a `sort` argument does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLInputObjectType

from auditor.sandbox.centra.filters import FILTERS
from auditor.sandbox.centra.selection import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

EVERY = list(range(101, 112))


def orders(shop: Shop, where: str) -> list[int]:
    numbers: list[int] = shop.rows("number", f"{{ orders(where: {where}) {{ number }} }}")
    return numbers


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("{}", EVERY),
        ("{number: 103}", [103]),
        ("{number: [103, 101, 103, 999]}", [101, 103]),
        ("{status: [PENDING, PROCESSING]}", [102, 110]),
        ("{status: []}", []),
        ("{status: null}", EVERY),
        ("{storeId: [2, 3]}", [105, 106]),
        ("{storeType: WHOLESALE}", [105]),
        ("{marketId: 3}", [111]),
        ("{customerId: [4]}", [103, 104]),
        ("{customerId: 4, status: SHIPPED}", [103]),
        ("{accountId: 1}", [105]),
        ("{buyerId: 1}", [105]),
        ("{currencyId: 3}", [108]),
        ("{countryId: 3}", [108]),
        ("{affiliateId: 2}", [106]),
        ("{isInternal: true}", [107]),
        ("{isOnHold: true}", [102]),
        ("{isWaitingForPayment: true}", [110]),
        ("{orderHoldReason: PAYMENT_MISMATCH}", [102]),
        ("{isLocked: true}", []),
        ('{search: "SURVIVOR"}', [103]),
        ('{notNull: ["accountId"]}', [105]),
        ('{status: SHIPPED, negate: ["status"]}', [102, 104, 110, 111]),
        ('{customerId: 1, negate: ["customerId"]}', [103, 104, 105, 106, 108]),
        ('{negate: ["status"]}', EVERY),
        ('{cancelDate: {from: "2020-01-01"}}', []),
        ('{otherComment: {equals: "x"}}', []),
        ('{externalId: "x"}', []),
    ],
)
def test_orders_are_filtered(shop: Shop, where: str, numbers: list[int]):
    assert orders(shop, where) == numbers


@pytest.mark.parametrize(
    ("bounds", "numbers"),
    [("inclusive", [101, 102, 103]), ("half_open", [101, 102]), ("exclusive", [102])],
)
def test_date_bounds_count_as_chosen(open_shop: Opener, bounds: str, numbers: list[int]):
    shop = open_shop(date_bounds=bounds)
    edges = '{from: "2026-06-14T13:47:12Z", to: "2026-06-16T13:47:12Z"}'
    assert orders(shop, f"{{updatedAt: {edges}}}") == numbers


@pytest.mark.parametrize(
    "start", ["2026-06-22T15:47:12+02:00", "2026-06-22 15:47:12", "2026-06-22T13:47:12Z"]
)
def test_a_date_without_offset_is_read_in_the_zone_of_the_tenant(shop: Shop, start: str):
    assert orders(shop, f'{{updatedAt: {{from: "{start}"}}}}') == [109, 110, 111]


@pytest.mark.parametrize("bound", ["from", "to"])
def test_a_date_range_may_be_open_on_either_side(shop: Shop, bound: str):
    found = orders(shop, f'{{orderDate: {{{bound}: "2026-06-09T00:00:00Z"}}}}')
    assert found == (EVERY[5:] if bound == "from" else EVERY[:5])


def test_an_order_is_found_by_its_id(shop: Shop):
    wanted = shop.tenant.orders[3].id
    assert orders(shop, f'{{id: "{wanted}"}}') == [104]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ('customers(where: {email: {equals: "twin@example.com"}})', [1, 2]),
        ("customers(where: {isAnonymized: true})", [3]),
        ("customers(where: {status: INACTIVE})", [3]),
        ("customers(where: {marketId: 2})", [4, 5]),
        ("customers(where: {totalOrders: {from: 2}})", []),
        ("customers(where: {totalOrders: {to: 1}, storeId: 3})", [6]),
        ('newsletterSubscriptions(where: {email: {equals: "nobody@example.com"}})', [4]),
        ("newsletterSubscriptions(where: {storeId: 3})", [5]),
        ("currencies(where: {isBase: true})", [1]),
        ("pricelists(where: {assignedToCountryId: 3})", [2]),
        ("pricelists(where: {status: INACTIVE})", [4]),
        ("shipments(where: {isShipped: true})", [1, 3, 4, 5]),
        ("shipments(where: {storeType: DIRECT_TO_CONSUMER, isShipped: true})", [1, 3, 5]),
        ("shipments(where: {customerId: 1})", [1, 2]),
        ("shipments(where: {isCaptured: false})", [3]),
        ('shipments(where: {number: "103-3"})', [3]),
        ('shipments(where: {shippedAt: {to: "2026-06-10T00:00:00Z"}})', [1]),
        ('shipments(where: {notNull: ["shippedAt"]})', [1, 3, 4, 5]),
        ("returns(where: {orderNumber: 101})", [1]),
        ("returns(where: {returnStatus: PENDING})", [2]),
        ("returns(where: {buyerId: 1})", [2]),
        ('returns(where: {shipmentNumber: "101-2"})', [1]),
        ("products(where: {status: INACTIVE})", [3]),
        ("productVariants(where: {productId: 2})", [2]),
        ("productVariants(where: {displayId: 4})", [1]),
        ('productSizes(where: {SKU: {equals: "P2BLKL"}})', [4]),
        ("productSizes(where: {isActive: false})", [5, 6]),
        ("productSizes(where: {quantity: {from: 40}})", [5, 6]),
        ("displays(where: {marketId: 5})", [4]),
        ("displays(where: {productVariantId: [1, 2]})", [1, 2, 4]),
        ("displays(where: {status: INACTIVE})", [3, 4]),
        ("prices(where: {pricelistId: 1})", [1, 3]),
        ("prices(where: {productId: 1})", [1, 2, 4]),
        ("prices(where: {price: {from: 1000}})", [1, 2]),
        ("prices(where: {storeId: 3})", [4]),
        ("buyers(where: {accountId: 1})", [1]),
    ],
)
def test_rows_are_filtered(shop: Shop, query: str, ids: list[int]):
    assert shop.rows("id", f"{{ {query} {{ id }} }}") == ids


@pytest.mark.parametrize("where", ["{}", '{equals: "a", equals: "b"}'])
def test_a_string_match_takes_exactly_one_key(shop: Shop, where: str):
    assert "errors" in shop.ask(f"{{ customers(where: {{email: {where}}}) {{ id }} }}")


@pytest.mark.parametrize("argument", ["notNull", "negate"])
def test_an_unknown_name_in_a_list_of_filters_is_an_error(shop: Shop, argument: str):
    assert "nonsense" in shop.error(f'{{ orders(where: {{{argument}: "nonsense"}}) {{ id }} }}')


@pytest.mark.parametrize(
    ("sort", "ids"),
    [("id_DESC", [6, 5, 4, 3, 2, 1]), ("updatedAt_ASC", [4, 3, 2, 6, 1, 5])],
)
def test_rows_are_sorted_with_ties_by_id(shop: Shop, sort: str, ids: list[int]):
    assert shop.rows("id", f"{{ customers(sort: {sort}) {{ id }} }}") == ids


def test_a_second_sort_field_breaks_ties(shop: Shop):
    query = "{ customers(sort: [createdAt_DESC, id_DESC]) { id } }"
    assert shop.rows("id", query) == [6, 5, 4, 3, 2, 1]


def test_sorting_both_ways_at_once_is_refused(shop: Shop):
    assert "both directions" in shop.error("{ customers(sort: [createdAt_ASC, id_DESC]) { id } }")


def test_counters_count_what_a_filter_selects(shop: Shop):
    query = "{ counters { orders(where: {storeType: WHOLESALE}) customers products } }"
    assert shop.data(query) == {"counters": {"orders": 1, "customers": 6, "products": 3}}


@pytest.mark.parametrize("kind", TABLES)
def test_every_filter_of_the_schema_is_answered(shop: Shop, kind: str):
    declared: Any = shop.server.schema.type_map[f"{kind}Filter"]
    assert isinstance(declared, GraphQLInputObjectType)
    assert set(declared.fields) - {"notNull", "negate"} == set(FILTERS[kind])


@pytest.mark.parametrize(
    ("hidden", "numbers"), [(True, [n for n in EVERY if n not in (102, 110)]), (False, EVERY)]
)
def test_held_orders_are_hidden_where_so_chosen(
    open_shop: Opener, hidden: bool, numbers: list[int]
):
    assert orders(open_shop(hides_held_orders=hidden), "{}") == numbers


@pytest.mark.parametrize(
    ("where", "numbers"), [("{isOnHold: true}", [102]), ("{isWaitingForPayment: true}", [110])]
)
def test_held_orders_are_shown_when_asked_for(open_shop: Opener, where: str, numbers: list[int]):
    assert orders(open_shop(hides_held_orders=True), where) == numbers


@pytest.mark.parametrize(("hidden", "numbers"), [(True, EVERY[:-1]), (False, EVERY)])
def test_archived_orders_are_hidden_where_so_chosen(
    open_shop: Opener, hidden: bool, numbers: list[int]
):
    assert orders(open_shop(hides_archived_orders=hidden), "{}") == numbers


def test_archived_orders_are_shown_when_asked_for(open_shop: Opener):
    assert orders(open_shop(hides_archived_orders=True), "{status: ARCHIVED}") == [111]
