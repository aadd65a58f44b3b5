"""The charts of a report as pictures in its page, each with what it shows in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.finding import SEVERITIES
from auditor.report import charts
from auditor.report.bridge import total_of
from auditor.report.figures import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markupsafe import Markup

    from auditor.model.audit import PastRun
    from auditor.model.finding import Severity
    from auditor.report.bridge import BridgeMonth
    from auditor.report.build import ReportData
    from auditor.report.figures import Figures


def pictures(data: ReportData) -> dict[str, Markup]:
    """Draw what there is to draw, by name: `findings`, `course`, `lag` and `bridge-<month>`."""
    return dict(_drawn(data))


def course(runs: Sequence[PastRun], figures: Figures) -> Markup:
    """Draw what stood open after each run, the oldest first."""
    first, last = runs[-charts.RUNS_SHOWN :][0], runs[-1]
    began, ended = (f"on {figures.day(run.as_of)}" for run in (first, last))
    if began == ended:
        began, ended = (f"at {figures.clock(run.as_of)}" for run in (first, last))
        ended = f"{ended}, on {figures.day(last.as_of)}"
    text = (
        f"From {counted(first.findings, 'open finding', figures)} {began} "
        f"to {figures.number(last.findings)} {ended}."
    )
    return charts.svg(
        charts.course_chart(runs, figures, charts.PAGE),
        name="course",
        title="Open findings after each run",
        text=text,
        figures=figures,
    )


def _drawn(data: ReportData) -> Iterator[tuple[str, Markup]]:
    if data.incidents:
        yield "findings", _findings(data)
    if data.history:
        yield "course", course([*reversed(data.history), data.this_run], data.figures)
    if any(lag.p95_s is not None for lag in data.lags):
        yield "lag", _lag(data)
    for month in data.bridge_months:
        yield f"bridge-{month.month}", _bridge(month, data)


def _findings(data: ReportData) -> Markup:
    tallies = {charts.short(suite): tally for suite, tally in data.tallies.items()}
    text = "; ".join(f"{suite}: {_tally(tally, data)}" for suite, tally in tallies.items())
    return charts.svg(
        charts.findings_chart(tallies, charts.PAGE),
        name="findings",
        title="Findings by suite and severity",
        text=f"{text}.",
        figures=data.figures,
    )


def _lag(data: ReportData) -> Markup:
    hours = charts.HOUR_S
    told = [
        f"{lag.stream}: {lag.p95_s / hours:.1f} hours of {lag.allowed_s / hours:.1f} allowed"
        for lag in data.lags
        if lag.p95_s is not None
    ]
    return charts.svg(
        charts.lag_chart(data.lags, charts.PAGE),
        name="lag",
        title="Lag of the slowest twentieth of each stream",
        text="; ".join(told) + ".",
        figures=data.figures,
    )


def _bridge(month: BridgeMonth, data: ReportData) -> Markup:
    amounts, currency = total_of(data.audit.bridge, month.month)
    told = [f"{row.label} {data.figures.money(row.total)}" for row in month.rows]
    return charts.svg(
        charts.bridge_chart(amounts, currency, charts.PAGE),
        name=f"bridge-{month.month}",
        title=f"Revenue bridge of {month.month}, all markets",
        text="; ".join(told) + ".",
        figures=data.figures,
    )


def _tally(tally: Mapping[Severity, int], data: ReportData) -> str:
    told = [
        f"{data.figures.number(tally[severity])} {severity}"
        for severity in reversed(SEVERITIES)
        if tally.get(severity)
    ]
    return ", ".join(told) or "none"
