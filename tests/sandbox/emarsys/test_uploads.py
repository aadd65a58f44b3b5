"""The HAPI uploads of sales and catalogue."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.csv_files import SalesRow

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.emarsys.conftest import Site

HEADER = "item,price,order,timestamp,customer,quantity"
ROW = "SKU-1,199.00,100017,2026-03-01T10:11:12Z,C1,2"
CATALOGUE = (
    "item,title,link,image,category,available,price,msrp,c_stock\n"
    'N-1,"Hat, grün",https://x/n,https://x/n.jpg,Hats,true,49.90,59.90,7\n'
)


def send(site: Site, text: str | bytes, kind: str = "sales-data", **headers: str) -> httpx.Response:
    named: dict[str, Any] = {
        "authorization": "bearer demo-hapi-token",
        "content-type": "text/csv",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    url = f"/hapi/merchant/{site.options.merchant_id}/{kind}/api"
    return site.http.post(url, content=text, headers=named)


def upload(site: Site, *rows: str) -> httpx.Response:
    return send(site, "\n".join((HEADER, *rows)) + "\n")


def test_an_upload_is_accepted_in_plain_text(site):
    answer = upload(site, ROW)
    assert (answer.status_code, answer.text) == (200, "Upload accepted")


def test_the_answer_is_plain_text(site):
    assert upload(site, ROW).headers["content-type"].startswith("text/plain")


def test_an_accepted_row_waits_for_the_load(site):
    upload(site, ROW)
    expected = SalesRow("SKU-1", 19900, "100017", date(2026, 3, 1), "C1", Decimal(2))
    assert site.state.pending_sales == [expected]


def test_an_accepted_row_is_no_purchase_yet(site):
    upload(site, ROW)
    assert len(site.account.purchases) == 3


def test_gzip_is_accepted(site):
    body = gzip.compress(f"{HEADER}\n{ROW}\n".encode())
    assert send(site, body, content_encoding="gzip").status_code == 200


def test_broken_gzip_is_refused(site):
    answer = send(site, b"not gzip", content_encoding="gzip")
    assert (answer.status_code, answer.text) == (400, "The file cannot be read")


def test_text_that_is_not_utf_8_is_refused(site):
    assert send(site, b"\xff\xfe").status_code == 400


def test_another_content_type_is_refused(site):
    assert send(site, HEADER, content_type="application/json").status_code == 400


@pytest.mark.parametrize("token", ["bearer wrong", "Basic demo-hapi-token", ""])
def test_a_wrong_token_is_unauthorised(site, token):
    assert send(site, HEADER, authorization=token).status_code == 401


def test_the_token_is_an_option(make_site):
    site = make_site(hapi_token="other")  # noqa: S106 -- made up
    assert send(site, HEADER, authorization="Bearer other").status_code == 200


def test_the_oauth_token_does_not_open_it(site):
    assert send(site, HEADER, authorization=site.headers["Authorization"]).status_code == 401


def test_another_merchant_is_unknown(site):
    answer = site.http.post(
        "/hapi/merchant/OTHER/sales-data/api", headers={"Authorization": "bearer demo-hapi-token"}
    )
    assert answer.status_code == 404


def test_the_merchant_is_an_option(make_site):
    assert upload(make_site(merchant_id="M1"), ROW).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Item,price,order,timestamp,customer,quantity",
        "price,item,order,timestamp,customer,quantity",
        "item,price,order,timestamp,customer",
        "item,price,order,timestamp,customer,quantity,s_channel",
        "",
    ],
    ids=["case", "order", "too few", "too many", "none"],
)
def test_another_header_is_refused(site, header):
    answer = send(site, f"{header}\n")
    assert (answer.status_code, answer.text) == (400, f"Invalid header: expected {HEADER}")


def test_a_lenient_account_takes_any_order_and_case(make_site):
    site = make_site(sales_header_strict=False)
    send(site, "Price,ITEM,order,timestamp,customer,quantity\n1.50,SKU-1,O9,2026-03-01,C1,1\n")
    assert site.state.pending_sales[0].amount_minor == 150


def test_a_lenient_account_still_needs_every_column(make_site):
    site = make_site(sales_header_strict=False)
    assert send(site, "item,price\n").status_code == 400


def test_the_agreed_header_is_an_option(make_site):
    columns = ("item", "price", "order", "timestamp", "email", "quantity", "s_channel")
    site = make_site(sales_columns=columns)
    send(site, ",".join(columns) + "\nSKU-1,1,O9,2026-03-01,ann@example.com,1,web\n")
    assert site.state.pending_sales[0].customer == "ann@example.com"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (",1,O9,2026-03-01,C1,1", "Line 2: item is empty"),
        ("SKU-1,1,,2026-03-01,C1,1", "Line 2: order is empty"),
        ("SKU-1,1,O9,2026-03-01,,1", "Line 2: customer is empty"),
        ("SKU-1,x,O9,2026-03-01,C1,1", "Line 2: price, quantity or timestamp is invalid"),
        ("SKU-1,1,O9,yesterday,C1,1", "Line 2: price, quantity or timestamp is invalid"),
        ("SKU-1,1,O9,2026-03-01,C1,x", "Line 2: price, quantity or timestamp is invalid"),
    ],
)
def test_a_wrong_row_refuses_the_file(site, row, text):
    answer = upload(site, row)
    assert (answer.status_code, answer.text) == (400, text)


def test_of_a_refused_file_nothing_is_taken(site):
    upload(site, ROW, "SKU-1,x,O9,2026-03-01,C1,1")
    assert site.state.pending_sales == []


def test_the_day_of_a_sale_is_the_day_in_utc(site):
    upload(site, "SKU-1,1,O9,2026-03-01T00:30:00+02:00,C1,1")
    assert site.state.pending_sales[0].purchased_on == date(2026, 2, 28)


@pytest.mark.parametrize(("text", "minor"), [("-199.00", -19900), ("0.005", 1), ("7", 700)])
def test_amounts_become_minor_units(site, text, minor):
    upload(site, f"SKU-1,{text},O9,2026-03-01,C1,1")
    assert site.state.pending_sales[0].amount_minor == minor


def test_a_catalogue_replaces_the_one_before(site):
    send(site, CATALOGUE, "catalog")
    assert [row.item for row in site.account.catalogue] == ["N-1"]


def test_a_pushed_row_keeps_its_values(site):
    send(site, CATALOGUE, "catalog")
    row = site.account.catalogue[0]
    assert (row.title, row.available, row.price_minor, row.msrp_minor, row.stock) == (
        "Hat, grün",
        True,
        4990,
        5990,
        7,
    )


def test_optional_columns_may_be_missing(site):
    send(site, "item,title,link,image,category,available,price\nN,t,l,i,c,false,2\n", "catalog")
    assert (site.account.catalogue[0].msrp_minor, site.account.catalogue[0].stock) == (200, 0)


def test_the_answer_to_a_push_is_an_option(make_site):
    site = make_site(catalogue_reply="ok")
    assert send(site, CATALOGUE, "catalog").text == "ok"


def test_a_required_column_must_be_there(site):
    answer = send(site, "item,title\n", "catalog")
    assert (answer.status_code, answer.text) == (
        400,
        "Missing columns: link,image,category,available,price",
    )


@pytest.mark.parametrize(
    ("old", "new"), [("N-1", ""), ("true", "yes"), ("49.90", "cheap"), (",7", ",some")]
)
def test_a_wrong_catalogue_row_refuses_the_file(site, old, new):
    assert send(site, CATALOGUE.replace(old, new), "catalog").status_code == 400


def test_a_refused_catalogue_changes_nothing(site):
    send(site, CATALOGUE.replace("49.90", "cheap"), "catalog")
    assert [row.item for row in site.account.catalogue] == ["SKU-1", "SKU-2"]
