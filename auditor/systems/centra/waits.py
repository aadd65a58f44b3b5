"""How long Centra asks to wait, whichever way it writes that down."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import httpx

EARLIEST_EPOCH = 1_000_000_000
"""A larger number is a moment (September 2001 or later), a smaller one a duration."""


def wait_s(response: httpx.Response, clock: Callable[[], datetime]) -> float | None:
    """Return the seconds that `Retry-After` asks for; None where it does not help.

    A moment that has passed does not help: one of the two clocks is wrong, and asking at once would
    set off the limiter again.

    Source:
        Centra reference 2.7: a timestamp, whose format is unknown: epoch, HTTP date or seconds.
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
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return otherwise_s
