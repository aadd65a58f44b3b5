"""Applies, verifies and undoes plans: what is asked before, who writes, and what is told after."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor.correct.applying import engine, rails
from auditor.correct.applying.effect import Effect, measure
from auditor.correct.applying.halt import Halt
from auditor.correct.applying.journal import OUTCOMES, UNDECIDED, Journal
from auditor.correct.applying.lease import Lease, this_process
from auditor.correct.applying.opened import opened_desk
from auditor.correct.applying.pushed import lost
from auditor.correct.applying.undo import undo_plan
from auditor.correct.files import write_plan
from auditor.errors import ConfigError, UnsafePlanError
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.plan import decoded, digest_of
from auditor.pipeline.planning import Planned, digest_of_expectations
from auditor.resources import expectation_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from auditor.correct.applying.journal import Receipt
    from auditor.errors import AuditorError
    from auditor.model.plan import Change, Plan
    from auditor.pipeline.run import Run
    from auditor.systems.gate import Gate


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan.

    Attributes:
        path: The plan's file.
        receipts: What became of each change that was looked at, by change.
        left: Changes that were not looked at, because something stopped before them.
        stopped: What stopped it; None where nothing did.
        undo: The plan that takes back what can be; None where nothing can.
        effect: What it did about each check.
        reverted: Changes that were verified and do not hold any more.
    """

    plan: Plan
    path: Path
    digest: str
    receipts: Mapping[str, Receipt]
    left: int
    stopped: AuditorError | None = None
    undo: Planned | None = None
    effect: Sequence[Effect] = ()
    reverted: Sequence[str] = ()

    def count(self, state: str) -> int:
        """Return how many changes are in a state."""
        return sum(receipt.state == state for receipt in self.receipts.values())

    @property
    def outcomes(self) -> dict[str, int]:
        """Return how many changes came to each outcome."""
        return {state: self.count(state) for state in OUTCOMES}

    @property
    def undecided(self) -> int:
        """Return how many changes may have been sent, of which nothing more is known."""
        return sum(self.count(state) for state in UNDECIDED)

    @property
    def exit_code(self) -> int:
        """Return the exit code of `auditor apply`."""
        if self.stopped is not None:
            return self.stopped.exit_code
        is_whole = not (self.count("failed") or self.count("superseded") or self.reverted)
        return 0 if is_whole and not self.left else UnsafePlanError.exit_code


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What applying a plan now would do.

    Attributes:
        due: Changes that would be sent.
        reasons: Why others would not be, with their numbers.
    """

    plan: Plan
    path: Path
    digest: str
    due: int
    reasons: Mapping[str, int] = field(default_factory=dict)


def apply(run: Run, path: Path, approved: str, *, only_auto: bool = False) -> Applied:
    """Apply a plan whose digest was approved, or go on with one that was begun.

    Args:
        run: The brand and its surroundings.
        path: The plan's file.
        approved: The digest that approves it.
        only_auto: Apply only what may be made while nobody watches: see `rails.unattended`.

    Raises:
        ConfigError: there is no such file.
        UnsafePlanError: a rail does not let it through; nothing was sent.
    """
    with _opened(run, path) as go:
        go.require_safe(approved)
        with go.leased() as lease:
            go.journal = Journal(go.ledger, go.brand, run.clock, lease.require)
            go.journal.begin(go.plan, go.digest, path.resolve().as_posix())
            chosen = go.chosen(only_auto=only_auto)
            stopped = None
            if chosen:
                with go.job(chosen, go.gate(lease)) as job:
                    stopped = engine.apply(job)
            return go.applied(chosen, stopped)


def rehearse(run: Run, path: Path) -> Rehearsed:
    """Ask every rail and look at every target, and send nothing.

    Raises:
        ConfigError: there is no such file.
        UnsafePlanError: a rail would not let it through.
        ReadError: a system does not tell.
    """
    with _opened(run, path) as go:
        go.require_safe(None)
        known = go.journal.receipts(go.digest)
        chosen = [one for one in go.plan.changes if one.id not in known]
        with go.job(chosen, _shut) as job:
            seen = engine.rehearse(job)
    reasons = Counter(
        sight.note or engine.SO_ALREADY for sight in seen.values() if sight.place != "before"
    )
    return Rehearsed(go.plan, path, go.digest, len(seen) - reasons.total(), reasons)


def verify(run: Run, path: Path) -> Applied:
    """Decide by reading what was sent and not seen yet, and say what an audit since found.

    Raises:
        ConfigError: there is no such file, or the plan was never applied.
        ReadError: a system does not tell.
    """
    with _opened(run, path) as go:
        go.require_begun()
        with go.leased() as lease:
            go.journal = Journal(go.ledger, go.brand, run.clock, lease.require)
            with go.job(go.plan.changes, _shut) as job:
                engine.settle(job)
                reverted = engine.reverted(job)
            known = go.journal.receipts(go.digest)
            return go.applied([one for one in go.plan.changes if one.id in known], None, reverted)


def undo(run: Run, path: Path, out: Path | None = None) -> Planned:
    """Write the plan that takes back what a plan has changed.

    Args:
        run: The brand and its surroundings.
        path: The plan that was applied.
        out: Where the new plan goes; under `var/plans` unless given.

    Raises:
        ConfigError: there is no such file, or the plan was never applied.
        UnsafePlanError: nothing of it can be taken back.
    """
    with _opened(run, path) as go:
        go.require_begun()
        back = go.way_back(run.clock())
    if not back.changes:
        reasons = "; ".join(sorted({one.reason for one in back.withheld})) or "nothing was changed"
        raise UnsafePlanError(f"Nothing of this plan can be undone: {reasons}.")
    return Planned(back, *write_plan(back, out))


def _halt(run: Run, ledger: Ledger) -> Halt:
    return Halt(ledger, run.settings.brand, run.settings.corrections.stop_file)


@contextmanager
def _opened(run: Run, path: Path) -> Iterator[_Go]:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(
            f"{path}: the plan cannot be read ({exc.strerror}); `auditor plan` tells where it is."
        ) from exc
    plan = decoded(content)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        journal = Journal(ledger, run.settings.brand, run.clock)
        yield _Go(run, ledger, plan, path, digest_of(content), journal)


@dataclass
class _Go:
    """One plan on its way: what every step of it needs."""

    run: Run
    ledger: Ledger
    plan: Plan
    path: Path
    digest: str
    journal: Journal

    @property
    def brand(self) -> str:
        """Return whose ledger it is."""
        return self.run.settings.brand

    def require_safe(self, approved: str | None) -> None:
        """Return when every rail lets the plan through."""
        rails.require_safe(
            rails.Attempt(
                self.plan,
                self.digest,
                approved,
                self.run.settings,
                self.run.clock(),
                query.streams_read_since(self.ledger, self.brand, self.plan.as_of),
                _halt(self.run, self.ledger).reason(),
                self.expectations(),
                lost(self.ledger, self.plan, self.digest),
            )
        )

    def expectations(self) -> str:
        """Return the digest of the suites that are in force."""
        return digest_of_expectations(expectation_files(self.run.folder))

    def require_begun(self) -> None:
        """Return when the plan was applied before."""
        if not self.journal.knows(self.digest):
            raise ConfigError("This plan was never applied; `auditor apply` does that.")

    @contextmanager
    def leased(self) -> Iterator[Lease]:
        """Be the only writer of the brand until the block ends."""
        lease = Lease(self.ledger, self.brand, self.run.clock, this_process())
        lease.take()
        try:
            yield lease
        finally:
            lease.give_back()

    def gate(self, lease: Lease) -> Gate:
        """Return what is asked before every request that writes."""
        run, switch = self.run, _halt(self.run, self.ledger)

        def gate() -> None:
            rails.require_now(rails.Moment(run.settings, run.clock(), switch.reason(), lease.renew))

        return gate

    def chosen(self, *, only_auto: bool) -> Sequence[Change]:
        """Return the changes that are applied."""
        if not only_auto:
            return self.plan.changes
        made, _ = rails.unattended(self.plan, self.run.settings)
        return made

    @contextmanager
    def job(self, chosen: Sequence[Change], gate: Gate) -> Iterator[engine.Job]:
        """Open both systems for these changes until the block ends."""
        run = self.run
        with opened_desk(run.settings, self.plan, self.digest, self.journal, gate) as desk:
            yield engine.Job(
                self.plan,
                self.digest,
                chosen,
                self.journal,
                desk.writer_of,
                gate,
                run.clock,
                run.progress,
            )

    def way_back(self, now: datetime) -> Plan:
        """Return the plan that takes back what was made so far, as it is written at a moment."""
        receipts = self.journal.receipts(self.digest)
        expiry = self.run.settings.corrections.expiry
        # What was corrected can be taken back under whatever expectations are in force by then.
        plan = replace(self.plan, expectations=self.expectations())
        return undo_plan(plan, receipts, now=now, expiry=expiry)

    def applied(
        self, chosen: Sequence[Change], stopped: AuditorError | None, reverted: Sequence[str] = ()
    ) -> Applied:
        """Return what became of the plan, and write down what it did and how to take it back."""
        receipts = self.journal.receipts(self.digest)
        sent = [one.intended_at for one in receipts.values() if one.intended_at is not None]
        # Of the last sending, so that whoever asks again gets the same plan.
        back = self.way_back(max(sent, default=self.plan.as_of))
        audited = query.runs(self.ledger, self.brand, limit=1)
        effect = measure(
            self.ledger,
            self.plan,
            self.digest,
            receipts,
            is_audited=bool(audited) and audited[0].as_of > self.plan.as_of,
            at=self.run.clock(),
        )
        return Applied(
            self.plan,
            self.path,
            self.digest,
            receipts,
            left=sum(one.id not in receipts for one in chosen),
            stopped=stopped,
            undo=Planned(back, *write_plan(back)) if back.changes else None,
            effect=effect,
            reverted=reverted,
        )


def _shut() -> None:
    raise UnsafePlanError("Nothing is sent while a plan is looked at.")
