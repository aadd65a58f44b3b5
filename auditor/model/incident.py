"""Incidents: the few things that are wrong behind many findings, and what they have in common."""

# No `from __future__ import annotations` here: a stored record is read back by these annotations.

from dataclasses import dataclass
from datetime import datetime

from auditor.model.finding import Money, Severity


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature that rows of a check share, against how common it is where the check looked.

    Subjects are counted, not rows: an order with two wrong lines is one.

    Attributes:
        feature: Such as `market`.
        value: Such as `Norway`.
        words: Both as a person reads them, fit to follow a number of rows: `in the market Norway`.
        hits: Drifted subjects with it.
        drifted: Drifted subjects of the check that no cause explains yet.
        looked_at_hits: Subjects that the check looked at with it, drifted ones among them.
        looked_at: Subjects that the check looked at.
    """

    check: str
    feature: str
    value: str
    words: str
    hits: int
    drifted: int
    looked_at_hits: int
    looked_at: int


@dataclass(frozen=True, slots=True)
class Cause:
    """What an incident is called before it is measured.

    Attributes:
        incident: The id of the incident, the same as long as check and cause are.
        words: What its rows have in common; None where they share nothing.
    """

    incident: str
    check: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that is wrong, with all its findings.

    Attributes:
        title: What is wrong, one sentence.
        cause: What its rows have in common, as `in the market Norway`; None where they share nothing.
        findings: How many are open or accepted.
        money: None where no row has an amount, or where they are in several currencies.
    """

    id: str
    check: str
    title: str
    cause: str | None
    owner: str
    severity: Severity
    findings: int
    people: int
    money: Money | None
    first_seen: datetime
