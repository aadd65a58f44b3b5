"""Parcels, confirmations and their events: what is missing, too much, late or dead, and what only looks so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.model import tables as t
from auditor.model.history import HISTORY, snapshot_run, stream_position
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, OLD, TERMS, YOUNG, Books

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import sqlalchemy as sa

MINUTES, HOURS, DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = OLD - 10 * DAYS
CONFIRMATION = "order_confirmation"
SUITE = "fulfilment."


SUITES = frozenset({"fulfilment"})


@pytest.fixture
def shop(books: Books) -> Books:
    return opened(books)


def opened(books: Books) -> Books:
    """One consumer with a contact; what fired long ago shows how far back the events reach."""
    books.customer("1", "eva@x.se", total_orders=1)
    books.contact("7", "eva@x.se", 1, external_id="1")
    books.contact("8", "nobody@x.se", 1)
    for name in ("order_shipped", CONFIRMATION):
        books.event(f"first {name}", "8", name, LONG_AGO)
    return books


def found(books: Books) -> set[tuple[str, str]]:
    return {row for row in books.drift() if row[0].startswith(SUITE)}


def row_of(books: Books, check: str) -> sa.RowMapping:
    (row,) = [row for row in books.rows() if row["check_id"] == check]
    return row


def parcel(books: Books, at: datetime = OLD, number: str = "100-1", **values: Any) -> None:
    """A parcel of an order that is confirmed."""
    order = number.split("-", maxsplit=1)[0]
    placed_at = at - 2 * DAYS
    books.order(order, created_at=placed_at)
    books.event(f"confirmed {order}", "7", CONFIRMATION, placed_at + 5 * MINUTES)
    books.shipment(number, at, **values)


# --- shipped events -----------------------------------------------------------------------------


def test_a_parcel_without_an_event(shop: Books):
    parcel(shop)
    assert found(shop) == {("fulfilment.missing_shipped_event", "100-1")}


def test_a_parcel_with_its_event(shop: Books):
    parcel(shop)
    shop.event("e", "7", happened_at=OLD + 20 * MINUTES)
    assert found(shop) == set()


def test_two_parcels_minutes_apart_with_two_events(shop: Books):
    parcel(shop)
    shop.shipment("100-2", OLD + 3 * MINUTES)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 6 * MINUTES)
    assert found(shop) == set()


def test_a_parcel_of_a_marketplace_excuses_the_event_that_it_may_have_fired(shop: Books):
    parcel(shop)
    shop.order("200", store_id="2", created_at=OLD - DAYS)
    shop.shipment("200-1", OLD + 2 * HOURS)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 2 * HOURS + 5 * MINUTES)
    assert found(shop) == set()


def test_a_parcel_of_a_marketplace_owes_no_event(shop: Books):
    parcel(shop, OLD + HOURS)
    shop.order("200", store_id="2", created_at=OLD - DAYS)
    shop.shipment("200-1", OLD)
    shop.event("e1", "7", happened_at=OLD + HOURS + 5 * MINUTES)
    assert found(shop) == set()


def test_a_parcel_of_a_marketplace_excuses_no_event_before_it(shop: Books):
    parcel(shop)
    shop.order("200", store_id="2", created_at=OLD - DAYS)
    shop.shipment("200-1", OLD + 2 * HOURS)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 10 * MINUTES)
    assert found(shop) == {("fulfilment.duplicate_shipped_event", "event:e2")}


def test_two_parcels_with_one_event(shop: Books):
    parcel(shop)
    shop.shipment("100-2", OLD + 3 * MINUTES)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    assert found(shop) == {("fulfilment.missing_shipped_event", "100-2")}


def test_one_parcel_with_two_events(shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 9 * MINUTES)
    assert found(shop) == {("fulfilment.duplicate_shipped_event", "event:e2")}


@pytest.mark.parametrize(
    ("lines", "siblings", "again", "habit"),
    [
        (1, 0, 0 * MINUTES, "fires again on every retry"),
        (2, 0, 1 * MINUTES, "fires per order line"),
        (1, 1, 1 * MINUTES, "fires for the order and for its parcels"),
        (3, 0, 1 * MINUTES, None),
    ],
)
def test_the_habit_of_the_sender_is_named(
    lines: int, siblings: int, again: timedelta, habit: str | None, shop: Books
):
    parcel(shop, lines=lines)
    for place in range(siblings):
        shop.shipment(f"100-{place + 2}", OLD - HOURS)
        shop.event(f"e{place}", "7", happened_at=OLD - 50 * MINUTES)
    shop.event("e8", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e9", "7", happened_at=OLD + 5 * MINUTES + again)
    assert row_of(shop, "fulfilment.duplicate_shipped_event")["cause"] == habit


def test_an_event_long_after_the_last_parcel(shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 73 * HOURS)
    assert found(shop) == {("fulfilment.event_without_shipment", "event:e2")}


def test_an_event_before_the_parcel_left(shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD - 5 * MINUTES)
    assert found(shop) == {
        ("fulfilment.event_without_shipment", "event:e1"),
        ("fulfilment.missing_shipped_event", "100-1"),
    }


def test_an_event_for_who_only_buys_on_marketplaces_is_the_channel_suites(shop: Books):
    shop.order("100", store_id="2")
    shop.event("e1", "7")
    assert {row for row in shop.drift() if row[1] == "event:e1"} == {
        ("channel.event_for_non_consumer", "event:e1")
    }


def test_an_event_for_somebody_unknown_to_centra_is_the_identity_suites(shop: Books):
    shop.event("e1", "8")
    assert found(shop) == set()


def test_an_event_for_the_other_contact_of_a_person_counts(shop: Books):
    shop.contact("9", "eva@x.se", 1)
    parcel(shop)
    shop.event("e1", "9", happened_at=OLD + 5 * MINUTES)
    assert found(shop) == set()


def test_an_event_for_a_customer_who_was_merged_away_since_counts(shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.customer("2", "eve@x.se")
    shop.contact("9", "eve@x.se", 1, external_id="2")
    shop.remember()
    shop.lose(t.centra_customer, customer_id="1")
    shop.change(t.centra_order, {"order_number": "100"}, customer_id="2", email_key="eve@x.se")
    assert found(shop) == set()


@pytest.mark.parametrize(
    "values", [{"is_shipped": False}, {"updated_at": YOUNG}], ids=["not-shipped", "young"]
)
def test_a_parcel_that_owes_nothing_yet(values: dict[str, Any], shop: Books):
    parcel(shop, **values)
    assert found(shop) == set()


def test_a_wholesale_parcel_owes_nothing(shop: Books):
    shop.order("100", store_id="3", kind="WholesaleOrder")
    shop.shipment("100-1", OLD)
    assert found(shop) == set()


@pytest.mark.parametrize("later", [71 * HOURS, -DAYS], ids=["within the window", "before"])
def test_what_left_before_the_oldest_event_and_its_window_proves_nothing(
    later: timedelta, shop: Books
):
    parcel(shop, at=LONG_AGO + later)
    assert found(shop) == set()


def test_without_any_event_read_nothing_is_missing(books: Books):
    books.customer("1", "eva@x.se")
    books.contact("7", "eva@x.se", 1, external_id="1")
    books.order("100")
    books.shipment("100-1", OLD)
    assert found(books) == set()


def test_what_is_not_configured_owes_nothing(shop: Books):
    shop.order("100")
    shop.shipment("100-1", OLD)
    terms = replace(TERMS, shipped_event=None, confirmed_event=None)
    assert {row for row in shop.drift(terms) if row[0].startswith(SUITE)} == set()


# --- late events --------------------------------------------------------------------------------


@pytest.mark.parametrize(("lag", "is_late"), [(2 * HOURS, False), (121 * MINUTES, True)])
def test_an_event_at_the_service_level(lag: timedelta, is_late: bool, shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + lag)
    assert found(shop) == ({("fulfilment.late_shipped_event", "100-1")} if is_late else set())


def test_a_back_dated_parcel_is_not_late(shop: Books):
    parcel(shop, at=OLD - 20 * HOURS, updated_at=OLD)
    shop.event("e1", "7", happened_at=OLD + HOURS)
    assert found(shop) == set()


def test_a_parcel_back_dated_before_another_makes_neither_late(shop: Books):
    parcel(shop)
    shop.shipment("100-2", OLD - 2 * HOURS, updated_at=OLD + 24 * HOURS)
    shop.event("e1", "7", happened_at=OLD + 20 * MINUTES)
    shop.event("e2", "7", happened_at=OLD + 25 * HOURS)
    assert found(shop) == set()


@pytest.mark.parametrize(
    ("first_seen", "is_late"),
    [
        pytest.param(1, True, id="the first run tells no time: what Centra says counts"),
        pytest.param(2, False, id="a later run had just seen it"),
    ],
)
def test_a_parcel_left_by_the_snapshot_that_first_saw_it(
    first_seen: int, is_late: bool, shop: Books
):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + 5 * HOURS)
    past = HISTORY[t.centra_shipment.name]
    seen = {"shipment_id": "id 100-1", "is_shipped": True, "shipped_at": OLD, "updated_at": OLD}
    with shop.warehouse.engine.begin() as conn:
        for number, as_of in ((1, OLD - 2 * DAYS), (2, OLD + 4 * HOURS)):
            run = f"run {number}"
            conn.execute(snapshot_run.insert().values(number=number, run=run, as_of=as_of))
            conn.execute(
                stream_position.insert().values(number=number, run=run, stream="shipments")
            )
        conn.execute(past.insert().values(**seen, valid_from_run=f"run {first_seen}"))
    late = {("fulfilment.late_shipped_event", "100-1")}
    assert found(shop) == (late if is_late else set())


# --- confirmations ------------------------------------------------------------------------------


def test_a_due_order_without_a_confirmation(shop: Books):
    shop.order("100")
    assert found(shop) == {("fulfilment.missing_confirmation", "100")}


def test_a_due_order_confirmed_within_the_window(shop: Books):
    shop.order("100")
    shop.event("e", "7", CONFIRMATION, OLD + 23 * HOURS)
    assert found(shop) == set()


def test_two_orders_and_one_confirmation(shop: Books):
    shop.order("100")
    shop.order("101", created_at=OLD + HOURS)
    shop.event("e", "7", CONFIRMATION, OLD + 2 * HOURS)
    assert found(shop) == {("fulfilment.missing_confirmation", "101")}


@pytest.mark.parametrize(
    "values",
    [
        {"is_on_hold": True},
        {"is_waiting_for_payment": True},
        {"status": "PENDING"},
        {"status": "CANCELLED"},
        {"updated_at": YOUNG},
    ],
    ids=["held", "unpaid", "pending", "cancelled", "young"],
)
def test_an_order_that_owes_no_confirmation(values: dict[str, Any], shop: Books):
    shop.order("100", **values)
    assert found(shop) == set()


def unconfirmed(shop: Books, count: int, **values: Any) -> None:
    for place in range(count):
        shop.order(f"9{place}", created_at=OLD + place * DAYS / 2, updated_at=OLD, **values)


def confirmed(shop: Books, count: int, **values: Any) -> None:
    for place in range(count):
        shop.order(f"5{place}", created_at=OLD - place * DAYS / 4, **values)
        shop.event(f"e{place}", "7", CONFIRMATION, OLD - place * DAYS / 4 + 5 * MINUTES)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"payment_method": "Invoice"}, "payment_method=Invoice"),
        ({"status": "PROCESSING"}, "status=PROCESSING"),
    ],
)
def test_a_trait_of_all_unconfirmed_orders_is_one_pattern(
    values: dict[str, Any], key: str, shop: Books
):
    unconfirmed(shop, 5, **values)
    confirmed(shop, 6, payment_method="Card")
    assert found(shop) == {
        ("fulfilment.trigger_status_mismatch", f"emarsys.events.confirmed:{key}")
    }


def test_a_payment_state_can_be_the_pattern(shop: Books):
    unconfirmed(shop, 5)
    for place in range(5):
        shop.payment(f"9{place}", "CAPTURE_FAILED", "FAILED")
    confirmed(shop, 6)
    for place in range(6):
        shop.payment(f"5{place}", "CAPTURE")
    assert found(shop) == {
        ("fulfilment.trigger_status_mismatch", "emarsys.events.confirmed:payment=capture failed")
    }


def test_a_pattern_tells_its_share(shop: Books):
    unconfirmed(shop, 5, payment_method="Invoice")
    shop.order("70", payment_method="Invoice", created_at=OLD - 5 * DAYS)
    shop.event("e", "7", CONFIRMATION, OLD - 5 * DAYS + HOURS)
    confirmed(shop, 6)
    row = row_of(shop, "fulfilment.trigger_status_mismatch")
    assert (row["centra_orders"], row["emarsys_missing"], row["people"]) == (6, 5, 1)
    assert row["emarsys_missing_share"] == pytest.approx(5 / 6)
    assert row["cause"] == "no confirmation for the payment method Invoice"


def few(shop: Books) -> None:
    unconfirmed(shop, 4, payment_method="Invoice")
    confirmed(shop, 6, payment_method="Card")


def everywhere(shop: Books) -> None:
    unconfirmed(shop, 5, payment_method="Invoice")
    shop.order("80", payment_method="Card", created_at=OLD - DAYS)
    confirmed(shop, 2, payment_method="Card")


def since_yesterday(shop: Books) -> None:
    """Nothing is confirmed any more, and what was ordered since has not been shipped yet."""
    for place in range(5):
        shop.order(f"9{place}", created_at=OLD - place * HOURS, status="CONFIRMED")
    for place in range(6):
        shop.order(f"5{place}", created_at=OLD - (place + 1) * DAYS, status="SHIPPED")
        shop.event(f"e{place}", "7", CONFIRMATION, OLD - (place + 1) * DAYS + 5 * MINUTES)


def with_no_other(shop: Books) -> None:
    unconfirmed(shop, 5, payment_method="Invoice")


@pytest.mark.parametrize("case", [few, everywhere, with_no_other, since_yesterday])
def test_what_is_no_pattern_is_raised_one_by_one(case: Callable[[Books], None], shop: Books):
    case(shop)
    assert {check for check, _ in found(shop)} == {"fulfilment.missing_confirmation"}


# --- dead events --------------------------------------------------------------------------------


@pytest.mark.parametrize(("usages", "is_dead"), [(0, True), (1, False), (None, False)])
def test_an_event_that_nothing_listens_to(usages: int | None, is_dead: bool, books: Books):
    books.definition("order_shipped", usages)
    dead = {("fulfilment.dead_event", "emarsys.events.shipped")}
    assert found(books) == (dead if is_dead else set())


def test_an_event_that_is_not_there_is_dead_and_misses_nothing(shop: Books):
    shop.order("100")
    terms = replace(TERMS, confirmed_event="order_confirmed")
    assert {row for row in shop.drift(terms) if row[0].startswith(SUITE)} == {
        ("fulfilment.dead_event", "emarsys.events.confirmed")
    }


# --- populations --------------------------------------------------------------------------------


def test_the_populations(shop: Books):
    parcel(shop)
    shop.event("e1", "7", happened_at=OLD + 5 * MINUTES)
    shop.event("e2", "7", happened_at=NOW - 8 * DAYS)
    shop.drift()
    checked = {c: n for c, n in shop.checked().items() if c.startswith(SUITE)}
    assert checked == {
        "fulfilment.missing_shipped_event": 1,
        "fulfilment.duplicate_shipped_event": 2,
        "fulfilment.event_without_shipment": 2,
        "fulfilment.late_shipped_event": 1,
        "fulfilment.missing_confirmation": 1,
        "fulfilment.trigger_status_mismatch": 1,
        "fulfilment.dead_event": 2,
    }


def test_a_finding_names_the_contact_that_the_event_fired_for(shop: Books):
    shop.order("100", created_at=OLD - 2 * DAYS, status="PENDING")
    shop.contact("9", "eva@x.se", 1)
    shop.event("e1", "9")
    row = row_of(shop, "fulfilment.event_without_shipment")
    assert (row["contact_id"], row["customer_id"]) == ("9", "1")


def test_both_engines_agree(warehouse_url: str):
    warehouse = Warehouse(warehouse_url)
    shop = opened(Books(warehouse))
    shop.definition("order_shipped", 0)
    parcel(shop, lines=2)
    shop.event("e1", "7", happened_at=OLD + 3 * HOURS)
    shop.event("e2", "7", happened_at=OLD + 4 * HOURS)
    parcel(shop, OLD + 5 * DAYS, "101-1")
    shop.event("e3", "7", happened_at=OLD + 9 * DAYS)
    shop.order("102", created_at=OLD - 5 * DAYS)
    unconfirmed(shop, 5, payment_method="Invoice")
    confirmed(shop, 9)
    assert found(shop) == {
        ("fulfilment.dead_event", "emarsys.events.shipped"),
        ("fulfilment.duplicate_shipped_event", "event:e2"),
        ("fulfilment.event_without_shipment", "event:e3"),
        ("fulfilment.late_shipped_event", "100-1"),
        ("fulfilment.missing_confirmation", "102"),
        ("fulfilment.missing_shipped_event", "101-1"),
        ("fulfilment.trigger_status_mismatch", "emarsys.events.confirmed:payment_method=Invoice"),
    }
    warehouse.close()


@pytest.mark.parametrize(
    ("total_orders", "is_found"), [(1, True), (2, False)], ids=["all-read", "one-unread"]
)
def test_an_event_proves_nothing_as_long_as_an_order_was_not_read(
    books: Books, total_orders: int, is_found: bool
):
    """A parcel of an order from long before `sales.since` may leave today."""
    opened(books)
    books.customer("2", "eva@x.se", total_orders=total_orders)
    books.order("100", customer_id="2", created_at=OLD - 2 * DAYS, status="PENDING")
    books.order("101", customer_id="1", created_at=OLD - 2 * DAYS, status="PENDING")
    books.event("stray", "7", happened_at=OLD)
    stray = {("fulfilment.event_without_shipment", "event:stray")}
    assert found(books) == (stray if is_found else set())
