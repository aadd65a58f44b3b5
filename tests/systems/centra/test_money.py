"""Money is exact, rounded once, and never guessed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.currency import MINOR_DIGITS
from auditor.systems.centra.money import UnfitRowError, base_units, minor_units

amounts = st.decimals(-(10**9), 10**9, allow_nan=False, places=4)
rates = st.decimals("0.000001", "100000", allow_nan=False, places=6)
currencies = st.sampled_from(sorted(MINOR_DIGITS))


def half_up(exact: Fraction) -> int:
    """Round to a whole number, a half away from zero."""
    rounded = floor(abs(exact) + Fraction(1, 2))
    return rounded if exact >= 0 else -rounded


@settings(deadline=None)
@given(amounts, currencies)
def test_minor_units_are_rounded_half_up(value: Decimal, currency: str):
    assert minor_units([value], [currency]) == [
        half_up(Fraction(value) * 10 ** MINOR_DIGITS[currency])
    ]


@settings(deadline=None)
@given(amounts, rates, currencies)
def test_base_units_are_rounded_once(value: Decimal, rate: Decimal, base: str):
    exact = Fraction(value) * Fraction(rate) * 10 ** MINOR_DIGITS[base]
    assert base_units([value], [rate], base) == [half_up(exact)]


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15), currencies)
def test_an_amount_with_the_right_decimals_loses_nothing(minor: int, currency: str):
    value = Decimal(minor).scaleb(-MINOR_DIGITS[currency])
    assert minor_units([value], [currency]) == [minor]


@pytest.mark.parametrize(
    ("currency", "value", "minor"),
    [
        ("SEK", "199.90", 19990),
        ("JPY", "1500", 1500),
        ("KWD", "1.234", 1234),
        ("EUR", "-0.005", -1),
    ],
)
def test_a_currency_has_its_own_decimals(currency: str, value: str, minor: int):
    assert minor_units([Decimal(value)], [currency]) == [minor]


def test_a_base_currency_without_decimals_gets_none():
    assert base_units([Decimal("10.00")], [Decimal("16.15")], "JPY") == [162]


def test_an_unknown_currency_is_not_guessed():
    with pytest.raises(UnfitRowError, match="not in ISO 4217"):
        minor_units([Decimal(1)], ["XXL"])


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises((ArithmeticError, ValueError)):
        minor_units([Decimal("NaN")], ["SEK"])


def test_amounts_and_currencies_go_in_pairs():
    assert minor_units([Decimal(1), Decimal(1)], ["SEK", "JPY"]) == [100, 1]
