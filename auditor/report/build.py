"""The report as values, before any markup: what it says, in which order, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from auditor import __version__
from auditor.model.audit import PastRun
from auditor.model.finding import SEVERITIES, CheckResult, Finding, Money, Severity, lowered
from auditor.report.bridge import BridgeMonth, bridge_months
from auditor.report.figures import Figures
from auditor.report.rows import Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from auditor.model.audit import Audit, LastPreflight, Record, StreamLag, Undelivered
    from auditor.model.finding import Tally
    from auditor.model.incident import Incident as Cause

_OUTCOME_ORDER = ("fail", "error", "skipped", "pass", "off")


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that is wrong, with everything a person needs to start on it.

    Attributes:
        result: The failing check, or one of which findings stand that was not judged, or tolerates them.
        severity: One step below the check's when every subject is contained; where some rows are accepted,
            that of the gravest of the others.
        findings: The first of its rows, as many as the page may hold.
        total: How many rows there are in truth.
        stands_since: Since when the oldest of all its rows stands, None without any.
        causes: What its rows have in common, where they do; the one with the most rows first.
        accepted: How many of its rows somebody has taken on.
        critical_since: Since when the oldest of the others that are critical stands, None without any.
        judged_at: When its check last looked at its rows; None without any.
        sums: What its rows are worth, an amount for each currency.
        open_sums: What those are worth that nobody has taken on, likewise.
    """

    result: CheckResult
    severity: Severity
    findings: tuple[Finding, ...]
    total: int
    stands_since: datetime | None
    causes: tuple[Cause, ...] = ()
    accepted: int = 0
    critical_since: datetime | None = None
    judged_at: datetime | None = None
    sums: tuple[Money, ...] = ()
    open_sums: tuple[Money, ...] = ()

    @property
    def stakes(self) -> tuple[Money, ...]:
        """Return what is at stake: what nobody has taken on."""
        return self.open_sums if self.accepted else self.money

    @property
    def money(self) -> tuple[Money, ...]:
        """Return what it is worth: the sum of the check, or where there is none an amount per currency."""
        return self.sums if self.result.money is None else (self.result.money,)

    @property
    def id(self) -> str:
        """The failing check's id."""
        return self.result.check.id

    @property
    def is_contained(self) -> bool:
        """Whether every subject stands on the quarantine list."""
        return _is_contained(self.result)

    @property
    def is_accepted(self) -> bool:
        """Whether somebody has taken on every row of it."""
        return 0 < self.total <= self.accepted

    @property
    def counts(self) -> bool:
        """Whether it counts for the verdict; what does not alarms nobody."""
        return self.result.holds and not self.is_accepted

    @property
    def is_standing(self) -> bool:
        """Whether the check was not judged this time: what it found before stands."""
        return self.result.outcome != "fail"


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
        incidents: One per check that fails or stands: gravest first, then by people, money and rows; those
            that do not count for the verdict last.
        history: Earlier runs, newest first.
        lags: How far Emarsys follows Centra, stream by stream.
        undelivered: Letters of earlier runs that still waited; None without any.
        changes: How the findings of each check stand against the runs before, by its id.
        preflight: The newest verdict on an audience; None without any.
        version: Of the auditor.
    """

    audit: Audit
    figures: Figures
    suites: tuple[Suite, ...]
    incidents: tuple[Incident, ...]
    history: tuple[PastRun, ...] = ()
    lags: tuple[StreamLag, ...] = ()
    undelivered: Undelivered | None = None
    changes: Mapping[str, Tally] = field(default_factory=dict)
    preflight: LastPreflight | None = None
    version: str = __version__

    @property
    def stakes(self) -> tuple[Money, ...]:
        """What is at stake in the incidents together, one amount per currency."""
        return stakes_of(self.incidents)

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """Return the incidents that count for the verdict."""
        return tuple(one for one in self.incidents if one.counts)

    @property
    def tallies(self) -> dict[str, dict[Severity, int]]:
        """Return the findings of each suite by severity, as the incidents have them."""
        found: dict[str, dict[Severity, int]] = {suite.name: {} for suite in self.suites}
        for incident in self.incidents:
            tally = found[incident.result.check.suite]
            tally[incident.severity] = tally.get(incident.severity, 0) + incident.total
        return found

    @property
    def this_run(self) -> PastRun:
        """Return this run as later ones will know it."""
        audit = self.audit
        return PastRun(
            audit.run,
            audit.as_of,
            audit.verdict,
            audit.tally.total,
            audit.tally.new,
            audit.tally.resolved,
            audit.standing,
        )

    @property
    def bridge_months(self) -> tuple[BridgeMonth, ...]:
        """The revenue bridge of the newest months."""
        return bridge_months(self.audit.bridge)

    @property
    def tells_revenue(self) -> bool:
        """Whether there is a bridge, or a verified share of orders that were due."""
        shares = (one.share for one in self.audit.verified_share)
        return bool(self.bridge_months) or any(share is not None for share in shares)

    def count(self, *outcomes: str) -> int:
        """Count the checks with one of these outcomes."""
        return sum(suite.count(*outcomes) for suite in self.suites)


def stakes_of(incidents: Iterable[Incident]) -> tuple[Money, ...]:
    """Return what is at stake in incidents together, one amount per currency."""
    return _sums(money for incident in incidents for money in incident.stakes)


def _sums(amounts: Iterable[Money | None]) -> tuple[Money, ...]:
    sums: dict[str, int] = {}
    for money in filter(None, amounts):
        sums[money.currency] = sums.get(money.currency, 0) + money.minor
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


def build_report(record: Record, rows: Mapping[str, Taken]) -> ReportData:
    """Arrange what a run came to for reading.

    Args:
        record: What the run came to.
        rows: The rows of each check that fails or stands, the worst first.
    """
    audit, nothing, told = record.audit, Taken(), set(record.with_rows)
    incidents = [
        replace(
            _incident(audit, result, rows.get(result.check.id, nothing)),
            causes=_causes(audit, result),
        )
        for result in audit.checks
        if result.check.id in told
    ]
    return ReportData(
        audit=audit,
        figures=Figures(record.locale, ZoneInfo(record.timezone)),
        suites=_suites(audit.checks),
        incidents=tuple(sorted(incidents, key=_exposure)),
        history=tuple(sorted(record.history, key=lambda run: (run.as_of, run.run), reverse=True)),
        lags=record.lags,
        undelivered=record.undelivered,
        changes=record.changes,
        preflight=record.preflight,
    )


def _incident(audit: Audit, result: CheckResult, taken: Taken) -> Incident:
    severity = result.check.severity
    if result.outcome != "fail":
        return _standing(audit, result, taken)
    return Incident(
        result=result,
        severity=(taken.gravest if taken.accepted else None)
        or (lowered(severity) if _is_contained(result) else severity),
        findings=tuple(taken.findings),
        total=taken.total,
        stands_since=taken.stands_since,
        accepted=taken.accepted,
        critical_since=taken.critical_since,
        judged_at=taken.judged_at,
        sums=taken.money,
        open_sums=taken.open_money,
    )


def _standing(audit: Audit, result: CheckResult, taken: Taken) -> Incident:
    """Return what stands of a check that was not judged, as its incidents were measured last."""
    known = [cause for cause in audit.incidents if cause.check == result.check.id]
    # A cause whose rows are in several currencies has no sum: then the rows tell what all are worth.
    sums = _sums(cause.money for cause in known)
    is_sum = len(sums) == 1 and all(cause.money for cause in known)
    grades: list[Severity] = [cause.severity for cause in known]
    gravest = max(grades, key=SEVERITIES.index, default=result.check.severity)
    return Incident(
        result=replace(
            result,
            failed=taken.total,
            people=sum(cause.people for cause in known) or None,
            money=sums[0] if is_sum else None,
        ),
        severity=(taken.gravest if taken.accepted else None) or gravest,
        findings=tuple(taken.findings),
        total=taken.total,
        stands_since=taken.stands_since,
        accepted=taken.accepted,
        critical_since=taken.critical_since,
        judged_at=taken.judged_at,
        sums=taken.money,
        open_sums=taken.open_money,
    )


def _causes(audit: Audit, result: CheckResult) -> tuple[Cause, ...]:
    of_check = (cause for cause in audit.incidents if cause.check == result.check.id)
    named = [cause for cause in of_check if cause.cause is not None]
    return tuple(sorted(named, key=lambda cause: (-cause.findings, cause.id)))


def _is_contained(result: CheckResult) -> bool:
    return 0 < result.failed <= result.contained


def _exposure(incident: Incident) -> tuple[bool, int, int, int, int, str]:
    result = incident.result
    gravity = SEVERITIES.index(incident.severity)
    minor = max((money.minor for money in incident.money), default=0)
    reach = (-gravity, -(result.people or 0), -minor, -result.failed)
    return not incident.counts, *reach, incident.id


def _suites(results: Iterable[CheckResult]) -> tuple[Suite, ...]:
    groups: dict[str, list[CheckResult]] = {}
    for result in results:
        groups.setdefault(result.check.suite, []).append(result)
    return tuple(Suite(name, tuple(sorted(group, key=_urgency))) for name, group in groups.items())


def _urgency(result: CheckResult) -> tuple[int, int]:
    return _OUTCOME_ORDER.index(result.outcome), -SEVERITIES.index(result.check.severity)
