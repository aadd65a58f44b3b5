"""The fast way of executing gives what graphql-core gives."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.sandbox.centra import UNLIMITED, CentraOptions, Token
from auditor.sandbox.centra import server as server_module
from auditor.sandbox.centra.server import CentraServer, Query
from tests.sandbox.centra.conftest import NOW
from tests.sandbox.centra.queries import VARIABLES, queries
from tests.sandbox.centra.tenant import small_tenant

TOKEN = Token("all")


SERVER = CentraServer(
    small_tenant(),
    CentraOptions(
        tokens=(TOKEN,),
        rate_plan=UNLIMITED,
        registered_field="isRegistered",
        newsletter_field="receiveNewsletters",
        base_value_field="baseValue",
        absent=frozenset(),
    ),
    lambda: NOW,
)


def fast(query: Query) -> dict[str, Any]:
    body = SERVER.answer(TOKEN, query).body
    assert isinstance(body, dict)
    return body


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_fast_way_gives_the_bytes_of_stock_execution_and_never_falls_back_to_it(
    data: st.DataObject,
):
    query = Query(data.draw(queries(SERVER.schema)), VARIABLES, None)
    stock = SERVER.stock(TOKEN, query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module, "execute_sync", None)
        answer = fast(query)
    assert "errors" not in stock
    assert "errors" not in answer
    assert msgspec.json.encode(answer["data"]) == msgspec.json.encode(stock["data"])


@pytest.mark.parametrize(
    "text",
    [
        "{ accounts { orders(limit: 0) { id } } stores { id } }",
        '{ stores { id } accounts { orders(where: {notNull: "no"}) { id } } }',
        "{ orders(limit: 0) { id } }",
        '{ order(id: "none") { id } bad: customers(page: 0) { id } }',
    ],
)
def test_errors_are_those_of_stock_execution(text: str):
    query = Query(text, {}, None)
    stock, answer = SERVER.stock(TOKEN, query), fast(query)
    assert answer["errors"] == [error.formatted for error in stock["errors"]]
    assert answer["data"] == stock["data"]


def test_fields_of_several_fragments_are_merged_in_the_order_of_the_query():
    text = """{ orders(limit: 1) { store { id } ...a ... on Order { store { type } } } }
        fragment a on DirectToConsumerOrder { number store { name } }"""
    encoded = msgspec.json.encode(fast(Query(text, {}, None))["data"]).decode()
    store = '{"id":1,"name":"Retail","type":"DIRECT_TO_CONSUMER"}'
    assert encoded == f'{{"orders":[{{"store":{store},"number":101}}]}}'


def test_the_operation_is_chosen_by_its_name():
    text = "query A { stores { id } } query B { warehouses { id } }"
    assert list(fast(Query(text, {}, "B"))["data"]) == ["warehouses"]


def test_two_operations_without_a_name_are_an_error():
    text = "query A { stores { id } } query B { warehouses { id } }"
    assert "operation name" in fast(Query(text, {}, None))["errors"][0]["message"]


def test_introspection_beside_data_is_answered():
    data = fast(Query("{ __schema { queryType { name } } stores { id } }", {}, None))["data"]
    assert data == {
        "__schema": {"queryType": {"name": "Query"}},
        "stores": [{"id": 1}, {"id": 2}, {"id": 3}],
    }


def served(**options: Any) -> CentraServer:
    return CentraServer(
        small_tenant(),
        CentraOptions(tokens=(TOKEN,), rate_plan=UNLIMITED, **options),
        lambda: NOW,
    )


def test_a_query_is_validated_once_for_all_tenants_of_the_same_schema(
    monkeypatch: pytest.MonkeyPatch,
):
    query = Query("{ stores { id onceForAll: id } }", {}, None)
    known = served().answer(TOKEN, query)
    monkeypatch.setattr(server_module, "validate", None)
    assert served(timezone="Asia/Tokyo").answer(TOKEN, query).body == known.body


def test_a_query_is_validated_by_the_schema_of_each_tenant():
    query = Query("{ stores { id ofEach: id } customers { isRegistered } }", {}, None)
    with_it = served(registered_field="isRegistered").answer(TOKEN, query).body
    without_it = served(registered_field=None).answer(TOKEN, query).body
    assert ["errors" in body for body in (with_it, without_it)] == [False, True]
