"""The picture near the top: findings of each suite by severity, as bars laid out in per cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.finding import SEVERITIES

if TYPE_CHECKING:
    from auditor.model.finding import Severity
    from auditor.report.build import ReportData, Suite

LEAST_PCT = 0.8
"""Width of a bar that would be too narrow to see."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a bar that one severity takes."""

    severity: Severity
    count: int
    left_pct: float
    width_pct: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One suite.

    Attributes:
        unjudged: How many of its checks crashed or were skipped.
        is_off: Whether all its checks are off, so that no finding means nothing.
    """

    suite: str
    segments: tuple[Segment, ...]
    unjudged: int
    is_off: bool

    @property
    def total(self) -> int:
        """Findings of the suite."""
        return sum(segment.count for segment in self.segments)

    def count(self, severity: Severity) -> int:
        """Findings of one severity."""
        return sum(part.count for part in self.segments if part.severity == severity)


def bars(data: ReportData) -> tuple[Bar, ...]:
    """Lay out one bar per suite, all on one scale; nothing when there is nothing to draw."""
    tallies = [(suite, _tally(data, suite)) for suite in data.suites]
    longest = max((sum(tally.values()) for _, tally in tallies), default=0)
    if not longest:
        return ()
    # Room for segments that are drawn wider than they are.
    scale_pct = (100 - LEAST_PCT * len(SEVERITIES)) / longest
    return tuple(
        Bar(
            suite.name,
            _segments(tally, scale_pct),
            unjudged=suite.count("error", "skipped"),
            is_off=suite.count("off") == len(suite.results),
        )
        for suite, tally in tallies
    )


def _tally(data: ReportData, suite: Suite) -> dict[Severity, int]:
    tally: dict[Severity, int] = {}
    for incident in data.incidents:
        if incident.result.check.suite == suite.name:
            tally[incident.severity] = tally.get(incident.severity, 0) + incident.total
    return tally


def _segments(tally: dict[Severity, int], scale_pct: float) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    left_pct = 0.0
    for severity in reversed(SEVERITIES):
        count = tally.get(severity, 0)
        if count:
            width_pct = max(LEAST_PCT, count * scale_pct)
            segments.append(Segment(severity, count, round(left_pct, 2), round(width_pct, 2)))
            left_pct += width_pct
    return tuple(segments)
