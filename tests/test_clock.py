"""A clock that is wrong reads nothing; one that is put forward or back skips, doubles and delays nothing."""

from __future__ import annotations

import itertools
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler

from auditor.cli import main
from auditor.clock import utc_now
from auditor.correct.applying.lease import LASTS, Lease, holder_of, lease_table
from auditor.errors import MachineError, UnsafePlanError
from auditor.findings.ledger import Ledger
from auditor.sandbox.start import Plan, sandbox
from auditor.sandbox.world import Scale
from auditor.service.scheduler import Enduring
from auditor.snapshot.take import Reading, take
from auditor.systems.connect import MOST_SKEW, require_time
from tests.brand import FAST
from tests.service.test_scheduler import NIGHTLY, brand, miss, outlived, serving
from tests.snapshot.world import Shop, Silent, snap, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.warehouse import Warehouse

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
YEAR = timedelta(days=365)


# --- against the clocks of the systems --------------------------------------------------------------------


@pytest.mark.parametrize("skew", [timedelta(), MOST_SKEW, -MOST_SKEW])
def test_clocks_that_agree_well_enough_let_it_read(skew: timedelta):
    require_time(NOW, NOW + skew)


def test_a_system_that_does_not_tell_its_time_is_read():
    require_time(None, NOW)


@pytest.mark.parametrize(("skew", "words"), [(YEAR, "ahead of"), (-timedelta(hours=1), "behind")])
def test_a_clock_that_is_far_off_is_told_with_the_way_to_mend_it(skew: timedelta, words: str):
    with pytest.raises(MachineError, match=rf"minutes {words} Centra's.*time server"):
        require_time(NOW, NOW + skew)


def test_an_audit_by_a_wrong_clock_ends_before_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    plan = Plan(
        tmp_path,
        lambda: utc_now() - timedelta(days=1),
        Scale.of(customers=80),
        centra=FAST,
        drift=False,
    )
    with sandbox(plan) as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        code = main(["--config", str(running.settings), "audit"])
        asked = [row for row in running.log.rows() if b"rateLimits" not in row.body]
    assert (code, len(asked)) == (3, 0)
    assert (
        "clock is 1,440 minutes ahead of Centra's, so nothing was read" in capsys.readouterr().err
    )


# --- what is read next ------------------------------------------------------------------------------------


@pytest.fixture
def warehouse(duckdb_url: str) -> Iterator[Warehouse]:
    from auditor.warehouse import Warehouse

    with closing(Warehouse(duckdb_url)) as opened:
        yield opened


def test_after_a_clock_that_was_ahead_everything_is_read_anew(warehouse: Warehouse):
    shop = Shop()
    shop.put("1")
    right, shop.now = shop.now, shop.now + YEAR
    snap(warehouse, shop, "by a wrong clock")
    shop.now = right
    shop.put("2")
    snap(warehouse, shop, "by the right one")
    assert (shop.starts[-1].changed_since, sorted(stored(warehouse))) == (None, ["1", "2"])


def test_what_a_clock_that_was_ahead_left_unfinished_is_begun_anew(warehouse: Warehouse):
    from auditor.errors import TransientReadError

    shop = Shop()
    for number in "12345":
        shop.put(number)
    right, shop.now = shop.now, shop.now + YEAR
    snap(warehouse, shop, "cut", shop.stream(TransientReadError("cut"), after=1))
    shop.now = right
    snap(warehouse, shop, "whole")
    assert (shop.starts[-1].cursor, sorted(stored(warehouse))) == (None, list("12345"))


def test_a_clock_that_is_put_forward_during_a_run_skips_no_change(warehouse: Warehouse):
    shop, began = Shop(), NOW
    shop.put("1")
    times = itertools.chain([began], itertools.repeat(began + YEAR))
    reading = Reading("a", warehouse, Silent(), lambda: next(times), lambda: 0.0, workers=1)
    take([shop.stream()], reading)
    position = warehouse.position("orders")
    assert position is not None
    assert position.as_of == began


# --- who may write, and what is due -----------------------------------------------------------------------


def test_a_lease_that_a_wrong_clock_gave_for_a_year_ends_within_minutes(tmp_path: Path):
    elsewhere = "another-machine:1:x"
    with closing(Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        Lease(ledger, "desk", lambda: NOW + YEAR, elsewhere, doing="auditing").take()
        mine = Lease(ledger, "desk", lambda: NOW, f"{socket.gethostname()}:1:y", doing="auditing")
        with pytest.raises(UnsafePlanError, match="another-machine:1"):
            mine.take()
        later = NOW + LASTS + timedelta(seconds=1)
        assert holder_of(ledger, "desk", "auditing", later) is None


def test_who_holds_such_a_lease_and_is_alive_goes_on(tmp_path: Path):
    with closing(Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        theirs = Lease(ledger, "desk", lambda: NOW + YEAR, "another-machine:1:x")
        theirs.take()
        with pytest.raises(UnsafePlanError):
            Lease(ledger, "desk", lambda: NOW, "here:1:y").take()
        theirs.renew()
        with ledger.begin() as conn:
            ends = conn.scalar(sa.select(lease_table.c.expires_at))
    assert ends == (NOW + YEAR + LASTS).replace(tzinfo=None)


def test_what_a_clock_that_was_ahead_put_off_is_due_at_its_time_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    settings, file = brand(tmp_path, NIGHTLY)
    serving((settings, file)).stop()
    miss(settings, "audit", days=-365)
    service = serving((settings, file))
    put_off = max(one.at for one in service.due() if one.at is not None)
    service.tick()
    due = [one.at for one in service.due() if one.at is not None]
    service.stop()
    assert put_off > utc_now() + timedelta(days=300)
    assert max(due) <= utc_now() + timedelta(days=1)


def test_the_service_outlives_a_job_store_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(_self: object) -> None:
        raise MachineError("store.ledger: the disk is full.")

    monkeypatch.setattr(BackgroundScheduler, "_process_jobs", full)
    wait = Enduring()._process_jobs()
    assert (wait is not None and wait > 0, "the disk is full" in caplog.text) == (True, True)


def test_the_service_outlives_a_ledger_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")
    monkeypatch.setattr("auditor.service.scheduler.RENEW_S", 0.0)
    full = MachineError("store.ledger: the disk is full.")
    due = outlived(serving(brand(tmp_path, NIGHTLY)), full, monkeypatch)
    assert (due, "the disk is full" in caplog.text) == ([True, True], True)
