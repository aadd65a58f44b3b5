"""The catalogue feed and the product look-up."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

FEED = "/feeds/catalogue.csv"
INFO = "/productinfo/merchants/DEMO1234/"


def test_the_feed_needs_no_login(site):
    assert site.http.get(FEED).status_code == 200


def test_the_feed_has_the_agreed_columns(site):
    assert site.http.get(FEED).text.splitlines()[0] == (
        "item,title,link,image,category,available,price,msrp,c_stock,c_collection"
    )


@pytest.mark.parametrize(
    ("number", "row"),
    [
        (1, ["SKU-1", 'A "shirt", blue', "https://x/1", "https://x/1.jpg", "Men > Shirts",
             "true", "199.50", "250.00", "3", "Core"]),
        (2, ["SKU-2", "Strümpfe", "https://x/2", "https://x/2.jpg", "Men|Sale",
             "false", "50.00", "50.00", "0", ""]),
    ],
    ids=["available", "sold out"],
)  # fmt: skip
def test_the_feed_has_a_row_per_item(site, number, row):
    assert list(csv.reader(io.StringIO(site.http.get(FEED).text)))[number] == row


def test_the_feed_is_utf_8(site):
    assert "Strümpfe".encode() in site.http.get(FEED).content


def test_a_currency_without_decimals_has_none(site):
    site.account.currency_exponent = 0
    assert ",19950," in site.http.get(FEED).text


def test_the_feed_says_when_it_was_written(site):
    answer = site.http.get(FEED)
    assert answer.headers["last-modified"] == "Tue, 10 Mar 2026 08:00:00 GMT"


def test_the_age_of_the_feed_is_an_option(make_site):
    answer = make_site(feed_age_s=86_400.0).http.get(FEED)
    assert answer.headers["last-modified"] == "Mon, 09 Mar 2026 09:00:00 GMT"


def test_the_account_may_say_when_its_feed_was_written(site):
    site.account.feed_written_at = datetime(2026, 3, 1, 6, tzinfo=UTC)
    answer = site.http.get(FEED)
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 06:00:00 GMT"


def test_the_feed_can_keep_its_age_to_itself(make_site):
    assert "last-modified" not in make_site(feed_age_s=None).http.get(FEED).headers


@pytest.mark.parametrize(("terms", "status"), [("", 403), ("?token=x", 403), ("?token=t", 200)])
def test_the_feed_can_ask_for_a_token(make_site, terms, status):
    site = make_site(feed_token="t")  # noqa: S106 -- made up
    assert site.http.get(FEED + terms).status_code == status


def test_a_product_is_keyed_by_its_item(site):
    assert site.http.get(f"{INFO}?v=i:SKU-1").json() == {
        "SKU-1": {
            "item": "SKU-1",
            "title": 'A "shirt", blue',
            "link": "https://x/1",
            "image": "https://x/1.jpg",
            "category": "Men > Shirts",
            "available": True,
            "price": 199.5,
            "msrp": 250.0,
        }
    }


def test_an_unknown_product_is_an_empty_object(site):
    assert site.http.get(f"{INFO}?v=i:NONE").json() == {}


def test_an_unknown_merchant_is_not_found(site):
    assert site.http.get("/productinfo/merchants/OTHER/?v=i:SKU-1").status_code == 404
