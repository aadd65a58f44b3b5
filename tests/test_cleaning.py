"""What is older than the settings let it be goes, from both stores and every folder; broken off, it goes on."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from auditor.correct.applying.journal import plan_table
from auditor.correct.files import write_plan
from auditor.errors import ConfigError, EndedError, MachineError, StoreError
from auditor.findings.expiry import NEWEST
from auditor.findings.ledger import Ledger, run_table
from auditor.mail.sent import Sent, mail_table
from auditor.model.history import HISTORY, snapshot_run
from auditor.pipeline import Run, backtest, clean
from auditor.pipeline.leased import leased
from auditor.preflight.memory import last_of, preflight_table
from auditor.service import jobs
from auditor.service.record import Log
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published, publish
from tests.correct.applying.test_rails import change, plan_of
from tests.correct.desk import read_settings
from tests.stores import on_server
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.plan import Plan

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO, OF_LATE = NOW - 500 * DAY, NOW - 300 * DAY
CLEAN = {"verdict": "clean", "total": 0, "new": 0, "resolved": 0, "open": "{}"}
PAST = HISTORY["centra_buyer"]


@pytest.fixture(params=["embedded", "postgresql"])
def run(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    _empty_warehouse: Path,
    *,
    is_embedded: bool,
) -> Iterator[Run]:
    """Give a brand in a folder of its own, on each engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")
    if request.param == "embedded":
        made = Run(read_settings(tmp_path), tmp_path, lambda: NOW, Silent())
        if is_embedded:
            file = Path(str(sa.make_url(made.settings.store.warehouse).database))
            file.parent.mkdir(mode=0o700)
            copyfile(_empty_warehouse, file)
        yield made
        return
    with on_server(request.getfixturevalue("postgres_server")):
        yield Run(read_settings(tmp_path), tmp_path, lambda: NOW, Silent())


def naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def write_runs(run: Run, *moments: datetime) -> None:
    """Let a row have had another value before each of these runs."""
    with (
        closing(Ledger(run.settings.store.ledger)) as ledger,
        closing(Warehouse(run.settings.store.warehouse)) as warehouse,
        ledger.begin() as conn,
        warehouse.engine.begin() as there,
    ):
        for number, at in enumerate(moments):
            name = f"{at:%Y-%m-%dT%H:%M:%SZ}-{number:04}"
            values = {"run": name, "brand": "desk", "as_of": naive(at), "coverage": "[]"}
            conn.execute(run_table.insert().values(**values, **CLEAN))
            there.execute(snapshot_run.insert().values(number=number, run=name, as_of=naive(at)))
            there.execute(PAST.insert().values(buyer_id=str(number), valid_to_run=name))


def buyers(run: Run) -> list[str]:
    with (
        closing(Warehouse(run.settings.store.warehouse)) as warehouse,
        warehouse.engine.connect() as conn,
    ):
        return list(conn.scalars(sa.select(PAST.c.buyer_id).order_by(PAST.c.buyer_id)))


def count(run: Run, table: sa.Table) -> int:
    with closing(Ledger(run.settings.store.ledger)) as ledger, ledger.begin() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


MANY = [NOW - number * DAY for number in range(NEWEST)]


def test_old_runs_go_and_the_versions_that_ended_by_then(run: Run):
    write_runs(run, LONG_AGO, OF_LATE, *MANY)
    done = clean(run)
    assert (done.runs, done.rows, "0" in buyers(run), "1" in buyers(run)) == (1, 1, False, True)


def test_as_long_as_a_run_stays_what_it_would_be_restored_from_does(run: Run):
    write_runs(run, LONG_AGO, LONG_AGO + DAY)
    assert clean(run).runs == 0
    assert buyers(run) == ["1"]  # what ended with the oldest run was no longer there after it


def test_a_run_that_went_cannot_be_asked_for_any_more(run: Run):
    write_runs(run, LONG_AGO, *MANY)
    clean(run)
    with pytest.raises(ConfigError, match="there is no such run"):
        backtest(run, f"{LONG_AGO:%Y-%m-%dT%H:%M:%SZ}-0000")


def test_the_copy_for_notebooks_forgets_too(run: Run):
    write_runs(run, LONG_AGO, *MANY)
    publish(run.settings.store.warehouse)
    clean(run)
    with (
        closing(Published(run.settings.store.warehouse)) as copy,
        copy.engine.connect() as conn,
    ):
        assert "0" not in conn.scalars(sa.select(PAST.c.buyer_id)).all()


def test_that_a_letter_was_sent_is_forgotten_once_it_is_old(run: Run):
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        sent = Sent(ledger, "desk")
        sent.note("old", LONG_AGO)
        sent.note("new", OF_LATE)
    clean(run)
    assert count(run, mail_table) == 1


def test_of_the_verdicts_the_newest_stays(run: Run):
    with closing(Ledger(run.settings.store.ledger)) as ledger, ledger.begin() as conn:
        for at in (LONG_AGO, LONG_AGO + DAY):
            values = {"brand": "desk", "made_at": naive(at), "expires_at": naive(at)}
            values |= {"verdict": "go", "kind": "list", "audience": 1, "size": 1, "people": 0}
            conn.execute(preflight_table.insert().values(values))
    clean(run)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        last = last_of(ledger, "desk")
    assert (count(run, preflight_table), last and last.made_at) == (1, LONG_AGO + DAY)


def touch(path: str, at: datetime) -> Path:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    os.utime(place, (at.timestamp(), at.timestamp()))
    return place


UNUSED = (
    "var/mail/desk/a.eml",
    "var/mail/desk/a.chat.json",
    "var/plans/desk-2026-01-01T00-00-00Z-aaaa-bbbb.json",
    "var/plans/.desk-2026-01-01T00-00-00Z-aaaa-bbbb.json.tmp",
    "var/runs/desk/2026-11-01T00-00-00Z-aaaa/.record.json.tmp",
)
FOREIGN = (
    "var/mail/fjord/a.eml",
    "var/plans/desk-two-2026-01-01T00-00-00Z-aaaa-bbbb.json",
    "var/plans/notes.json",
    "var/preflight/desk/notes.json",
    "var/STOP",
)


def left_of(run: Run, paths: tuple[str, ...], at: datetime) -> list[str]:
    """Let files be as old as that, clean, and return those that are left."""
    places = {path: touch(path, at) for path in paths}
    clean(run)
    return [path for path, place in places.items() if place.exists()]


@pytest.mark.parametrize(("days", "left"), [(89, list(UNUSED)), (91, [])])
def test_a_file_that_nobody_used_goes_by_its_age(run: Run, days: int, left: list[str]):
    assert left_of(run, UNUSED, NOW - days * DAY) == left


def test_a_file_of_another_brand_or_of_somebody_else_stays(run: Run):
    assert left_of(run, FOREIGN, LONG_AGO) == list(FOREIGN)


@pytest.mark.parametrize("suffix", ["broken-2026-01-01T00-00-00Z", "before-0001"])
@pytest.mark.embedded("stores that were set aside are files")
@pytest.mark.parametrize("run", ["embedded"], indirect=True)
def test_a_store_that_was_set_aside_goes(run: Run, suffix: str):
    url = run.settings.store.warehouse if "broken" in suffix else run.settings.store.ledger
    address = sa.make_url(url)
    place = touch(f"{address.database}.{suffix}", NOW - 91 * DAY)
    clean(run)
    assert not place.exists()


@pytest.mark.parametrize(("days", "is_left"), [(89, True), (91, False)])
def test_a_verdict_goes_by_when_it_was_made(run: Run, days: int, *, is_left: bool):
    made_at = NOW - days * DAY
    place = touch(f"var/preflight/desk/list-1-{made_at:%Y-%m-%dT%H-%M-%SZ}.json", NOW)
    clean(run)
    assert place.exists() == is_left


@pytest.mark.parametrize(("days", "is_left"), [(89, True), (91, False)])
def test_worklists_go_by_the_time_of_their_run(run: Run, days: int, *, is_left: bool):
    made_at = NOW - days * DAY
    place = touch(f"var/proposals/desk/{made_at:%Y-%m-%dT%H-%M-%SZ}-aaaa/list.csv", NOW)
    clean(run)
    assert place.exists() == is_left


def plan(at: datetime) -> Plan:
    return replace(plan_of(change(1)), expires_at=at, run=f"{at:%Y-%m-%dT%H:%M:%SZ}-aaaa")


@pytest.mark.parametrize(("days", "is_left"), [(89, True), (91, False)])
def test_a_plan_that_nobody_applied_goes_by_its_expiry(run: Run, days: int, *, is_left: bool):
    path, _ = write_plan(plan(NOW - days * DAY))
    clean(run)
    assert path.exists() == is_left


@pytest.mark.parametrize(("begun_at", "is_left"), [(OF_LATE, True), (LONG_AGO, False)])
def test_an_applied_plan_stays_as_long_as_its_receipts(
    run: Run, begun_at: datetime, *, is_left: bool
):
    path, digest = write_plan(plan(LONG_AGO))
    values = {"brand": "desk", "digest": digest, "run": "r", "path": str(path), "changes": 1}
    with closing(Ledger(run.settings.store.ledger)) as ledger, ledger.begin() as conn:
        conn.execute(plan_table.insert().values(begun_at=naive(begun_at), **values))
    clean(run)
    assert (path.exists(), count(run, plan_table)) == (is_left, int(is_left))


@pytest.mark.parametrize("folder", ["var/runs", "reports/out"])
def test_reports_go_with_what_they_are_made_from(run: Run, folder: str):
    old = touch(f"{folder}/desk/{LONG_AGO:%Y-%m-%dT%H-%M-%SZ}-aaaa/x", NOW)
    new = touch(f"{folder}/desk/{OF_LATE:%Y-%m-%dT%H-%M-%SZ}-aaaa/x", NOW)
    clean(run)
    assert (old.exists(), new.exists()) == (False, True)


def test_while_an_audit_is_under_way_nothing_is_deleted(run: Run):
    with (
        closing(Ledger(run.settings.store.ledger)) as ledger,
        leased(run, ledger),
        pytest.raises(StoreError, match="auditing"),
    ):
        clean(run)


STEPS = ("_clean_warehouse", "delete_reports", "list_runs", "unused", "compact_file", "publish")


@pytest.mark.parametrize("step", STEPS)
def test_broken_off_it_goes_on_the_next_time(run: Run, step: str, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    write_runs(run, LONG_AGO, *MANY)
    letter = touch("var/mail/desk/a.eml", LONG_AGO)
    with monkeypatch.context() as patch:
        patch.setattr(f"auditor.pipeline.cleaning.{step}", broken)
        with pytest.raises(KeyboardInterrupt):
            clean(run)
    clean(run)
    assert ("0" in buyers(run), letter.exists(), count(run, run_table)) == (False, False, NEWEST)


class Ending(Silent):
    """The service ends once the warehouse is about to be written anew."""

    def stage(self, name: str) -> None:
        if name == "compact":
            raise EndedError("The service has to end.")


def test_ended_with_the_service_the_copy_for_notebooks_forgets_the_next_time(run: Run):
    write_runs(run, LONG_AGO, *MANY)
    publish(run.settings.store.warehouse)
    with pytest.raises(EndedError):
        clean(replaced(run, progress=Ending()))
    clean(run)
    with closing(Published(run.settings.store.warehouse)) as copy, copy.engine.connect() as conn:
        assert "0" not in set(conn.scalars(sa.select(PAST.c.buyer_id)))


def test_without_room_to_write_the_warehouse_anew_the_copy_for_notebooks_forgets_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    def full(_url: str) -> None:
        raise MachineError("store.warehouse: the disk is full; make room and run it again.")

    write_runs(run, LONG_AGO, *MANY)
    publish(run.settings.store.warehouse)
    monkeypatch.setattr("auditor.pipeline.cleaning.compact_file", full)
    with pytest.raises(MachineError):
        clean(run)
    with closing(Published(run.settings.store.warehouse)) as copy, copy.engine.connect() as conn:
        assert "0" not in set(conn.scalars(sa.select(PAST.c.buyer_id)))


def test_the_service_does_it_and_keeps_what_it_came_to(run: Run):
    write_runs(run, LONG_AGO)
    jobs.work("clean", str(run.folder / "auditor.yaml"))
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        (work,) = Log(ledger, "desk").all()
    assert (work.kind, work.failures, work.said and work.said[:8]) == ("clean", 0, "deleted ")
