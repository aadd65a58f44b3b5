"""The pictures: where the findings are, the revenue bridge, the course of the runs, and the lag of streams.

Each is an Altair chart, so that a notebook shows the same object; `svg` makes it a static picture for a
page. Colours come from a palette: that of a page names its style's variables, and so follows its reader
into the dark; that of a notebook holds plain ones.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
from markupsafe import Markup, escape

from auditor.hostile import clipped, visible
from auditor.model.bridge import CENTRA, EMARSYS
from auditor.model.currency import MINOR_DIGITS
from auditor.model.finding import SEVERITIES
from auditor.report.bridge import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.model.audit import PastRun, StreamLag
    from auditor.model.finding import Severity
    from auditor.report.figures import Figures

WIDTH, BAR = 760, 26
LABEL_LIMIT = 24
"""Characters of a name in a picture; tables have room for more."""

RUNS_SHOWN = 60
"""Runs of a course; older ones are too narrow to see."""

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a picture."""

    critical: str
    warning: str
    info: str
    whole: str
    less: str
    more: str
    ink: str
    line: str

    def of(self, severity: Severity) -> str:
        """Return the colour of a severity."""
        return str(getattr(self, severity))


PAGE = Palette(
    critical="var(--bar-critical)",
    warning="var(--bar-warning)",
    info="var(--bar-info)",
    whole="var(--bar-whole)",
    less="var(--bar-less)",
    more="var(--bar-more)",
    ink="var(--ink)",
    line="var(--line)",
)
PAPER = Palette(
    critical="#b3173a",
    warning="#b97708",
    info="#4a86b8",
    whole="#3d4a5c",
    less="#b3173a",
    more="#14633a",
    ink="#191d24",
    line="#d9dde3",
)


def findings_chart(
    suites: Mapping[str, Mapping[Severity, int]], palette: Palette = PAPER
) -> alt.Chart:
    """Draw the findings of each suite by severity, the suites in their order."""
    values = [
        {"suite": suite, "severity": severity, "findings": tally.get(severity, 0), "rank": rank}
        for suite, tally in suites.items()
        for rank, severity in enumerate(reversed(SEVERITIES))
    ]
    bars = (
        alt.Chart(_of(values))
        .mark_bar(height={"band": 0.62})
        .encode(
            alt.X("findings:Q", title="open findings", axis=_whole_numbers()),
            alt.Y("suite:N", sort=list(suites), title=None),
            _by_severity(palette),
            alt.Order("rank:Q"),
        )
    )
    drawn: alt.Chart = _styled(
        bars.properties(width=WIDTH, height=BAR * max(len(suites), 1)), palette
    )
    return drawn


def bridge_chart(
    amounts: Mapping[str, int], currency: str, palette: Palette = PAPER
) -> alt.LayerChart:
    """Draw the revenue bridge of a month as a waterfall, steps of nothing left out.

    Args:
        amounts: Minor units by step, in their order.
        currency: Of the amounts.
        palette: Its colours.
    """
    digits = MINOR_DIGITS.get(currency)
    scale = 10 ** (digits or 0)
    unit = currency if digits is not None else f"minor units of {currency}"
    values, at = [], 0
    for step, minor in amounts.items():
        if step in (CENTRA, EMARSYS):
            start, end, kind = 0, minor, "whole"
        elif minor:
            start, end, kind = at, at + minor, "more" if minor > 0 else "less"
        else:
            continue
        at = end
        values.append(
            {"step": LABELS[step], "start": start / scale, "end": end / scale, "kind": kind}
        )
    colours = {"whole": palette.whole, "less": palette.less, "more": palette.more}
    bars = (
        alt.Chart(_of(values))
        .mark_bar(height={"band": 0.7}, minBandSize=1)
        .encode(
            alt.X("start:Q", title=visible(unit), axis=alt.Axis(format="~s", tickCount=6)),
            alt.X2("end:Q"),
            alt.Y("step:N", sort=None, title=None),
            alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=None,
            ),
        )
    )
    links = [
        {"from": one["step"], "to": after["step"], "at": one["end"]}
        for one, after in itertools.pairwise(values)
    ]
    ties = (
        alt.Chart(_of(links))
        .mark_rule(color=palette.ink, strokeDash=[2, 2], opacity=0.55)
        .encode(alt.X("at:Q"), alt.Y("from:N", sort=None), alt.Y2("to:N"))
    )
    drawn: alt.LayerChart = _styled(
        alt.layer(ties, bars).properties(width=WIDTH, height=BAR * len(values)), palette
    )
    return drawn


def course_chart(runs: Sequence[PastRun], figures: Figures, palette: Palette = PAPER) -> alt.Chart:
    """Draw the findings that stood open after each run, oldest run first, by severity where known.

    Under a run stands its day, or its time where the run before it was on the same day.
    """
    shown, values = runs[-RUNS_SHOWN:], []
    days = [figures.day(run.as_of) for run in shown]
    for place, run in enumerate(shown):
        told = run.severities or {"info": run.findings}
        for rank, severity in enumerate(reversed(SEVERITIES)):
            findings = told.get(severity, 0)
            named = {"run": place, "day": days[place], "severity": severity, "rank": rank}
            values.append(named | {"findings": findings})
    marks = (
        figures.clock(run.as_of) if day == before else day
        for run, day, before in zip(shown, days, ["", *days], strict=False)
    )
    labels = " : ".join(f"datum.value == {place} ? {mark!r}" for place, mark in enumerate(marks))
    axis = alt.Axis(
        labelExpr=f"{labels} : ''" if labels else "''",
        labelAngle=0,
        labelOverlap="greedy",
        ticks=False,
    )
    bars = (
        alt.Chart(_of(values))
        .mark_bar(width={"band": 0.72})
        .encode(
            alt.X("run:O", title=None, axis=axis),
            alt.Y("findings:Q", title="open findings", axis=_whole_numbers()),
            _by_severity(palette),
            alt.Order("rank:Q"),
        )
    )
    drawn: alt.Chart = _styled(bars.properties(width=WIDTH, height=180), palette)
    return drawn


def lag_chart(lags: Sequence[StreamLag], palette: Palette = PAPER) -> alt.LayerChart:
    """Draw how late the slowest twentieth of each stream is, in hours, against what is allowed."""
    values = [
        {"stream": lag.stream, "late": lag.p95_s / HOUR_S, "half": (lag.p50_s or 0) / HOUR_S}
        for lag in lags
        if lag.p95_s is not None
    ]
    limits = [{"stream": lag.stream, "allowed": lag.allowed_s / HOUR_S} for lag in lags]
    y = alt.Y("stream:N", sort=[lag.stream for lag in lags], title=None)
    late = (
        alt.Chart(_of(values))
        .mark_bar(color=palette.info, height={"band": 0.5})
        .encode(alt.X("late:Q", title="hours"), y)
    )
    half = (
        alt.Chart(_of(values))
        .mark_tick(color=palette.ink, thickness=2, bandSize=BAR / 2)
        .encode(alt.X("half:Q"), y)
    )
    allowed = (
        alt.Chart(_of(limits))
        .mark_tick(color=palette.critical, thickness=3, bandSize=BAR)
        .encode(alt.X("allowed:Q"), y)
    )
    chart = alt.layer(late, half, allowed).properties(width=WIDTH, height=BAR * max(len(lags), 1))
    drawn: alt.LayerChart = _styled(chart, palette)
    return drawn


def svg(chart: alt.TopLevelMixin, *, name: str, title: str, text: str, figures: Figures) -> Markup:
    """Return a chart as a static picture, the same for the same values, that needs nothing from outside.

    Args:
        chart: What to draw.
        name: Names it within a page; letters and dashes.
        title: What it shows.
        text: What a reader who does not see it is told.
        figures: In whose locale its axes are written.
    """
    import vl_convert

    spec = chart.to_dict(validate=False)  # each part was validated as it was made
    number = {
        "decimal": figures.point,
        "thousands": figures.group,
        "grouping": [3],
        "currency": ["", ""],
    }
    drawn = vl_convert.vegalite_to_svg(spec, format_locale=number, allowed_base_urls=[])
    found = _OPENING.match(drawn)
    if found is None:
        raise ValueError("the chart was not drawn as expected")
    plain = _TAG.sub(lambda tag: _FOR_READERS.sub("", tag[0]), drawn[found.end() :])
    body = _ID.sub(rf"\1{name}-\2", plain)
    opening = (
        f'<svg class="drawn" role="img" aria-labelledby="{name}-title {name}-text" '
        f'width="{found["width"]}" height="{found["height"]}" viewBox="0 0 {found["width"]} {found["height"]}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(text)}</desc>'
    )
    return Markup(opening + body)  # noqa: S704 - drawn by the library, which escapes every text


def short(text: str) -> str:
    """Return a name that fits into a picture, made harmless."""
    return clipped(visible(text), LABEL_LIMIT)


_OPENING = re.compile(r'<svg [^>]*width="(?P<width>[0-9.]+)" height="(?P<height>[0-9.]+)"[^>]*>')
_TAG = re.compile(r"<[a-zA-Z][^>]*>")
# The picture as a whole has a name; its parts would only be read out one by one.
_FOR_READERS = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_ID = re.compile(r'(\bid="|url\(#|xlink:href="#|href="#)([A-Za-z])')


def _of(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _by_severity(palette: Palette) -> alt.Color:
    names = list(reversed(SEVERITIES))
    scale = alt.Scale(domain=names, range=[palette.of(name) for name in names])
    return alt.Color(
        "severity:N",
        scale=scale,
        title=None,
        legend=alt.Legend(orient="top", symbolType="square", columnPadding=18),
    )


def _whole_numbers() -> alt.Axis:
    return alt.Axis(tickMinStep=1, format=",d", tickCount=6)


def _styled(chart: Any, palette: Palette) -> Any:  # noqa: ANN401 - a chart of any kind, and the same kind
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
    text = {"labelFont": font, "titleFont": font, "labelFontSize": 13, "titleFontSize": 13}
    plain = {"labelColor": palette.ink, "titleColor": palette.ink, "titleFontWeight": "normal"}
    lines = {"gridColor": palette.line, "domainColor": palette.line, "tickColor": palette.line}
    # Fonts differ from machine to machine: the padding holds what a wider one needs.
    padding = {"left": 24, "right": 12, "top": 4, "bottom": 4}
    return (
        chart.configure(background="transparent", aria=False, padding=padding)
        .configure_view(stroke=None)
        .configure_axis(**text, **plain, **lines, labelLimit=220)
        .configure_legend(**text, **plain)
    )
