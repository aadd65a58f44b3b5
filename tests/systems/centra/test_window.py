"""What changed since a moment is filtered for, with a margin, and never beyond the usual filter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from auditor.systems.centra.window import narrowed

SINCE = datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_changes_are_read_from_ten_minutes_before():
    assert narrowed({}, "updatedAt", SINCE) == {"updatedAt": {"from": "2026-11-23T04:50:00+00:00"}}


def test_a_moment_elsewhere_is_written_in_utc():
    elsewhere = SINCE.astimezone(timezone(timedelta(hours=2)))
    assert narrowed({}, "updatedAt", elsewhere) == narrowed({}, "updatedAt", SINCE)


def test_the_usual_filter_stays():
    usual = {"createdAt": {"from": "2026-01-01T00:00:00+00:00"}}
    assert narrowed(usual, "updatedAt", SINCE)["createdAt"] == usual["createdAt"]


def test_a_trailing_window_goes_back_sixty_days():
    assert narrowed({}, "createdAt", SINCE)["createdAt"] == {"from": "2026-09-24T05:00:00+00:00"}


def test_a_trailing_window_never_goes_back_behind_the_usual_filter():
    usual = {"createdAt": {"from": "2026-10-01T00:00:00+00:00"}}
    assert narrowed(usual, "createdAt", SINCE) == usual
