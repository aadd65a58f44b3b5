"""Both sides' values as labelled texts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.model.finding import Money
from auditor.report.figures import Figures
from auditor.report.sides import VALUE_LIMIT, Value, sides
from tests.report import examples

FIGURES = Figures("en_GB", examples.STOCKHOLM)


def shown(key: str, value: Any, **more: Any) -> Value:
    found = examples.finding("sales.missing_order", "1", centra={key: value}, **more)
    return sides(found, FIGURES)[0][0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "empty"),
        (990017, "990017"),
        (2.0, "2"),
        (0.5, "0.5"),
        ("SHIPPED", "SHIPPED"),
        (["a", 1], '["a",1]'),
    ],
)
def test_values_in_plain_words(value: object, text: str):
    assert shown("field", value).text == text


def test_an_amount_is_written_in_the_currency_of_the_finding():
    value = shown("amount_minor", 129_900, money=Money(1, "SEK"))
    assert (value.label, value.text) == ("amount", "1,299.00\u00a0SEK")


def test_an_amount_without_currency_stays_in_minor_units():
    assert shown("amount_minor", 129_900).text == "129,900 minor units"


def test_an_amount_without_money_at_stake_is_written_in_the_currency_of_its_side():
    priced = examples.finding(
        "catalogue.price_mismatch",
        "A",
        centra={"price_minor": 1990, "currency": "JPY"},
        emarsys={"price_minor": 129_900, "currency": "SEK"},
    )
    texts = [side[0].text for side in sides(priced, FIGURES)]
    assert texts == ["1,990\u00a0JPY", "1,299.00\u00a0SEK"]


@pytest.mark.parametrize(
    "value", ["2026-11-23T05:00:00Z", "2026-11-23T05:00:00", datetime(2026, 11, 23, 5, tzinfo=UTC)]
)
def test_a_moment_is_shown_in_the_zone_of_the_brand(value: object):
    assert shown("evidence_at", value).text == "23 Nov 2026, 06:00 CET"


def test_a_text_that_only_claims_to_be_a_moment_is_shown_as_it_is():
    assert shown("evidence_at", "never").text == "never"


def test_a_text_that_looks_like_a_moment_is_left_alone_elsewhere():
    assert shown("evidence", "2026-11-23T05:00:00Z").text == "2026-11-23T05:00:00Z"


def test_a_long_value_is_cut():
    assert len(shown("field", "x" * 10_000).text) < VALUE_LIMIT + 40


def test_a_value_that_the_other_side_holds_differently_is_marked():
    both = examples.finding("a.b", "1", centra={"q": 2, "rows": 1}, emarsys={"q": 1, "rows": 1})
    assert [value.differs for value in sides(both, FIGURES)[0]] == [True, False]


def test_a_value_that_the_other_side_does_not_know_is_not_marked():
    both = examples.finding("a.b", "1", centra={"consent": "no"}, emarsys={"opt_in": 1})
    assert not sides(both, FIGURES)[0][0].differs


def test_a_missing_record_has_no_values():
    assert sides(examples.finding("a.b", "1"), FIGURES) == ((), ())
