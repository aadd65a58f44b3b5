"""What is to be done for a brand, and when: what its settings say, and deleting what is too old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.config.settings import Schedule
from auditor.cron import trigger_of
from auditor.service.ahead import Ahead

if TYPE_CHECKING:
    from pathlib import Path

    from apscheduler.triggers.base import BaseTrigger

    from auditor.config import Settings

CLEAN = "clean"
"""The work that is done for every brand that is served, whether its settings name it or not."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One kind of work of a brand, and when it is due."""

    id: str
    arguments: tuple[str, ...]
    trigger: BaseTrigger


def planned_of(settings: Settings, config: Path) -> list[Planned]:
    """Return what is to be done for a brand, without what is never done."""
    place, zone = str(config.resolve()), settings.timezone
    crons = crons_of(settings)
    found = [Planned(kind, (kind, place), trigger_of(cron, zone)) for kind, cron in crons.items()]
    ahead = settings.preflight.ahead
    return found + [
        Planned(
            f"preflight-{one.about}",
            ("preflight", place, one.about),
            Ahead(str(one.at), ahead, zone),
        )
        for one in settings.preflight.planned
    ]


def crons_of(settings: Settings) -> dict[str, str]:
    """Return the cron lines of a brand by kind of work, without what is never done."""
    schedule = settings.schedule or Schedule()
    found = {kind: getattr(schedule, kind) for kind in ("audit", "sweep", "correct", CLEAN)}
    return {kind: str(cron) for kind, cron in found.items() if cron is not None}


def is_at_work(settings: Settings, config: Path) -> bool:
    """Tell whether anything but deleting is planned: else somebody has forgotten to say what is."""
    return any(one.id != CLEAN for one in planned_of(settings, config))
