"""Cron lines as cron reads them, where the scheduler's library reads them otherwise.

In a cron line 0 and 7 are Sunday; `CronTrigger.from_crontab` takes 0 for Monday, without a word. Where a line
names days of the month and of the week, cron fires on either; the library only where both meet. And in the
night in which the clocks go back, it fires in both hours of the same name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from apscheduler.triggers.base import BaseTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?:([0-7])(?:-([0-7]))?|\*)(?:/([1-7]))?")
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


def trigger_of(line: str, timezone: tzinfo | None = None) -> BaseTrigger:
    """Return the trigger of a cron line.

    Args:
        line: Five fields.
        timezone: In which it is meant; the machine's own unless given.

    Raises:
        ValueError: it is no cron line, or one that never fires.
    """
    fields = line.split()
    if len(fields) != _FIELDS:
        raise ValueError(line)
    minute, hour, day, month, weekdays = fields
    day_of_week = ",".join(name for part in weekdays.split(",") for name in _named(part))

    def cron(**days: str) -> Cron:
        return Cron(minute=minute, hour=hour, month=month, timezone=timezone, **days)

    if _is_any(day) or _is_any(weekdays):
        trigger = cron(day=day, day_of_week=day_of_week)
    else:
        trigger = OrTrigger([cron(day=day), cron(day_of_week=day_of_week)])
    if trigger.get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=UTC)) is None:
        raise ValueError(line)
    return trigger


def has_fired(line: str, timezone: tzinfo, last: datetime, now: datetime) -> bool:
    """Tell whether a cron line fired after one moment and not after another; both aware."""
    due = trigger_of(line, timezone).get_next_fire_time(None, last + timedelta(seconds=1))
    return due is not None and bool(due <= now)


def _is_any(field: str) -> bool:
    """Tell whether a field of days leaves it to the other one; one with a step does, as in cron itself."""
    return field.startswith("*")


def _named(part: str) -> Iterator[str]:
    """Yield the days that a part of the last field means, by name; names and a bare star as they are."""
    found = _PART.fullmatch(part)
    if found is None or part == "*":
        yield part
        return
    first, last, step = int(found[1] or 0), found[2], found[3]
    if last is None and step is None:
        yield _DAYS[first]
        return
    end = int(last) if last is not None else len(_DAYS) - 2  # Saturday
    if end < first:
        raise ValueError(part)
    for day in range(first, end + 1, int(step or 1)):
        yield _DAYS[day]
