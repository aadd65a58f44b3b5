"""What all rows but orders look like, and how dates are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

    Opener = Callable[..., Shop]


def first(shop: Shop, root: str, selection: str) -> Any:
    return next(iter(shop.data(f"{{ {root} {{ {selection} }} }}").values()))[0]


def test_a_date_is_shown_in_the_zone_of_the_tenant(shop: Shop):
    shown = first(shop, "returns", "createdAt")["createdAt"]
    assert shown == "2026-04-24T15:47:12+02:00"


def test_a_date_in_winter_has_the_offset_of_winter(shop: Shop):
    shown = first(shop, "accounts(where: {id: 1})", "createdAt")["createdAt"]
    assert shown == "2026-03-25T14:47:12+01:00"


def test_the_zone_is_that_of_the_options(open_shop: Opener):
    shown = first(open_shop(timezone="Asia/Tokyo"), "returns", "createdAt")["createdAt"]
    assert shown == "2026-04-24T22:47:12+09:00"


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("Y-m-d\\\\TH:i:sP", "2026-04-24T15:47:12+02:00"),
        ("d/n y, G.i", "24/4 26, 15.47"),
        ("U", "1777038432"),
        ("c", "2026-04-24T15:47:12+02:00"),
        ("\\\\Y", "Y"),
        ("O u v", "+0200 000000 000"),
    ],
)
def test_a_date_is_written_in_the_asked_format(shop: Shop, pattern: str, shown: str):
    assert first(shop, "returns", f'createdAt(format: "{pattern}")')["createdAt"] == shown


@pytest.mark.parametrize("number", [1, 2])
def test_guest_and_registered_twin_are_two_customers(open_shop: Opener, number: int):
    shop = open_shop(registered_field="isRegistered")
    row = first(shop, f"customers(where: {{id: {number}}})", "email isRegistered")
    assert row == {"email": "twin@example.com", "isRegistered": number == 1}


def test_the_newsletter_flag_has_the_chosen_name(open_shop: Opener):
    shop = open_shop(newsletter_field="receiveNewsletters")
    assert first(shop, "customers", "receiveNewsletters") == {"receiveNewsletters": True}


def test_an_anonymised_customer_says_so(shop: Shop):
    row = first(shop, "customers(where: {id: 3})", "isAnonymized status")
    assert row == {"isAnonymized": True, "status": "INACTIVE"}


def test_a_customer_belongs_to_a_store_and_lives_somewhere(shop: Shop):
    selection = "store { name } billingAddress { country { code } lastName } totalOrders"
    assert first(shop, "customers(where: {id: 4})", selection) == {
        "store": {"name": "Retail"},
        "billingAddress": {"country": {"code": "DE"}, "lastName": "No4"},
        "totalOrders": 1,
    }


@pytest.mark.parametrize(
    ("number", "variant", "size"), [(1, None, None), (3, {"id": 1}, {"SKU": "P1BLKM"})]
)
def test_a_back_in_stock_request_carries_its_product(
    shop: Shop, number: int, variant: Any, size: Any
):
    selection = "productVariant { id } productSize { SKU }"
    row = first(shop, f"newsletterSubscriptions(where: {{id: {number}}})", selection)
    assert row == {"productVariant": variant, "productSize": size}


def test_an_inactive_subscription_stays_a_row(shop: Shop):
    row = first(shop, "newsletterSubscriptions(where: {id: 2})", "isActive country { code }")
    assert row == {"isActive": False, "country": {"code": "DE"}}


def test_a_buyer_names_account_and_last_order(shop: Shop):
    row = first(shop, "buyers", "account { name buyers { id } } lastOrder { number }")
    assert row == {
        "account": {"name": "Boutique", "buyers": [{"id": 1}]},
        "lastOrder": {"number": 105},
    }


@pytest.mark.parametrize(
    ("number", "kind"), [(1, "DirectToConsumerShipment"), (4, "WholesaleShipment")]
)
def test_a_shipment_has_the_kind_of_its_order(shop: Shop, number: int, kind: str):
    row = first(shop, f"shipments(where: {{id: {number}}})", "__typename")
    assert row == {"__typename": kind}


def test_a_shipment_shows_its_state(shop: Shop):
    selection = "number isGoodToGo isShipped shippedAt isPaid isCaptured order { number }"
    assert first(shop, "shipments(where: {id: 2})", selection) == {
        "number": "101-2",
        "isGoodToGo": True,
        "isShipped": False,
        "shippedAt": None,
        "isPaid": True,
        "isCaptured": True,
        "order": {"number": 101},
    }


def test_the_lines_of_a_shipment_lead_to_order_lines(shop: Shop):
    selection = "lines { quantity returnedQuantity lineValue { value } orderLine { id } }"
    row = first(shop, "shipments(where: {id: 2})", selection)
    line = {"quantity": 1, "returnedQuantity": 1, "lineValue": {"value": 1000.0}}
    assert row == {"lines": [{**line, "orderLine": {"id": 2}}]}


@pytest.mark.parametrize(("number", "value"), [(1, {"value": 1000.0}), (3, None)])
def test_only_a_captured_shipment_has_a_captured_value(shop: Shop, number: int, value: Any):
    row = first(shop, f"shipments(where: {{id: {number}}})", "capturedValue { value }")
    assert row == {"capturedValue": value}


def test_a_return_shows_what_came_back(shop: Shop):
    selection = """returnStatus totalQuantity grandTotal { value } order { number }
        shipment { number } store { id } ... on DirectToConsumerReturn { customer { id } }
        lines { quantity lineValue { value } orderLine { id } shipmentLine { id } }"""
    line = {"quantity": 1, "lineValue": {"value": 1000.0}}
    assert first(shop, "returns", selection) == {
        "returnStatus": "COMPLETED",
        "totalQuantity": 1,
        "grandTotal": {"value": 1000.0},
        "order": {"number": 101},
        "shipment": {"number": "101-2"},
        "store": {"id": 1},
        "customer": {"id": 1},
        "lines": [{**line, "orderLine": {"id": 2}, "shipmentLine": {"id": 2}}],
    }


def test_a_size_leads_up_to_its_product(shop: Shop):
    selection = "SKU productVariant { variantNumber product { productNumber brand { name } } }"
    product = {"productNumber": "P1", "brand": {"name": "Nord"}}
    row = first(shop, "productSizes", selection)
    assert row == {"SKU": "P1BLKM", "productVariant": {"variantNumber": "BLK", "product": product}}


def test_a_product_leads_down_to_its_sizes(shop: Shop):
    row = first(shop, "products", "variants { productSizes { SKU } } displays { id }")
    sizes = [{"SKU": "P1BLKM"}, {"SKU": "P1BLKL"}]
    assert row == {"variants": [{"productSizes": sizes}], "displays": [{"id": 1}, {"id": 4}]}


def test_stock_is_told_per_warehouse(shop: Shop):
    selection = "stock { warehouse { name threshold } freeToAllocateQuantity physicalQuantity }"
    assert first(shop, "productSizes", selection)["stock"] == [
        {
            "warehouse": {"name": "Main", "threshold": 2},
            "freeToAllocateQuantity": 9,
            "physicalQuantity": 10,
        },
        {
            "warehouse": {"name": "Outlet", "threshold": 0},
            "freeToAllocateQuantity": 5,
            "physicalQuantity": 5,
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("limit: 1", [9]),
        ("limit: 1, page: 2", [5]),
        ("sort: warehouseId_DESC", [5, 9]),
        ("where: {warehouseId: 2}", [5]),
    ],
)
def test_stock_takes_arguments(shop: Shop, arguments: str, found: list[int]):
    rows = first(shop, "productSizes", f"stock({arguments}) {{ freeToAllocateQuantity }}")["stock"]
    assert [row["freeToAllocateQuantity"] for row in rows] == found


def test_stock_totals_span_warehouses(shop: Shop):
    totals = first(shop, "productSizes", "stockTotals { freeToAllocateQuantity }")["stockTotals"]
    assert totals == {"freeToAllocateQuantity": 14}


def test_a_variant_tells_its_stock_offset_and_displays(shop: Shop):
    row = first(shop, "productVariants", "stockOffset displays { id }")
    assert row == {"stockOffset": 3, "displays": [{"id": 1}, {"id": 4}]}


def test_a_display_shows_prices_of_its_store(shop: Shop):
    selection = "prices { pricelist { name } price { formattedValue } }"
    assert first(shop, "displays(where: {id: 1})", selection)["prices"] == [
        {"pricelist": {"name": "Retail SEK"}, "price": {"formattedValue": "1299.00 SEK"}},
        {"pricelist": {"name": "Retail JPY"}, "price": {"formattedValue": "15000 JPY"}},
    ]


def test_a_display_shows_what_a_feed_needs(shop: Shop):
    selection = """uri status media { source(sizeName: "large") { url } } markets { id }
        canonicalCategory { name } categories { name } productVariants { id } store { id }"""
    assert first(shop, "displays(where: {id: 3})", selection) == {
        "uri": "hat",
        "status": "INACTIVE",
        "media": [{"source": {"url": "https://i/3"}}],
        "markets": [{"id": 1}, {"id": 2}],
        "canonicalCategory": {"name": "Outer"},
        "categories": [{"name": "Outer"}],
        "productVariants": [{"id": 3}],
        "store": {"id": 1},
    }


def test_an_unset_price_is_null(shop: Shop):
    row = first(shop, "prices(where: {id: 3})", "price { value } pricelist { id } product { id }")
    assert row == {"price": None, "pricelist": {"id": 1}, "product": {"id": 2}}


def test_a_pricelist_has_a_currency_and_countries(shop: Shop):
    selection = "name status currency { code } store { id } assignedToCountries { code }"
    assert first(shop, "pricelists(where: {id: 2})", selection) == {
        "name": "Retail JPY",
        "status": "ACTIVE",
        "currency": {"code": "JPY"},
        "store": {"id": 1},
        "assignedToCountries": [{"code": "JP"}],
    }


def test_the_base_currency_is_found(shop: Shop):
    assert shop.rows("code", "{ currencies(where: {isBase: true}) { code } }") == ["SEK"]


def test_stores_tell_their_type(shop: Shop):
    kinds = ["DIRECT_TO_CONSUMER", "WHOLESALE", "DIRECT_TO_CONSUMER"]
    assert shop.rows("type", "{ stores { type } }") == kinds


def test_a_tenant_without_rows_answers_every_list(shop: Shop):
    for name in ("orders", "customers", "shipments"):
        setattr(shop.tenant, name, [])
    data = shop.data("{ orders { id } shipments { id } customerConnection { totalCount } }")
    assert data == {"orders": [], "shipments": [], "customerConnection": {"totalCount": 0}}
