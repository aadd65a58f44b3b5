"""What is sold becomes rows: products, variants, sizes, displays, prices, campaigns and stock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from auditor.systems.centra.assortment import DISPLAYS, PRODUCTS, VARIANTS, displays, sizes
from auditor.systems.centra.campaigns import CAMPAIGN_PRICES
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.prices import LOWEST_PRICES, PRICES
from auditor.systems.centra.shipments import SHIPMENTS
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import (
    Row,
    campaign,
    display,
    lowest_price,
    money,
    price,
    product,
    shipment,
    size,
    variant,
)

if TYPE_CHECKING:
    from auditor.systems.centra.listing import Source
    from auditor.systems.centra.orders import Item

CREATED, UPDATED = datetime(2026, 10, 23, 13, 47, 12), datetime(2026, 10, 23, 23, 30)


def tables(source: Source[Any], root: str, *rows: Row) -> dict[str, list[Row]]:
    (page,) = Reader(source, tenant_of(FakeCentra(rows={root: list(rows)}))).pages()
    assert not page.aside
    return {name: table.to_pylist() for name, table in page.tables.items()}


def test_a_shipment_is_kept_with_its_lines():
    assert tables(SHIPMENTS, "shipments", shipment(7)) == {
        "centra_shipment": [
            {
                "shipment_id": "7",
                "kind": "DirectToConsumerShipment",
                "number": "501-7",
                "order_number": "501",
                "is_shipped": True,
                "is_paid": True,
                "is_captured": False,
                "shipped_at": UPDATED,
                "created_at": CREATED,
                "updated_at": UPDATED,
            }
        ],
        "centra_shipment_line": [
            {"shipment_id": "7", "line_id": "5010", "quantity": 2, "returned_quantity": 1}
        ],
    }


def test_a_parcel_that_has_not_left_has_no_time_of_leaving():
    (found,) = tables(SHIPMENTS, "shipments", shipment(isShipped=False, shippedAt=None))[
        "centra_shipment"
    ]
    assert (found["is_shipped"], found["shipped_at"]) == (False, None)


def test_a_product_is_kept():
    assert tables(PRODUCTS, "products", product(9))["centra_product"] == [
        {
            "product_id": "9",
            "number": "NL-9",
            "name": "Coat",
            "status": "ACTIVE",
            "is_bundle": False,
            "brand": "Nordlys",
            "collection": "AW26",
            "created_at": CREATED,
            "updated_at": UPDATED,
        }
    ]


def test_a_variant_is_kept_with_its_offset():
    assert tables(VARIANTS, "productVariants", variant(5))["centra_variant"] == [
        {
            "variant_id": "5",
            "product_id": "9",
            "number": "5-BLK",
            "name": "Black",
            "status": "ACTIVE",
            "stock_offset": 2,
            "updated_at": UPDATED,
        }
    ]


@pytest.mark.parametrize(
    ("item", "expected"),
    [("sku", "NL-1-M"), ("ean", "7300000000017"), ("variant", "1-BLK"), ("display_item", None)],
)
def test_a_size_has_the_item_that_the_catalogue_uses(item: Item, expected: str | None):
    (found,) = tables(sizes(item), "productSizes", size())["centra_size"]
    assert (found["size_id"], found["variant_id"], found["item"]) == ("1", "5", expected)


def test_a_display_is_kept_with_variants_and_markets():
    found = tables(DISPLAYS, "displays", display(4, markets=[{"id": 2}, {"id": 3}]))
    assert found["centra_display"][0]["category"] == "Coats"
    assert found["centra_display_variant"] == [{"display_id": "4", "variant_id": "5"}]
    assert [row["market_id"] for row in found["centra_display_market"]] == ["2", "3"]


def test_a_list_price_is_kept_in_minor_units():
    assert tables(PRICES, "prices", price(6))["centra_price"] == [
        {
            "price_id": "6",
            "pricelist_id": "3",
            "product_id": "9",
            "variant_id": "5",
            "value_minor": 49900,
            "currency": "SEK",
        }
    ]


def test_a_price_that_is_not_set_is_unknown():
    (found,) = tables(PRICES, "prices", price(price=None, productVariant=None))["centra_price"]
    assert (found["value_minor"], found["currency"], found["variant_id"]) == (None, None, None)


def test_a_campaign_price_is_kept_with_its_time_and_markets():
    found = tables(CAMPAIGN_PRICES, "campaigns", campaign(4))
    assert found["centra_campaign_price"] == [
        {
            "campaign_id": "4",
            "pricelist_id": "3",
            "variant_id": "5",
            "status": "ACTIVE",
            "price_minor": 39900,
            "currency": "SEK",
            "starts_at": CREATED,
            "stops_at": None,
        }
    ]
    assert found["centra_campaign_market"] == [{"campaign_id": "4", "market_id": "2"}]


def test_a_lowest_price_is_kept_per_market():
    row = lowest_price(markets=[{"id": 2}, {"id": 3}])
    found = tables(LOWEST_PRICES, "lowestPrices", row)["centra_lowest_price"]
    assert [(one["market_id"], one["original_minor"]) for one in found] == [
        ("2", 59900),
        ("3", 59900),
    ]


@pytest.mark.parametrize(
    "other",
    [{"pricelist": {"id": 4}}, {"productVariant": {"id": 6}}, {"markets": []}],
    ids=["list", "variant", "markets"],
)
def test_lowest_prices_are_told_apart_without_an_id(other: Row):
    rows = [lowest_price(), lowest_price(**other, price=money(1))]
    assert len(tables(LOWEST_PRICES, "lowestPrices", *rows)["centra_lowest_price"]) == 2


@pytest.mark.parametrize("untold", ["startDate", "markets"])
def test_lowest_prices_are_told_apart_whatever_the_tenant_does_not_tell(untold: str):
    rows = [lowest_price(), lowest_price(price=money(1))]
    told = [{name: value for name, value in row.items() if name != untold} for row in rows]
    assert len(tables(LOWEST_PRICES, "lowestPrices", *told)["centra_lowest_price"]) == 2


def test_pictures_are_read_in_the_size_that_the_settings_name():
    pictures = [{"source": {"url": f"https://shop.example/{name}.jpg"}} for name in "ab"]
    found = tables(displays("standard"), "displays", display(4, media=pictures))
    (row,) = found["centra_display"]
    assert row["images"] == "https://shop.example/a.jpg\nhttps://shop.example/b.jpg"


def test_without_a_size_no_picture_is_asked_for():
    assert displays(None) is DISPLAYS


def test_a_size_is_asked_for_as_text():
    media = displays('a"b').fields[-1]
    assert media.fields[0].args == 'sizeName: "a\\"b"'
