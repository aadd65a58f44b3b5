"""The streams of a tenant, as a snapshot reads them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import ConfigError, RefusedError
from auditor.model.snapshot import Dropped
from auditor.model.stream import Start
from auditor.model.tables import STREAM_TABLES
from auditor.systems.arrow import arrow_schema
from auditor.systems.centra import centra_streams
from tests.systems.centra.fake import NOW, FakeCentra, client_of
from tests.systems.centra.samples import (
    account,
    buyer,
    campaign,
    customer,
    display,
    lowest_price,
    money,
    order,
    price,
    pricelist,
    product,
    returned,
    shipment,
    size,
    store,
    subscription,
    variant,
)

if TYPE_CHECKING:
    from auditor.model.stream import Page, Stream
    from auditor.systems.centra.orders import Item

NAMES = [
    *("markets", "countries", "currencies", "customers"),
    *("newsletter_subscriptions", "accounts", "buyers"),
    *("orders", "shipments", "returns"),
    *("pricelists", "warehouses", "products", "variants", "sizes", "displays"),
    *("prices", "campaign_prices", "lowest_prices", "stock"),
    *("stores", "wholesale_stores"),
]
SINCE = date(2026, 1, 1)


def full(**options: Any) -> FakeCentra:
    rows = {
        "stores": [store(), store(2, type="WHOLESALE")],
        "countries": [{"id": 1, "code": "SE", "name": "Sweden"}],
        "accounts": [account()],
        "shipments": [shipment()],
        "pricelists": [pricelist()],
        "warehouses": [{"id": 1, "name": "Main", "threshold": 2}],
        "products": [product()],
        "productVariants": [variant()],
        "productSizes": [size()],
        "displays": [display()],
        "prices": [price()],
        "campaigns": [campaign()],
        "lowestPrices": [lowest_price()],
        "markets": [{"id": 2, "name": "Sweden"}],
        "currencies": [{"id": 1, "code": "SEK"}],
        "customers": [customer()],
        "newsletterSubscriptions": [subscription()],
        "buyers": [buyer()],
        "orders": [order()],
        "returns": [returned()],
    }
    return FakeCentra(**{"rows": rows, **options})


def streams_of(
    fake: FakeCentra,
    *,
    since: date = SINCE,
    pricelist: str | None = None,
    item: Item = "sku",
    **marketplaces: Any,
) -> dict[str, Stream]:
    told = {"affiliates": (), "attributes": {}, **marketplaces}
    settings: Any = SimpleNamespace(
        marketplaces=SimpleNamespace(**told),
        catalogue=SimpleNamespace(pricelist=pricelist, image_size=None),
        wholesale=True,
    )
    client = client_of(fake)
    found = centra_streams(settings, client=client, since=since, item=item, tax="included")
    return {stream.name: stream for stream in found}


def read(fake: FakeCentra, name: str, **options: Any) -> list[Page]:
    return list(streams_of(fake, **options)[name].read())


def test_all_streams_are_offered():
    assert list(streams_of(full())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_fills_its_canonical_tables(name: str):
    (page,) = read(full(), name)
    expected = {table.name: arrow_schema(table) for table in STREAM_TABLES[name]}
    assert {table: rows.schema for table, rows in page.tables.items()} == expected


@pytest.mark.parametrize("name", NAMES[:-2])
def test_a_stream_gives_its_record(name: str):
    (page,) = read(full(), name)
    assert page.rows == page.tables[STREAM_TABLES[name][0].name].num_rows == 1


def test_what_the_tenant_has_is_asked_once():
    fake = full()
    streams_of(fake)
    assert sum("__schema" in text for text in fake.queries) == 1


def test_reading_is_counted_in_requests():
    stream = streams_of(full())["returns"]
    before = stream.requests()
    list(stream.read())
    assert stream.requests() - before == 1


def test_a_tenant_without_buyers_has_that_stream_off():
    stream = streams_of(full(absent=("Query.buyers",)))["buyers"]
    assert stream.off == "This Centra tenant has no list of buyers."


def test_a_tenant_with_buyers_has_no_stream_off():
    assert [stream.off for stream in streams_of(full()).values()] == [None] * len(NAMES)


@pytest.mark.parametrize("name", ["orders", "shipments", "returns"])
def test_trade_is_read_from_eight_days_before_the_first_day(name: str):
    fake = full()
    read(fake, name)
    assert fake.variables[-1]["where"] == {"createdAt": {"from": "2025-12-24T00:00:00+00:00"}}


@pytest.mark.parametrize("name", ["orders", "returns"])
def test_trade_without_a_first_day_is_read_whole(name: str):
    fake = full()
    read(fake, name, since=date(1970, 1, 1))
    assert "where" not in fake.variables[-1]


def test_orders_are_read_in_the_order_of_their_numbers():
    fake = full()
    read(fake, "orders")
    assert "first: 100" in fake.queries[-1]
    assert "sort: [number_ASC]" in fake.queries[-1]


def test_hidden_orders_are_read_too():
    rows = [order(1), order(2, isOnHold=True), order(3, isWaitingForPayment=True)]
    fake = FakeCentra(rows={"orders": rows}, hides_held=True)
    pages = read(fake, "orders")
    numbers = [n for page in pages for n in page.tables["centra_order"]["order_number"].to_pylist()]
    assert sorted(numbers) == ["1", "2", "3"]


def test_a_plain_list_of_orders_will_do():
    fake = FakeCentra(rows={"orders": [order(1)]}, absent=("Query.orderConnection",))
    assert sum(page.tables["centra_order"].num_rows for page in read(fake, "orders")) == 1


def test_an_order_in_an_unknown_currency_is_set_aside_alone():
    fake = FakeCentra(rows={"orders": [order(1), order(2, grandTotal=money(1, "XXL"))]})
    (page,) = read(fake, "orders")
    found = page.tables["centra_order"]["order_number"].to_pylist(), page.aside[0].reason
    assert found == (["1"], "a currency that is not in ISO 4217")


def test_an_order_that_is_set_aside_is_kept_as_it_came():
    fake = FakeCentra(rows={"orders": [order(2, grandTotal=money(1, "XXL"))]})
    (page,) = read(fake, "orders")
    assert '"XXL"' in page.aside[0].content


@pytest.mark.parametrize("amount", [1e300, 1e18])
def test_an_amount_beyond_all_measure_is_set_aside(amount: float):
    fake = FakeCentra(rows={"orders": [order(1), order(2, grandTotal=money(amount))]})
    (page,) = read(fake, "orders")
    assert (page.rows, [aside.reason for aside in page.aside]) == (2, ["a value out of range"])


def test_attributes_that_tell_marketplaces_need_their_permission():
    fake = full(denied={"Order.attributes:read": "attributes"})
    with pytest.raises(RefusedError, match=r"grant Order\.attributes:read"):
        read(fake, "orders", attributes={"channel": "zalando"})


def test_orders_are_read_without_a_buyer_that_may_not_be_seen():
    fake = full(denied={"Buyer:read": "buyer"})
    assert [page.rows for page in read(fake, "orders")] == [1]


CHANGING = [
    *("customers", "accounts", "orders", "shipments", "returns"),
    *("products", "variants", "sizes", "displays"),
]


def test_only_what_has_a_time_to_filter_by_is_read_from_a_start():
    found = [name for name, stream in streams_of(full()).items() if stream.read_from]
    assert sorted(found) == sorted(CHANGING)


def test_a_tenant_without_that_filter_is_read_whole():
    assert streams_of(full(absent=("CustomerFilter.updatedAt",)))["customers"].read_from is None


OPTIONAL = {
    "countries": ("countries",),
    "accounts": ("accounts",),
    "shipments": ("shipments",),
    "prices": ("prices",),
    "campaign_prices": ("campaigns",),
    "lowest_prices": ("lowestPrices",),
    "stock": ("productSizes",),
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_stream_that_the_tenant_lacks_is_off(name: str):
    fake = full(absent=tuple(f"Query.{root}" for root in OPTIONAL[name]))
    off = streams_of(fake)[name].off
    assert off is not None
    assert off.startswith("This Centra tenant has no list of ")


def test_only_the_configured_price_list_is_asked_for():
    fake = full()
    read(fake, "prices", pricelist="List 3")
    assert fake.variables[-1]["where"] == {"pricelistId": [3]}


def test_of_price_lists_of_one_name_the_one_in_use_is_asked_for():
    fake = full()
    fake.rows["pricelists"].insert(0, pricelist(2, name="List 3", status="INACTIVE"))
    read(fake, "prices", pricelist="List 3")
    assert fake.variables[-1]["where"] == {"pricelistId": [3]}


def test_a_name_that_several_price_lists_in_use_have_is_an_error_in_the_settings():
    fake = full()
    fake.rows["pricelists"].insert(0, pricelist(2, name="List 3"))
    with pytest.raises(ConfigError, match=r"catalogue\.pricelist: .* named List 3.* ids 2, 3"):
        read(fake, "prices", pricelist="List 3")


def test_a_price_list_that_is_not_there_is_an_error_in_the_settings():
    with pytest.raises(ConfigError, match=r"centra\.catalogue\.pricelist"):
        read(full(), "prices", pricelist="Nobody's")


def test_orders_since_a_moment_are_counted_and_read_with_one_filter():
    fake = full()
    stream = streams_of(fake, since=date(1970, 1, 1))["orders"]
    assert stream.read_from is not None
    list(stream.read_from(Start(changed_since=NOW)))
    assert fake.variables[-1]["where"] == {"updatedAt": {"from": "2026-11-23T04:50:00+00:00"}}


def test_notes_are_those_of_the_last_reading():
    stream = streams_of(full(absent=("Warehouse.threshold",)))["warehouses"]
    list(stream.read())
    list(stream.read())
    assert stream.notes() == (
        "Centra has no field Warehouse.threshold.",
        "Reading cost 20 points of query complexity; the last hour's reading used 0.1% of the requests "
        "and 0.0% of the points that the tenant allows.",
    )


def test_dropped_fields_are_those_of_the_last_reading():
    stream = streams_of(full(absent=("Warehouse.threshold",)))["warehouses"]
    list(stream.read())
    list(stream.read())
    assert stream.dropped() == (Dropped("Warehouse.threshold", ("centra_warehouse.threshold",)),)


def test_sizes_of_a_catalogue_of_display_items_say_what_they_lack():
    stream = streams_of(full(), item="display_item")["sizes"]
    list(stream.read())
    assert stream.notes()[0].startswith("Sizes have no item")


def test_the_configured_price_list_is_looked_up_once():
    fake = full()
    streams = streams_of(fake, pricelist="List 3")
    for name in ("prices", "lowest_prices"):
        list(streams[name].read())
    assert sum(text.startswith("query pricelists(") for text in fake.queries) == 1
