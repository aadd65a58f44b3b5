from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.systems.emarsys import columns
from auditor.systems.emarsys.currency import minor_digits
from auditor.systems.text import text_or_none

to_minor = columns.Scaled(2)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def read(reader: columns.Read, *values: object) -> list[object]:
    return list(reader(pa.array(values)).to_pylist())


@pytest.mark.parametrize(
    ("value", "amount_minor"),
    [
        (Decimal("199.00"), 19900),
        (199, 19900),
        (199.0, 19900),
        ("199.00", 19900),
        (0.1, 10),
        (1.005, 101),
        (Decimal("1.005"), 101),
        (Decimal("-1.005"), -101),
        (-1.005, -101),
        (Decimal("9.999"), 1000),
        (Decimal("1E+3"), 100000),
        (1e-9, 0),
    ],
    ids=repr,
)
def test_an_amount_is_rounded_half_up_to_minor_units(value: object, amount_minor: int):
    assert read(to_minor, value, None) == [amount_minor, None]


@given(st.integers(-(10**12), 10**12))
def test_every_amount_survives_a_float(amount_minor: int):
    assert read(to_minor, amount_minor / 100) == [amount_minor]


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_return_mirrors_its_sale(value: Decimal):
    (negated,), (amount,) = read(to_minor, -value), read(to_minor, value)
    assert isinstance(amount, int)
    assert negated == -amount


@given(st.decimals(-(10**9), 10**9, places=4), st.integers(0, 3))
def test_an_amount_is_the_same_as_decimal_and_as_text(value: Decimal, digits: int):
    scaled = columns.Scaled(digits)
    assert read(scaled, value) == read(scaled, str(value))


def test_quantities_are_thousandths_and_yen_have_no_decimals():
    assert read(columns.Scaled(3), 1.5) == [1500]
    assert read(columns.Scaled(0), Decimal("1999.5")) == [2000]


@pytest.mark.parametrize(
    "value", ["x", float("nan"), float("inf"), Decimal("1e25"), 1e25], ids=repr
)
def test_what_is_no_amount_is_refused(value: object):
    with pytest.raises((ValueError, OverflowError)):
        read(to_minor, value)


@pytest.mark.parametrize(
    "value",
    [date(2026, 3, 1), AT.replace(hour=23), "2026-03-01", "2026-03-01 23:00:00"],
    ids=repr,
)
def test_a_date_is_read_from_date_time_and_text(value: object):
    assert read(columns.dates, value, None) == [date(2026, 3, 1), None]


def test_what_is_no_date_is_refused():
    with pytest.raises(ValueError, match="parse"):
        read(columns.dates, "soon")


@pytest.mark.parametrize(
    "value",
    [
        AT,
        AT.replace(tzinfo=None),
        AT.astimezone(timezone(timedelta(hours=1))),
        "2026-03-01 08:00:00",
        "2026-03-01 08:00:00.000000",
        "2026-03-01T08:00:00Z",
        "2026-03-01T09:00:00+01:00",
        "2026-03-01 08:00:00 UTC",
    ],
    ids=repr,
)
def test_a_time_without_a_zone_is_utc(value: object):
    assert read(columns.moments, value, None) == [AT.replace(tzinfo=None), None]


def test_times_may_have_a_zone_here_and_none_there():
    assert len(set(read(columns.moments, "2026-03-01 08:00:00", "2026-03-01T09:00:00+01:00"))) == 1


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match="isoformat"):
        read(columns.moments, "soon")


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (0, False), (1, True), ("true", True), ("False", False)],
    ids=repr,
)
def test_a_flag_may_be_a_number(value: object, flag: bool):
    assert read(columns.flags, value, None) == [flag, None]


def test_a_flag_that_nobody_set_is_null():
    assert read(columns.flags, None) == [None]


def test_another_flag_is_refused():
    with pytest.raises(ValueError, match="a flag cannot be read"):
        read(columns.flags, 2)


def test_ids_are_text():
    assert read(columns.texts, 12, None) == ["12", None]
    assert read(columns.texts, None) == [None]


@given(st.lists(st.none() | st.text(max_size=4) | st.text(" \t\n\x1c\u00a0\u2003", max_size=3)))
@example(["a\0b", "\0", None])
def test_text_is_read_as_everywhere_else(values: list[str | None]):
    column = pa.array(values, pa.string())
    assert columns.texts(column).to_pylist() == [text_or_none(value) for value in values]


def test_a_key_must_be_there():
    with pytest.raises(ValueError, match="an id is missing"):
        read(columns.keys, "e1", None)


@pytest.mark.parametrize(("code", "digits"), [("SEK", 2), ("JPY", 0), ("KWD", 3)])
def test_currencies_have_their_own_decimals(code: str, digits: int):
    assert minor_digits(code) == digits


def test_an_unknown_currency_is_never_guessed():
    with pytest.raises(ConfigError, match="'SKE' is no currency"):
        minor_digits("SKE")
