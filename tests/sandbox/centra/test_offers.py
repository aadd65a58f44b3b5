"""Payment history, campaigns, lowest prices and totals without tax, as the API shows them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import Token
from tests.sandbox.centra.tenant import day, line, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop


def first(shop: Shop, root: str, selection: str) -> Any:
    return next(iter(shop.data(f"{{ {root} {{ {selection} }} }}").values()))[0]


def test_an_order_shows_its_payments_oldest_first(shop: Shop):
    row = first(shop, "orders(where: {number: 101})", "paymentHistory { entryType status }")
    assert row["paymentHistory"] == [
        {"entryType": "AUTH", "status": "SUCCESS"},
        {"entryType": "CAPTURE_REQUEST", "status": "PENDING"},
        {"entryType": "CAPTURE", "status": "SUCCESS"},
        {"entryType": "REFUND", "status": "SUCCESS"},
    ]


def test_payments_are_chosen_by_their_type(shop: Shop):
    selection = "paymentHistory(where: {entryType: [CAPTURE, AUTH]}) { id }"
    row = first(shop, "orders(where: {number: 101})", selection)
    assert row["paymentHistory"] == [{"id": 1}, {"id": 3}]


def test_a_payment_is_in_the_currency_of_its_order(shop: Shop):
    row = first(shop, "orderPaymentHistory(where: {id: 3})", "value { formattedValue }")
    assert row == {"value": {"formattedValue": "1000.00 SEK"}}


def test_only_a_refund_names_a_return(shop: Shop):
    assert shop.rows("return", "{ orderPaymentHistory { return { id } } }") == [
        None,
        None,
        None,
        {"id": 1},
    ]


def test_payments_are_found_by_date(shop: Shop):
    query = "query ($d: DateTimeTz) { orderPaymentHistory(where: {createdAt: {from: $d}}) { id } }"
    assert shop.rows("id", query, d=day(-7).isoformat()) == [3, 4]


def test_a_completed_return_shows_its_refund(shop: Shop):
    row = first(shop, "returns(where: {id: 1})", "refundPaymentHistory { entryType order { id } }")
    assert [entry["entryType"] for entry in row["refundPaymentHistory"]] == ["REFUND"]


def test_payments_need_their_own_permission(shop: Shop):
    used = shop.ask("{ orders { paymentHistory { id } } }")["extensions"]["permissionsUsed"]
    assert used == ["Order:read", "PaymentHistory:read"]


def test_a_campaign_tells_its_prices(shop: Shop):
    selection = "name status variants { productVariant { id } pricelist { id } price { value } }"
    assert first(shop, "campaigns", selection) == {
        "name": "Sale",
        "status": "ACTIVE",
        "variants": [
            {"productVariant": {"id": 1}, "pricelist": {"id": 1}, "price": {"value": 999.0}}
        ],
    }


def test_a_lowest_price_tells_the_original_one(shop: Shop):
    selection = "originalPrice { value } price { value } markets { id } pricelist { id }"
    assert first(shop, "lowestPrices(where: {marketId: 1})", selection) == {
        "originalPrice": {"value": 1299.0},
        "price": {"value": 1199.0},
        "markets": [{"id": 1}],
        "pricelist": {"id": 1},
    }


@pytest.mark.parametrize(
    ("taxed", "total", "line_value"), [("true", 1299.0, 1250.0), ("false", 1039.2, 1000.0)]
)
def test_an_order_without_tax_gets_it_on_top(
    shop: Shop, taxed: str, total: float, line_value: float
):
    line_ = replace(line(20), tax_percent=Decimal(25))
    row = order(120, [line_], adds_tax=True, shipping_minor=3_920)
    shop.tenant.orders.append(row)
    selection = f"""grandTotal(includingTax: {taxed}) {{ value }}
        lines {{ lineValue(includingTax: {taxed}) {{ value }} }}"""
    assert first(shop, "orders(where: {number: 120})", selection) == {
        "grandTotal": {"value": total},
        "lines": [{"lineValue": {"value": line_value}}],
    }


def test_the_totals_say_which_tax_was_added(shop: Shop):
    shop.tenant.orders.append(order(120, [line(20)], adds_tax=True, shipping_minor=0))
    selection = "totals { taxAdded { value } taxIncluded { value } }"
    assert first(shop, "orders(where: {number: 120})", selection) == {
        "totals": {"taxAdded": {"value": 250.0}, "taxIncluded": {"value": 0.0}}
    }


@pytest.mark.parametrize(("number", "count"), [(101, 1), (110, 0)])
def test_only_a_reduced_order_has_a_discount(shop: Shop, number: int, count: int):
    if number == 110:
        shop.tenant.orders[9].lines[0].unit_original_minor = 100_000
    selection = "discountsApplied { __typename value { value } }"
    row = first(shop, f"orders(where: {{number: {number}}})", selection)
    assert len(row["discountsApplied"]) == count


def test_a_shipment_tells_when_it_was_captured(shop: Shop):
    shop.tenant.shipments[0].captured_at = day(-3)
    row = first(shop, "shipments(where: {id: 1})", 'capturedAt(format: "d") paidAt')
    assert row == {"capturedAt": "20", "paidAt": None}


def test_payments_of_hidden_stores_are_hidden(open_shop: Callable[..., Shop]):
    shop = open_shop(tokens=[Token("b2b", store_types=frozenset({"WHOLESALE"}))]).as_("b2b")
    assert shop.rows("id", "{ orderPaymentHistory { id } }") == []
