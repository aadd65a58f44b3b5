"""The report as values, before any markup: what it says, in which order, and what it leaves out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor import __version__
from auditor.model.finding import SEVERITIES, CheckResult, Finding, Money, Severity, lowered
from auditor.report.bridge import BridgeMonth, bridge_months
from auditor.report.figures import Figures, Locale

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from auditor.model.finding import Audit, Verdict
    from auditor.model.incident import Incident as Cause

ROWS_PER_CHECK = 500
"""Rows of one check in the page; all of them stand in the CSV beside it."""

FindingsOf = Callable[[str], Iterable[Finding]]
"""Gives the findings of one check, worst first, each time from the start."""

_OUTCOME_ORDER = ("fail", "error", "skipped", "pass", "off")


@dataclass(frozen=True, slots=True)
class PastRun:
    """What an earlier run concluded.

    Attributes:
        findings: How many stood open after it.
    """

    run: str
    as_of: datetime
    verdict: Verdict
    findings: int


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that is wrong, with everything a person needs to start on it.

    Attributes:
        result: The failing check.
        severity: One step below the check's when every subject is contained.
        findings: The first of its rows, as many as the page may hold.
        total: How many rows there are in truth.
        first_seen: When the oldest of `findings` was first seen, None without any.
        causes: What its rows have in common, where they do; the one with the most rows first.
    """

    result: CheckResult
    severity: Severity
    findings: tuple[Finding, ...]
    total: int
    first_seen: datetime | None
    causes: tuple[Cause, ...] = ()

    @property
    def id(self) -> str:
        """The failing check's id."""
        return self.result.check.id

    @property
    def is_contained(self) -> bool:
        """Whether every subject stands on the quarantine list."""
        return _is_contained(self.result)


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one suite, those that need a look first."""

    name: str
    results: tuple[CheckResult, ...]

    def count(self, *outcomes: str) -> int:
        """Count the checks with one of these outcomes."""
        return sum(result.outcome in outcomes for result in self.results)

    @property
    def needs_a_look(self) -> bool:
        """Whether anything but passes and switched-off checks is in it."""
        return self.count("fail", "error", "skipped") > 0


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page says.

    Attributes:
        suites: In the order of the audit's checks.
        incidents: One per failing check: gravest first, then by people, money and rows.
        history: Earlier runs, newest first.
        version: Of the auditor.
    """

    audit: Audit
    figures: Figures
    suites: tuple[Suite, ...]
    incidents: tuple[Incident, ...]
    history: tuple[PastRun, ...] = ()
    version: str = __version__

    @property
    def stakes(self) -> tuple[Money, ...]:
        """What the incidents are worth together, one amount per currency."""
        sums: dict[str, int] = {}
        for incident in self.incidents:
            if money := incident.result.money:
                sums[money.currency] = sums.get(money.currency, 0) + money.minor
        return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))

    @property
    def bridge_months(self) -> tuple[BridgeMonth, ...]:
        """The revenue bridge of the newest months."""
        return bridge_months(self.audit.bridge)

    def count(self, *outcomes: str) -> int:
        """Count the checks with one of these outcomes."""
        return sum(suite.count(*outcomes) for suite in self.suites)


def build_report(
    audit: Audit,
    findings: FindingsOf,
    *,
    zone: ZoneInfo,
    locale: Locale = "en",
    history: Iterable[PastRun] = (),
) -> ReportData:
    """Arrange an audit for reading; of each check's findings only the first are taken.

    Args:
        audit: What was found.
        findings: The rows of each failing check, worst first.
        zone: The brand's time zone.
        locale: How figures and dates are written.
        history: Earlier runs, in any order.
    """
    failing = [result for result in audit.checks if result.outcome == "fail"]
    incidents = [
        replace(_incident(result, findings(result.check.id)), causes=_causes(audit, result))
        for result in failing
    ]
    past = sorted(history, key=lambda run: (run.as_of, run.run), reverse=True)
    return ReportData(
        audit=audit,
        figures=Figures(locale, zone),
        suites=_suites(audit.checks),
        incidents=tuple(sorted(incidents, key=_exposure)),
        history=tuple(past),
    )


def _incident(result: CheckResult, findings: Iterable[Finding]) -> Incident:
    taken = tuple(itertools.islice(findings, ROWS_PER_CHECK + 1))
    # The rows themselves are the truth while all of them were seen; beyond that the check counted.
    total = len(taken) if len(taken) <= ROWS_PER_CHECK else max(result.failed, len(taken))
    severity = result.check.severity
    return Incident(
        result=result,
        severity=lowered(severity) if _is_contained(result) else severity,
        findings=taken[:ROWS_PER_CHECK],
        total=total,
        first_seen=min((row.first_seen for row in taken), default=None),
    )


def _causes(audit: Audit, result: CheckResult) -> tuple[Cause, ...]:
    of_check = (cause for cause in audit.incidents if cause.check == result.check.id)
    named = [cause for cause in of_check if cause.cause is not None]
    return tuple(sorted(named, key=lambda cause: (-cause.findings, cause.id)))


def _is_contained(result: CheckResult) -> bool:
    return 0 < result.failed <= result.contained


def _exposure(incident: Incident) -> tuple[int, int, int, int, str]:
    result = incident.result
    gravity = SEVERITIES.index(incident.severity)
    minor = result.money.minor if result.money else 0
    return -gravity, -(result.people or 0), -minor, -result.failed, incident.id


def _suites(results: Iterable[CheckResult]) -> tuple[Suite, ...]:
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        groups.setdefault(result.check.suite, []).append(result)
    return tuple(Suite(name, tuple(sorted(group, key=_urgency))) for name, group in groups.items())


def _urgency(result: CheckResult) -> tuple[int, int]:
    return _OUTCOME_ORDER.index(result.outcome), -SEVERITIES.index(result.check.severity)
