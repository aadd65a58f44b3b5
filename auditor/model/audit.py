"""One whole audit, and the record that a run leaves: all that its report is made from, but the rows."""

# No `from __future__ import annotations` here: a stored record is read back by these annotations.

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.model.bridge import Bridge, VerifiedShare
from auditor.model.finding import Check, CheckResult, Severity, Tally, Verdict
from auditor.model.incident import Incident
from auditor.model.snapshot import Coverage, Dropped


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading the records of new critical findings again has shown.

    Attributes:
        confirmed: Findings that stand by what both systems say now.
        late: Those that do not: one side was only late, and they are not raised.
        unconfirmed: Those raised without a second look.
        requests: Calls that it took.
        reason: Why some are unconfirmed.
    """

    confirmed: int
    late: int
    unconfirmed: int
    requests: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Canary:
    """Whether every check found the drift that was planted for it into a shadow copy.

    Attributes:
        planted: Checks for which a case was planted.
        detected: Those that found it.
        missed: Ids of the others: broken, switched off or gone.
        unasked: Ids of the checks of which it proves nothing: off, not judged, or nothing to plant.
    """

    planted: int
    detected: int
    missed: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """One whole audit: what was read, what each check said, how the findings stand.

    Attributes:
        verdict: `clean`, `drift` (findings, none critical), `critical` or `incomplete`.
        stages: Wall seconds of each stage, in order.
        incidents: What stands behind the findings, the gravest first.
        canary: None when none was sent out.
        reread: None when nothing was read again.
        standing: Findings that stand, accepted ones included, by severity.
        bridge: From Centra's revenue to Emarsys' revenue, per month and market; empty where an order
            or a sale may be missing from the snapshot.
        verified_share: How much of the order value is verified, likewise.
        suites: The suites that were judged, where not all were; empty where they were.
        unlooked: Customers who may have been merged away, and could not be looked up.
    """

    run: str
    brand: str
    as_of: datetime
    verdict: Verdict
    coverage: tuple[Coverage, ...]
    checks: tuple[CheckResult, ...]
    tally: Tally
    stages: Mapping[str, float] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    canary: Canary | None = None
    bridge: tuple[Bridge, ...] = ()
    verified_share: tuple[VerifiedShare, ...] = ()
    reread: Reread | None = None
    standing: Mapping[Severity, int] = field(default_factory=dict)
    suites: tuple[str, ...] = ()
    unlooked: int = 0

    def is_asked(self, check: Check) -> bool:
        """Tell whether the suite of a check was to be judged."""
        return not self.suites or check.suite in self.suites

    def disabled_by(self, line: Coverage) -> tuple[str, ...]:
        """Return the ids of the checks that did not judge for want of this stream, or of fields of it."""
        untold = {check for one in line.dropped for check in self.disabled_without(one)}
        return tuple(
            check.id
            for check in self._unjudged()
            if check.id in untold
            or (not line.is_usable and line.stream in (*check.needs, *check.heeds))
        )

    def disabled_without(self, dropped: Dropped) -> tuple[str, ...]:
        """Return the ids of the checks that did not judge because this field was left out."""
        return tuple(
            check.id
            for check in self._unjudged()
            if not set(check.needs_told).isdisjoint(dropped.columns)
        )

    def _unjudged(self) -> Iterator[Check]:
        return (
            row.check
            for row in self.checks
            if row.outcome in ("off", "skipped") and self.is_asked(row.check)
        )


@dataclass(frozen=True, slots=True)
class PastRun:
    """What an earlier run concluded.

    Attributes:
        findings: How many stood open after it, accepted ones included.
        new: How many it saw for the first time.
        resolved: How many it saw gone.
        severities: Those that stood open, by severity; empty of a run that did not keep them.
        suites: The suites that were judged, where not all were; empty where they were, or nobody looked.
    """

    run: str
    as_of: datetime
    verdict: Verdict
    findings: int
    new: int = 0
    resolved: int = 0
    severities: Mapping[Severity, int] = field(default_factory=dict)
    suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamLag:
    """How far Emarsys follows Centra in one stream.

    Attributes:
        stream: `orders`, `contacts` or `events`.
        newest_at: Of the newest row that Emarsys holds; None where it holds none.
        waiting: Records that it owes since then.
        samples: Records whose way was timed.
        p50_s: Seconds that half of them took at most; None where too few were timed.
        p95_s: Seconds that 19 of 20 took at most.
        allowed_s: Seconds that those 19 may take, by `freshness.lag`.
    """

    stream: str
    newest_at: datetime | None
    waiting: int
    samples: int
    p50_s: int | None
    p95_s: int | None
    allowed_s: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Letters that no server has taken yet.

    Attributes:
        letters: How many wait.
        reason: Why, as a sentence without personal data.
    """

    letters: int
    reason: str


@dataclass(frozen=True, slots=True)
class LastPreflight:
    """The newest verdict on an audience.

    Attributes:
        verdict: `go`, `no-go` or `incomplete`.
        kind: segment, list or campaign, with its number in `audience`.
        people: Contacts that should not be mailed.
    """

    made_at: datetime
    expires_at: datetime
    verdict: str
    kind: str
    audience: int
    size: int
    people: int


@dataclass(frozen=True, slots=True)
class Record:
    """What a run leaves, kept beside its findings: the same record gives the same report.

    Attributes:
        history: Earlier runs, in any order.
        lags: One per stream that was measured.
        timezone: In which times are told.
        locale: In which figures and days are written.
        undelivered: Letters of earlier runs that still waited.
        changes: How the findings of each check stand against the runs before, by its id.
        preflight: The newest verdict on an audience, None where none was asked for.
    """

    audit: Audit
    history: tuple[PastRun, ...] = ()
    lags: tuple[StreamLag, ...] = ()
    timezone: str = "UTC"
    locale: str = "en_GB"
    undelivered: Undelivered | None = None
    changes: Mapping[str, Tally] = field(default_factory=dict)
    preflight: LastPreflight | None = None

    def stands(self, result: CheckResult) -> bool:
        """Tell whether findings of a check stand open that was not judged, or that tolerates them."""
        tally = self.changes.get(result.check.id, Tally())
        return result.outcome != "fail" and tally.total > tally.accepted

    @property
    def with_rows(self) -> tuple[str, ...]:
        """Return the ids of the checks whose rows are told: those that fail, and those whose findings stand."""
        return tuple(
            one.check.id for one in self.audit.checks if one.outcome == "fail" or self.stands(one)
        )
