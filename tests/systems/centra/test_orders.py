"""Orders become rows of orders, lines and attributes, with exact amounts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest

from auditor.errors import SchemaDriftError
from auditor.systems.centra.money import UnfitRowError
from auditor.systems.centra.orders import Item, OrderTables, OrderTerms, order_fields
from auditor.systems.centra.query import selection
from auditor.systems.centra.records import Order
from tests.systems.centra.fake import FakeCentra, schema_of
from tests.systems.centra.samples import line, money, order, payment

TERMS = OrderTerms("sku", "included")


def tables(
    *rows: dict[str, Any], terms: OrderTerms = TERMS, base: str = "SEK"
) -> dict[str, list[dict[str, Any]]]:
    orders = msgspec.json.decode(json.dumps(rows), type=list[Order])
    return {name: table.to_pylist() for name, table in OrderTables(terms, base)(orders).items()}


def one_order(**changes: Any) -> dict[str, Any]:
    (found,) = tables(order(**changes))["centra_order"]
    return found


def one_line(terms: OrderTerms = TERMS, base: str = "SEK", **changes: Any) -> dict[str, Any]:
    (found,) = tables(order(lines=[line(**changes)]), terms=terms, base=base)["centra_order_line"]
    return found


def asked(terms: OrderTerms = TERMS, absent: tuple[str, ...] = ()) -> str:
    return selection(schema_of(FakeCentra(absent=absent)), "Order", order_fields(terms))


def test_an_order_is_kept_with_all_its_columns():
    assert one_order(number=501) == {
        "order_number": "501",
        "order_id": f"{501:032x}",
        "kind": "DirectToConsumerOrder",
        "status": "SHIPPED",
        "store_id": "1",
        "market_id": "2",
        "customer_id": "7",
        "buyer_id": None,
        "email_key": "ann@example.com",
        "affiliate": "Partner",
        "is_internal": False,
        "is_on_hold": False,
        "is_waiting_for_payment": False,
        "currency": "SEK",
        "total_minor": 24890,
        "tax_added_minor": 0,
        "shipping_minor": 4900,
        "created_at": datetime(2026, 10, 23, 13, 47, 12),
        "updated_at": datetime(2026, 10, 23, 23, 30),
        "payment_method": "Klarna",
    }


def test_a_line_is_kept_with_all_its_columns():
    row = {**order(501), "lines": [line(5010, lineValue=money(19.9, "EUR", 11.5))]}
    assert tables(row)["centra_order_line"] == [
        {
            "order_number": "501",
            "line_id": "5010",
            "kind": "ProductOrderLine",
            "item": "NL-1-BLK-M",
            "quantity": 2,
            "cancelled_quantity": 1,
            "value_minor": 1990,
            "currency": "EUR",
            "digits": 2,
            "base_minor": 22885,
            "tax_percent": 25.0,
        }
    ]


def test_a_wholesale_order_has_a_buyer():
    changes = {
        "__typename": "WholesaleOrder",
        "customer": None,
        "buyer": {"id": 3, "email": "B@x.se"},
    }
    found = one_order(**changes)
    assert (found["kind"], found["customer_id"], found["buyer_id"], found["email_key"]) == (
        "WholesaleOrder",
        None,
        "3",
        "b@x.se",
    )


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("customer", ["customer_id", "email_key"]),
        ("market", ["market_id"]),
        ("affiliate", ["affiliate"]),
        ("totals", ["tax_added_minor", "shipping_minor"]),
        ("paymentMethod", ["payment_method"]),
    ],
)
def test_what_an_order_does_not_have_is_unknown(field: str, columns: list[str]):
    found = one_order(**{field: None})
    assert [found[column] for column in columns] == [None] * len(columns)


def test_amounts_of_a_currency_without_decimals_are_whole():
    found = one_order(grandTotal=money(12000, "JPY"), totals={"shipping": {"value": 800}})
    assert (found["total_minor"], found["shipping_minor"]) == (12000, 800)


def test_a_line_is_rounded_in_its_own_currency():
    found = one_line(lineValue=money(1.2345, "KWD", 1))
    assert (found["value_minor"], found["digits"]) == (1235, 3)


def test_the_base_value_is_rounded_half_up_once():
    assert one_line(lineValue=money(10.05, "EUR", 11.5))["base_minor"] == 11558


def test_a_base_currency_without_decimals_is_whole():
    assert one_line(base="JPY", lineValue=money(10, "EUR", 161.55))["base_minor"] == 1616


@pytest.mark.parametrize(
    ("item", "expected"),
    [("sku", "NL-1-BLK-M"), ("ean", "7300000000017"), ("variant", "1-BLK"), ("display_item", "88")],
)
def test_a_line_is_known_by_the_item_that_the_catalogue_uses(item: Item, expected: str):
    assert one_line(OrderTerms(item, "included"))["item"] == expected


@pytest.mark.parametrize("item", ["sku", "ean", "variant", "display_item"])
def test_a_line_without_a_product_has_no_item(item: Item):
    gift = line(productSize=None, productVariant=None, frontendItemId=None)
    (found,) = tables(order(lines=[gift]), terms=OrderTerms(item, "included"))["centra_order_line"]
    assert found["item"] is None


def test_an_order_may_have_no_lines():
    assert tables(order(lines=[]))["centra_order_line"] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [("web", "web"), ("", None), (None, None), (7, "7"), (True, "true"), ({"a": 1}, '{"a":1}')],
)
def test_an_attribute_is_kept_as_text(value: object, expected: str | None):
    attribute = {"type": {"name": "channel"}, "elements": [{"value": value}]}
    assert tables(order(501, attributes=[attribute]))["centra_order_attribute"] == [
        {"order_number": "501", "name": "channel", "value": expected}
    ]


@pytest.mark.parametrize(
    "odd",
    [
        order(grandTotal=money(1, "XXL")),
        order(lines=[line(lineValue=money(1, "XXL"))]),
    ],
)
def test_an_unknown_currency_is_never_guessed(odd: dict[str, Any]):
    with pytest.raises(UnfitRowError, match="not in ISO 4217"):
        tables(odd)


def test_payments_are_kept_beside_their_order():
    row = order(501, paymentHistory=[payment(7)])
    assert tables(row)["centra_payment"] == [
        {
            "payment_id": "7",
            "order_number": "501",
            "entry_type": "CAPTURE",
            "status": "SUCCESS",
            "value_minor": 24890,
            "currency": "SEK",
            "created_at": datetime(2026, 10, 23, 13, 47, 12),
        }
    ]


@pytest.mark.parametrize("value", [None, money(1, "XXL")])
def test_a_payment_without_a_usable_value_is_kept(value: dict[str, Any] | None):
    (found,) = tables(order(paymentHistory=[payment(value=value)]))["centra_payment"]
    assert found["value_minor"] is None


@pytest.mark.parametrize(("tax", "flag"), [("included", "true"), ("excluded", "false")])
def test_amounts_are_asked_for_as_tax_says(tax: Any, flag: str):
    text = asked(OrderTerms("sku", tax))
    assert f"lineValue(includingTax: {flag})" in text
    assert f"grandTotal(includingTax: {flag})" in text


def test_fully_cancelled_lines_are_asked_for():
    assert "lines(includeFullyCancelled: true) {" in asked()


@pytest.mark.parametrize(
    ("item", "part"),
    [
        ("sku", "productSize { SKU }"),
        ("ean", "productSize { EAN }"),
        ("variant", "productVariant { variantNumber }"),
        ("display_item", "frontendItemId"),
    ],
)
def test_only_the_item_that_is_used_is_asked_for(item: Item, part: str):
    others = {"productSize", "productVariant", "frontendItemId"} - {part.partition(" ")[0]}
    text = asked(OrderTerms(item, "included"))
    assert part in text
    assert not any(other in text for other in others)


def test_customer_and_buyer_are_asked_for_where_they_are():
    text = asked()
    assert "... on DirectToConsumerOrder { customer { id email } }" in text
    assert "... on WholesaleOrder { buyer { id email } }" in text


def test_attributes_are_asked_for_only_where_they_tell_marketplaces():
    needed = OrderTerms("sku", "included", needs_attributes=True)
    assert "attributes" not in asked()
    assert "attributes { type { name } elements { value } }" in asked(needed)


@pytest.mark.parametrize(
    ("absent", "part"),
    [
        ("Order.affiliate", "affiliate"),
        ("OrderTotals.shipping", "shipping"),
        ("Order.totals", "totals"),
        ("WholesaleOrder.buyer", "buyer"),
        ("Order.paymentHistory", "paymentHistory"),
    ],
)
def test_what_can_be_spared_is_not_asked_for_where_it_is_missing(absent: str, part: str):
    assert part not in asked(absent=(absent,))


def test_an_affiliate_that_tells_marketplaces_cannot_be_spared():
    terms = OrderTerms("sku", "included", needs_affiliate=True)
    with pytest.raises(SchemaDriftError, match=r"Order\.affiliate"):
        asked(terms, ("Order.affiliate",))


def test_a_field_that_decides_what_an_order_is_cannot_be_spared():
    with pytest.raises(SchemaDriftError, match=r"Order\.isInternal"):
        asked(absent=("Order.isInternal",))
