"""Sales lines: written exactly, sent once, and never a second time by themselves."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import Secret
from auditor.config.systems import SalesUpload
from auditor.config.values import WebUrl
from auditor.errors import ConfigError, UnsafePlanError
from auditor.systems.emarsys.writing.hapi import open_hapi
from auditor.systems.emarsys.writing.sales import SalesLine, exact, sales_file, upload_sales

if TYPE_CHECKING:
    from tests.systems.emarsys.writing.conftest import Live

COLUMNS = ("item", "price", "order", "timestamp", "customer", "quantity")
AT = datetime(2026, 3, 1, 11, 11, 12, tzinfo=timezone(timedelta(hours=1)))


def line(**parts: Any) -> SalesLine:
    wanted: dict[str, Any] = {
        "order": "100017",
        "item": "SKU-1",
        "sold_at": AT,
        "customer": "C1",
        "quantity_milli": 2000,
        "amount_minor": 19900,
        "currency": "SEK",
    }
    return SalesLine(**(wanted | parts))


def upload(live: Live, *lines: SalesLine, compress: bool = False) -> Any:
    columns = live.state.options.sales_columns
    return upload_sales(live.hapi, sales_file(lines or (line(),), columns), compress=compress)


def uploads(live: Live) -> int:
    return live.sent("POST", "/sales-data/api")


def test_a_line_is_written_as_agreed():
    content = sales_file([line()], COLUMNS).content
    assert content == (
        b"item,price,order,timestamp,customer,quantity\n"
        b"SKU-1,199.00,100017,2026-03-01T10:11:12Z,C1,2\n"
    )


def test_the_columns_stand_in_the_order_of_the_settings():
    content = sales_file([line()], ("email", "order", "item", "price")).content
    assert content == b"email,order,item,price\nC1,100017,SKU-1,199.00\n"


def test_a_return_is_negative():
    content = sales_file(
        [line(quantity_milli=-500, amount_minor=-5)], ("price", "quantity")
    ).content
    assert content.splitlines()[1] == b"-0.05,-0.5"


def test_a_column_of_the_account_takes_its_own_text():
    content = sales_file([line(extra={"s_channel": "web"})], ("item", "s_channel")).content
    assert content.splitlines()[1] == b"SKU-1,web"


def test_a_column_that_nothing_is_known_for_is_refused():
    with pytest.raises(ConfigError, match="s_channel"):
        sales_file([line()], ("item", "s_channel"))


def test_the_digest_is_that_of_the_file():
    file = sales_file([line()], COLUMNS)
    assert file.digest == hashlib.sha256(file.content).hexdigest()


def test_the_same_lines_make_the_same_file():
    assert sales_file([line()], COLUMNS) == sales_file([line()], COLUMNS)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line(), line(currency="EUR")],
        [line(order="")],
        [line(item="")],
        [line(customer="")],
    ],
)
def test_lines_that_cannot_be_sent_are_refused(lines):
    with pytest.raises(UnsafePlanError):
        sales_file(lines, COLUMNS)


def test_a_file_that_is_too_big_is_refused():
    with pytest.raises(UnsafePlanError):
        sales_file([line(item="x" * 50_000_001)], COLUMNS)


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15), st.sampled_from([0, 2, 3]))
def test_an_amount_is_written_exactly(units, digits):
    assert Decimal(exact(units, digits)) * 10**digits == units
    assert len(exact(units, digits).partition(".")[2]) == digits


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1))
def test_any_text_comes_back_as_it_was(item):
    content = sales_file([line(item=item)], COLUMNS).content.decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["item"] for row in rows] == [item]


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_is_accepted(one, compress):
    done = upload(one, compress=compress)
    assert (done.outcome, done.rows, done.status) == ("accepted", 1, 200)
    assert [row.amount_minor for row in one.state.pending_sales] == [19900]


def test_compression_does_not_change_the_digest(one):
    assert upload(one).digest == upload(one, compress=True).digest


@pytest.mark.parametrize("compress", [False, True])
def test_the_digest_that_is_returned_is_that_of_what_was_sent(one, compress):
    done = upload(one, compress=compress)
    body = one.log.rows()[-1].body
    if not compress:
        assert hashlib.sha256(body).hexdigest() == done.digest
    else:
        assert body.startswith(b"\x1f\x8b")


@pytest.mark.parametrize(("semantics", "amounts"), [("append", [19900, 19900]), ("replace", [100])])
def test_a_second_upload_adds_or_replaces(make_live, semantics, amounts):
    live = make_live(sales_semantics=semantics)
    upload(live)
    live.state.load_sales()
    upload(live, line(amount_minor=amounts[-1]))
    live.state.load_sales()
    assert [p.amount_minor for p in live.account.purchases if p.order_id == "100017"] == amounts


def test_a_header_in_another_order_is_refused_where_the_account_is_strict(make_live):
    live = make_live(sales_header_strict=True)
    done = upload_sales(live.hapi, sales_file([line()], COLUMNS[::-1]))
    assert (done.outcome, done.status) == ("refused", 400)
    assert live.state.pending_sales == []


def test_a_header_in_another_order_is_taken_where_the_account_is_not(make_live):
    live = make_live(sales_header_strict=False)
    assert upload_sales(live.hapi, sales_file([line()], COLUMNS[::-1])).outcome == "accepted"


def test_a_wrong_token_is_unauthorised(one):
    settings = SalesUpload(url=one.settings.sales.url, token=Secret("wrong"))
    hapi = open_hapi(settings)
    done = upload_sales(hapi, sales_file([line()], COLUMNS))
    hapi.close()
    assert (done.outcome, done.status) == ("unauthorised", 401)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_fault_leaves_it_unknown_and_is_not_retried(one, status):
    one.fail("sales-data", status=status)
    assert upload(one).outcome == "unknown"
    assert uploads(one) == 1


def test_a_file_that_came_too_fast_was_not_taken(one):
    one.fail("sales-data", status=429)
    assert upload(one).outcome == "not_taken"
    assert uploads(one) == 1


def test_a_cut_answer_leaves_it_unknown_although_it_was_taken(one):
    one.fail("sales-data", kind="cut")
    assert upload(one).outcome == "unknown"
    assert (uploads(one), len(one.state.pending_sales)) == (1, 1)


def test_a_redirect_leaves_it_unknown_and_is_not_followed(one):
    one.fail("sales-data", status=307, headers={"location": f"{one.url}/api/v3/contact/delete"})
    assert upload(one).outcome == "unknown"
    assert one.sent("POST", "/delete") == 0


def test_a_host_that_is_not_there_took_nothing():
    settings = SalesUpload(url=WebUrl("http://127.0.0.1:9/hapi/merchant/M"), token=Secret("t"))
    hapi = open_hapi(settings)
    done = upload_sales(hapi, sales_file([line()], COLUMNS))
    hapi.close()
    assert (done.outcome, done.status) == ("not_taken", None)
