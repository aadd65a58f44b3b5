"""Applies a plan, batch by batch: look, commit the intent, send, commit the outcome, look again.

After a crash the journal says which changes may have been sent; they are decided by looking. Nothing is
sent twice but the trigger of an event, once, under its own id.

Source:
    DESIGN 8, 3 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from auditor.correct.applying.batches import batches, by_kind
from auditor.correct.applying.journal import (
    MOST_FIRINGS,
    MOST_IN_A_WEEK,
    UNDECIDED,
    WEEK,
    Decision,
)
from auditor.errors import ApplyError, AuditorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from auditor.correct.applying.journal import Journal, Receipt
    from auditor.correct.applying.writers.writer import Sending, Sight, Writer
    from auditor.model.plan import Change, Plan

MOST_FAILED = 0.02

SO_ALREADY = "it is so already"
NOT_SEEN = "it was taken, but reading it back shows otherwise"
FIGHTING = "made three times in seven days, and undone each time: two writers are fighting"


class Watcher(Protocol):
    """Whoever wants to watch changes being made."""

    def changes(self, done: int, of: int) -> None:
        """Hear how many changes are decided."""


@dataclass(frozen=True, slots=True)
class Job:
    """One plan to apply, and with what.

    Attributes:
        digest: Of the plan's file.
        chosen: The changes that are applied: all of the plan, or those of class auto.
        writer_of: Returns what reads and writes requests of a kind.
        gate: Raises a StoppedError when nothing may be sent any more.
        clock: The time now, aware.
    """

    plan: Plan
    digest: str
    chosen: Sequence[Change]
    journal: Journal
    writer_of: Callable[[type], Writer]
    gate: Callable[[], None]
    clock: Callable[[], datetime]
    watcher: Watcher


@dataclass(slots=True)
class _Budget:
    """How many changes of one kind were sent in this go, and how many of them failed."""

    sent: int = 0
    failed: int = 0

    def require(self) -> None:
        """Raise once more failed than may."""
        if self.failed > MOST_FAILED * self.sent:
            raise ApplyError(
                f"{self.failed} of {self.sent} changes failed, more than {MOST_FAILED:.0%}; "
                "see why with `auditor verify`, and make a new plan."
            )


def apply(job: Job) -> AuditorError | None:
    """Apply what is not decided yet; return what stopped it before its end, None where nothing did.

    What was sent and seen stands in the journal, whatever happens.

    Raises:
        ForbiddenWriteError: a writer came up with what is never sent; nothing of it was.
    """
    work = _Work(job)
    try:
        for kind, changes in by_kind(_troubled_last(job)):
            work.kind(job.writer_of(kind), changes)
    except AuditorError as exc:
        return exc
    return None


def _troubled_last(job: Job) -> list[Change]:
    """Return the changes, at the end those that failed within a week: the one that failed last comes last.

    One that always fails would stop, in every plan anew, what stands behind it.
    """
    failed = job.journal.failed_since([one.id for one in job.chosen], job.clock() - WEEK)
    return sorted(job.chosen, key=lambda one: failed.get(one.id, datetime.min))  # noqa: DTZ901


def rehearse(job: Job) -> dict[str, Sight]:
    """Return where the target of each change stands, and send nothing.

    Raises:
        ReadError: a system does not tell.
    """
    seen: dict[str, Sight] = {}
    for writer, some in _readings(job, job.chosen):
        seen |= {change.id: sight for change, sight in zip(some, writer.look(some), strict=True)}
        job.watcher.changes(len(seen), len(job.chosen))
    return seen


def _readings(job: Job, changes: Sequence[Change]) -> Iterator[tuple[Writer, list[Change]]]:
    """Yield as many changes as can be read at once, with what reads them."""
    for kind, some in by_kind(changes):
        writer = job.writer_of(kind)
        for start in range(0, len(some), writer.at_once):
            yield writer, some[start : start + writer.at_once]


def settle(job: Job) -> None:
    """Decide by reading what was sent and not seen yet, and send nothing.

    What reading cannot decide stays as it is.

    Raises:
        ReadError: a system does not tell; what was decided until then stands.
    """
    receipts = job.journal.receipts(job.digest)
    due = [one for one in job.chosen if one.id in receipts and _may_change(receipts[one.id])]
    for writer, some in _readings(job, due):
        decided = {
            change.id: _settled(change, sight, receipts[change.id])
            for change, sight in zip(some, writer.shown(some, receipts), strict=True)
            if sight is not None and not _never_left(receipts[change.id], sight)
        }
        job.journal.decide(job.plan, job.digest, decided)


def reverted(job: Job) -> list[str]:
    """Return the changes that were verified and do not hold any more, as far as can be read at once.

    Raises:
        ReadError: a system does not tell.
    """
    receipts = job.journal.receipts(job.digest)
    held = [
        one for one in job.chosen if one.id in receipts and receipts[one.id].state == "verified"
    ]
    gone: list[str] = []
    for writer, some in _readings(job, held):
        if not writer.shows_later:
            sights = writer.look(some)
            gone += [c.id for c, sight in zip(some, sights, strict=True) if sight.place != "after"]
    return gone


def _may_change(receipt: Receipt) -> bool:
    """Tell whether reading can say more: what was sent may show later than it was read back."""
    return receipt.state in ("pending", *UNDECIDED) or (
        receipt.state == "failed" and receipt.sent > 0
    )


def _never_left(receipt: Receipt, sight: Sight) -> bool:
    """Tell whether a change was intended and not sent, so that applying the plan again may send it."""
    return receipt.state == "intent" and sight.place == "before"


def _settled(change: Change, sight: Sight, receipt: Receipt) -> Decision:
    if sight.place == "after":
        return Decision(change.id, "verified")
    # That no answer came tells less than what is known by now; why it failed at once tells more.
    notes = (sight.note, receipt.note) if receipt.state == "pending" else (receipt.note, sight.note)
    return Decision(change.id, "failed", next((note for note in notes if note), NOT_SEEN))


@dataclass(slots=True)
class _Work:
    """One go at a plan."""

    job: Job
    receipts: dict[str, Receipt] = field(init=False)
    done: int = field(init=False)

    def __post_init__(self) -> None:
        self.receipts = self.job.journal.receipts(self.job.digest)
        self.done = len(self.job.chosen) - len(self._undecided(self.job.chosen))

    def kind(self, writer: Writer, changes: Sequence[Change]) -> None:
        """Apply the changes of one kind, and stop when too many of them fail."""
        budget = _Budget()
        todo = self._without_fights(self._undecided(changes))
        for batch in batches(todo, writer.at_once):
            self.job.gate()
            self._batch(writer, batch, budget)
            self.done += len(batch)
            self.job.watcher.changes(self.done, len(self.job.chosen))
            budget.require()

    def _undecided(self, changes: Iterable[Change]) -> list[Change]:
        known = self.receipts
        return [one for one in changes if one.id not in known or known[one.id].state in UNDECIDED]

    def _without_fights(self, changes: Sequence[Change]) -> list[Change]:
        """Leave what was made three times within a week: somebody undoes it every time."""
        made = self.job.journal.made_since(
            [one.id for one in changes if one.id not in self.receipts], self.job.clock() - WEEK
        )
        fights = {key for key, times in made.items() if times >= MOST_IN_A_WEEK}
        self._decide({key: Decision(key, "superseded", FIGHTING) for key in fights})
        self.done += len(fights)
        return [one for one in changes if one.id not in fights]

    def _batch(self, writer: Writer, batch: Sequence[Change], budget: _Budget) -> None:
        sights = writer.look(batch)
        decided: dict[str, Decision] = {}
        due: list[Change] = []
        for change, sight in zip(batch, sights, strict=True):
            decision = _by_sight(change, sight, self.receipts.get(change.id), writer)
            if decision is None:
                due.append(change)
            else:
                decided[change.id] = decision
        self._decide(decided)
        if due:
            self._send(writer, due, budget)

    def _send(self, writer: Writer, due: Sequence[Change], budget: _Budget) -> None:
        fates = self._sent(writer, due)
        if writer.shows_later:
            decided = {change.id: _for_later(change, fates[change.id]) for change in due}
        else:
            self._decide({change.id: _taken(change, fates[change.id]) for change in due})
            decided = self._read_back(writer, due, fates)
        self._decide(decided)
        budget.sent += len(due)
        budget.failed += sum(one.state == "failed" for one in decided.values())
        refusal = next((fate for fate in fates.values() if fate.is_refusal), None)
        if refusal is not None:
            raise ApplyError(f"{str(refusal.note).rstrip('.')}; nothing more was sent.")

    def _sent(self, writer: Writer, due: Sequence[Change]) -> dict[str, Sending]:
        """Send; where it is not known whether an event was taken, once more under the same id."""
        fates = self._once(writer, due)
        again = self._unanswered(writer, due, fates)
        if again:
            fates |= self._once(writer, again)
        return fates

    def _unanswered(
        self, writer: Writer, sent: Sequence[Change], fates: Mapping[str, Sending]
    ) -> list[Change]:
        """Return what may be sent once more: nobody knows its fate, and no plan has sent it before."""
        if not (writer.shows_later and writer.may_repeat):
            return []
        unknown = [one for one in sent if fates[one.id].fate == "unknown"]
        elsewhere = self.job.journal.firings(self.job.digest, unknown)
        return [
            one
            for one in unknown
            if self._times_sent(one) == 0 and one.origin.finding not in elsewhere
        ]

    def _times_sent(self, change: Change) -> int:
        """Return how often a change was sent before this go."""
        receipt = self.receipts.get(change.id)
        return 0 if receipt is None else receipt.sent

    def _once(self, writer: Writer, changes: Sequence[Change]) -> dict[str, Sending]:
        self.job.journal.intend(self.job.plan, self.job.digest, changes)
        fates = writer.send(changes)
        return {change.id: fate for change, fate in zip(changes, fates, strict=True)}

    def _read_back(
        self, writer: Writer, sent: Sequence[Change], fates: Mapping[str, Sending]
    ) -> dict[str, Decision]:
        """Decide by reading what was taken, and what may have been."""
        failed = {
            change.id: Decision(change.id, "failed", fates[change.id].note)
            for change in sent
            if fates[change.id].fate == "failed"
        }
        others = [change for change in sent if change.id not in failed]
        if not others:
            return failed
        return failed | {
            change.id: Decision(change.id, "verified")
            if sight.place == "after"
            else Decision(change.id, "failed", fates[change.id].note or NOT_SEEN)
            for change, sight in zip(others, writer.look(others), strict=True)
        }

    def _decide(self, decisions: Mapping[str, Decision]) -> None:
        self.job.journal.decide(self.job.plan, self.job.digest, decisions)


def _by_sight(
    change: Change, sight: Sight, receipt: Receipt | None, writer: Writer
) -> Decision | None:
    """Return what is decided without sending; None where the change is due."""
    if receipt is None:
        is_due = sight.place == "before"
        return None if is_due else Decision(change.id, "superseded", sight.note or SO_ALREADY)
    if sight.place == "after":
        return Decision(change.id, "verified")
    if writer.shows_later:
        return _may_show_later(change, sight, receipt, writer)
    return _must_show(change, sight, receipt)


def _must_show(change: Change, sight: Sight, receipt: Receipt) -> Decision | None:
    if sight.place != "before":
        return Decision(change.id, "superseded", sight.note)
    # What was taken and does not show is not sent again; what was not acknowledged never arrived.
    return None if receipt.state == "intent" else Decision(change.id, "failed", NOT_SEEN)


def _may_show_later(
    change: Change, sight: Sight, receipt: Receipt, writer: Writer
) -> Decision | None:
    is_spent = writer.may_repeat and receipt.sent >= MOST_FIRINGS
    is_due = sight.place == "before" and not is_spent
    return None if is_due else Decision(change.id, "pending", sight.note)


def _taken(change: Change, fate: Sending) -> Decision:
    return Decision(change.id, "failed" if fate.fate == "failed" else "sent", fate.note)


def _for_later(change: Change, fate: Sending) -> Decision:
    return Decision(change.id, "failed" if fate.fate == "failed" else "pending", fate.note)
