"""Sixty days of service on a clock of its own: exactly the runs, letters and corrections that are due.

Summer time ends in them, nights are missed, an audit crashes, corrections are frozen for a campaign, and a
sales peak brings a flood of findings. The work itself is played; triggers, job store, coalescing, the record
of the work, the digests with their quiet rules and the post are real.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.base import BaseScheduler

from auditor.archive import Archive
from auditor.errors import UnsafePlanError
from auditor.findings.standing import SCHEMA
from auditor.model.finding import Tally
from auditor.pipeline import run as pipeline_run
from auditor.pipeline.telling import tell
from auditor.service import jobs
from auditor.service.scheduler import Service, status_of
from tests.correct.desk import read_settings
from tests.mail.conftest import Server, serving
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.audit import Audit

STOCKHOLM = ZoneInfo("Europe/Stockholm")
FIRST, DAYS = datetime(2026, 10, 1, 0, 30, tzinfo=STOCKHOLM), 60
AWAY = (datetime(2026, 10, 13, 12, tzinfo=STOCKHOLM), datetime(2026, 10, 16, 12, tzinfo=STOCKHOLM))
CRASH = "2026-10-20"
NEWS_FOR_CRM, PEAK = "2026-10-08", "2026-11-27"
FROZEN = ("2026-11-23", "2026-11-29")
SCHEDULE = {"audit": "0 5 * * *", "sweep": "0 2 * * 0", "correct": "30 6 * * *"}


class Stepped(BaseScheduler):  # type: ignore[misc]  # the library is untyped
    """Works when it is told to, and never by itself."""

    def wakeup(self) -> None:
        """Hear that something changed."""

    def shutdown(self, wait: bool = True) -> None:
        """End."""
        super().shutdown(wait)

    def step(self) -> None:
        """Do what is due now."""
        self._process_jobs()


class Played:
    """The work of a brand, written down with its local time."""

    def __init__(self) -> None:
        self.done: list[tuple[str, datetime]] = []

    def note(self, kind: str) -> str:
        now = datetime.now(STOCKHOLM)  # noqa: TID251 - the clock of the test
        self.done.append((kind, now))
        return f"{now:%Y-%m-%d}"

    def audit(self, run: Any, _about: str) -> str:
        day = self.note("audit")
        if day == CRASH:
            raise ZeroDivisionError
        audit = _audit_of(run.clock(), day)
        record = dataclasses.replace(examples.record(audit), changes=_changes(day))
        Archive("desk").keep(record, examples.all_stored(audit), SCHEMA)
        tell(run, pipeline_run.Done(audit, b"", pipeline_run.REPORTS / "x.html", frozenset()))
        return audit.verdict

    def sweep(self, _run: Any, _about: str) -> str:
        return self.note("sweep")

    def correct(self, _run: Any) -> Any:
        day = self.note("correct")
        if FROZEN[0] <= day <= FROZEN[1]:
            raise UnsafePlanError("Corrections are frozen for a campaign.")
        return _Nothing()

    def of(self, kind: str) -> list[datetime]:
        return [at for done, at in self.done if done == kind]


class _Nothing:
    applied = untold = None

    def sentences(self) -> tuple[str, ...]:
        return ()


def _audit_of(now: datetime, day: str) -> Audit:
    base = examples.critical_audit() if day in (NEWS_FOR_CRM, PEAK) else examples.clean_audit()
    return dataclasses.replace(base, brand="desk", run=f"{now:%Y-%m-%dT%H:%M:%SZ}-7f3a", as_of=now)


def _changes(day: str) -> dict[str, Tally]:
    if day == NEWS_FOR_CRM:
        return {"consent.withdrawn_but_opted_in": Tally(total=12, new=12)}
    if day == PEAK:
        return {"sales.missing_order": Tally(total=4_000, new=4_000)}
    return {}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Server, Any]]:
    """Serve sixty days; give what was done, which letters came, and how the service stands at the end."""
    folder, played = tmp_path_factory.mktemp("season"), Played()
    with pytest.MonkeyPatch.context() as patch, serving(Server()) as server:
        patch.chdir(folder)
        patch.setenv("TOKEN", "none")
        patch.setattr(jobs, "KINDS", {**jobs.KINDS, "audit": played.audit, "sweep": played.sweep})
        patch.setattr(jobs, "correct", played.correct)
        mail = {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "a@nordlys.example",
            "to": {"default": ["ops@nordlys.example"], "crm": ["crm@nordlys.example"]},
        }
        parts = {
            "brand": "desk", "timezone": "Europe/Stockholm", "schedule": SCHEDULE, "mail": mail
        }  # fmt: skip
        brand = (read_settings(folder, lambda raw: raw.update(parts)), folder / "auditor.yaml")
        with time_machine.travel(FIRST, tick=False) as clock:
            _serve(brand, clock, AWAY[0])
            clock.move_to(AWAY[1])
            _serve(brand, clock, FIRST + timedelta(days=DAYS))
            yield played, server, status_of(*brand)


def _serve(brand: Any, clock: Any, until: datetime) -> None:
    service = Service([brand], executor=DebugExecutor, scheduler=Stepped)
    service.start()
    while True:
        service.scheduler.step()
        due = min(one.at for one in service.due() if one.at is not None)
        if due > until:
            break
        clock.move_to(due)
    service.stop()


def test_there_is_an_audit_on_every_day_but_those_it_was_away(season: Any):
    days = Counter(f"{at:%Y-%m-%d}" for at in season[0].of("audit"))
    away = {"2026-10-14", "2026-10-15"}
    expected = {f"{FIRST + timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)} - away
    assert days == dict.fromkeys(expected, 1)


def test_what_was_missed_ran_once_when_it_was_back(season: Any):
    (back,) = [at for at in season[0].of("audit") if f"{at:%Y-%m-%d}" == "2026-10-16"]
    assert back == AWAY[1]


def test_the_audit_keeps_its_hour_when_the_clocks_change(season: Any):
    hours = {at.hour for at in season[0].of("audit") if at != AWAY[1]}
    offsets = {at.utcoffset() for at in season[0].of("audit")}
    assert (hours, len(offsets)) == ({5}, 2)


def test_the_complete_reading_is_on_sundays(season: Any):
    assert {f"{at:%a}" for at in season[0].of("sweep")} == {"Sun"}
    assert len(season[0].of("sweep")) == 9


def test_corrections_are_asked_for_daily_and_none_is_made_in_a_freeze(season: Any):
    _, _, status = season
    asked = [f"{at:%Y-%m-%d}" for at in season[0].of("correct")]
    assert len(asked) == len(season[0].of("audit"))
    (work,) = [one for one in status.done if one.kind == "correct"]
    assert (work.failures, work.said) == (
        0, "nothing was corrected: Corrections are frozen for a campaign."
    )  # fmt: skip


def letters_of(server: Server, reader: str) -> list[tuple[str, str]]:
    return [
        (
            f"{m['Date'].datetime.astimezone(STOCKHOLM):%Y-%m-%d}",
            str(m["Subject"]).removeprefix("[desk] "),
        )
        for m in server.messages
        if m["To"] == reader
    ]


def test_crm_hears_of_its_news_and_else_once_a_week(season: Any):
    told = letters_of(season[1], "crm@nordlys.example")
    assert told[0] == ("2026-10-01", "Clean: nothing changed, 0 open (crm)")
    assert told[1] == ("2026-10-08", "Critical: 12 new, 12 open (crm)")
    gaps = [
        (datetime.fromisoformat(after[0]) - datetime.fromisoformat(one[0])).days
        for one, after in itertools.pairwise(told)
    ]
    # A week that ends while the service is away, or with an audit that crashes, ends a day or so later.
    assert set(gaps) <= {7, 8}
    assert len(told) == 9


def test_the_peak_is_told_at_once_to_those_whose_it_is(season: Any):
    assert ("2026-11-27", "Critical: 4,000 new, 4,000 open") in letters_of(
        season[1], "ops@nordlys.example"
    )
    assert "2026-11-27" not in [day for day, _ in letters_of(season[1], "crm@nordlys.example")]


def test_the_audit_that_crashed_is_told_and_nothing_else_failed(season: Any):
    failed = [one for one in letters_of(season[1], "ops@nordlys.example") if "failed" in one[1]]
    assert failed == [(CRASH, "The auditor failed: audit did not come to an end")]


def test_at_the_end_all_is_well(season: Any):
    _, _, status = season
    kinds = ("audit", "clean", "correct", "sweep")
    assert {one.kind: one.failures for one in status.done} == dict.fromkeys(kinds, 0)
    assert all(one.ended_at is not None for one in status.done)
