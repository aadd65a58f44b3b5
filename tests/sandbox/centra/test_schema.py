"""Which names a tenant's schema has, and what becomes of queries that use others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graphql import GraphQLObjectType

from auditor.sandbox.centra import DEFAULT_ABSENT, CentraOptions
from auditor.sandbox.centra.schema import tenant_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]


FIELDS_OF = "query ($name: String!) { __type(name: $name) { fields { name } } }"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("{ orders { nonsense } }", "nonsense"),
        ("{ orders(nonsense: 1) { id } }", "nonsense"),
        ("{ orders(where: {nonsense: 1}) { id } }", "nonsense"),
        ("{ orders(where: {status: NONSENSE}) { id } }", "NONSENSE"),
        ("{ orders(sort: nonsense_ASC) { id } }", "nonsense_ASC"),
        ("{ orders { customer { id } } }", "customer"),
        ("{ orders { store } }", "store"),
        ("{ shipments { emailSentAt } }", "emailSentAt"),
        ("{ newsletterSubscriptions(where: {isActive: true}) { id } }", "isActive"),
        ("{ returns(where: {updatedAt: {}}) { id } }", "updatedAt"),
        ('{ customers(where: {updatedAt: {from: "yesterday"}}) { id } }', "yesterday"),
        ('{ customers(where: {updatedAt: {from: "2026-13-01"}}) { id } }', "2026-13-01"),
        ('{ orders(where: {accountId: "x"}) { id } }', "x"),
        ("{ orders {", "Syntax Error"),
    ],
)
def test_what_the_schema_does_not_have_is_an_error_without_data(shop: Shop, query: str, named: str):
    answer = shop.ask(query)
    assert named in answer["errors"][0]["message"]
    assert "data" not in answer


def test_an_error_points_into_the_query(shop: Shop):
    error = shop.ask("{ orders { nonsense } }")["errors"][0]
    assert error["locations"] == [{"line": 1, "column": 12}]


def test_a_variable_of_the_wrong_type_is_an_error_without_data(shop: Shop):
    answer = shop.ask("query ($n: [Int!]) { orders(where: {number: $n}) { id } }", n="many")
    assert "$n" in answer["errors"][0]["message"]
    assert "data" not in answer


def test_a_lone_value_stands_for_a_list(shop: Shop):
    query = "query ($n: [Int!]) { orders(where: {number: $n}) { number } }"
    assert shop.rows("number", query, n=103) == [103]


def test_a_mutation_without_its_input_is_an_error(shop: Shop):
    assert "errors" in shop.ask("mutation { updateCustomer(id: 1) { customer { id } } }")


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"variables": {}}'])
def test_a_request_without_query_is_malformed(shop: Shop, body: bytes):
    headers = {"Authorization": "Bearer all"}
    assert shop.http.post("/graphql", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("absent", "query"),
    [
        ("Customer.isAnonymized", "{ customers { isAnonymized } }"),
        ("CustomerFilter.isAnonymized", "{ customers(where: {isAnonymized: true}) { id } }"),
        ("Query.buyers", "{ buyers { id } }"),
        ("Query.newsletterSubscriptions", "{ newsletterSubscriptions { id } }"),
        ("Query.prices", "{ prices { id } }"),
        ("Query.customerConnection", "{ customerConnection { totalCount } }"),
        ("Query.orderConnection", "{ orderConnection { totalCount } }"),
        ("Query.shipmentConnection", "{ shipmentConnection { totalCount } }"),
        ("Query.returnConnection", "{ returnConnection { totalCount } }"),
        ("Query.accountConnection", "{ accountConnection { totalCount } }"),
        ("Query.productSizeConnection", "{ productSizeConnection { totalCount } }"),
        ("OrderSort.updatedAt_ASC", "{ orders(sort: updatedAt_ASC) { id } }"),
        ("Order.isOnHold", "{ orders { isOnHold } }"),
        ("Order.isOnHold", "{ orders { ... on WholesaleOrder { isOnHold } } }"),
        ("MonetaryValue.valueInCents", "{ orders { grandTotal { valueInCents } } }"),
        ("Customer.market", "{ customers { market { id } } }"),
        ("OrderLine.shippedQuantity", "{ orders { lines { shippedQuantity } } }"),
    ],
)
def test_a_name_can_be_absent_or_present(open_shop: Opener, absent: str, query: str):
    assert "errors" in open_shop(absent=frozenset({absent})).ask(query)
    assert "errors" not in open_shop(absent=frozenset()).ask(query)


@pytest.mark.parametrize("name", sorted(DEFAULT_ABSENT))
def test_what_is_unknown_is_absent_by_default(shop: Shop, name: str):
    owner, field = name.split(".")
    owned = shop.data(FIELDS_OF, name=owner)["__type"]["fields"]
    assert {"name": field} not in owned


@pytest.mark.parametrize("option", ["registered_field", "newsletter_field", "base_value_field"])
def test_a_field_of_unknown_name_is_absent_unless_named(option: str):
    def names(options: CentraOptions) -> set[str]:
        types = tenant_schema(options)[0].type_map.values()
        return {n for t in types if isinstance(t, GraphQLObjectType) for n in t.fields}

    named = names(CentraOptions(**{option: "someName"}))  # type: ignore[arg-type]
    assert named - names(CentraOptions()) == {"someName"}


def test_an_absent_name_that_never_was_is_refused():
    with pytest.raises(ValueError, match=r"Order\.nonsense"):
        tenant_schema(CentraOptions(absent=frozenset({"Order.nonsense"})))


def test_every_field_of_the_schema_has_an_answer():
    schema, bindings = tenant_schema(CentraOptions(absent=frozenset()))
    declared = {
        f"{type_.name}.{name}"
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
        for name in type_.fields
    }
    answered = {f"{name}.{field}" for name, fields in bindings.items() for field in fields}
    assert declared == answered


def test_the_documented_sample_queries_are_valid(shop: Shop):
    samples = [
        """query Customers($after: String, $from: DateTimeTz) {
          customerConnection(first: 100, after: $after, sort: [id_ASC],
                             where: { updatedAt: { from: $from }, storeId: [1] }) {
            totalCount pageInfo { hasNextPage endCursor }
            edges { node { id email status firstName lastName createdAt updatedAt } } } }""",
        """query Subs($page: Int) { newsletterSubscriptions(limit: 200, page: $page, sort: [id_ASC]) {
          id email isActive createdAt country { code } productVariant { id } store { id } } }""",
        """query Orders($after: String, $from: DateTimeTz, $to: DateTimeTz) {
          orderConnection(first: 50, after: $after, where: { updatedAt: { from: $from, to: $to } }) {
            totalCount pageInfo { hasNextPage endCursor }
            edges { node {
              __typename id number status createdAt updatedAt isInternal isOnHold
              store { id type } market { id name }
              grandTotal { value conversionRate currency { code } }
              lines(includeFullyCancelled: true) { id quantity cancelledQuantity returnedQuantity
                productSize { id SKU } lineValue { value } }
              ... on DirectToConsumerOrder { customer { id email } }
              ... on WholesaleOrder { account { id name } buyer { id email } } } } } }""",
        """query Shipped($after: String, $from: DateTimeTz) {
          shipmentConnection(first: 100, after: $after,
              where: { storeType: DIRECT_TO_CONSUMER, isShipped: true, updatedAt: { from: $from } }) {
            pageInfo { hasNextPage endCursor }
            edges { node { id number isShipped shippedAt updatedAt trackingNumber isPaid isCaptured
              order { id number } lines { id quantity returnedQuantity orderLine { id } } } } } }""",
        """query Stock($after: String) {
          productSizeConnection(first: 100, after: $after, where: { isActive: true }) {
            pageInfo { hasNextPage endCursor }
            edges { node { id SKU EAN updatedAt productVariant { id status }
              stock(limit: 20) { warehouse { id name } freeToAllocateQuantity } } } } }""",
        "query { rateLimits { type intervalSeconds quota usedQuota remainingQuota } }",
    ]
    assert ["errors" in shop.ask(sample) for sample in samples] == [False] * len(samples)
