"""The journal: what was intended, sent and seen of each change, committed before anything depends on it.

An intent is committed before its request, the outcome after it. Whoever reads the journal after a crash
knows of every change whether it was never touched, may have been sent, or was decided.

Source:
    DESIGN 8, 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from auditor.findings.ledger import Ledger
    from auditor.model.plan import Change, Plan

State: TypeAlias = Literal["intent", "sent", "verified", "pending", "superseded", "failed"]
"""`intent`: committed before the request. `sent`: the request was taken. `pending`: taken, and to be seen
only later. The others are decided."""

OUTCOMES: tuple[State, ...] = ("verified", "pending", "superseded", "failed")
"""What becomes of a change, as it is told to people and in JSON."""

MADE: tuple[State, ...] = ("verified", "pending")
"""What was sent, and stands or is expected to stand."""

FIRINGS = frozenset({"trigger_event"})
"""Remedies that fire events: nobody undoes one, and one that is fired again may send a second e-mail."""

MOST_FIRINGS = 2
"""How often an event may be asked for, in whatever plans, where no answer came. Source: DESIGN 8, 4."""

WEEK, MOST_IN_A_WEEK = timedelta(days=7), 3
"""A change that was made so often within so long is fought over. Source: DESIGN 8, 8."""

UNDECIDED: tuple[State, ...] = ("intent", "sent")
"""What a crash leaves; only a reading can decide it."""

plan_table = sa.Table(
    "applied_plan",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("begun_at", DateTime, nullable=False),
)
receipt_table = sa.Table(
    "receipt",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("change_id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("finding", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent", Integer, nullable=False),  # how often an intent was committed for it
    Column("note", Text),  # why it failed or was left, in our words
    Column("intended_at", DateTime),  # when the last intent was committed
    Column("decided_at", DateTime),
    sa.Index("ix_receipt_change", "brand", "change_id"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one change so far.

    Attributes:
        sent: How often an intent was committed for it; a request went out at most so often.
    """

    change: str
    state: State
    sent: int
    note: str | None
    intended_at: datetime | None

    @property
    def reason(self) -> str | None:
        """Return why it is no success, or not yet; None where it is one or nothing is known."""
        return None if self.state == "verified" else self.note


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written down about one change."""

    change: str
    state: State
    note: str | None = None


class Journal:
    """The receipts of one brand.

    Args:
        ledger: The database that holds them, beside runs and findings.
        brand: The brand.
        clock: The time now, aware.
        fence: Called inside every transaction that writes; raises once another process took over.
    """

    def __init__(
        self,
        ledger: Ledger,
        brand: str,
        clock: Callable[[], datetime],
        fence: Callable[[sa.Connection], None] = lambda _conn: None,
    ) -> None:
        self.ledger, self.clock = ledger, clock
        self._brand, self._fence = brand, fence

    def begin(self, plan: Plan, digest: str, path: str) -> None:
        """Write down that a plan is applied; a second time changes nothing."""
        values = {
            "run": plan.run,
            "path": path,
            "changes": len(plan.changes),
            "begun_at": stored(self.clock()),
        }
        with self.ledger.begin() as conn:
            self._fence(conn)
            if conn.execute(sa.select(plan_table.c.run).where(self._plan(digest))).first() is None:
                conn.execute(plan_table.insert().values(brand=self._brand, digest=digest, **values))

    def knows(self, digest: str) -> bool:
        """Tell whether a plan was ever applied."""
        with self.ledger.begin() as conn:
            return conn.execute(sa.select(plan_table).where(self._plan(digest))).first() is not None

    def receipts(self, digest: str) -> dict[str, Receipt]:
        """Return the receipts of a plan by change."""
        row = receipt_table.c
        select = sa.select(row.change_id, row.state, row.sent, row.note, row.intended_at).where(
            row.brand == self._brand, row.digest == digest
        )
        with self.ledger.begin() as conn:
            return {
                found[0]: Receipt(found[0], found[1], found[2], found[3], _aware(found[4]))
                for found in conn.execute(select)
            }

    def intend(self, plan: Plan, digest: str, changes: Iterable[Change]) -> None:
        """Commit that these changes are sent now, before they are."""
        now, row = stored(self.clock()), receipt_table.c
        several = list(changes)
        again = sa.update(receipt_table).where(
            self._receipts(digest), row.change_id == sa.bindparam("of")
        )
        with self.ledger.begin() as conn:
            self._fence(conn)
            known = self._known(conn, digest, [change.id for change in several])
            first = [
                _values(self._brand, digest, plan.run, change)
                | {"state": "intent", "sent": 1, "intended_at": now}
                for change in several
                if change.id not in known
            ]
            repeated = [{"of": change.id} for change in several if change.id in known]
            if first:
                conn.execute(receipt_table.insert(), first)
            if repeated:
                values = {"state": "intent", "sent": row.sent + 1, "intended_at": now}
                conn.execute(again.values(**values), repeated)

    def decide(self, plan: Plan, digest: str, decisions: Mapping[str, Decision]) -> None:
        """Commit what became of changes, whether they were sent or not."""
        if not decisions:
            return
        now, row = stored(self.clock()), receipt_table.c
        known_update = (
            sa.update(receipt_table)
            .where(self._receipts(digest), row.change_id == sa.bindparam("of"))
            .values(state=sa.bindparam("to"), note=sa.bindparam("why"), decided_at=now)
        )
        by_id = {change.id: change for change in plan.changes if change.id in decisions}
        with self.ledger.begin() as conn:
            self._fence(conn)
            known = self._known(conn, digest, list(by_id))
            updates = [
                {"of": one.change, "to": one.state, "why": one.note}
                for one in decisions.values()
                if one.change in known
            ]
            inserts = [
                _values(self._brand, digest, plan.run, by_id[one.change])
                | {"state": one.state, "sent": 0, "note": one.note, "decided_at": now}
                for one in decisions.values()
                if one.change not in known
            ]
            if updates:
                conn.execute(known_update, updates)
            if inserts:
                conn.execute(receipt_table.insert(), inserts)

    def firings(self, digest: str, changes: Iterable[Change]) -> dict[str, int]:
        """Return how often plans other than this one have fired the event of each finding, by finding.

        One that was taken counts as often as may be: how long Emarsys remembers it is not known.

        Source:
            Emarsys reference 8 (`trigger_id`).
        """
        row = receipt_table.c
        findings = sorted({change.origin.finding for change in changes})
        counts: dict[str, int] = {}
        with self.ledger.begin() as conn:
            for part in in_parts(findings):
                select = sa.select(row.finding, row.state, row.sent).where(
                    row.brand == self._brand,
                    row.digest != digest,
                    row.remedy.in_(FIRINGS),
                    row.finding.in_(part),
                    row.state.in_((*MADE, *UNDECIDED)),
                )
                for finding, state, sent in conn.execute(select):
                    times = sent if state == "intent" else MOST_FIRINGS
                    counts[finding] = counts.get(finding, 0) + times
        return counts

    def made_since(self, changes: Collection[str], since: datetime) -> dict[str, int]:
        """Return how often each change was made since a moment, whatever plan it stood in.

        Events are left out: there is nothing that another writer could undo.
        """
        row = receipt_table.c
        counts: dict[str, int] = {}
        with self.ledger.begin() as conn:
            for part in in_parts(sorted(changes)):
                select = (
                    sa.select(row.change_id, sa.func.count())
                    .where(
                        row.brand == self._brand,
                        row.change_id.in_(part),
                        row.remedy.not_in(FIRINGS),
                        row.state.in_(MADE),
                        row.intended_at >= stored(since),
                    )
                    .group_by(row.change_id)
                )
                counts |= {found[0]: found[1] for found in conn.execute(select)}
        return counts

    def failed_since(self, changes: Collection[str], since: datetime) -> dict[str, datetime]:
        """Return when each change failed last since a moment, whatever plan it stood in."""
        row = receipt_table.c
        found: dict[str, datetime] = {}
        with self.ledger.begin() as conn:
            for part in in_parts(sorted(changes)):
                select = (
                    sa.select(row.change_id, sa.func.max(row.decided_at))
                    .where(
                        row.brand == self._brand,
                        row.change_id.in_(part),
                        row.state == "failed",
                        row.decided_at >= stored(since),
                    )
                    .group_by(row.change_id)
                )
                found |= {failed[0]: failed[1] for failed in conn.execute(select)}
        return found

    def undone(self, since: datetime) -> dict[str, int]:
        """Return by remedy how many changes were made three times since a moment: somebody undoes them."""
        row = receipt_table.c
        often = (
            sa.select(row.remedy, row.change_id)
            .where(
                row.brand == self._brand,
                row.remedy.not_in(FIRINGS),
                row.state.in_(MADE),
                row.intended_at >= stored(since),
            )
            .group_by(row.remedy, row.change_id)
            .having(sa.func.count() >= MOST_IN_A_WEEK)
            .subquery()
        )
        count = sa.select(often.c.remedy, sa.func.count()).group_by(often.c.remedy)
        with self.ledger.begin() as conn:
            return {found[0]: found[1] for found in conn.execute(count)}

    def made_in(self, run: str) -> frozenset[str]:
        """Return the changes of a run's findings that were made, or may have been; of any run, events."""
        row = receipt_table.c
        of_run = (row.run == run) & row.state.in_((*MADE, *UNDECIDED))
        fired = row.remedy.in_(FIRINGS) & row.state.in_(MADE)
        select = sa.select(row.change_id).where(row.brand == self._brand, of_run | fired)
        with self.ledger.begin() as conn:
            return frozenset(conn.execute(select).scalars())

    def _known(self, conn: sa.Connection, digest: str, changes: list[str]) -> set[str]:
        row = receipt_table.c
        return {
            found
            for part in in_parts(changes)
            for found in conn.execute(
                sa.select(row.change_id).where(self._receipts(digest), row.change_id.in_(part))
            ).scalars()
        }

    def _plan(self, digest: str) -> sa.ColumnElement[bool]:
        return sa.and_(plan_table.c.brand == self._brand, plan_table.c.digest == digest)

    def _receipts(self, digest: str) -> sa.ColumnElement[bool]:
        row = receipt_table.c
        return sa.and_(row.brand == self._brand, row.digest == digest)


AT_ONCE = 500


def in_parts(values: list[str]) -> Iterable[list[str]]:
    """Return values in parts that one statement may name."""
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


def _values(brand: str, digest: str, run: str, change: Change) -> dict[str, Any]:
    return {
        "brand": brand,
        "digest": digest,
        "change_id": change.id,
        "run": run,
        "check_id": change.origin.check,
        "finding": change.origin.finding,
        "remedy": change.remedy,
    }


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
