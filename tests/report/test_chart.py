"""The picture: one scale, nothing invisible, nothing outside."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.finding import SEVERITIES, Severity
from auditor.report.build import Incident
from auditor.report.chart import LEAST_PCT, Bar, bars
from tests.report import examples


def charted(counts: dict[tuple[str, Severity], int]) -> dict[str, Bar]:
    data = examples.report(examples.critical_audit())
    incidents = tuple(
        Incident(
            dataclasses.replace(
                examples.RESULTS[0],
                check=dataclasses.replace(examples.RESULTS[0].check, suite=suite),
            ),
            severity,
            (),
            count,
            None,
        )
        for (suite, severity), count in counts.items()
    )
    return {bar.suite: bar for bar in bars(dataclasses.replace(data, incidents=incidents))}


def test_there_is_nothing_to_draw_when_nothing_fails():
    assert bars(examples.report(examples.clean_audit())) == ()


def test_every_suite_has_a_bar():
    drawn = bars(examples.report(examples.rich_audit()))
    assert [(bar.suite, bar.total) for bar in drawn] == [
        ("consent", 16), ("sales", 253), ("channel", 0), ("freshness", 0)
    ]  # fmt: skip


def test_a_suite_whose_checks_could_not_judge_says_so():
    sales = bars(examples.report(examples.rich_audit()))[1]
    assert sales.unjudged == 2


def test_a_suite_that_is_off_says_so():
    assert bars(examples.report(examples.rich_audit()))[3].is_off


def test_bars_share_one_scale():
    drawn = charted({("consent", "critical"): 50, ("sales", "critical"): 100})
    half, whole = (drawn[suite].segments[0].width_pct for suite in ("consent", "sales"))
    assert abs(whole - 2 * half) < 0.02


def test_the_gravest_part_comes_first():
    drawn = charted({("sales", "info"): 1, ("sales", "critical"): 1, ("sales", "warning"): 1})
    assert [part.severity for part in drawn["sales"].segments] == ["critical", "warning", "info"]


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["consent", "sales"]), st.sampled_from(SEVERITIES)),
        st.integers(1, 10**7),
        min_size=1,
    )
)
def test_every_part_can_be_seen_and_none_leaves_the_picture(
    counts: dict[tuple[str, Severity], int],
):
    parts = [part for bar in charted(counts).values() for part in bar.segments]
    assert all(part.width_pct >= LEAST_PCT for part in parts)
    assert all(part.left_pct + part.width_pct <= 100.01 for part in parts)
