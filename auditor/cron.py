"""Cron lines as cron reads them: the scheduler's library counts the days of the week from Monday.

In a cron line 0 and 7 are Sunday; `CronTrigger.from_crontab` takes 0 for Monday, without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apscheduler.triggers.cron import CronTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"([0-7])(?:-([0-7]))?(?:/([1-7]))?")
_FIELDS = 5


def trigger_of(line: str, timezone: tzinfo | None = None) -> CronTrigger:
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
    return CronTrigger.from_crontab(" ".join(fields), timezone=timezone)


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
