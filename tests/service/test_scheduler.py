"""What is due when, what was missed, and that one brand's trouble is nobody else's."""

from __future__ import annotations

import json
import logging
import pickle
import re
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from auditor.correct.applying.lease import Lease, lease_table
from auditor.cron import trigger_of
from auditor.errors import (
    ApplyError,
    AuditorError,
    ConfigError,
    EndedError,
    ForbiddenWriteError,
    MachineError,
    MissedError,
    RefusedError,
    StalePlanError,
    StoppedError,
    UnsafePlanError,
)
from auditor.findings.ledger import Ledger
from auditor.logs import configure
from auditor.model.snapshot import Coverage, Snapshot
from auditor.pipeline import Run
from auditor.service import jobs
from auditor.service.ahead import Ahead
from auditor.service.planned import crons_of
from auditor.service.quiet import Quiet
from auditor.service.record import Log
from auditor.service.scheduler import Service, status_of, told
from tests.correct.desk import read_settings
from tests.mail.conftest import Server
from tests.mail.conftest import serving as mail_server
from tests.mail.test_chat import listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.config import Settings
    from auditor.pipeline.preflight import Asked

NIGHTLY = {"audit": "0 5 * * *", "sweep": None, "correct": "30 6 * * *", "clean": None}
PATIENCE_S = 20


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Note what is done, and do nothing."""
    noted: list[tuple[str, str]] = []

    def note(kind: str) -> Callable[[Any, str], str]:
        def work(run: Any, about: str) -> str:
            del about
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


def test_what_is_too_old_is_deleted_every_night_unless_set_otherwise(tmp_path):
    settings, _ = brand(tmp_path, {"audit": "0 9 * * *"})
    assert crons_of(settings)["clean"] == "30 3 * * *"


def test_a_brand_of_which_only_what_is_too_old_would_be_deleted_is_not_served(tmp_path):
    with pytest.raises(ConfigError, match="nothing is scheduled"):
        Service([brand(tmp_path, {"audit": None})])


def test_what_was_missed_is_done_once(tmp_path, done):
    serving(brand(tmp_path)).stop()
    miss(brand(tmp_path)[0], "correct")
    second = serving(brand(tmp_path))
    assert until(lambda: bool(done))
    second.stop()
    assert done == [("desk", "correct")]


def test_another_cron_line_takes_the_place_of_the_first(tmp_path):
    serving(brand(tmp_path)).stop()
    service = serving(brand(tmp_path, {"audit": "0 9 * * *", "clean": None}))
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

    def work(_run: Any, _about: str) -> str:
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
    def fail(_run: Any, _about: str) -> str:
        raise ConfigError("the pepper is missing.")

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, fail))
    _, file = brand(tmp_path)
    with caplog.at_level(logging.ERROR):
        jobs.work("audit", str(file))
    assert "the pepper is missing." in caplog.text


def test_a_crash_of_our_own_is_logged_and_ends_nothing(tmp_path, monkeypatch, caplog):
    def crash(_run: Any, _about: str) -> str:
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


def test_settings_that_were_broken_since_the_service_began_are_a_failure(tmp_path):
    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    file.write_text("brand: [")
    jobs.work("audit", str(file.resolve()))
    (done,) = status_of(settings, file).done
    assert (done.kind, done.failures, str(file) in (done.said or "")) == ("audit", 1, True)


def test_what_was_switched_off_since_the_service_began_is_not_done(tmp_path, done):
    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    brand(tmp_path, NIGHTLY | {"correct": None})
    jobs.work("correct", str(file.resolve()))
    jobs.work("audit", str(file.resolve()))
    assert done == [("desk", "audit")]


def test_nothing_to_do_is_told(tmp_path):
    with pytest.raises(ConfigError, match="schedule"):
        Service([brand(tmp_path, None)])


def test_one_brand_given_twice_is_told(tmp_path):
    with pytest.raises(ConfigError, match="desk"):
        Service([brand(tmp_path), brand(tmp_path)])


def test_two_brands_with_one_warehouse_are_told(tmp_path):
    first, file = brand(tmp_path, name="nordlys")
    second, other = brand(tmp_path, name="fjord")
    second = structs.replace(
        second, store=structs.replace(second.store, warehouse=first.store.warehouse)
    )
    with pytest.raises(ConfigError, match=r"nordlys and fjord .* store\.warehouse"):
        Service([(first, file), (second, other)])


def test_what_is_due_is_told_in_lines(tmp_path):
    service = serving(brand(tmp_path))
    lines = list(told(service.due()))
    service.stop()
    assert ["audit" in lines[0], "05:00 UTC" in lines[0]] == [True, True]


# --- two services, one brand ---------------------------------------------------------------------------


def is_due_to_the_end(service: Service) -> list[bool]:
    """Stop a service; return of each of its works whether it was due until then."""
    due = [one.at is not None for one in service.due()]
    service.stop()
    return due


def taken_over_elsewhere(folder: Path) -> None:
    with closing(Ledger(brand(folder)[0].store.ledger)) as ledger, ledger.begin() as conn:
        conn.execute(lease_table.update().values(holder="elsewhere:1:x", token=9))


def outlived(service: Service, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let the ledger fail at one tick and work at the next; return what is due after that."""

    def failing(_self: Lease) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "renew", failing)
        service.tick()
    service.tick()
    return is_due_to_the_end(service)


def test_of_two_services_one_works_and_the_other_waits(tmp_path, done):
    first = serving(brand(tmp_path))
    miss(brand(tmp_path)[0], "audit")
    second = serving(brand(tmp_path))
    assert [one.at for one in second.due()] == [None, None]
    (said,) = second.waits_for()
    assert re.match(r"desk is served by \S+:\d+; this service waits", said)
    second.stop()
    first.stop()
    assert done == []


def test_a_service_takes_over_once_the_other_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    first = serving(brand(tmp_path))
    second = serving(brand(tmp_path))
    first.stop()
    second.tick()
    assert is_due_to_the_end(second) == [True, True]


def test_a_service_that_lost_its_brand_does_nothing_for_it_any_more(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    service = serving(brand(tmp_path))
    taken_over_elsewhere(tmp_path)
    service.tick()
    due = [one.at for one in service.due()]
    service.stop()
    assert (due, "took over serving desk" in caplog.text) == ([None, None], True)


def test_losing_a_brand_waits_for_nothing_that_is_being_done(tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    begun, may_end = Event(), Event()

    def work(_run: Any, _about: str) -> str:
        begun.set()
        may_end.wait(PATIENCE_S)
        return "done"

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, work))
    serving(brand(tmp_path)).stop()
    miss(brand(tmp_path)[0], "audit")
    service = serving(brand(tmp_path))
    assert begun.wait(PATIENCE_S)
    taken_over_elsewhere(tmp_path)
    began = time.monotonic()
    service.tick()
    took = time.monotonic() - began
    may_end.set()
    service.stop()
    assert took < PATIENCE_S / 2


def test_a_brand_that_could_not_be_taken_over_is_taken_at_the_next_try(tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    first, second = serving(brand(tmp_path)), serving(brand(tmp_path))
    first.stop()
    with monkeypatch.context() as broken:
        full = MachineError("the disk is full")
        broken.setattr(Log, "all", lambda _self: (_ for _ in ()).throw(full))
        second.tick()
    second.tick()
    assert is_due_to_the_end(second) == [True, True]


def test_a_database_that_is_away_for_a_while_ends_no_service(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    closed = Exception("server closed the connection unexpectedly")
    due = outlived(
        serving(brand(tmp_path)), sa.exc.OperationalError("UPDATE lease", {}, closed), monkeypatch
    )
    assert (due, "store.ledger" in caplog.text) == ([True, True], True)


def test_whatever_goes_wrong_in_the_job_store_what_is_due_is_still_done(
    tmp_path, monkeypatch, done
):
    monkeypatch.setattr("auditor.service.scheduler.AGAIN_S", 0.1)
    real, faults = SQLAlchemyJobStore.update_job, iter([JobLookupError("audit")])

    def update(store: SQLAlchemyJobStore, job: Any) -> None:
        for fault in faults:
            raise fault
        real(store, job)

    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    for kind in ("audit", "correct"):
        miss(settings, kind)
    with monkeypatch.context() as patch:
        patch.setattr(SQLAlchemyJobStore, "update_job", update)
        service = serving((settings, file))
        is_done = until(lambda: {kind for _, kind in done} == {"audit", "correct"})
    service.stop()
    assert is_done


def test_work_on_either_of_two_kinds_of_days_follows_another_time_zone(tmp_path):
    schedule = {"audit": "0 5 1 * 1", "clean": None}

    def due(zone: str) -> datetime | None:
        service = serving(brand(tmp_path, schedule, timezone=zone))
        (found,) = service.due()
        service.stop()
        return found.at

    assert due("Europe/Stockholm") != due("Asia/Tokyo")


# --- ending, and being cut off -------------------------------------------------------------------------


def test_it_ends_within_seconds_whatever_is_being_done(tmp_path, monkeypatch):
    begun = Event()

    def work(run: Any, _about: str) -> str:
        begun.set()
        while True:
            time.sleep(0.02)
            run.progress.stage("forever")

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, work))
    serving(brand(tmp_path)).stop()
    miss(brand(tmp_path)[0], "audit")
    service = serving(brand(tmp_path))
    assert begun.wait(PATIENCE_S)
    began = time.monotonic()
    assert service.stop()
    assert time.monotonic() - began < 5


def test_what_was_cut_off_is_done_again(tmp_path, done):
    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    with closing(Ledger(settings.store.ledger)) as ledger:
        Log(ledger, "desk").begins("audit", datetime.now(UTC))  # noqa: TID251
    service = serving((settings, file))
    assert until(lambda: bool(done))
    service.stop()
    assert done == [("desk", "audit")]


def test_what_waited_for_its_turn_when_the_process_died_is_done(tmp_path, done):
    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    long_ago = datetime.now(UTC) - timedelta(days=2)  # noqa: TID251
    with closing(Ledger(settings.store.ledger)) as ledger:
        Log(ledger, "desk").begins("audit", long_ago)
        Log(ledger, "desk").ends("audit", long_ago, "done", is_failure=False)
    service = serving((settings, file))
    assert until(lambda: bool(done))
    service.stop()
    assert done == [("desk", "audit")]


def test_what_began_when_it_was_due_last_waits_until_it_is_due_again(tmp_path, done):
    settings, file = brand(tmp_path)
    serving((settings, file)).stop()
    jobs.work("audit", str(file))
    service = serving((settings, file))
    time.sleep(0.2)
    service.stop()
    assert done == [("desk", "audit")]


# --- what was done, and who is told --------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_run: Any, _about: str) -> str:
        raise ConfigError("the pepper is missing.")

    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, fail))


@pytest.mark.usefixtures("done")
def test_the_status_tells_what_is_due_and_how_it_went(tmp_path):
    settings, file = brand(tmp_path)
    service = serving((settings, file))
    jobs.work("audit", str(file))
    status = status_of(settings, file)
    service.stop()
    assert [(one.kind, one.said, one.failures) for one in status.done] == [("audit", "done", 0)]
    assert [one.at is not None for one in status.due] == [True, True]
    assert status.served_by is not None


def test_failures_are_counted_until_it_works_again(tmp_path, monkeypatch):
    settings, file = brand(tmp_path)
    failing(monkeypatch)
    counts = []
    for _ in range(2):
        jobs.work("audit", str(file))
        counts.append(status_of(settings, file).done[0].failures)
    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, lambda _run, _about: "done"))
    jobs.work("audit", str(file))
    counts.append(status_of(settings, file).done[0].failures)
    assert counts == [1, 2, 0]


def test_when_the_auditor_fails_its_mail_says_so_once_a_day(tmp_path, monkeypatch):
    failing(monkeypatch)
    with mail_server(Server()) as server:
        mail = {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "a@nordlys.example",
            "to": {"default": ["ops@nordlys.example"]},
        }
        _, file = brand(tmp_path, mail=mail)
        for _ in range(2):
            jobs.work("audit", str(file))
    (message,) = server.messages
    body: Any = message.get_body(("plain",))
    assert message["Subject"] == "[desk] The auditor failed: audit did not come to an end"
    assert "the pepper is missing." in body.get_content()
    assert "This says nothing about the brand" in body.get_content()


def test_when_its_settings_cannot_be_read_its_mail_says_so(tmp_path):
    with mail_server(Server()) as server:
        mail = {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "a@nordlys.example",
            "to": {"default": ["ops@nordlys.example"]},
        }
        settings, file = brand(tmp_path, mail=mail)
        serving((settings, file)).stop()
        file.write_text("brand: [")
        jobs.work("audit", str(file.resolve()))
    (message,) = server.messages
    assert message["Subject"] == "[desk] The auditor failed: audit did not come to an end"


def test_when_the_auditor_fails_its_chat_says_so_once_a_day(tmp_path, monkeypatch):
    failing(monkeypatch)
    with listening() as room:
        _, file = brand(tmp_path)
        monkeypatch.setenv("HOOK", room.chat.webhook.reveal())
        file.write_text(file.read_text() + "chat: {webhook: '${HOOK}'}\n")
        for _ in range(2):
            jobs.work("audit", str(file))
    (message,) = room.got
    assert message["text"] == "[desk] The auditor failed: audit did not come to an end"
    assert "the pepper is missing." in str(message["blocks"])


def test_a_mail_server_that_nothing_may_be_sent_to_keeps_the_chat_from_hearing_of_no_failure(
    tmp_path, monkeypatch
):
    def unusable(*_: object) -> Any:
        raise ConfigError("mail.smtp: no server is named.")

    failing(monkeypatch)
    monkeypatch.setattr("auditor.mail.post.Post.send", unusable)
    mail = {
        "smtp": "smtp://mail.example",
        "from": "a@b.example",
        "to": {"default": ["c@b.example"]},
    }
    with listening() as room:
        _, file = brand(tmp_path, mail=mail)
        monkeypatch.setenv("HOOK", room.chat.webhook.reveal())
        file.write_text(file.read_text() + "chat: {webhook: '${HOOK}'}\n")
        jobs.work("audit", str(file))
    (message,) = room.got
    assert message["text"] == "[desk] The auditor failed: audit did not come to an end"


def test_what_a_rail_does_not_let_through_is_no_failure(tmp_path, monkeypatch):
    def frozen(_run: Any) -> Any:
        raise UnsafePlanError("Corrections are frozen until 2026-11-30.")

    monkeypatch.setattr(jobs, "correct", frozen)
    settings, file = brand(tmp_path)
    jobs.work("correct", str(file))
    (work,) = status_of(settings, file).done
    assert (work.failures, work.said) == (
        0, "nothing was corrected: Corrections are frozen until 2026-11-30."
    )  # fmt: skip


@pytest.mark.parametrize("why", [StalePlanError, ForbiddenWriteError])
def test_that_there_was_no_plan_to_apply_is_a_failure(tmp_path, monkeypatch, why):
    def refused(_run: Any) -> Any:
        raise why("The last audit is from 2026-11-20, older than a plan may be.")

    monkeypatch.setattr(jobs, "correct", refused)
    settings, file = brand(tmp_path)
    jobs.work("correct", str(file))
    (work,) = status_of(settings, file).done
    assert (work.failures, work.said) == (
        1, "The last audit is from 2026-11-20, older than a plan may be."
    )  # fmt: skip


def corrected_until(
    fault: AuditorError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[bool, int, str]:
    """Let corrections end early; return whether they are over, as how many failures, and what is said."""
    applied = SimpleNamespace(outcomes={"verified": 1}, left=3, path="p.json", stopped=fault)
    found = SimpleNamespace(applied=applied, untold=None, sentences=lambda: ())
    monkeypatch.setattr(jobs, "correct", lambda _run: found)
    settings, file = brand(tmp_path)
    jobs.work("correct", str(file))
    (work,) = status_of(settings, file).done
    return work.ended_at is not None, work.failures, work.said or ""


def test_corrections_that_the_end_of_the_service_cut_off_are_not_over(tmp_path, monkeypatch):
    ended = corrected_until(EndedError("The service has to end."), tmp_path, monkeypatch)
    assert ended == (False, 0, "")


def test_corrections_that_a_system_refuses_are_a_failure(tmp_path, monkeypatch):
    refused = RefusedError("Emarsys refuses the token.")
    is_over, failures, said = corrected_until(refused, tmp_path, monkeypatch)
    assert (is_over, failures) == (True, 1)
    assert said == "1 verified, 3 left, plan p.json. Emarsys refuses the token."


def test_why_a_rail_stopped_corrections_is_said_and_no_failure(tmp_path, monkeypatch):
    stopped = StoppedError("Corrections are stopped: halt.")
    is_over, failures, said = corrected_until(stopped, tmp_path, monkeypatch)
    assert (is_over, failures, "Corrections are stopped: halt." in said) == (True, 0, True)


@pytest.mark.parametrize("why", [ApplyError, UnsafePlanError, ForbiddenWriteError])
def test_what_stopped_corrections_and_nobody_decided_is_a_failure(tmp_path, monkeypatch, why):
    stopped = why("1 of 3 changes failed, more than 2%.")
    is_over, failures, said = corrected_until(stopped, tmp_path, monkeypatch)
    assert (is_over, failures, "1 of 3 changes failed" in said) == (True, 1, True)


@pytest.mark.parametrize(("complete", "failures"), [(True, 0), (False, 1)])
def test_a_reading_that_did_not_come_to_its_end_is_a_failure(
    tmp_path, monkeypatch, complete, failures
):
    now = datetime.now(UTC)  # noqa: TID251
    read = Coverage("centra", "orders", 0, complete, "full", now, "Centra does not answer.")
    off = Coverage("emarsys", "sales", 0, complete=False, mode="off", as_of=now)
    taken = Snapshot("a-run", now, (read, off))
    monkeypatch.setattr(jobs, "snapshot", lambda _run, **_: taken)
    settings, file = brand(tmp_path, NIGHTLY | {"sweep": "0 2 * * 0"})
    jobs.work("sweep", str(file))
    (work,) = status_of(settings, file).done
    assert (work.failures, "orders (Centra does not answer)" in (work.said or "")) == (
        failures,
        not complete,
    )


def test_every_line_of_the_log_names_brand_and_work(tmp_path, monkeypatch, capsys):
    configure("json", verbose=True)
    monkeypatch.setattr(jobs, "KINDS", dict.fromkeys(jobs.KINDS, lambda _run, _about: "done"))
    _, file = brand(tmp_path)
    jobs.work("audit", str(file))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {(line["brand"], line["work"]) for line in lines} == {("desk", "audit")}


# --- ahead of a launch ---------------------------------------------------------------------------------


def test_a_planned_audience_is_judged_ahead_of_its_launch(tmp_path):
    planned = {"ahead": "1h", "planned": [{"segment": 7, "at": "0 9 * * 5"}]}
    service = serving(brand(tmp_path, preflight=planned))
    due = {one.kind: one.at for one in service.due()}
    service.stop()
    at = due["preflight-segment:7"]
    assert at is not None
    assert (at.hour, at.isoweekday()) == (8, 5)


def asked_at(hour: int, minute: int, folder: Path, patch: pytest.MonkeyPatch) -> datetime | None:
    """Judge an audience that goes out at nine on Fridays, on a Friday; return when it is said to go out."""
    planned = [{"segment": 7, "at": "0 9 * * 5"}]
    return asked_of("segment:7", planned, (hour, minute), folder, patch).launch_at


def asked_of(
    about: str,
    planned: list[dict[str, Any]],
    at: tuple[int, int],
    folder: Path,
    patch: pytest.MonkeyPatch,
) -> Asked:
    """Judge what is planned, on a Friday at a time; return what is asked."""
    settings, file = brand(folder, preflight={"ahead": "1h", "planned": planned})
    asked: list[Asked] = []

    def judge(_run: Run, one: Asked) -> Any:
        asked.append(one)
        return SimpleNamespace(preflight=SimpleNamespace(verdict="go"), path="")

    patch.setattr(jobs, "preflight", judge)
    patch.setattr(jobs, "tell_preflight", lambda _run, _flown: [])
    now = datetime(2026, 11, 27, *at, 5, tzinfo=settings.timezone).astimezone(UTC)
    jobs.KINDS["preflight"](Run(settings, file.parent, lambda: now, Quiet(Event())), about)
    return asked[0]


TWICE = [
    {"segment": 7, "at": "0 9 * * 5", "items": ["A"]},
    {"list": 7, "at": "0 9 * * 5"},
    {"segment": 7, "at": "0 17 * * 5", "items": ["B"]},
]
"""An audience that is mailed twice, about one product each time, and a list of its number."""


def test_an_audience_that_is_planned_twice_is_judged_ahead_of_both_launches(tmp_path):
    service = serving(brand(tmp_path, preflight={"ahead": "1h", "planned": TWICE}))
    due = {one.kind: one.at.hour for one in service.due() if one.at is not None}
    service.stop()
    assert {name: hour for name, hour in due.items() if name.startswith("preflight")} == {
        "preflight-segment:7": 8,
        "preflight-list:7": 8,
        "preflight-segment:7#2": 16,
    }


@pytest.mark.parametrize(
    ("about", "at", "launch", "items"),
    [("segment:7", (8, 0), 9, ("A",)), ("segment:7#2", (16, 0), 17, ("B",))],
)
def test_each_launch_of_an_audience_has_its_own_products(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    about: str,
    at: tuple[int, int],
    launch: int,
    items: tuple[str, ...],
):
    asked = asked_of(about, TWICE, at, tmp_path, monkeypatch)
    assert asked.launch_at is not None
    assert (asked.kind, asked.number, asked.items) == ("segment", 7, items)
    assert asked.launch_at.hour == launch


@pytest.mark.parametrize(("hour", "minute"), [(8, 0), (8, 40)], ids=["on time", "late"])
def test_it_is_judged_for_the_launch_that_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hour: int, minute: int
):
    launch_at = asked_at(hour, minute, tmp_path, monkeypatch)
    assert launch_at is not None
    assert (launch_at.hour, launch_at.minute) == (9, 1)


@pytest.mark.parametrize(
    ("at", "launch"), [((8, 0), (9, 1)), ((8, 30), (9, 31)), ((8, 40), (9, 31))]
)
def test_of_launches_that_are_close_each_is_judged_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[int, int], launch: tuple[int, int]
):
    planned = [{"segment": 7, "at": "0,30 9 * * 5"}]
    asked = asked_of("segment:7", planned, at, tmp_path, monkeypatch)
    assert asked.launch_at is not None
    assert (asked.launch_at.hour, asked.launch_at.minute) == launch


def test_once_it_went_out_nothing_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(MissedError, match="the next is at 2026-12-04 09:00"):
        asked_at(9, 30, tmp_path, monkeypatch)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    minutes=st.integers(1, 3 * 24 * 60),
    cron=st.sampled_from(["0 9 * * *", "30 2 * * *", "15 0 25 10 *", "0 18 * * 5"]),
)
@example(now=datetime(2027, 3, 27, 12), minutes=120, cron="0 4 * * *")  # 02:00 is not there
@example(now=datetime(2026, 10, 24, 12), minutes=180, cron="0 4 * * *")  # 02:00 is there twice
def test_it_fires_as_long_before_each_launch_also_when_the_clocks_change(
    now: datetime, minutes: int, cron: str
):
    zone = ZoneInfo("Europe/Stockholm")
    by, at = timedelta(minutes=minutes), now.replace(tzinfo=zone)
    ahead = Ahead(cron, by, zone)
    fires = ahead.get_next_fire_time(None, at)
    assert fires is not None
    launch = fires.astimezone(UTC) + by
    wanted = trigger_of(cron, zone).get_next_fire_time(None, at.astimezone(UTC) + by)
    assert wanted is not None
    assert launch == wanted.astimezone(UTC)
    assert pickle.loads(pickle.dumps(ahead)).get_next_fire_time(None, at) == fires  # noqa: S301 - our own
