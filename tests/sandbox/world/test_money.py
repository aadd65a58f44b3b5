"""Money: line values, conversions and sales rows agree to the last minor unit."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.sandbox.world.money import base_minor, half_up
from tests.sandbox.world.laws import base_value

if TYPE_CHECKING:
    from tests.sandbox.world.facts import Facts

values = st.integers(0, 10**9)
rates = st.integers(1, 10**9).map(lambda millionths: Decimal(millionths).scaleb(-6))


@given(value=values, exponent=st.sampled_from([0, 2, 3]), rate=rates)
def test_conversion_is_the_value_in_major_units_times_the_rate(
    value: int, exponent: int, rate: Decimal
):
    exact = Decimal(value).scaleb(-exponent) * rate * 100
    assert base_minor(value, exponent, rate) == exact.quantize(Decimal(1), ROUND_HALF_UP)


@given(numerator=values, denominator=st.integers(1, 10**6))
def test_half_up_is_never_more_than_a_half_away(numerator: int, denominator: int):
    off_by = 2 * (half_up(numerator, denominator) * denominator - numerator)
    assert -denominator < off_by <= denominator


def test_an_order_in_base_currency_has_rate_one(clean: Facts):
    rates_of = {o.rate for o in clean.world.centra.orders if o.currency == "SEK"}
    assert rates_of == {Decimal(1)}


def test_the_rate_of_an_order_is_close_to_the_rate_of_its_currency(clean: Facts):
    worth = {currency.code: currency.rate for currency in clean.world.centra.currencies}
    far = [o for o in clean.world.centra.orders if abs(o.rate / worth[o.currency] - 1) > 0.011]
    assert far == []


def test_a_live_line_has_the_unit_price_of_its_value(clean: Facts):
    lines = [line for order in clean.world.centra.orders for line in order.lines if line.quantity]
    off = [line for line in lines if line.unit_minor != half_up(line.value_minor, line.quantity)]
    assert off == []


def test_a_line_without_units_is_worth_nothing(clean: Facts):
    lines = [line for order in clean.world.centra.orders for line in order.lines]
    assert {line.value_minor for line in lines if not line.quantity} == {0}


def test_the_parts_of_a_bundle_are_worth_nothing(clean: Facts):
    lines = [line for order in clean.world.centra.orders for line in order.lines]
    assert {line.value_minor for line in lines if line.kind == "bundle_item"} == {0}


def test_some_line_values_are_no_multiple_of_their_quantity(clean: Facts):
    lines = [line for order in clean.world.centra.orders for line in order.lines if line.quantity]
    assert any(line.value_minor % line.quantity for line in lines)


def test_a_return_never_takes_back_more_than_was_sold(spoiled: tuple[Facts, object]):
    facts = spoiled[0]
    lines = {line.id: line for order in facts.orders.values() for line in order.lines}
    units: dict[int, int] = defaultdict(int)
    value: dict[int, int] = defaultdict(int)
    for part in (part for back in facts.world.centra.returns for part in back.lines):
        units[part.line_id] += part.quantity
        value[part.line_id] += part.value_minor
    assert all(units[key] <= lines[key].quantity for key in units)
    assert all(value[key] <= lines[key].value_minor for key in value)


def test_the_returned_units_of_a_line_are_those_of_its_completed_returns(
    spoiled: tuple[Facts, object],
):
    facts = spoiled[0]
    units: dict[int, int] = defaultdict(int)
    for back in facts.world.centra.returns:
        for part in back.lines:
            units[part.line_id] += part.quantity if back.status == "COMPLETED" else 0
    lines = [line for order in facts.orders.values() for line in order.lines]
    assert [line.id for line in lines if line.returned != units[line.id]] == []


def test_what_is_returned_of_a_line_has_an_exact_share_of_its_value(clean: Facts):
    lines = {line.id: line for order in clean.orders.values() for line in order.lines}
    parts = [part for back in clean.world.centra.returns for part in back.lines]
    inexact = [
        part
        for part in parts
        if part.value_minor * lines[part.line_id].quantity
        != lines[part.line_id].value_minor * part.quantity
    ]
    assert inexact == []


def test_a_sales_row_is_within_one_minor_unit_of_its_line(clean: Facts):
    compared = 0
    for number, rows in clean.rows_of.items():
        order = clean.orders[number]
        lines = {clean.sku[x.size_id]: x for x in order.lines if x.size_id and not x.cancelled}
        items = Counter(row.item for row in rows)
        for row in rows:
            if items[row.item] == 1 and row.item in lines and lines[row.item].value_minor:
                compared += 1
                amount = base_value(clean, order, lines[row.item])
                assert abs(row.amount_minor - amount) <= 1
    assert compared > 10_000


def test_a_sale_is_dated_on_the_day_of_its_order(clean: Facts):
    rows = [row for row in clean.world.emarsys.purchases if row.quantity > 0]
    assert {row.purchased_on == clean.orders[row.order_id].created_at.date() for row in rows} == {
        True
    }


def test_shipments_carry_no_more_than_was_ordered(clean: Facts):
    lines = {line.id: line.quantity for order in clean.orders.values() for line in order.lines}
    shipped: dict[int, int] = defaultdict(int)
    for part in (part for parcel in clean.world.centra.shipments for part in parcel.lines):
        shipped[part.line_id] += part.quantity
    assert [key for key in shipped if shipped[key] != lines[key]] == []
