"""One audit of a brand at a time: a second one is refused, with the name of the process that is at it."""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.clock import utc_now
from auditor.correct.applying.lease import LASTS, Lease, holder_of, lease_table
from auditor.errors import StoppedError, StoreError
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.snapshot import Snapshot
from auditor.pipeline.leased import leased
from auditor.pipeline.run import Run
from auditor.service.quiet import Quiet
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ME = f"{socket.gethostname()}:{os.getpid()}"


@pytest.fixture
def ledger(tmp_path: Path, ledger_url: str) -> Iterator[Ledger]:
    del tmp_path
    with closing(Ledger(ledger_url)) as opened:
        yield opened


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(read_settings(tmp_path), tmp_path, utc_now, Quiet())


def test_while_one_audits_another_is_refused_and_told_who_it_is(run: Run, ledger: Ledger):
    with leased(run, ledger), pytest.raises(StoreError, match=rf"\({ME}\) is auditing desk"):
        leased(run, ledger).__enter__()


def test_afterwards_another_may(run: Run, ledger: Ledger):
    with leased(run, ledger):
        pass
    with leased(run, ledger):
        assert holder_of(ledger, "desk", "auditing", utc_now()) == ME


def test_an_audit_that_died_holds_nobody_up(run: Run, ledger: Ledger):
    dead = f"{socket.gethostname()}:999999:x"
    Lease(ledger, "desk", utc_now, dead, doing="auditing").take()
    with leased(run, ledger):
        assert holder_of(ledger, "desk", "auditing", utc_now()) == ME


def test_a_service_and_corrections_have_leases_of_their_own(run: Run, ledger: Ledger):
    for doing in ("serving", "correcting"):
        Lease(ledger, "desk", utc_now, f"{ME}:y", doing=doing).take()
    with leased(run, ledger):
        assert holder_of(ledger, "desk", "serving", utc_now()) == ME


def until(is_so: Callable[[], object]) -> bool:
    """Wait until something is so, for a few seconds at most."""
    end = time.monotonic() + 5
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(is_so())


def test_a_long_step_without_a_word_loses_nothing(
    run: Run, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.pipeline.leased.RENEW_S", 0.01)
    now = [utc_now()]
    with leased(replace(run, clock=lambda: now[0]), ledger):
        now[0] += LASTS - timedelta(seconds=1)
        much_later = now[0] + timedelta(seconds=2)
        assert until(lambda: holder_of(ledger, "desk", "auditing", much_later) == ME)


def take_away(ledger: Ledger) -> None:
    """Let another host take over."""
    with ledger.begin() as conn:
        conn.execute(sa.update(lease_table).values(holder="elsewhere:1:x", token=99))


def test_whoever_lost_it_hears_so_at_a_next_step(
    run: Run, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.pipeline.leased.RENEW_S", 0.01)
    with leased(run, ledger) as ours:
        take_away(ledger)
        assert until(lambda: is_stopped(ours))


def is_stopped(run: Run) -> bool:
    try:
        run.progress.stage("report")
    except StoppedError:
        return True
    return False


def test_whoever_lost_it_keeps_no_result(run: Run, ledger: Ledger):
    taken = Snapshot("late", utc_now(), ())
    with leased(run, ledger):
        take_away(ledger)
        with pytest.raises(StoppedError, match="took over auditing desk"):
            query.record_run(ledger, "desk", taken)
    assert query.stored_snapshot(ledger, "desk", "late") is None


def test_once_it_is_given_back_a_result_may_be_kept(run: Run, ledger: Ledger):
    with leased(run, ledger):
        pass
    query.record_run(ledger, "desk", Snapshot("later", utc_now(), ()))
    assert query.stored_snapshot(ledger, "desk", "later") is not None
