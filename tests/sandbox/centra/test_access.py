"""Tokens, permissions and store restrictions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.centra import Token
from tests.sandbox.centra.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

ORDERS = "{ orders { number } }"


def test_a_bearer_token_is_let_in(shop: Shop):
    assert shop.post(ORDERS).status_code == 200


def test_the_cookie_is_let_in_too(shop: Shop):
    cookie = {"Cookie": "graphql-access=all"}
    answer = shop.http.post("/graphql", json={"query": ORDERS}, headers=cookie)
    assert "data" in answer.json()


@pytest.mark.parametrize(("form", "status"), [("401", 401), ("403", 403), ("errors", 200)], ids=str)
def test_an_unknown_token_is_refused_as_chosen(open_shop: Opener, form: str, status: int):
    answer = open_shop(refusal=form).as_("stranger").post(ORDERS)
    assert (answer.status_code, "data" in answer.json()) == (status, False)


def test_a_missing_token_is_refused(shop: Shop):
    assert shop.http.post("/graphql", json={"query": ORDERS}).status_code == 401


def test_an_expired_token_is_refused(open_shop: Opener):
    shop = open_shop(tokens=[Token("old", expires_at=NOW)]).as_("old")
    assert shop.post(ORDERS).status_code == 401


def test_a_token_works_until_it_expires(open_shop: Opener):
    shop = open_shop(tokens=[Token("old", expires_at=NOW + timedelta(seconds=1))]).as_("old")
    assert shop.post(ORDERS).status_code == 200


def test_a_missing_permission_is_said_in_the_documented_shape(open_shop: Opener):
    shop = open_shop(tokens=[Token("poor", frozenset({"Store:read"}))]).as_("poor")
    answer = shop.ask("{ orderConnection(first: 1) { totalCount } }")
    assert answer == {
        "errors": [
            {
                "message": "You need Order:read permission to access orderConnection.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["orderConnection"],
                "extensions": {"category": "authorization"},
            }
        ],
        "extensions": answer["extensions"],
    }


@pytest.mark.parametrize("status", [200, 403])
def test_the_status_of_a_missing_permission_is_as_chosen(open_shop: Opener, status: int):
    shop = open_shop(tokens=[Token("poor", frozenset())], permission_error_status=status)
    assert shop.as_("poor").post(ORDERS).status_code == status


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("{ orders { shippingAddress { email } } }", "Order.shippingAddress:read"),
        ("{ orders { attributes { elements { value } } } }", "Order.attributes:read"),
        ("{ orders { ... on DirectToConsumerOrder { customer { id } } } }", "Customer:read"),
        ("{ customers { totalOrders } }", "Customer.totalOrders:read"),
        ("{ customers { billingAddress { email } } }", "Customer.billingAddress:read"),
        ("{ newsletterSubscriptions { country { code } } }", "Country:read"),
        ("{ productSizes { stock { freeToAllocateQuantity } } }", "ProductSize.stock:read"),
        ("{ returns { comment } }", "Return.comment:read"),
        ("{ counters { orders } }", "Order:read"),
        ("{ shipmentConnection { edges { node { order { id } } } } }", "Order:read"),
    ],
)
def test_a_guarded_field_names_the_permission_it_needs(shop: Shop, query: str, permission: str):
    assert permission in shop.ask(query)["extensions"]["permissionsUsed"]


def test_one_missing_permission_of_several_withholds_all_data(open_shop: Opener):
    granted = frozenset({"Order:read"})
    answer = (
        open_shop(tokens=[Token("poor", granted)]).as_("poor").ask("{ orders { store { id } } }")
    )
    assert [error["message"] for error in answer["errors"]] == [
        "You need Store:read permission to access store."
    ]
    assert "data" not in answer


def test_any_valid_token_may_introspect(open_shop: Opener):
    shop = open_shop(tokens=[Token("poor", frozenset())]).as_("poor")
    assert shop.data('{ __type(name: "Order") { name } }') == {"__type": {"name": "Order"}}


def test_rate_limits_need_no_permission(open_shop: Opener):
    shop = open_shop(tokens=[Token("poor", frozenset())]).as_("poor")
    assert len(shop.data("{ rateLimits { quota } }")["rateLimits"]) == 6


@pytest.mark.parametrize(
    ("query", "field", "seen"),
    [
        ("{ stores { id } }", "id", [1]),
        ("{ orders { number } }", "number", [101, 102, 103, 104, 107, 108, 109, 110, 111]),
        ("{ shipments { id } }", "id", [1, 2, 3]),
        ("{ returns { id } }", "id", [1]),
        ("{ customers { id } }", "id", [1, 2, 3, 4, 5]),
        ("{ newsletterSubscriptions { id } }", "id", [1, 2, 3, 4]),
        ("{ accounts { id } }", "id", []),
        ("{ buyers { id } }", "id", []),
        ("{ displays { id } }", "id", [1, 2, 3]),
        ("{ pricelists { id } }", "id", [1, 2]),
        ("{ prices { id } }", "id", [1, 2, 3]),
        ("{ products { id } }", "id", [1, 2, 3]),
    ],
)
def test_a_store_restriction_hides_the_rows_of_other_stores(
    open_shop: Opener, query: str, field: str, seen: list[int]
):
    shop = open_shop(tokens=[Token("retail", stores=frozenset({1}))]).as_("retail")
    assert shop.rows(field, query) == seen


def test_a_restriction_to_a_store_type_hides_the_other_type(open_shop: Opener):
    tokens = [Token("b2b", store_types=frozenset({"WHOLESALE"}))]
    assert open_shop(tokens=tokens).as_("b2b").rows("number", ORDERS) == [105]


def test_a_restriction_hides_rows_from_counters_and_nested_lists(open_shop: Opener):
    shop = open_shop(tokens=[Token("retail", stores=frozenset({1}))]).as_("retail")
    query = "{ counters { orders } products(where: {id: 1}) { displays { id } } }"
    assert shop.data(query) == {
        "counters": {"orders": 9},
        "products": [{"displays": [{"id": 1}]}],
    }


def test_a_restriction_hides_an_order_from_its_lookup(open_shop: Opener):
    shop = open_shop(tokens=[Token("retail", stores=frozenset({1}))])
    wholesale = shop.tenant.orders[4].id
    query = "query ($id: String!) { order(id: $id) { number } }"
    assert shop.as_("retail").data(query, id=wholesale) == {"order": None}
