"""From outcomes to a verdict, and from a verdict to an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.finding import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from auditor.model.audit import Canary
    from auditor.model.finding import CheckResult, Severity, Verdict
    from auditor.model.snapshot import Coverage

CLEAN, FINDINGS, INCOMPLETE = 0, 1, 3


def verdict_of(
    coverage: Iterable[Coverage],
    checks: Iterable[CheckResult],
    severities: Collection[Severity],
    canary: Canary | None = None,
) -> Verdict:
    """Return the verdict; whatever was not looked at makes it incomplete, never clean.

    Args:
        coverage: Every stream that was tried; `off` is no fault.
        checks: Every check that was to run.
        severities: The severities of the findings that are open, not accepted, and of a check that holds.
        canary: A check that missed planted drift looked at nothing, whatever it says.
    """
    unread = any(line.is_broken for line in coverage)
    unjudged = any(result.could_not_judge for result in checks)
    if unread or unjudged or (canary is not None and canary.missed):
        return "incomplete"
    if "critical" in severities:
        return "critical"
    return "drift" if severities else "clean"


def exit_code_of(verdict: Verdict, severities: Collection[Severity], fail_on: Severity) -> int:
    """Return the exit code: findings below `fail_on` are no failure."""
    if verdict == "incomplete":
        return INCOMPLETE
    bar = SEVERITIES.index(fail_on)
    return FINDINGS if any(SEVERITIES.index(s) >= bar for s in severities) else CLEAN
