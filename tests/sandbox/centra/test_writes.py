"""Mutations: what they change, what they answer, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import RatePlan, Token
from tests.sandbox.centra.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]

PAYLOAD = "userErrors { message path } userWarnings { message path }"
UPDATE = f"""mutation ($id: Int!, $input: CustomerUpdateInput!) {{
    updateCustomer(id: $id, input: $input) {{ customer {{ id status updatedAt }} {PAYLOAD} }} }}"""
ASSIGN = f"""mutation ($input: AttributesAssignGenericInput!) {{
    assignAttributes(input: $input) {{ {PAYLOAD} }} }}"""
ANONYMIZE = f"""mutation ($input: AnonymizeCustomersInput!) {{
    anonymizeCustomers(input: $input) {{ customers {{ id isAnonymized }} {PAYLOAD} }} }}"""
CLEAR = {"receiveNewsletters": False}


def update(shop: Shop, number: int, **given: Any) -> Any:
    return shop.data(UPDATE, id=number, input=given)["updateCustomer"]


def test_an_update_answers_with_the_customer(shop: Shop):
    answer = update(shop, 2, status="INACTIVE")
    shown = {"id": 2, "status": "INACTIVE", "updatedAt": "2026-06-30T14:00:00+02:00"}
    assert answer == {"customer": shown, "userErrors": [], "userWarnings": []}


def test_an_update_is_found_by_its_new_date(shop: Shop):
    query = "query ($d: DateTimeTz) { customers(where: {updatedAt: {from: $d}}) { id } }"
    assert shop.rows("id", query, d=NOW.isoformat()) == []
    update(shop, 5, status="INACTIVE")
    assert shop.rows("id", query, d=NOW.isoformat()) == [5]


def test_clearing_the_flag_clears_it(shop: Shop):
    update(shop, 1, **CLEAR)
    assert not shop.tenant.customers[0].receives_newsletters


@pytest.mark.parametrize(
    ("flip", "number", "is_active"),
    [
        ("none", 1, True),
        ("none", 2, True),
        ("registered", 1, False),
        ("registered", 2, True),
        ("all", 1, False),
        ("all", 2, False),
    ],
)
def test_whose_rows_follow_the_flag_is_as_chosen(
    open_shop: Opener, flip: str, number: int, is_active: bool
):
    shop = open_shop(newsletter_flip=flip)
    update(shop, number, **CLEAR)
    assert shop.tenant.subscriptions[0].is_active == is_active


def test_a_back_in_stock_request_never_follows_the_flag(shop: Shop):
    update(shop, 5, **CLEAR)
    assert shop.tenant.subscriptions[2].is_active


def test_setting_the_flag_activates_the_newest_row(shop: Shop):
    update(shop, 4, receiveNewsletters=True)
    assert shop.tenant.subscriptions[1].is_active


def test_setting_the_flag_of_somebody_without_a_row_makes_one(shop: Shop):
    update(shop, 5, receiveNewsletters=True)
    assert shop.rows("email", "{ newsletterSubscriptions(where: {id: 6}) { email } }") == [
        "tokyo@example.com"
    ]


def test_names_and_market_are_written(shop: Shop):
    update(shop, 4, billingAddress={"firstName": "Eva"}, market={"id": 1})
    customer = shop.tenant.customers[3]
    assert (customer.first_name, customer.market_id) == ("Eva", 1)


@pytest.mark.parametrize(
    ("number", "given", "message", "path"),
    [
        (99, CLEAR, "Could not find Customer with ID 99", ["id"]),
        (1, {"market": {"id": 99}}, "Could not find Market with ID 99", ["input", "market", "id"]),
    ],
)
def test_an_unknown_reference_is_a_user_error_with_status_200(
    shop: Shop, number: int, given: Any, message: str, path: list[str]
):
    response = shop.post(UPDATE, id=number, input=given)
    answer = response.json()["data"]["updateCustomer"]
    assert (response.status_code, answer["customer"]) == (200, None)
    assert answer["userErrors"] == [{"message": message, "path": path}]


def test_a_failed_update_changes_nothing(shop: Shop):
    update(shop, 1, market={"id": 99}, **CLEAR)
    assert shop.tenant.customers[0].receives_newsletters


def test_the_customer_may_be_named_by_an_input_instead(open_shop: Opener):
    shop = open_shop(update_customer_by="customer")
    query = """mutation { updateCustomer(customer: {id: 1}, input: {receiveNewsletters: false}) {
        customer { id } userErrors { path } } }"""
    assert shop.data(query)["updateCustomer"] == {"customer": {"id": 1}, "userErrors": []}
    assert "errors" in shop.ask(UPDATE, id=1, input=CLEAR)


def test_a_mutation_costs_a_hundred_more(shop: Shop):
    query = "mutation { updateCustomer(id: 1, input: {}) { customer { id } } }"
    assert shop.ask(query)["extensions"]["complexity"] == 102


def test_mutations_have_a_bucket_of_their_own(open_shop: Opener):
    shop = open_shop(rate_plan=RatePlan((60, 5_000), (2, 1_800), (250_000, 30_000_000)))
    statuses = [shop.post(UPDATE, id=1, input=CLEAR).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert shop.post("{ stores { id } }").status_code == 200


def test_every_mutation_of_a_request_counts(open_shop: Opener):
    shop = open_shop(rate_plan=RatePlan((60, 5_000), (2, 1_800), (250_000, 30_000_000)))
    one = "updateCustomer(id: 1, input: {}) { userErrors { path } }"
    assert shop.post(f"mutation {{ a: {one} b: {one} c: {one} }}").status_code == 429


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("updateCustomer(id: 1, input: {})", "Customer:write"),
        ("anonymizeCustomers(input: {})", "Customer:write"),
        (
            "assignAttributes(input: {objectType: Order, objectId: 1, dynamicAttributes: []})",
            "Attribute:write",
        ),
        ("setEventListeners(input: [])", "Event:write"),
        ("unsetEventListeners(input: [])", "Event:write"),
        ("confirmEvents(input: {eventsIds: []})", "Event:write"),
    ],
)
def test_a_mutation_needs_permission_to_write(open_shop: Opener, query: str, permission: str):
    shop = open_shop(tokens=[Token("reader", frozenset({"Customer:read"}))])
    query = f"mutation {{ {query} {{ userErrors {{ path }} }} }}"
    assert shop.ask(query)["extensions"]["permissionsUsed"] == [permission]
    assert permission in shop.as_("reader").error(query)


def test_without_permission_nothing_is_written(open_shop: Opener):
    shop = open_shop(tokens=[Token("reader", frozenset({"Customer:read"}))])
    shop.as_("reader").post(UPDATE, id=1, input=CLEAR)
    assert shop.tenant.customers[0].receives_newsletters


def test_a_restricted_token_cannot_write_to_other_stores(open_shop: Opener):
    shop = open_shop(tokens=[Token("one", stores=frozenset({3}))]).as_("one")
    assert update(shop, 1, **CLEAR)["userErrors"]


def test_every_mutation_is_in_the_log_with_its_variables(shop: Shop):
    update(shop, 1, **CLEAR)
    (row,) = shop.log.rows()
    assert b"updateCustomer" in row.body
    assert b"receiveNewsletters" in row.body


def assign(shop: Shop, kind: str, number: int, name: str) -> Any:
    entry = {"attributeTypeName": name, "attributeElementKey": "v", "attributeElementValue": "x"}
    given = {"objectType": kind, "objectId": number, "dynamicAttributes": [entry]}
    return shop.data(ASSIGN, input=given)["assignAttributes"]


def test_an_attribute_is_assigned_to_a_customer(shop: Shop):
    assert assign(shop, "Customer", 1, "emarsys_contact")["userErrors"] == []
    query = "{ customers(where: {id: 1}) { attributes { type { name } elements { value } } } }"
    assert shop.rows("attributes", query) == [
        [{"type": {"name": "emarsys_contact"}, "elements": [{"value": "x"}]}]
    ]


def test_an_order_takes_attributes_by_its_number(shop: Shop):
    assign(shop, "Order", 101, "gift_wrap")
    assert shop.tenant.orders[0].attributes == {"gift_wrap": "x"}


@pytest.mark.parametrize(
    ("kind", "number", "name", "path"),
    [
        ("Customer", 99, "emarsys_contact", ["input", "objectId"]),
        ("Customer", 1, "none", ["input", "dynamicAttributes", "0", "attributeTypeName"]),
        ("Display", 1, "emarsys_contact", ["input", "objectId"]),
    ],
)
def test_an_attribute_that_cannot_be_assigned_is_a_user_error(
    shop: Shop, kind: str, number: int, name: str, path: list[str]
):
    (error,) = assign(shop, kind, number, name)["userErrors"]
    assert error["path"] == path


def test_the_attributes_that_are_set_up_are_listed(open_shop: Opener):
    shop = open_shop(attribute_types=(("Customer", "vip"),))
    query = "{ attributeTypes { name isMapped objectType elements { key kind } } }"
    (row,) = shop.data(query)["attributeTypes"]
    assert (row["name"], row["objectType"], row["isMapped"]) == ("vip", "Customer", False)


def test_anonymising_takes_everything_personal(shop: Shop):
    answer = shop.data(ANONYMIZE, input={"customers": [{"id": 4}]})["anonymizeCustomers"]
    customer, order = shop.tenant.customers[3], shop.tenant.orders[2]
    assert answer["customers"] == [{"id": 4, "isAnonymized": True}]
    assert (customer.email, customer.first_name) == ("anonymized-4@example.invalid", "")
    assert order.email == customer.email
    assert "survivor@example.com" not in {row.email for row in shop.tenant.subscriptions}


def test_anonymising_leaves_the_rows_of_a_twin(shop: Shop):
    shop.data(ANONYMIZE, input={"customers": [{"id": 2}]})
    assert "twin@example.com" in {row.email for row in shop.tenant.subscriptions}


def test_a_batch_skips_what_it_cannot_find_and_warns(shop: Shop):
    given = {"customers": [{"id": 99}, {"id": 5}]}
    answer = shop.data(ANONYMIZE, input=given)["anonymizeCustomers"]
    assert [row["id"] for row in answer["customers"]] == [5]
    assert answer["userWarnings"][0]["path"] == ["input", "customers", "0"]


def test_anonymising_takes_addresses_too(shop: Shop):
    given = {"emails": ["twin@example.com"]}
    answer = shop.data(ANONYMIZE, input=given)["anonymizeCustomers"]
    assert [row["id"] for row in answer["customers"]] == [1, 2]


@pytest.mark.parametrize("given", [{}, {"emails": [], "customers": []}])
def test_anonymising_takes_exactly_one_list(shop: Shop, given: Any):
    (error,) = shop.data(ANONYMIZE, input=given)["anonymizeCustomers"]["userErrors"]
    assert error["path"] == ["input"]
