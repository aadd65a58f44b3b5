"""Cron lines mean what cron means by them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditor.cron import trigger_of

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)


def days(line: str) -> list[str]:
    """Return the days of a week on which a line fires."""
    trigger, at, found = trigger_of(line, UTC), MONDAY, []
    while (fires := trigger.get_next_fire_time(None, at)) and fires < MONDAY + WEEK:
        found.append(f"{fires:%a}")
        at = fires + timedelta(minutes=1)
    return found


@pytest.mark.parametrize(
    ("field", "fires"),
    [
        ("0", ["Sun"]),
        ("7", ["Sun"]),
        ("1", ["Mon"]),
        ("5", ["Fri"]),
        ("1-5", ["Mon", "Tue", "Wed", "Thu", "Fri"]),
        ("0-2", ["Mon", "Tue", "Sun"]),
        ("5-7", ["Fri", "Sat", "Sun"]),
        ("1-5/2", ["Mon", "Wed", "Fri"]),
        ("0,3", ["Wed", "Sun"]),
        ("mon,sun", ["Mon", "Sun"]),
        ("*/2", ["Tue", "Thu", "Sat", "Sun"]),
        ("1/2", ["Mon", "Wed", "Fri"]),
        ("*", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    ],
)
def test_the_days_of_the_week_are_those_of_cron(field: str, fires: list[str]):
    assert days(f"0 2 * * {field}") == fires


@pytest.mark.parametrize(
    "line", ["", "0 2 * *", "0 2 * * 8", "0 2 * * 5-1", "61 2 * * *", "a b c d e", "0 5 31 2 *"]
)
def test_what_is_no_cron_line_is_refused(line: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the settings say which one
        trigger_of(line)


def test_days_of_the_month_and_of_the_week_are_either():
    assert days("0 5 25 * 5") == ["Wed", "Fri"]


@pytest.mark.parametrize("line", ["0 5 * * 5", "0 5 27 * *", "0 5 */1 * 5", "0 5 27 * */1"])
def test_a_star_leaves_it_to_the_other_days(line: str):
    assert days(line) == ["Fri"]


@pytest.mark.parametrize("at", ["0 2", "30 2", "0 3", "59 1"])
@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/New_York"])
def test_a_daily_line_fires_once_on_every_day_of_a_year(at: str, zone: str):
    trigger, now = trigger_of(f"{at} * * *", ZoneInfo(zone)), datetime(2026, 1, 1, tzinfo=UTC)
    fired: list[str] = []
    for _ in range(370):
        fires = trigger.get_next_fire_time(None, now)
        assert fires is not None
        if fires.year == 2026:
            fired.append(f"{fires:%m-%d}")
        now = fires.astimezone(UTC) + timedelta(seconds=1)
    assert fired == [f"{date(2026, 1, 1) + timedelta(days=n):%m-%d}" for n in range(365)]
