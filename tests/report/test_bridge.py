"""What the page shows of the revenue bridge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.model.bridge import STEPS
from auditor.model.finding import Money
from auditor.report.bridge import LABELS, MARKETS, MONTHS, bridge_months
from auditor.report.charts import bridge_chart
from auditor.report.render import render_html
from tests.report.examples import BRIDGE, TEMPLATES, bridge, clean_audit, report, rich_audit


def test_every_step_has_a_label():
    assert tuple(LABELS) == STEPS


def test_the_newest_month_comes_first():
    assert [one.month for one in bridge_months(BRIDGE)] == ["2026-11", "2026-10"]


def test_the_largest_market_comes_first():
    months = bridge_months([bridge("2026-11", "A", centra=1), bridge("2026-11", "B", centra=2)])
    assert months[0].markets == ("B", "A")


def test_steps_without_an_amount_are_left_out():
    (month,) = bridge_months([bridge("2026-11", "A", centra=5, late=-1)])
    labels = ["Ordered in Centra", "Not due yet, or young", "Counted in Emarsys"]
    assert [row.label for row in month.rows] == labels


def test_a_total_adds_the_markets_up():
    months = bridge_months([bridge("2026-11", "A", centra=1), bridge("2026-11", "B", centra=2)])
    assert months[0].rows[0].total == Money(3, "SEK")


def test_markets_that_a_page_has_no_room_for_are_one():
    (month,) = bridge_months([bridge("2026-11", f"M{n:02}", centra=50 - n) for n in range(20)])
    assert (len(month.markets), month.markets[-1]) == (MARKETS + 1, "8 other markets")
    assert month.rows[0].total == Money(sum(range(31, 51)), "SEK")


def test_only_the_newest_months_are_shown():
    months = bridge_months([bridge(f"2026-{n:02}", "A", centra=1) for n in range(1, 11)])
    assert (len(months), months[-1].month) == (MONTHS, "2026-05")


@pytest.mark.parametrize(
    "words", ["96.7\u00a0%", "99.9\u00a0%", "none was due", "-1,299.00\u00a0SEK"]
)
def test_the_page_tells(words: str):
    assert words in render_html(report(rich_audit()), TEMPLATES)


def test_without_a_bridge_the_page_has_no_section_for_it():
    assert 'id="bridge"' not in render_html(report(clean_audit()), TEMPLATES)


def test_without_a_bridge_the_page_still_tells_how_much_is_verified():
    page = render_html(report(replace(rich_audit(), bridge=())), TEMPLATES)
    assert "96.7\u00a0%" in page
    assert "There is no revenue bridge in this run" in page


def test_a_picture_in_a_currency_of_unknown_decimals_says_that_it_is_in_minor_units():
    axis = bridge_chart({"centra": 12_300, "emarsys": 12_300}, "XTS").to_dict()["layer"][1]
    assert axis["encoding"]["x"]["title"] == "minor units of XTS"
