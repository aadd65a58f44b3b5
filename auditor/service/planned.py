"""What is to be done for a brand, and when: what its settings say, and deleting what is too old."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.config.settings import Schedule
from auditor.cron import trigger_of
from auditor.errors import ConfigError
from auditor.service.ahead import Ahead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from apscheduler.triggers.base import BaseTrigger

    from auditor.config import Settings
    from auditor.config.audiences import PlannedPreflight

CLEAN = "clean"
"""The work that is done for every brand that is served, whether its settings name it or not."""


KINDS_OF_SCHEDULE = ("audit", "sweep", "correct", CLEAN)
"""The work that has a cron line of its own in `schedule`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One kind of work of a brand, and when it is due."""

    id: str
    arguments: tuple[str, ...]
    trigger: BaseTrigger

    def waited(self, began_at: datetime, now: datetime) -> bool:
        """Tell whether it was due since it last began: it waited for its turn when its process died.

        The job store has it as done: the library notes what it hands on, not what begins.
        """
        due = self.trigger.get_next_fire_time(None, began_at + timedelta(seconds=1))
        return due is not None and due <= now


def planned_of(settings: Settings, config: Path) -> list[Planned]:
    """Return what is to be done for a brand, without what is never done."""
    place, zone = str(config.resolve()), settings.timezone
    crons = crons_of(settings)
    found = [Planned(kind, (kind, place), trigger_of(cron, zone)) for kind, cron in crons.items()]
    ahead = settings.preflight.ahead
    return found + [
        Planned(_of_preflight(name), ("preflight", place, name), Ahead(str(one.at), ahead, zone))
        for name, one in preflights_of(settings).items()
    ]


def names_of(settings: Settings) -> set[str]:
    """Return the names under which it is kept how the planned work of a brand went."""
    return {*crons_of(settings), *map(_of_preflight, preflights_of(settings))}


def _of_preflight(name: str) -> str:
    return f"preflight-{name}"


def preflights_of(settings: Settings) -> dict[str, PlannedPreflight]:
    """Return the audiences that are judged, by a name that each has to itself.

    It is the audience, such as `segment:200001`; one that is planned again is `segment:200001#2`.
    """
    found: dict[str, PlannedPreflight] = {}
    times: Counter[str] = Counter()
    for one in settings.preflight.planned:
        times[one.about] += 1
        again = f"#{times[one.about]}" if times[one.about] > 1 else ""
        found[f"{one.about}{again}"] = one
    return found


def crons_of(settings: Settings) -> dict[str, str]:
    """Return the cron lines of a brand by kind of work, without what is never done."""
    schedule = settings.schedule or Schedule()
    found = {kind: getattr(schedule, kind) for kind in KINDS_OF_SCHEDULE}
    return {kind: str(cron) for kind, cron in found.items() if cron is not None}


def is_at_work(settings: Settings, config: Path) -> bool:
    """Tell whether anything but deleting is planned: else somebody has forgotten to say what is."""
    return any(one.id != CLEAN for one in planned_of(settings, config))


def require_apart(brands: Iterable[Settings]) -> None:
    """Refuse brands that are one, or whose records would overwrite each other's in one warehouse.

    Raises:
        ConfigError: two are.
    """
    names: set[str] = set()
    homes: dict[str, str] = {}
    for brand, home in ((one.brand, str(one.store.warehouse)) for one in brands):
        if brand in names:
            raise ConfigError(
                f"Two of the settings files are of the brand {brand}; give each once."
            )
        if home in homes:
            raise ConfigError(
                f"{homes[home]} and {brand} have the same store.warehouse; give each its own."
            )
        names.add(brand)
        homes[home] = brand
