"""Killed at any moment, and started again: nothing is counted twice, and nothing is forgotten."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.upload_once import upload_once
from auditor.correct.uploads import Line, UploadLedger
from tests.correct.conftest import NOW
from tests.correct.test_uploads import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import sqlalchemy as sa

    from auditor.findings.ledger import Ledger

LINES = [line("O1"), line("O2"), line("O2", cause="return:1")]
INSTANTS = 6
"""Before and after the commit of the claim, the arrival of the request and the commit of the outcome."""


class Killed(BaseException):
    """The process ends here."""


@dataclass
class File:
    lines: list[Line]
    digest: str = "sha"


class Run:
    """A process that is killed at its n-th instant, and an Emarsys that outlives it."""

    def __init__(self, arrived: Counter[tuple[str, str, str]], kill_at: int | None) -> None:
        self.arrived, self.kill_at, self.instants = arrived, kill_at, 0

    def instant(self, *_: Any) -> None:
        self.instants += 1
        if self.instants == self.kill_at:
            raise Killed

    def send(self, file: File, outcome: Any) -> Any:
        self.instant()
        if outcome in ("accepted", "unknown"):
            self.arrived.update(one.key for one in file.lines)
        self.instant()
        return outcome


@contextlib.contextmanager
def dying(ledger: Ledger, run: Run) -> Iterator[Ledger]:
    """Give a ledger whose commits are instants: one before each, one after."""
    begin = ledger.begin

    @contextlib.contextmanager
    def watched() -> Iterator[sa.Connection]:
        with begin() as conn:
            yield conn
            run.instant()
        run.instant()

    ledger.begin = watched  # type: ignore[method-assign]
    try:
        yield ledger
    finally:
        ledger.begin = begin  # type: ignore[method-assign]


def upload(ledger: Ledger, run: Run, outcome: Any = "accepted") -> Any:
    def file_of(won: Sequence[Line]) -> File:
        return File(list(won))

    with dying(ledger, run):
        uploads = UploadLedger(ledger, "nordlys")
        return upload_once(
            uploads,
            LINES,
            file_of=file_of,
            send=lambda file: run.send(file, outcome),
            clock=lambda: NOW,
        )


def test_all_instants_are_known(ledger):
    run = Run(Counter(), None)
    upload(ledger, run)
    assert run.instants == INSTANTS


@pytest.mark.parametrize("outcome", ["accepted", "unknown", "refused"])
@pytest.mark.parametrize("instant", range(1, INSTANTS + 1))
def test_killed_at_any_moment_nothing_arrives_twice(ledger, instant, outcome):
    arrived: Counter[tuple[str, str, str]] = Counter()
    with pytest.raises(Killed):
        upload(ledger, Run(arrived, instant), outcome)
    upload(ledger, Run(arrived, None))
    upload(ledger, Run(arrived, None))
    assert all(times == 1 for times in arrived.values())


@pytest.mark.parametrize("instant", range(1, INSTANTS + 1))
def test_killed_at_any_moment_no_line_is_forgotten(ledger, instant):
    arrived: Counter[tuple[str, str, str]] = Counter()
    with pytest.raises(Killed):
        upload(ledger, Run(arrived, instant))
    upload(ledger, Run(arrived, None))
    waiting = {sent.line.key for sent in UploadLedger(ledger, "nordlys").waiting()}
    assert waiting == {one.key for one in LINES}


def test_what_could_not_be_sent_is_sent_the_next_time(ledger):
    arrived: Counter[tuple[str, str, str]] = Counter()
    upload(ledger, Run(arrived, None), "not_taken")
    upload(ledger, Run(arrived, None))
    assert arrived == Counter(one.key for one in LINES)


@pytest.mark.parametrize("outcome", ["refused", "unauthorised", "not_taken"])
def test_what_was_refused_is_not_waiting(ledger, outcome):
    upload(ledger, Run(Counter(), None), outcome)
    assert UploadLedger(ledger, "nordlys").waiting() == []


def test_without_lines_left_nothing_is_sent(ledger):
    run = Run(Counter(), None)
    upload(ledger, run)
    claim, outcome = upload(ledger, run)
    assert (claim.lines, outcome) == ((), None)
