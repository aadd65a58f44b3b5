"""The one place that asks the machine what time it is; everything else takes a clock."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock that others take
