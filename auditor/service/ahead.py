"""A trigger that fires some time before each moment of a cron line: a preflight ahead of its launch."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from apscheduler.triggers.base import BaseTrigger

from auditor.cron import trigger_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo


class Ahead(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """Fires `by` before each moment of a cron line.

    Args:
        cron: Five fields.
        by: How long before.
        timezone: In which the cron line is meant.
    """

    def __init__(self, cron: str, by: timedelta, timezone: tzinfo) -> None:
        self.cron, self.by, self.timezone = cron, by, timezone
        self._launches = trigger_of(cron, timezone)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return when it fires next."""
        launch = self._launches.get_next_fire_time(
            None if previous is None else self._later(previous), self._later(now)
        )
        return None if launch is None else self._local(launch.astimezone(UTC) - self.by)

    def _later(self, moment: datetime) -> datetime:
        return self._local(moment.astimezone(UTC) + self.by)

    def _local(self, moment: datetime) -> datetime:
        """Return a moment in the time of the line; in UTC an hour is an hour, also when the clocks change."""
        return moment.astimezone(self.timezone)

    def __getstate__(self) -> dict[str, Any]:
        return {"cron": self.cron, "by": self.by, "timezone": self.timezone}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __str__(self) -> str:
        return f"ahead[{self.cron} by {self.by}]"
