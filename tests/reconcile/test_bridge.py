"""The revenue bridge: what each step takes, and that whatever happened, the steps add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import tables as t
from auditor.model.bridge import CENTRA, EMARSYS, STEPS, Bridge, VerifiedShare
from auditor.model.drift import (
    link_order,
    link_sale,
    link_verdict,
    revenue_bridge,
    verified_share,
)
from auditor.reconcile import orders, words
from auditor.reconcile import sales as sales_topic
from auditor.reconcile.bridge import read_bridge, read_money, read_verified
from auditor.reconcile.bridge import steps as steps_of
from auditor.reconcile.bridge import verified as verified_of
from tests.reconcile.books import NOW, OLD, TERMS, YOUNG, Books

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms


MONTH = f"{OLD:%Y-%m}"


SUITES = frozenset({"sales"})


def bridges(books: Books, terms: Terms = TERMS) -> list[Bridge]:
    """Fill what the bridge stands on, and the bridge."""
    books.write()
    warehouse = books.warehouse
    with warehouse.engine.connect() as conn:
        warehouse.refill(conn, link_order, orders.orders(terms))
        warehouse.refill(conn, link_sale, words.lines(terms))
        warehouse.refill(conn, link_verdict, sales_topic.verdicts(terms))
        warehouse.refill(conn, revenue_bridge, steps_of(terms))
        warehouse.refill(conn, verified_share, verified_of(terms))
        conn.commit()
        return list(read_bridge(conn))


def steps(books: Books, terms: Terms = TERMS) -> dict[str, int]:
    """Return the steps between the two ends of the only bridge there is."""
    (bridge,) = bridges(books, terms)
    ends = (CENTRA, EMARSYS)
    return {step: minor for step, minor in bridge.amounts.items() if minor and step not in ends}


def verified(books: Books, terms: Terms = TERMS) -> list[VerifiedShare]:
    bridges(books, terms)
    with books.warehouse.engine.connect() as conn:
        return list(read_verified(conn))


def test_where_both_agree_there_is_nothing_between_the_ends(books: Books):
    books.order("100", books.line("A", 2, 20000))
    books.sale("100", "A", 2, 20000)
    (bridge,) = bridges(books)
    assert (bridge.market, bridge.month, bridge.currency) == ("Sweden", MONTH, "SEK")
    assert {step: minor for step, minor in bridge.amounts.items() if minor} == {
        CENTRA: 20000,
        EMARSYS: 20000,
    }


def test_what_came_back_lately_and_is_netted_in_part_is_a_return(books: Books):
    line = books.line("A", 3, 30000)
    books.order("100", line)
    for name in ("r1", "r2"):
        books.returned(line, 1, return_id=name, created_at=YOUNG)
    books.sale("100", "A", 3, 30000)
    books.sale("100", "A", -1, -10000)
    assert steps(books) == {"returns": -10000}


def test_a_bridge_names_every_step_in_order(books: Books):
    books.order("100", books.line("A", 2, 20000))
    assert tuple(bridges(books)[0].amounts) == STEPS


@pytest.mark.parametrize(
    ("order", "counted", "expected"),
    [
        ({"store_id": "3"}, None, {"wholesale": -20000}),
        ({"store_id": "3"}, 20000, {}),
        ({"store_id": "2"}, None, {"marketplace": -20000}),
        ({"is_internal": True}, None, {"internal": -20000}),
        ({"status": "CANCELLED"}, None, {"cancelled": -20000}),
        ({"is_on_hold": True}, None, {"late": -20000}),
        ({"updated_at": YOUNG}, None, {"late": -20000}),
        ({}, None, {"missing": -20000}),
        ({}, 20001, {"rounding": 1}),
        ({}, 10000, {"unexplained": -10000}),
        ({}, 16000, {"tax": -4000}),
    ],
)
def test_the_step_is_named_after_what_happened(
    books: Books, order: dict[str, Any], counted: int | None, expected: dict[str, int]
):
    books.order("100", books.line("A", 2, 20000), **order)
    if counted is not None:
        books.sale("100", "A", 2, counted)
    assert steps(books) == expected


def test_what_counts_twice_is_duplicated(books: Books):
    books.order("100", books.line("A", 1, 20000))
    books.sale("100", "A", 1, 20000)
    books.sale("100", "A", 1, 20000)
    assert steps(books) == {"duplicated": 20000}


@pytest.mark.parametrize(("at", "is_netted"), [(OLD, True), (YOUNG, True), (YOUNG, False)])
def test_a_return_is_a_step_once_either_side_netted_it(books: Books, at: datetime, is_netted: bool):
    line = books.line("A", 2, 20000)
    books.order("100", line)
    books.returned(line, 1, created_at=at)
    books.sale("100", "A", 2, 20000)
    if is_netted:
        books.sale("100", "A", -1, -10000)
    assert steps(books) == ({"returns": -10000} if is_netted else {})


def test_an_amount_that_was_not_converted_is_a_matter_of_currency(books: Books):
    books.order("100", books.line("A", 1, 1900, base_minor=20000, currency="EUR"))
    books.sale("100", "A", 1, 1900)
    assert steps(books) == {"fx": -18100}


def test_uploads_in_the_order_currency_are_a_matter_of_currency(books: Books):
    books.order("100", books.line("A", 1, 1900, base_minor=20000, currency="EUR"))
    books.sale("100", "A", 1, 1900)
    assert steps(books, replace(TERMS, in_base_currency=False)) == {"fx": -18100}


def test_an_order_that_centra_never_had_stands_in_its_own_market_and_month(books: Books):
    books.sale("900", "A", 1, 5000, purchased_on=date(2026, 10, 31))
    (bridge,) = bridges(books)
    assert (bridge.market, bridge.month) == ("unknown", "2026-10")
    assert (bridge.amounts["unknown"], bridge.amounts[EMARSYS]) == (5000, 5000)


def test_months_are_those_of_the_brands_time_zone(books: Books):
    late = datetime(2026, 10, 31, 23, 30)
    books.order("100", books.line("A", 2, 20000), created_at=late, updated_at=late)
    assert [b.month for b in bridges(books, replace(TERMS, zone="Europe/Stockholm"))] == ["2026-11"]


def test_orders_from_before_the_first_day_are_left_out(books: Books):
    old = OLD - timedelta(days=70)
    books.order("100", books.line("A", 2, 20000), created_at=old, updated_at=old)
    books.sale("100", "A", 2, 20000, purchased_on=TERMS.since - timedelta(days=1))
    assert bridges(books) == []


def test_an_order_is_verified_within_the_days_that_its_sale_took(books: Books):
    for number, days in (("100", 0.5), ("101", 2.5), ("102", 5)):
        books.order(number, books.line("A", 1, 10000))
        books.sale(number, "A", 1, 10000, loaded_at=OLD + timedelta(days=days))
    books.order("103", books.line("A", 1, 10000))
    assert verified(books) == [
        VerifiedShare(1, "SEK", 10000, 40000),
        VerifiedShare(3, "SEK", 20000, 40000),
        VerifiedShare(7, "SEK", 30000, 40000),
    ]


@pytest.mark.parametrize(
    ("missing", "told"),
    [((), (True, True)), (("wholesale_stores",), (False, True)), (("returns",), (False, False))],
    ids=str,
)
def test_no_bridge_is_told_where_wholesale_orders_may_be_hidden(
    books: Books, missing: tuple[str, ...], told: tuple[bool, bool]
):
    books.sale("999", "A", 1, 10000)
    bridges(books)
    with books.warehouse.engine.connect() as conn:
        bridge, share = read_money(conn, frozenset(t.STREAM_TABLES) - {*missing})
    assert (bool(bridge), bool(share)) == told


def test_what_is_verified_is_told_in_base_currency_whatever_is_sent(books: Books):
    yen = books.line("A", 2, 3000, digits=0, currency="JPY", base_minor=20000)
    books.order("100", yen, currency="JPY")
    books.returned(yen, 1)
    books.sale("100", "A", 2, 300000)
    books.sale("100", "A", -1, -150000)
    books.order("101", books.line("B", 1, 10000))
    share = verified(books, replace(TERMS, in_base_currency=False))[-1]
    assert share == VerifiedShare(7, "SEK", 10000, 20000)


def test_an_order_that_had_no_time_yet_is_not_held_against_the_share(books: Books):
    at = NOW - timedelta(days=2)
    books.order("100", books.line("A", 1, 10000), created_at=at, updated_at=at)
    shares = [(one.days, one.due_minor, one.share) for one in verified(books)]
    assert shares == [(1, 10000, 0.0), (3, 0, None), (7, 0, None)]


# --- whatever happened, the steps add up ---------------------------------------------------------

minor = st.integers(0, 10**7)
units = st.integers(0, 4)
moments = st.sampled_from([OLD, YOUNG, OLD - timedelta(days=30), OLD - timedelta(days=70)])
lines = st.lists(
    st.tuples(st.sampled_from("ABC"), units, minor, minor, st.integers(0, 2)), max_size=3
)
sales = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(-4, 8), st.integers(-(10**7), 10**7)), max_size=4
)
baskets = st.lists(
    st.tuples(
        lines,
        sales,
        st.fixed_dictionaries(
            {
                "store_id": st.sampled_from(["1", "1", "1", "2", "3"]),
                "market_id": st.sampled_from(["1", "2", "9", None]),
                "status": st.sampled_from(["SHIPPED", "CONFIRMED", "PENDING", "CANCELLED"]),
                "is_internal": st.booleans(),
                "is_on_hold": st.booleans(),
                "created_at": moments,
                "updated_at": moments,
            }
        ),
    ),
    max_size=5,
)


class World(Books):
    """Books that take the place of those before."""

    def write(self) -> None:
        with self.warehouse.engine.begin() as conn:
            for table in (
                *(t.centra_store, t.centra_market, t.centra_order, t.centra_order_line),
                *(t.centra_currency, t.centra_return, t.centra_return_line, t.emarsys_sale),
            ):
                conn.execute(sa.delete(table))
        super().write()

    def place(self, number: str, bought: Any, counted: Any, values: dict[str, Any]) -> None:
        made = [
            self.line(item, quantity, value, base_minor=base)
            for item, quantity, value, base, _ in bought
        ]
        self.order(number, *made, **values)
        for line, (*_, back) in zip(made, bought, strict=True):
            if back:
                self.returned(line, back, created_at=values["updated_at"])
        for item, quantity, amount in counted:
            on = values["created_at"].date()
            self.sale(number, item, quantity, amount, purchased_on=on)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(baskets, sales, st.booleans())
def test_the_steps_always_add_up_to_the_last_minor_unit(
    books: Books, placed: list[Any], strange: list[Any], in_base: bool
):
    world = World(books.warehouse)
    for number, (bought, counted, values) in enumerate(placed):
        world.place(f"{number}", bought, counted, values)
    for item, quantity, amount in strange:
        world.sale("strange", item, quantity, amount)
    found = bridges(world, replace(TERMS, in_base_currency=in_base))
    for bridge in found:
        *parts, end = bridge.amounts.values()
        assert sum(parts) == end
    covered = [one for one in placed if one[2]["created_at"].date() >= TERMS.since]
    ordered = [base for bought, _, _ in covered for _, _, _, base, _ in bought]
    assert sum(bridge.amounts[CENTRA] for bridge in found) == sum(ordered)
    counts = [amount for _, counted, _ in covered for _, _, amount in counted]
    counts += [amount for _, _, amount in strange]
    assert sum(bridge.amounts[EMARSYS] for bridge in found) == sum(counts)
