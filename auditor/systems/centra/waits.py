"""How long Centra asks to wait, whichever way it writes that down."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

EARLIEST_EPOCH = 1_000_000_000
"""A larger number is a moment (September 2001 or later), a smaller one a duration."""


def wait_s(response: httpx.Response, clock: Callable[[], datetime]) -> float | None:
    """Return the seconds that `Retry-After` asks for; None where it does not help.

    A moment that has passed does not help: one of the two clocks is wrong, and asking at once would
    set off the limiter again.

    Source:
        Centra reference 2.7: a timestamp, whose format is unknown: epoch, HTTP date or seconds; 2.5: how
        Centra writes other times, ISO with an offset.
    """
    text = response.headers.get("retry-after", "").strip()
    now_s = clock().timestamp()
    try:
        number = float(text)
    except ValueError:
        left_s = _moment_s(text, now_s) - now_s
    else:
        left_s = number - now_s if number > EARLIEST_EPOCH else number
    return left_s if left_s > 0 else None


def _moment_s(text: str, otherwise_s: float) -> float:
    for read in (datetime.fromisoformat, _date_of_mail):
        try:
            found = read(text)
        except (ValueError, OverflowError):
            continue
        if found.tzinfo is not None:  # without one, it is a moment of a zone that nobody tells
            return found.timestamp()
    return otherwise_s


def _date_of_mail(text: str) -> datetime:
    """Return a date as HTTP and mail write it; one without a zone is UTC by their rules."""
    found = parsedate_to_datetime(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
