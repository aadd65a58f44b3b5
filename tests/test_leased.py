"""One audit of a brand at a time: a second one is refused, with the name of the process that is at it."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from auditor.clock import utc_now
from auditor.correct.applying.lease import Lease, holder_of
from auditor.errors import StoreError
from auditor.findings.ledger import Ledger
from auditor.pipeline.leased import leased
from auditor.pipeline.run import Run
from auditor.service.quiet import Quiet
from tests.correct.desk import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
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
