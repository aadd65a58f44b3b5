"""Which checks a gap disables: those that need a stream or a field which cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.doctor.result import Result
    from auditor.model.finding import Check


def disabled_by(result: Result, checks: Iterable[Check]) -> tuple[str, ...]:
    """Return the ids of the checks that one result disables; only a gap disables any."""
    untold = set(result.columns)
    lost, unjudged = set(result.streams), {*result.suites, *result.checks}
    if result.state not in ("fail", "off"):
        lost = unjudged = set()
    return tuple(
        check.id
        for check in checks
        if lost & _needed(check, result)
        or unjudged & {check.suite, check.id}
        or untold.intersection(check.needs_told)
    )


def _needed(check: Check, result: Result) -> set[str]:
    """Return the streams a check cannot do without; what is not configured is not heeded."""
    return {*check.needs, *(check.heeds if result.state == "fail" else ())}
