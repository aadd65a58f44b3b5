"""Cron lines as cron reads them, where the scheduler's library reads them otherwise.

In a cron line 0 and 7 are Sunday; `CronTrigger.from_crontab` takes 0 for Monday, without a word. And in the
night in which the clocks go back, it fires in both hours of the same name.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from apscheduler.triggers.cron import CronTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-7]))?")
_FIELDS = 5


class Cron(CronTrigger):  # type: ignore[misc]  # the library is untyped
    """Fires at each time of its line, at one that comes twice in a night only the first time."""

    __slots__ = ()

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return when it fires next."""
        fires: datetime | None = super().get_next_fire_time(previous, now)
        while fires is not None and fires.fold:
            # In UTC: adding to a local time forgets which of two of the same name it is.
            after = fires.astimezone(UTC) + timedelta(seconds=1)
            fires = super().get_next_fire_time(None, after.astimezone(self.timezone))
        return fires


def trigger_of(line: str, timezone: tzinfo | None = None) -> Cron:
    """Return the trigger of a cron line.

    Args:
        line: Five fields.
        timezone: In which it is meant; the machine's own unless given.

    Raises:
        ValueError: it is no cron line.
    """
    fields = line.split()
    if len(fields) != _FIELDS:
        raise ValueError(line)
    fields[-1] = ",".join(day for part in fields[-1].split(",") for day in _named(part))
    minute, hour, day, month, day_of_week = fields
    return Cron(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=day_of_week,
        timezone=timezone,
    )


def _named(part: str) -> Iterator[str]:
    """Yield the days that a part of the last field means, by name; names and stars as they are."""
    found = _PART.fullmatch(part)
    if found is None:
        yield part
        return
    first, last, step = found[1], found[2], int(found[3] or 1)
    if last is None:
        yield _DAYS[int(first)]
        return
    if int(last) < int(first):
        raise ValueError(part)
    for day in range(int(first), int(last) + 1, step):
        yield _DAYS[day]
