"""What orders and their lines look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]


def one(shop: Shop, number: int, selection: str) -> Any:
    return shop.data(f"{{ orders(where: {{number: {number}}}) {{ {selection} }} }}")["orders"][0]


def lines(shop: Shop, number: int, selection: str) -> Any:
    return one(shop, number, f"lines {{ {selection} }}")["lines"]


@pytest.mark.parametrize(
    ("number", "name"), [(101, "DirectToConsumerOrder"), (105, "WholesaleOrder")]
)
def test_the_store_makes_the_kind_of_order(shop: Shop, number: int, name: str):
    assert one(shop, number, "__typename")["__typename"] == name


def test_a_consumer_order_names_its_customer(shop: Shop):
    selection = "... on DirectToConsumerOrder { customer { id email } }"
    assert one(shop, 103, selection) == {"customer": {"id": 4, "email": "survivor@example.com"}}


def test_a_customer_who_is_gone_is_null(shop: Shop):
    shop.tenant.customers = shop.tenant.customers[1:]
    assert one(shop, 101, "... on DirectToConsumerOrder { customer { id } }") == {"customer": None}


def test_a_wholesale_order_names_account_and_buyer(shop: Shop):
    selection = "... on WholesaleOrder { account { name } buyer { email } }"
    expected = {"account": {"name": "Boutique"}, "buyer": {"email": "twin@example.com"}}
    assert one(shop, 105, selection) == expected


def test_an_order_is_found_by_its_lookup(shop: Shop):
    wanted = shop.tenant.orders[2].id
    data = shop.data("query ($id: String!) { order(id: $id) { number } }", id=wanted)
    assert data == {"order": {"number": 103}}


@pytest.mark.parametrize("spelling", ["CANCELLED", "DELETED"])
@pytest.mark.parametrize("held", ["CANCELLED", "DELETED"])
def test_the_cancelled_status_is_spelled_as_chosen(open_shop: Opener, spelling: str, held: str):
    shop = open_shop(cancelled_status=spelling)
    shop.tenant.orders[3].status = held
    assert one(shop, 104, "status") == {"status": spelling}


@pytest.mark.parametrize("spelling", ["CANCELLED", "DELETED"])
@pytest.mark.parametrize("held", ["CANCELLED", "DELETED"])
def test_cancelled_orders_are_found_by_that_spelling(open_shop: Opener, spelling: str, held: str):
    shop = open_shop(cancelled_status=spelling)
    shop.tenant.orders[3].status = held
    query = f"{{ orders(where: {{status: [{spelling}]}}) {{ number }} }}"
    assert shop.rows("number", query) == [104]


@pytest.mark.parametrize(("chosen", "other"), [("CANCELLED", "DELETED"), ("DELETED", "CANCELLED")])
def test_the_other_spelling_is_no_value_of_the_enum(open_shop: Opener, chosen: str, other: str):
    shop = open_shop(cancelled_status=chosen)
    assert other in shop.error(f"{{ orders(where: {{status: [{other}]}}) {{ id }} }}")


def test_the_grand_total_is_lines_and_shipping(shop: Shop):
    assert one(shop, 101, "grandTotal { valueInCents }")["grandTotal"]["valueInCents"] == 204_900


def test_the_grand_total_without_tax_is_smaller_by_it(shop: Shop):
    total = one(shop, 101, "grandTotal(includingTax: false) { valueInCents }")["grandTotal"]
    assert total["valueInCents"] == 163_920


@pytest.mark.parametrize(
    ("number", "money"),
    [
        (101, {"value": 2049.0, "formattedValue": "2049.00 SEK", "conversionRate": 1.0}),
        (105, {"value": 1049.0, "formattedValue": "1049.00 EUR", "conversionRate": 11.5}),
        (108, {"value": 19_900.0, "formattedValue": "19900 JPY", "conversionRate": 0.07}),
    ],
)
def test_money_is_shown_with_its_currency(shop: Shop, number: int, money: dict[str, Any]):
    selection = "grandTotal { value formattedValue conversionRate }"
    assert one(shop, number, selection)["grandTotal"] == money


def test_negative_money_keeps_its_sign(shop: Shop):
    totals = one(shop, 101, "totals { discounts { formattedValue } }")["totals"]
    assert totals["discounts"]["formattedValue"] == "-598.00 SEK"


@pytest.mark.parametrize(("number", "base"), [(105, "12063.50 SEK"), (108, "1393.00 SEK")])
def test_money_is_worth_so_much_in_base_currency(open_shop: Opener, number: int, base: str):
    shop = open_shop(base_value_field="inBase")
    money = one(shop, number, "grandTotal { inBase { formattedValue } }")["grandTotal"]
    assert money == {"inBase": {"formattedValue": base}}


def test_totals_add_up(shop: Shop):
    selection = "totals { shipping { value } taxIncluded { value } quantity }"
    totals = one(shop, 101, selection)["totals"]
    assert totals == {"shipping": {"value": 49.0}, "taxIncluded": {"value": 409.8}, "quantity": 2}


def test_the_address_bears_the_email_of_the_purchase(shop: Shop):
    selection = "shippingAddress { email firstName country { code } }"
    expected = {"email": "twin@example.com", "firstName": "Ann", "country": {"code": "SE"}}
    assert one(shop, 102, selection)["shippingAddress"] == expected


def test_dynamic_attributes_are_shown(shop: Shop):
    selection = "attributes { type { name objectType } elements { key value } }"
    shown = one(shop, 107, selection)["attributes"]
    elements = [{"key": "value", "value": "staff"}]
    assert shown == [{"type": {"name": "origin", "objectType": "Order"}, "elements": elements}]


@pytest.mark.parametrize(("number", "name"), [(106, "Zalando"), (102, None)])
def test_an_affiliate_is_named(shop: Shop, number: int, name: str | None):
    affiliate = one(shop, number, "affiliate { name }")["affiliate"]
    assert affiliate == (name and {"name": name})


def test_an_order_lists_its_shipments_and_returns(shop: Shop):
    order = one(shop, 101, "shipments { number } returns { id }")
    assert order == {
        "shipments": [{"number": "101-1"}, {"number": "101-2"}],
        "returns": [{"id": 1}],
    }


def test_a_fully_cancelled_line_is_hidden(shop: Shop):
    assert lines(shop, 103, "id") == [{"id": 4}]


def test_a_fully_cancelled_line_is_shown_when_asked_for(shop: Shop):
    selection = "lines(includeFullyCancelled: true) { id quantity cancelledQuantity }"
    assert one(shop, 103, selection)["lines"][1] == {
        "id": 5,
        "quantity": 0,
        "cancelledQuantity": 2,
    }


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (101, ["ProductOrderLine", "ProductOrderLine"]),
        (109, ["BundleOrderLine", "BundleItemOrderLine"]),
        (110, ["GiftCertificateOrderLine"]),
    ],
)
def test_a_line_has_the_type_of_its_kind(shop: Shop, number: int, names: list[str]):
    assert [line["__typename"] for line in lines(shop, number, "__typename")] == names


def test_a_line_names_product_variant_and_size(shop: Shop):
    selection = """productNumber productName productBrand size product { id }
        productVariant { variantNumber } productSize { SKU EAN } category { name }"""
    assert lines(shop, 101, selection)[1] == {
        "productNumber": "P1",
        "productName": "Coat",
        "productBrand": "Nord",
        "size": "L",
        "product": {"id": 1},
        "productVariant": {"variantNumber": "BLK"},
        "productSize": {"SKU": "P1BLKL", "EAN": "7350000000002"},
        "category": {"name": "Outer"},
    }


def test_a_gift_certificate_has_no_product(shop: Shop):
    selection = "size productNumber productName productSize { id }"
    expected = {"size": "", "productNumber": "", "productName": None, "productSize": None}
    assert lines(shop, 110, selection) == [expected]


def test_a_line_shows_its_prices(shop: Shop):
    selection = """hasAnyDiscount discountPercent taxPercent unitOriginalPrice { value }
        unitPrice { value } lineValue(includingTax: false) { value }"""
    assert lines(shop, 101, selection)[0] == {
        "hasAnyDiscount": True,
        "discountPercent": 23.02,
        "taxPercent": 25.0,
        "unitOriginalPrice": {"value": 1299.0},
        "unitPrice": {"value": 1000.0},
        "lineValue": {"value": 800.0},
    }


def test_the_shipped_quantity_is_that_of_completed_shipments(open_shop: Opener):
    shop = open_shop(absent=frozenset())
    shipped = [line["shippedQuantity"] for line in lines(shop, 101, "shippedQuantity")]
    assert shipped == [1, 0]
