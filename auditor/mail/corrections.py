"""What was corrected while nobody watched, told to the owners of the findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.correct.applying.journal import OUTCOMES
from auditor.hostile import visible
from auditor.mail.letter import Letter
from auditor.mail.post import readers_of
from auditor.mail.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from auditor.config.settings import Mail
    from auditor.correct.applying.journal import Receipt
    from auditor.model.plan import Change, Plan


@dataclass(frozen=True, slots=True)
class Line:
    """What was done about one check, in changes.

    Attributes:
        left: Changes that were not tried, because something stopped before them.
        notes: Why changes were not made, with their numbers; hostile text is shown, not obeyed.
    """

    check: str
    verified: int
    pending: int
    superseded: int
    failed: int
    left: int
    notes: tuple[tuple[str, int], ...]

    @property
    def made(self) -> int:
        """Return how many were made, as far as is known."""
        return self.verified + self.pending

    @property
    def trouble(self) -> int:
        """Return how many were not."""
        return self.superseded + self.failed + self.left

    @property
    def told(self) -> str:
        """Return what became of them in words, such as `1 verified, 2 pending`."""
        counts = {name: getattr(self, name) for name in (*OUTCOMES, "left")}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


@dataclass(frozen=True, slots=True)
class Night:
    """One run that nobody watched.

    Attributes:
        changes: Those that it was to make.
        receipts: What became of them.
        stopped: What stopped it, None where nothing did.
        undo: The command that takes back what can be taken back, None where nothing can.
        waiting: What was not tried because a person has to look at it, None where all was.
    """

    plan: Plan
    digest: str
    changes: tuple[Change, ...]
    receipts: Mapping[str, Receipt]
    stopped: str | None = None
    undo: str | None = None
    waiting: str | None = None


def letters(night: Night, mail: Mail, templates: Path, at: datetime) -> list[Letter]:
    """Return one letter for each owner of whose findings something was to be corrected.

    Args:
        night: What was done.
        mail: Who reads what.
        templates: The folder of the templates.
        at: When it was done, aware.
    """
    made = Templates(templates)
    owners = sorted({change.origin.owner for change in night.changes})
    return [_letter(night, owner, readers_of(mail, owner), made, at) for owner in owners]


def _letter(
    night: Night, owner: str, to: tuple[str, ...], templates: Templates, at: datetime
) -> Letter:
    lines = _lines(night, owner)
    made, trouble = sum(line.made for line in lines), sum(line.trouble for line in lines)
    subject = f"[{night.plan.brand}] {made} corrected, {trouble} not: {owner}"
    facts = {
        "brand": night.plan.brand,
        "owner": owner,
        "at": at,
        "made": made,
        "trouble": trouble,
        "lines": lines,
        "stopped": None if night.stopped is None else visible(night.stopped),
        "undo": night.undo,
        "waiting": night.waiting,
        "subject": subject,
    }
    return Letter(
        key=f"corrections:{night.digest}:{owner}",
        to=to,
        subject=subject,
        text=templates.text("corrections", facts),
        html=templates.html("corrections", facts),
    )


def _lines(night: Night, owner: str) -> list[Line]:
    by_check: dict[str, list[Change]] = {}
    for change in night.changes:
        if change.origin.owner == owner:
            by_check.setdefault(change.origin.check, []).append(change)
    return [_line(check, changes, night.receipts) for check, changes in sorted(by_check.items())]


def _line(check: str, changes: list[Change], receipts: Mapping[str, Receipt]) -> Line:
    known = [receipts[change.id] for change in changes if change.id in receipts]
    states: Counter[str] = Counter(receipt.state for receipt in known)
    notes = Counter(visible(receipt.reason) for receipt in known if receipt.reason is not None)
    verified, pending, superseded, failed = (states[state] for state in OUTCOMES)
    left = len(changes) - verified - pending - superseded - failed
    told = tuple(sorted(notes.items()))
    return Line(check, verified, pending, superseded, failed, left, told)
