"""The scheduler: which work is due when, kept in the ledger of each brand, one at a time per brand.

What was missed while the service was away runs once when it is back, however often it was missed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from auditor.errors import ConfigError
from auditor.findings.ledger import Ledger
from auditor.service.jobs import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from auditor.config import Settings

log = logging.getLogger(__name__)

WORK = "auditor.service.jobs:work"
"""How the job store names what is to be done: a restart finds it again."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a kind of work of a brand is next due."""

    brand: str
    kind: str
    at: datetime | None


class Service:
    """Runs the scheduled work of some brands, each in a thread and a job store of its own.

    Args:
        brands: The settings of each brand with the file that they stand in.

    Raises:
        ConfigError: nothing is scheduled, or two files are of one brand.
        StoreError: a ledger cannot be opened.
    """

    def __init__(self, brands: Sequence[tuple[Settings, Path]]) -> None:
        names = [settings.brand for settings, _ in brands]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(
                f"Two of the settings files are of the brand {twice}; give each once."
            )
        if not any(crons_of(settings) for settings, _ in brands):
            raise ConfigError("schedule: nothing is scheduled; set schedule.audit to a cron line.")
        self._brands = brands
        self._ledgers = [Ledger(settings.store.ledger) for settings, _ in brands]
        self._scheduler = BackgroundScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin: what was missed is done at once, the rest when its time comes."""
        for (settings, _), ledger in zip(self._brands, self._ledgers, strict=True):
            store = SQLAlchemyJobStore(engine=ledger.engine, tablename=f"job_{settings.brand}")
            self._scheduler.add_jobstore(store, alias=settings.brand)
            self._scheduler.add_executor(ThreadPoolExecutor(1), alias=settings.brand)
        self._scheduler.start(paused=True)
        for settings, config in self._brands:
            self._agree(settings, config)
        self._scheduler.resume()

    def stop(self) -> None:
        """End after the work that is being done."""
        self._scheduler.shutdown(wait=True)
        for ledger in self._ledgers:
            ledger.close()

    def due(self) -> list[Due]:
        """Return what is due next, brand by brand."""
        return [
            Due(settings.brand, job.id, job.next_run_time)
            for settings, _ in self._brands
            for job in sorted(
                self._scheduler.get_jobs(jobstore=settings.brand), key=lambda job: str(job.id)
            )
        ]

    def _agree(self, settings: Settings, config: Path) -> None:
        """Bring the job store up to date; a job that stays keeps what it has missed."""
        wanted = crons_of(settings)
        arguments = {kind: [kind, str(config.resolve())] for kind in wanted}
        for job in self._scheduler.get_jobs(jobstore=settings.brand):
            if job.id not in wanted:
                job.remove()
        for kind, cron in wanted.items():
            trigger = CronTrigger.from_crontab(cron, timezone=settings.timezone)
            known = self._scheduler.get_job(kind, jobstore=settings.brand)
            is_same = (
                known is not None
                and list(known.args) == arguments[kind]
                and _same(known.trigger, trigger)
            )
            if not is_same:
                self._scheduler.add_job(
                    WORK,
                    trigger,
                    args=arguments[kind],
                    id=kind,
                    jobstore=settings.brand,
                    executor=settings.brand,
                    replace_existing=True,
                )


def crons_of(settings: Settings) -> dict[str, str]:
    """Return the cron lines of a brand by kind of work, without what is never done."""
    schedule = settings.schedule
    found = {} if schedule is None else {kind: getattr(schedule, kind) for kind in KINDS}
    return {kind: str(cron) for kind, cron in found.items() if cron is not None}


def _same(one: object, other: object) -> bool:
    """Tell whether two triggers fire at the same times."""
    return str(one) == str(other) and _zone(one) == _zone(other)


def _zone(trigger: object) -> str:
    return str(getattr(trigger, "timezone", None))


def told(due: Sequence[Due]) -> Iterator[str]:
    """Yield a line for each kind of work, with the time at which it is next due."""
    for one in due:
        at = "never" if one.at is None else f"{one.at:%Y-%m-%d %H:%M %Z}"
        yield f"{one.brand:<20}{one.kind:<10}{at}"
