"""One writer per brand, and one that lost its lease can write nothing any more."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from auditor.correct.applying.journal import Journal
from auditor.correct.applying.lease import LASTS, Lease, is_dead, this_process
from auditor.errors import StoppedError, UnsafePlanError
from auditor.findings.ledger import Ledger
from tests.correct.applying.test_rails import change, plan_of

BEGIN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def lease(ledger: Ledger, time: Time, holder: str = "a", brand: str = "nordlys") -> Lease:
    return Lease(ledger, brand, time, f"elsewhere:1:{holder}")


def test_a_second_writer_is_refused(ledger, time):
    lease(ledger, time).take()
    with pytest.raises(UnsafePlanError, match="12:10"):
        lease(ledger, time, "b").take()


def test_another_brand_has_a_lease_of_its_own(ledger, time):
    lease(ledger, time).take()
    lease(ledger, time, "b", brand="other").take()


@pytest.mark.parametrize(("late", "is_free"), [(-1, False), (0, True), (1, True)])
def test_a_lease_ends(ledger, time, late, is_free):
    lease(ledger, time).take()
    time.now += LASTS + timedelta(seconds=late)
    if is_free:
        lease(ledger, time, "b").take()
        return
    with pytest.raises(UnsafePlanError):
        lease(ledger, time, "b").take()


def test_every_write_renews_it(ledger, time):
    first = lease(ledger, time)
    first.take()
    time.now += LASTS - timedelta(seconds=1)
    first.renew()
    time.now += timedelta(seconds=2)
    with pytest.raises(UnsafePlanError):
        lease(ledger, time, "b").take()


def test_a_lease_that_was_given_back_is_free(ledger, time):
    first = lease(ledger, time)
    first.take()
    first.give_back()
    lease(ledger, time, "b").take()


def test_the_token_grows_with_every_holder(ledger, time):
    tokens = []
    for holder in "abc":
        one = lease(ledger, time, holder)
        one.take()
        tokens.append(one.token)
        one.give_back()
    assert tokens == [1, 2, 3]


def test_whoever_slept_past_its_time_writes_nothing(ledger, time):
    slow, plan = lease(ledger, time), plan_of(change(1))
    slow.take()
    journal = Journal(ledger, "nordlys", time, slow.require)
    time.now += LASTS
    lease(ledger, time, "b").take()
    with pytest.raises(StoppedError, match="took over"):
        journal.intend(plan, "d", plan.changes)
    assert journal.receipts("d") == {}


def test_giving_back_a_lost_lease_leaves_the_new_holder_alone(ledger, time):
    slow, new = lease(ledger, time), lease(ledger, time, "b")
    slow.take()
    time.now += LASTS
    new.take()
    slow.give_back()
    new.renew()


def ended() -> int:
    """Return the number of a process that has ended."""
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], check=True, stdout=subprocess.PIPE
    )
    return int(done.stdout)


def test_the_lease_of_a_process_that_died_here_is_free_at_once(ledger, time):
    Lease(ledger, "nordlys", time, f"{socket.gethostname()}:{ended()}:x").take()
    lease(ledger, time, "b").take()


def test_a_process_that_lives_is_not_dead():
    assert not is_dead(this_process())


def test_of_a_process_elsewhere_nothing_is_known():
    assert not is_dead(f"elsewhere:{ended()}:x")


def test_a_process_of_somebody_else_lives():
    assert not is_dead(f"{socket.gethostname()}:1:x") or os.getpid() == 1


def compete(url: str, holder: str, out: multiprocessing.Queue[bool]) -> None:
    ledger = Ledger(url)
    try:
        Lease(ledger, "nordlys", Time(), f"elsewhere:1:{holder}").take()
        out.put(True)
    except UnsafePlanError:
        out.put(False)
    ledger.close()


def test_of_two_processes_at_once_one_writes(ledger_url):
    ledger = Ledger(ledger_url)
    Lease(ledger, "other", Time(), "x").take()  # the table is there
    ledger.close()
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[bool] = context.Queue()
    both = [context.Process(target=compete, args=(ledger_url, name, out)) for name in "ab"]
    for one in both:
        one.start()
    won = [out.get(timeout=60) for _ in both]
    for one in both:
        one.join()
    assert sorted(won) == [False, True]
