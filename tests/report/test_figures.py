"""Numbers, amounts and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.currency import MINOR_DIGITS
from auditor.model.finding import Money
from auditor.report.figures import Figures, aware, counted

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EN, SV, DE = (Figures(locale, STOCKHOLM) for locale in ("en_GB", "sv_SE", "de_DE"))
WINTER = datetime(2026, 11, 3, 5, 7, tzinfo=UTC)
SUMMER = datetime(2026, 7, 3, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("figures", "shown"), [(EN, "1,234,567"), (SV, "1\u00a0234\u00a0567"), (DE, "1.234.567")]
)
def test_numbers_are_grouped_by_locale(figures: Figures, shown: str):
    assert figures.number(1_234_567) == shown


@pytest.mark.parametrize(
    ("figures", "shown"),
    [(EN, "1,299.00\u00a0SEK"), (SV, "1\u00a0299,00\u00a0SEK"), (DE, "1.299,00\u00a0SEK")],
)
def test_amounts_are_written_by_locale(figures: Figures, shown: str):
    assert figures.money(Money(129_900, "SEK")) == shown


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(129_900, "JPY"), "129,900\u00a0JPY"),
        (Money(1_234, "KWD"), "1.234\u00a0KWD"),
        (Money(12_345, "CLF"), "1.2345\u00a0CLF"),
        (Money(5, "EUR"), "0.05\u00a0EUR"),
        (Money(-5, "EUR"), "-0.05\u00a0EUR"),
        (Money(-129_950, "EUR"), "-1,299.50\u00a0EUR"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(money: Money, shown: str):
    assert EN.money(money) == shown


@pytest.mark.parametrize("currency", ["XXX", "sek", "", "<b>"])
def test_decimals_of_an_unknown_currency_are_not_guessed(currency: str):
    assert EN.money(Money(129_900, currency)) == f"129,900 minor units of {currency}"


@given(minor=st.integers(), currency=st.sampled_from(["SEK", "JPY", "KWD", "CLF"]))
def test_no_digit_of_an_amount_is_lost(minor: int, currency: str):
    shown = EN.money(Money(minor, currency)).removesuffix(f"\u00a0{currency}")
    digits = MINOR_DIGITS.get(currency, 0)
    assert len(shown.partition(".")[2]) == digits
    assert int(shown.replace(",", "").replace(".", "")) == minor


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        (EN, "3 Nov 2026, 06:07 CET"),
        (SV, "3 nov. 2026, 06:07 CET"),
        (DE, "03.11.2026, 06:07 CET"),
    ],
)
def test_moments_name_their_zone(figures: Figures, shown: str):
    assert figures.moment(WINTER) == shown


def test_moments_follow_summer_time_into_the_next_day():
    assert EN.moment(SUMMER) == "4 Jul 2026, 00:30 CEST"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0.00\u00a0s"), (8.046, "8.05\u00a0s"), (133.9, "2\u00a0min 14\u00a0s")],
)
def test_durations(seconds: float, shown: str):
    assert EN.seconds(seconds) == shown


@pytest.mark.parametrize(
    ("gone", "shown"),
    [
        (timedelta(days=2, hours=5), "2 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(seconds=59), "0 minutes"),
        (timedelta(days=-1), "0 minutes"),
    ],
)
def test_ages_are_told_in_their_largest_unit(gone: timedelta, shown: str):
    assert EN.age(WINTER, WINTER + gone) == shown


@pytest.mark.parametrize(
    ("value", "noun", "shown"),
    [(1, "check", "1 check"), (0, "check", "0 checks"), (1_200, "person", "1,200 people")],
)
def test_nouns_follow_their_number(value: int, noun: str, shown: str):
    assert counted(value, noun, EN) == shown


def test_a_moment_without_zone_is_utc():
    assert aware(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("locale", ["en_GB", "sv_SE", "de_DE", "fr_FR"])
def test_a_number_never_wraps(locale: str):
    assert " " not in Figures(locale, STOCKHOLM).money(Money(123_456_789, "SEK"))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0\u00a0s"),
        (59, "59\u00a0s"),
        (3_600, "1\u00a0h"),
        (4_210, "1\u00a0h 10\u00a0min"),
        (93_600, "1\u00a0d 2\u00a0h"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: int, shown: str):
    assert EN.duration(seconds) == shown
