from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from auditor.errors import ConfigError, RefusedError, SchemaDriftError
from auditor.systems.emarsys.product_lookup import (
    RECOMMENDER,
    Product,
    ProductLookup,
    product_client,
)

ROUTE = "GET /productinfo/merchants/ABC123/"


@pytest.fixture
def lookup():
    client = product_client()
    yield ProductLookup(client, "ABC123")
    client.close()


def test_a_product_is_found_with_exact_amounts(server, lookup):
    server.on(
        ROUTE,
        httpx.Response(
            200, text='{"SKU 1":{"item":"SKU 1","title":"Shirt","price":199.1,"available":true}}'
        ),
    )
    assert lookup.product("SKU 1") == Product(
        "SKU 1", title="Shirt", price=Decimal("199.1"), available=True
    )
    (request,) = server.sent(ROUTE)
    assert str(request.url).startswith(RECOMMENDER)
    assert request.url.params["v"] == "i:SKU 1"


def test_the_look_up_carries_no_credentials(server, lookup):
    server.on(ROUTE, httpx.Response(200, text="{}"))
    lookup.product("SKU-1")
    assert "authorization" not in server.requests[0].headers


def test_a_product_that_is_not_there_is_none(server, lookup):
    server.on(ROUTE, httpx.Response(200, text="{}"))
    assert lookup.product("SKU-1") is None


def test_an_unknown_merchant_is_refused(server, lookup):
    server.on(ROUTE, httpx.Response(404, text="Unknown merchant"))
    with pytest.raises(RefusedError, match="check the merchant id"):
        lookup.product("SKU-1")


@pytest.mark.parametrize("body", ["<html>", "[]", '{"SKU-1":{"title":"x"}}', '{"SKU-1":1}'])
def test_an_answer_of_another_shape_is_drift(server, lookup, body: str):
    server.on(ROUTE, httpx.Response(200, text=body))
    with pytest.raises(SchemaDriftError, match="does not know"):
        lookup.product("SKU-1")


def test_plain_http_to_another_machine_is_refused():
    client = product_client()
    with pytest.raises(ConfigError, match="plain http is refused"):
        ProductLookup(client, "ABC123", "http://elsewhere.example")
    client.close()
