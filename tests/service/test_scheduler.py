"""What is due when, what was missed, and that one brand's trouble is nobody else's."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from auditor.errors import ConfigError
from auditor.findings.ledger import Ledger
from auditor.service import jobs
from auditor.service.scheduler import Service, crons_of, told
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.config import Settings

NIGHTLY = {"audit": "0 5 * * *", "sweep": None, "correct": "30 6 * * *"}
PATIENCE_S = 20


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Note what is done, and do nothing."""
    noted: list[tuple[str, str]] = []

    def note(kind: str) -> Callable[[Any], str]:
        def work(run: Any) -> str:
            noted.append((run.settings.brand, kind))
            return "done"

        return work

    monkeypatch.setattr(jobs, "KINDS", {kind: note(kind) for kind in jobs.KINDS})
    return noted


def brand(
    folder: Path, schedule: Any = NIGHTLY, name: str = "desk", **parts: Any
) -> tuple[Settings, Path]:
    place = folder / name
    place.mkdir(exist_ok=True)
    more = {"brand": name, "schedule": schedule, **parts}
    return read_settings(place, lambda raw: raw.update(more)), place / "auditor.yaml"


def serving(*brands: tuple[Settings, Path]) -> Service:
    service = Service(brands)
    service.start()
    return service


def miss(settings: Settings, kind: str, days: int = 3) -> None:
    """Let work have been due some days ago, while no service was there."""
    ledger = Ledger(settings.store.ledger)
    store = SQLAlchemyJobStore(engine=ledger.engine, tablename=f"job_{settings.brand}")
    store.start(BackgroundScheduler(), settings.brand)
    job = store.lookup_job(kind)
    job.next_run_time = datetime.now(UTC) - timedelta(days=days)  # noqa: TID251 - its own clock
    store.update_job(job)
    ledger.close()


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_only_what_is_scheduled_is_due(tmp_path):
    service = serving(brand(tmp_path))
    due = [(one.brand, one.kind) for one in service.due()]
    service.stop()
    assert due == [("desk", "audit"), ("desk", "correct")]


def test_a_cron_line_is_in_the_time_of_the_brand(tmp_path):
    service = serving(brand(tmp_path, timezone="Europe/Stockholm"))
    (audit, _) = service.due()
    service.stop()
    assert audit.at is not None
    assert (audit.at.hour, audit.at.tzname() in ("CET", "CEST")) == (5, True)


def test_every_key_of_the_schedule_is_work(tmp_path):
    settings, _ = brand(
        tmp_path, {"audit": "0 5 * * *", "sweep": "0 2 * * 0", "correct": "0 6 * * *"}
    )
    assert settings.schedule is not None
    assert set(crons_of(settings)) == set(settings.schedule.__struct_fields__)


def test_what_was_missed_is_done_once(tmp_path, done):
    serving(brand(tmp_path)).stop()
    miss(brand(tmp_path)[0], "correct")
    second = serving(brand(tmp_path))
    assert until(lambda: bool(done))
    second.stop()
    assert done == [("desk", "correct")]


def test_another_cron_line_takes_the_place_of_the_first(tmp_path):
    serving(brand(tmp_path)).stop()
    service = serving(brand(tmp_path, {"audit": "0 9 * * *"}))
    due = [(one.kind, one.at.hour) for one in service.due() if one.at is not None]
    service.stop()
    assert due == [("audit", 9)]


def test_two_brands_are_served_side_by_side(tmp_path, done):
    brands = [brand(tmp_path, name=name) for name in ("nordlys", "fjord")]
    serving(*brands).stop()
    for settings, _ in brands:
        miss(settings, "audit")
    second = serving(*brands)
    assert until(lambda: len(done) == 2)
    second.stop()
    assert sorted(done) == [("fjord", "audit"), ("nordlys", "audit")]


def test_one_thing_at_a_time_is_done_for_a_brand(tmp_path, monkeypatch):
    running, most, finished = 0, 0, Event()

    def work(_run: Any) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.2)
        running -= 1
        finished.set()
        return "done"

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, work))
    serving(brand(tmp_path)).stop()
    for kind in ("audit", "correct"):
        miss(brand(tmp_path)[0], kind)
    second = serving(brand(tmp_path))
    finished.wait(PATIENCE_S)
    second.stop()
    assert most == 1


def test_work_that_fails_is_logged_and_ends_nothing(tmp_path, monkeypatch, caplog):
    def fail(_run: Any) -> str:
        raise ConfigError("the pepper is missing.")

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, fail))
    _, file = brand(tmp_path)
    with caplog.at_level(logging.ERROR):
        jobs.work("audit", str(file))
    assert "the pepper is missing." in caplog.text


def test_a_crash_of_our_own_is_logged_and_ends_nothing(tmp_path, monkeypatch, caplog):
    def crash(_run: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, crash))
    _, file = brand(tmp_path)
    jobs.work("audit", str(file))
    assert "ZeroDivisionError" in caplog.text


def test_settings_that_were_broken_meanwhile_are_told(tmp_path, caplog):
    _, file = brand(tmp_path)
    file.write_text("brand: [")
    jobs.work("audit", str(file))
    assert str(file) in caplog.text


def test_nothing_to_do_is_told(tmp_path):
    with pytest.raises(ConfigError, match="schedule"):
        Service([brand(tmp_path, None)])


def test_one_brand_given_twice_is_told(tmp_path):
    with pytest.raises(ConfigError, match="desk"):
        Service([brand(tmp_path), brand(tmp_path)])


def test_what_is_due_is_told_in_lines(tmp_path):
    service = serving(brand(tmp_path))
    lines = list(told(service.due()))
    service.stop()
    assert ["audit" in lines[0], "05:00 UTC" in lines[0]] == [True, True]
