"""The scheduler: which work is due when, kept in the ledger of each brand, one at a time per brand.

What was missed while the service was away runs once when it is back, however often it was missed; so does
what was cut off, or waited for its turn. A brand is served by one service: another one waits until that one
is gone.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from auditor.clock import utc_now
from auditor.correct.applying.lease import Lease, holder_of, this_process
from auditor.errors import (
    AuditorError,
    ConfigError,
    MachineError,
    StoppedError,
    StoreError,
    UnsafePlanError,
)
from auditor.findings.ledger import Ledger
from auditor.service.jobs import ENDING, READ
from auditor.service.planned import is_at_work, names_of, planned_of, require_apart
from auditor.service.record import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from apscheduler.executors.base import BaseExecutor
    from apscheduler.schedulers.base import BaseScheduler

    from auditor.config import Settings
    from auditor.service.record import Work

log = logging.getLogger(__name__)

WORK = "auditor.service.jobs:work"
"""How the job store names what is to be done: a restart finds it again."""

RENEW_S = 20.0
"""Seconds between two renewals of the leases; one lasts for minutes."""

AGAIN_S = 30.0
"""Seconds until a job store that could not be used is tried again."""

LAST_S = 8.0
"""Seconds that work which is being done may take to end, once the service has to."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a kind of work of a brand is next due; `at` is None where another service does it."""

    brand: str
    kind: str
    at: datetime | None


@dataclass(slots=True)
class _Desk:
    """One brand of the service."""

    settings: Settings
    config: Path
    ledger: Ledger
    lease: Lease
    is_ours: bool = False
    executor: BaseExecutor | None = None


class Enduring(BackgroundScheduler):  # type: ignore[misc]  # the library is untyped
    """Goes on when a job store cannot be written, as on a full disk: the library's own thread would end.

    Nobody would see that: the heartbeat goes on.
    """

    def _process_jobs(self) -> float | None:
        try:
            return cast("float | None", super()._process_jobs())
        except (AuditorError, sa.exc.DBAPIError) as exc:
            log.error("What is due cannot be looked up or written down: %s", exc)  # noqa: TRY400
        except Exception:
            log.exception("What is due cannot be looked up or written down: internal error")
        return AGAIN_S


class Service:
    """Runs the scheduled work of some brands, each in a thread and a job store of its own.

    Args:
        brands: The settings of each brand with the file that they stand in.
        executor: Makes what runs a brand's work; one thread for each unless given.
        scheduler: Says when work is due; a thread of its own unless given.

    Raises:
        ConfigError: nothing is scheduled, or two files are of one brand, or of one warehouse.
        StoreError: a ledger cannot be opened.
    """

    def __init__(
        self,
        brands: Sequence[tuple[Settings, Path]],
        executor: Callable[[], BaseExecutor] = lambda: ThreadPoolExecutor(1),
        scheduler: type[BaseScheduler] | None = None,
    ) -> None:
        require_apart([settings for settings, _ in brands])
        if not any(is_at_work(settings, config) for settings, config in brands):
            raise ConfigError("schedule: nothing is scheduled; set schedule.audit to a cron line.")
        self._executor, holder = executor, this_process()
        self._desks = [_desk(settings, config, holder) for settings, config in brands]
        self._renewed = time.monotonic()
        self.scheduler = (scheduler or Enduring)(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin: what was missed is done at once, the rest when its time comes."""
        ENDING.clear()
        READ.update((str(desk.config.resolve()), desk.settings) for desk in self._desks)
        self.scheduler.start(paused=True)
        for desk in self._desks:
            self._adopt(desk)
        self.scheduler.resume()

    def tick(self) -> None:
        """Keep what is this service's own, and take what no other serves any more; call it every second."""
        if time.monotonic() - self._renewed < RENEW_S:
            return
        self._renewed = time.monotonic()
        for desk in self._desks:
            try:
                self._keep(desk)
            except (MachineError, StoreError) as exc:
                # Whoever serves goes on: a ledger that cannot be used now may be used again soon.
                log.error("%s", exc)  # noqa: TRY400 - the sentence says it all
            except sa.exc.DBAPIError as exc:
                # A server that restarts is such a ledger, too.
                what = type(exc.orig).__name__
                log.error("store.ledger of %s cannot be used: %s", desk.settings.brand, what)  # noqa: TRY400
        # The scheduler sleeps by a clock that a change of the time, or of the machine's sleep, does not move.
        self.scheduler.wakeup()

    def _keep(self, desk: _Desk) -> None:
        if not desk.is_ours:
            self._adopt(desk)
            return
        try:
            desk.lease.renew()
        except StoppedError as exc:
            log.error("%s", exc)  # noqa: TRY400 - the sentence says it all
            self._leave(desk)
            return
        self._hasten(desk)

    def _hasten(self, desk: _Desk) -> None:
        """Bring forward what is due later than its own trigger says: the clock was ahead, and was put back."""
        brand, now = desk.settings.brand, utc_now()
        for job in self.scheduler.get_jobs(jobstore=brand):
            due = job.trigger.get_next_fire_time(None, now.astimezone(desk.settings.timezone))
            if due is not None and job.next_run_time is not None and job.next_run_time > due:
                log.warning("%s of %s is due at %s again: the clock was ahead", job.id, brand, due)
                self.scheduler.modify_job(job.id, jobstore=brand, next_run_time=due)

    def stop(self) -> bool:
        """End within seconds; tell whether all work had come to an end by then.

        What is being done ends at its next step. What does not is left: it can be killed at any moment,
        and is done again when the service is back.
        """
        ENDING.set()
        self.scheduler.pause()
        end = time.monotonic() + LAST_S
        while self._is_busy() and time.monotonic() < end:
            time.sleep(0.05)
        is_idle = not self._is_busy()
        self.scheduler.shutdown(wait=is_idle)
        for desk in self._desks:
            if is_idle and desk.is_ours:
                desk.lease.give_back()
            desk.ledger.close()
        return is_idle

    def due(self) -> list[Due]:
        """Return what is due next, brand by brand."""
        return [
            Due(desk.settings.brand, one.id, self._next(desk, one.id) if desk.is_ours else None)
            for desk in self._desks
            for one in sorted(planned_of(desk.settings, desk.config), key=lambda one: one.id)
        ]

    def waits_for(self) -> Iterator[str]:
        """Yield a sentence for each brand that another service serves."""
        for desk in self._desks:
            if not desk.is_ours:
                yield _served(desk)

    def _next(self, desk: _Desk, job: str) -> datetime | None:
        found = self.scheduler.get_job(job, jobstore=desk.settings.brand)
        return None if found is None else found.next_run_time

    def _adopt(self, desk: _Desk) -> None:
        """Serve a brand, unless another service does."""
        try:
            desk.lease.take()
        except UnsafePlanError:
            log.warning("%s", _served(desk))
            return
        try:
            self._open(desk)
        except BaseException:
            # Half of it is nothing: as it is, the next try would find the brand served, by this service.
            self._leave(desk)
            desk.lease.give_back()
            raise

    def _open(self, desk: _Desk) -> None:
        brand = desk.settings.brand
        store = SQLAlchemyJobStore(engine=desk.ledger.engine, tablename=f"job_{brand}")
        self.scheduler.add_jobstore(store, alias=brand)
        desk.executor = self._executor()
        self.scheduler.add_executor(desk.executor, alias=brand)
        self._agree(desk)
        desk.is_ours = True

    def _leave(self, desk: _Desk) -> None:
        """Serve a brand no more; what is being done for it ends by itself, and nobody waits for it."""
        desk.is_ours, brand = False, desk.settings.brand
        with suppress(KeyError):
            self.scheduler.remove_jobstore(brand)
        with suppress(KeyError):
            self.scheduler.remove_executor(brand, shutdown=False)
        if desk.executor is not None:
            desk.executor.shutdown(wait=False)
            desk.executor = None

    def _agree(self, desk: _Desk) -> None:
        """Bring the job store up to date; a job that stays keeps what it has missed."""
        brand = desk.settings.brand
        wanted = planned_of(desk.settings, desk.config)
        went = {one.kind: one for one in Log(desk.ledger, brand).all()}
        for job in self.scheduler.get_jobs(jobstore=brand):
            if job.id not in {one.id for one in wanted}:
                job.remove()
        for one in wanted:
            known = self.scheduler.get_job(one.id, jobstore=brand)
            is_same = (
                known is not None
                and tuple(known.args) == one.arguments
                and _same(known.trigger, one.trigger)
            )
            if not is_same:
                self.scheduler.add_job(
                    WORK,
                    one.trigger,
                    args=list(one.arguments),
                    id=one.id,
                    jobstore=brand,
                    executor=brand,
                    replace_existing=True,
                )
            last, now = went.get(one.id), utc_now()
            if last is None:
                continue
            if last.ended_at is None or (is_same and one.waited(last.began_at, now)):
                self.scheduler.modify_job(one.id, jobstore=brand, next_run_time=now)

    def _is_busy(self) -> bool:
        executors = self.scheduler._executors.values()  # noqa: SLF001 - nothing public tells
        return any(sum(one._instances.values()) for one in executors)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Status:
    """How the service of a brand stands.

    Attributes:
        served_by: Host and process of the service that serves it; None where none does.
        due: When each kind of work is due next, as the job store has it.
        done: How each kind that is planned went last.
    """

    brand: str
    served_by: str | None
    due: tuple[Due, ...]
    done: tuple[Work, ...]


def status_of(settings: Settings, config: Path) -> Status:
    """Return how the service of a brand stands, whether it runs or not."""
    brand, ledger = settings.brand, Ledger(settings.store.ledger)
    try:
        store = SQLAlchemyJobStore(engine=ledger.engine, tablename=f"job_{brand}")
        store.start(BackgroundScheduler(), brand)
        due = []
        for one in planned_of(settings, config):
            job = store.lookup_job(one.id)
            due.append(Due(brand, one.id, None if job is None else job.next_run_time))
        served_by = holder_of(ledger, brand, "serving", datetime.now(UTC))  # noqa: TID251 - APScheduler's clock
        done = Log(ledger, brand).of(names_of(settings))
        return Status(brand, served_by, tuple(due), tuple(done))
    finally:
        ledger.close()


def told(due: Sequence[Due]) -> Iterator[str]:
    """Yield a line for each kind of work, with the time at which it is next due."""
    for one in due:
        at = "never" if one.at is None else f"{one.at:%Y-%m-%d %H:%M %Z}"
        yield f"{one.brand:<20}{one.kind:<24}{at}"


def _desk(settings: Settings, config: Path, holder: str) -> _Desk:
    ledger = Ledger(settings.store.ledger)
    lease = Lease(ledger, settings.brand, utc_now, holder, doing="serving")
    return _Desk(settings, config, ledger, lease)


def _served(desk: _Desk) -> str:
    brand = desk.settings.brand
    holder = holder_of(desk.ledger, brand, "serving", utc_now()) or "another process"
    return f"{brand} is served by {holder}; this service waits until that one is gone."


def _same(one: object, other: object) -> bool:
    """Tell whether two triggers fire at the same times."""
    return str(one) == str(other) and _zone(one) == _zone(other)


def _zone(trigger: object) -> str:
    either = getattr(trigger, "triggers", None)
    if either is not None:
        return " ".join(_zone(one) for one in either)
    return str(getattr(trigger, "timezone", None))
