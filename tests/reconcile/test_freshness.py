"""Each freshness check as data: what fails it, what passes it, what tempts it and is clean."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_stream
from tests.reconcile.books import NOW, TERMS, Books

HOUR = timedelta(hours=1)
LIMITS = replace(
    TERMS,
    stalls={"orders": 26 * HOUR, "contacts": 26 * HOUR, "events": 6 * HOUR},
    lifecycle_events=("order_shipped", "order_confirmation"),
    lags={"orders": 26 * HOUR, "contacts": 4 * HOUR, "events": HOUR},
)
STALLED, LATE = "freshness.stream_stalled", "freshness.lag"


SUITES = frozenset({"freshness"})


def found(books: Books, check: str) -> set[str]:
    return {key for name, key in books.drift(LIMITS) if name == check}


def ordered(books: Books, number: int, age_h: float, **values: object) -> None:
    """Let somebody known order so many hours ago."""
    at = NOW - age_h * HOUR
    line = books.line("A", 1, 100)
    books.order(str(number), line, **{"created_at": at, "updated_at": at, **values})


def loaded(books: Books, number: int, age_h: float) -> None:
    books.sale(str(number), "A", 1, 100, loaded_at=NOW - age_h * HOUR)


@pytest.fixture(autouse=True)
def _buyer(books: Books) -> None:
    books.customer("1", "a@x.se", total_orders=1)
    books.contact("1", "a@x.se", None, external_id="1")


# --- stalled ---------------------------------------------------------------------------------------


def test_sales_that_stopped_while_orders_went_on_are_stalled(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 40)
    ordered(books, 2, 30)
    assert found(books, STALLED) == {"orders", "events"}


def test_sales_that_never_came_are_stalled(books: Books):
    ordered(books, 1, 60)
    assert "orders" in found(books, STALLED)


def test_sales_are_not_stalled_while_nobody_orders(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 40)
    books.event("e", "1", "order_confirmation", loaded_at=NOW - 59 * HOUR)
    ordered(books, 2, 30, is_on_hold=True)
    ordered(books, 3, 30, status="CANCELLED")
    ordered(books, 4, 20)
    ordered(books, 5, 30, updated_at=NOW - HOUR)
    assert "orders" not in found(books, STALLED)


def test_sales_are_not_stalled_while_people_order_gift_certificates(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 40)
    certificate = books.line("A", 1, 100, kind="GiftCertificateOrderLine") | {"item": None}
    books.order("2", certificate, created_at=NOW - 30 * HOUR, updated_at=NOW - 30 * HOUR)
    assert "orders" not in found(books, STALLED)


def test_sales_are_not_stalled_by_an_order_that_came_back_whole(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 40)
    at = NOW - 30 * HOUR
    shirt = books.line("A", 1, 100)
    books.order("2", shirt, created_at=at, updated_at=at)
    books.returned(shirt, 1, created_at=at + HOUR)
    assert "orders" not in found(books, STALLED)


def test_sales_that_came_within_the_limit_are_not_stalled(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 25)
    books.event("e", "1", "order_confirmation", loaded_at=NOW - HOUR)
    assert found(books, STALLED) == set()


def test_events_that_stopped_while_parcels_left_are_stalled(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 1)
    books.event("e", "1", "order_shipped", loaded_at=NOW - 20 * HOUR)
    books.shipment("1-1", NOW - 7 * HOUR)
    assert found(books, STALLED) == {"events"}


def test_events_are_not_stalled_over_a_quiet_night(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 1)
    books.event("e", "1", "order_confirmation", loaded_at=NOW - 20 * HOUR)
    books.shipment("1-1", NOW - 5 * HOUR)
    assert found(books, STALLED) == set()


def people(books: Books, count: int, age_h: float) -> None:
    for number in range(count):
        at = NOW - age_h * HOUR
        books.customer(f"9{number}", f"{number}@x.se", created_at=at, updated_at=at)


def test_contacts_that_stopped_while_people_came_are_stalled(books: Books):
    people(books, 5, 30)
    assert found(books, STALLED) == {"contacts"}


def test_a_few_people_without_a_contact_are_no_stalled_stream(books: Books):
    people(books, 4, 30)
    assert found(books, STALLED) == set()


def test_people_without_a_contact_are_no_stalled_stream_when_younger_ones_have_one(books: Books):
    people(books, 9, 30)
    books.customer("2", "b@x.se", created_at=NOW - 29 * HOUR, updated_at=NOW - 29 * HOUR)
    books.contact("2", "b@x.se", None, external_id="2")
    assert found(books, STALLED) == set()


def test_people_whom_nobody_sends_to_emarsys_stall_nothing(books: Books):
    people(books, 9, 30)
    subscribers = replace(LIMITS, feed_customers="subscribed")
    assert STALLED not in {check for check, _ in books.drift(subscribers)}


def bought(books: Books, count: int, **values: object) -> None:
    """Let so many people come and buy, and no contact follow."""
    people(books, count, 30)
    for number in range(count):
        books.change(t.centra_customer, {"customer_id": f"9{number}"}, total_orders=1)
        ordered(books, number, 30, customer_id=f"9{number}", **values)


@pytest.mark.parametrize(("store", "stalled"), [("1", {"contacts"}), ("2", set())])
def test_who_buys_on_a_marketplace_alone_is_no_buyer_whose_contact_is_awaited(
    books: Books, store: str, stalled: set[str]
):
    bought(books, 5, store_id=store)
    drift = books.drift(replace(LIMITS, feed_customers="buyers"))
    assert {key for check, key in drift if check == STALLED} & {"contacts"} == stalled


def test_contacts_of_registered_people_stall_where_the_order_api_tells_who_is(books: Books):
    people(books, 5, 30)
    for number in range(5):
        books.flag(f"9{number}", f"{number}@x.se", receives=None, is_registered=True)
    told = replace(LIMITS, feed_customers="registered", consent_keys=("newsletter",))
    assert (STALLED, "contacts") in books.drift(told)


# --- late ------------------------------------------------------------------------------------------


def lagging(books: Books, late: int) -> None:
    """Let 100 orders of the last days be loaded an hour later, so many of them 30 hours later."""
    for number in range(100):
        age_h = 40 + number
        ordered(books, number, age_h)
        loaded(books, number, age_h - (30 if number < late else 1))
    books.event("e", "1", "order_confirmation", loaded_at=NOW)


def test_sales_of_which_more_than_a_twentieth_are_late_lag(books: Books):
    lagging(books, 6)
    (row,) = [row for row in books.rows(LIMITS) if row["check_id"] == LATE]
    assert row["subject_key"] == "orders"
    assert (row["emarsys_lag_p50_s"], row["emarsys_lag_p95_s"]) == (3600, 30 * 3600)


def test_sales_of_which_a_twentieth_is_late_do_not_lag_and_their_lag_is_known(books: Books):
    lagging(books, 5)
    assert found(books, LATE) == set()
    with books.warehouse.engine.connect() as conn:
        (row,) = conn.execute(sa.select(link_stream).where(link_stream.c.stream == "orders"))
    assert (row.samples, row.lag_p50_s, row.lag_p95_s) == (100, 3600, 3600)


def test_a_few_late_sales_do_not_lag(books: Books):
    ordered(books, 1, 60)
    loaded(books, 1, 1)
    assert found(books, LATE) == set()


def test_a_second_load_of_an_order_makes_nothing_late(books: Books):
    lagging(books, 0)
    for number in range(100):
        loaded(books, number, 1)
    assert found(books, LATE) == set()


@pytest.mark.parametrize(("minutes", "late"), [(59, set()), (61, {"events"})])
def test_events_that_come_too_long_after_their_shipment_lag(
    books: Books, minutes: int, late: set[str]
):
    ordered(books, 1, 200)
    loaded(books, 1, 199)
    for number in range(101):  # of the first parcel there, no event can be known
        at = NOW - (2 + number) * HOUR
        books.shipment(f"1-{at:%d%H%M}", at)
        fired_at, loaded_at = at + timedelta(minutes=20), at + timedelta(minutes=minutes)
        books.event(str(number), "1", happened_at=fired_at, loaded_at=loaded_at)
    assert found(books, LATE) == late


# --- old and expiring ------------------------------------------------------------------------------


@pytest.mark.parametrize(("age_h", "old"), [(25, set()), (27, {"catalogue"})])
def test_a_feed_may_be_as_old_as_its_schedule_allows(books: Books, age_h: int, old: set[str]):
    books.feed(NOW - age_h * HOUR)
    assert found(books, "freshness.feed_age") == old


def test_a_feed_that_does_not_say_when_it_was_written_is_not_judged(books: Books):
    books.feed(None)
    assert found(books, "freshness.feed_age") == set()
    assert books.checked()["freshness.feed_age"] == 0


def test_a_token_that_ends_within_two_weeks_is_told(books: Books):
    soon = replace(TERMS, token_expires=date(2026, 12, 7))
    assert books.drift(soon) == {("freshness.token_expiry", "credentials.centra_token_expires")}


def test_a_token_that_lasts_longer_is_clean(books: Books):
    assert books.drift(replace(TERMS, token_expires=date(2026, 12, 8))) == set()
    assert books.checked()["freshness.token_expiry"] == 2


def test_corrections_that_do_not_last_are_told_remedy_by_remedy(books: Books):
    fought = replace(TERMS, undone={"opt_out": 2, "set_key": 1})
    assert books.drift(fought) == {
        ("freshness.correction_undone", "corrections.policy.opt_out"),
        ("freshness.correction_undone", "corrections.policy.set_key"),
    }


def test_wsse_is_told_as_long_as_it_is_in_use(books: Books):
    assert books.drift(replace(TERMS, has_wsse=True)) == {
        ("freshness.token_expiry", "emarsys.auth")
    }
