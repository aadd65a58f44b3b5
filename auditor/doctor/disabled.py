"""Which checks a gap disables: those that need a stream which cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.doctor.result import Result
    from auditor.model.finding import Check


def disabled_by(result: Result, checks: Iterable[Check]) -> tuple[str, ...]:
    """Return the ids of the checks that one result disables; only a gap disables any."""
    if result.state not in ("fail", "off"):
        return ()
    lost, suites = set(result.streams), set(result.suites)
    return tuple(c.id for c in checks if lost & _needed(c, result) or c.suite in suites)


def _needed(check: Check, result: Result) -> set[str]:
    """Return the streams a check cannot do without; what is not configured is not heeded."""
    return {*check.needs, *(check.heeds if result.state == "fail" else ())}
