"""Checks, their outcomes and the findings they leave."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Severity = Literal["info", "warning", "critical"]
Outcome = Literal["pass", "fail", "error", "skipped", "off"]
State = Literal["new", "ongoing", "worse", "regressed", "resolved", "accepted"]
Verdict = Literal["clean", "drift", "critical", "incomplete"]

RemedyClass = Literal["auto", "confirm", "propose", "none"]
"""Who may apply a remedy: an unattended run, a person who approved it, a person by hand, nobody."""

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

NEWS: tuple[State, ...] = ("new", "worse", "regressed", "resolved")
"""The states in which a run leaves a finding that somebody has to hear of."""


NOT_ASKED = "Its suite was not asked for; what it found before stands."
"""Why a check is off in a run of some suites; it would have been judged otherwise."""

NOT_YET = "It needs an earlier complete snapshot of"
"""How the reason begins why a check is off until the next run."""


def lowered(severity: Severity) -> Severity:
    """Return the severity one step lower; `info` stays."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]


def fingerprint(brand: str, check: str, subject_key: str) -> str:
    """Return a finding's identity across runs: brand, check and subject, nothing else.

    Values, row order and the run do not enter, so that the same problem keeps its history.
    """
    text = "\x1f".join((brand, check, subject_key))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule as the suites declare it.

    Attributes:
        id: `<suite>.<what_is_wrong>`, public and never reused.
        title: What failing means, one sentence.
        severity: The floor; containment alone lowers it.
        needs: Streams without which the check is skipped (or off, when they are not configured).
        heeds: Streams that it also goes by where they are configured; then it needs them as well.
        remedy: The remedy's name and its class, None where there is none.
        max_rows: Drifted subjects tolerated.
        max_share: Share of the checked subjects tolerated, 0 to 1.
        needs_before: Streams that an earlier run must have read to their end; else it is off.
        needs_told: Columns, as `table.column`, that a tenant may not tell; where the field of one was
            left out, the check is skipped.
        rule: When it fails, in words for people; empty where the title says it all.
    """

    id: str
    suite: str
    title: str
    severity: Severity
    owner: str
    needs: tuple[str, ...]
    remedy: str | None = None
    remedy_class: RemedyClass = "none"
    max_rows: int = 0
    max_share: float = 0.0
    heeds: tuple[str, ...] = ()
    needs_before: tuple[str, ...] = ()
    needs_told: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: integer minor units of a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check said in one run.

    Attributes:
        checked: Subjects it looked at, so that 0 of 0 never looks like 0 of 20,000.
        failed: Subjects that drifted.
        people: People those subjects reach, None where it does not apply.
        money: What they are worth, None where it does not apply.
        contained: Failed subjects on the quarantine list.
        reason: Why it errored, was skipped or is off.
    """

    check: Check
    outcome: Outcome
    checked: int = 0
    failed: int = 0
    people: int | None = None
    money: Money | None = None
    contained: int = 0
    reason: str | None = None

    @property
    def holds(self) -> bool:
        """Whether what stands of it counts for the verdict.

        Not where the check passes, and tolerates it; nor where the check is off: nobody looks at it. Then
        it is shown, with when it was judged last, and counts again once the check is judged. A check that
        is off in this run alone was only not asked.
        """
        return self.outcome == "fail" or self.could_not_judge or self._is_off_for_now

    @property
    def could_not_judge(self) -> bool:
        """Whether it was to judge and could not; `off` is no fault."""
        return self.outcome in ("error", "skipped")

    @property
    def _is_off_for_now(self) -> bool:
        return self.outcome == "off" and (self.reason or "").startswith((NOT_ASKED, NOT_YET))


@dataclass(frozen=True, slots=True)
class Finding:
    """One drifted subject, as it stands in the ledger after a run.

    Attributes:
        fingerprint: Identity across runs.
        subject_kind: contact, order, line, item, shipment, audience, stream or config.
        centra: Centra's values as shown to people; hashes in place of personal data.
        emarsys: Emarsys' values likewise.
        occurred_at: When the record itself came to be, where known.
        moved_by: `centra`, `emarsys`, `both`, `never_agreed`, or `unknown` at first sight.
        moved_at: When the side that moved was first seen moved.
        agreed: The `run` that saw both sides agree last, and what `centra` and `emarsys` held; None where
            they never did.
        incident: What it is a row of.
        accepted_until: End of its waiver, None without one.
        confirmed: Whether a second reading of both sides bore it out when it was new and critical;
            None where none was due.
    """

    fingerprint: str
    check: str
    severity: Severity
    state: State
    owner: str
    subject_kind: str
    subject_key: str
    customer_id: str | None
    contact_id: str | None
    centra: Mapping[str, Any] | None
    emarsys: Mapping[str, Any] | None
    first_seen: datetime
    last_seen: datetime
    run: str
    people: int = 0
    money: Money | None = None
    cause: str | None = None
    remedy: str | None = None
    contained: bool = False
    occurred_at: datetime | None = None
    moved_by: str = "unknown"
    moved_at: datetime | None = None
    agreed: Mapping[str, Any] | None = None
    incident: str | None = None
    accepted_until: datetime | None = None
    accepted_reason: str | None = None
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How the findings of a run stand against the runs before it."""

    total: int = 0
    new: int = 0
    ongoing: int = 0
    worse: int = 0
    regressed: int = 0
    resolved: int = 0
    accepted: int = 0
