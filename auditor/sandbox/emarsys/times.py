"""How the core API writes and reads times: Vienna local time unless a zone is given."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIENNA = ZoneInfo("Europe/Vienna")
_DATE_LENGTH = len("2026-01-01")


def vienna_text(at: datetime) -> str:
    """Write an instant the way `created` is written.

    Source:
        Emarsys reference 2.5.
    """
    return at.astimezone(VIENNA).strftime("%Y-%m-%d %H:%M:%S")


def range_end(text: str, *, is_upper: bool, with_time: bool) -> datetime:
    """Read one end of a `time_range` as an aware UTC instant.

    A day stands for its start as lower end and for the next day's start as upper end, so that the
    range is half open.

    Raises:
        ValueError: The text is no date.
    """
    if with_time and len(text) > _DATE_LENGTH:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=VIENNA)).astimezone(UTC)
    day = date.fromisoformat(text[:_DATE_LENGTH]) + timedelta(days=int(is_upper))
    return datetime.combine(day, time(), VIENNA).astimezone(UTC)
