"""The report's values: order, limits and true totals."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from auditor.model.finding import NOT_ASKED, CheckResult, Finding, Money, Tally
from auditor.model.incident import Incident as Cause
from auditor.report.build import build_report
from auditor.report.rows import ROWS_PER_CHECK, take
from tests.report import examples
from tests.report.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.model.audit import Audit
    from auditor.report.build import ReportData

MISSING = examples.CHECKS["sales.missing_order"]


def audit_of(*results: CheckResult) -> Audit:
    return dataclasses.replace(examples.rich_audit(), checks=results)


def failing(check: str, **values: object) -> CheckResult:
    made = dataclasses.replace(MISSING, id=check)
    return dataclasses.replace(CheckResult(made, "fail", 10, 5), **values)  # type: ignore[arg-type]


def rows(check: str, count: int) -> Iterator[Finding]:
    return (examples.finding(check, str(n)) for n in range(count))


def built(audit: Audit, findings: Iterable[Finding]) -> ReportData:
    ids = [result.check.id for result in audit.checks]
    return build_report(examples.record(audit), take(stored(findings), ids))


def build(*results: CheckResult, found: int = 5) -> ReportData:
    each = (rows(result.check.id, found) for result in results)
    return built(audit_of(*results), itertools.chain.from_iterable(each))


def test_there_is_one_incident_per_failing_check():
    data = examples.report(examples.rich_audit())
    failing_ids = {r.check.id for r in examples.RESULTS if r.outcome == "fail"}
    assert {incident.id for incident in data.incidents} == failing_ids


def cause_of(**values: object) -> Cause:
    """Return an incident of the check that was not judged."""
    return dataclasses.replace(cause(None, 5), check=MISSING.id, **values)  # type: ignore[arg-type]


def standing(outcome: str, tally: Tally, *causes: Cause) -> ReportData:
    """Report a check that was not judged, with five rows of earlier runs."""
    audit = dataclasses.replace(audit_of(CheckResult(MISSING, outcome)), incidents=causes)  # type: ignore[arg-type]
    record = dataclasses.replace(examples.record(audit), changes={MISSING.id: tally})
    return build_report(record, take(stored(rows(MISSING.id, 5)), record.with_rows))


@pytest.mark.parametrize("outcome", ["off", "skipped", "error"])
def test_what_an_unjudged_check_found_before_stands(outcome: str):
    data = standing(outcome, Tally(total=5, ongoing=5))
    assert [(i.id, i.total, i.is_standing) for i in data.incidents] == [(MISSING.id, 5, True)]


def test_what_was_accepted_of_an_unjudged_check_is_no_incident():
    assert standing("off", Tally(total=5, accepted=5)).incidents == ()


def test_what_stands_is_worth_what_its_incidents_were():
    cause = cause_of(people=7, money=Money(500, "SEK"))
    (incident,) = standing("off", Tally(total=5), cause, cause).incidents
    assert (incident.result.people, incident.result.money) == (14, Money(1_000, "SEK"))


def test_what_stands_in_several_currencies_is_worth_what_its_rows_are():
    found = [
        examples.finding(MISSING.id, str(n), money=Money(500, currency))
        for n, currency in enumerate(("SEK", "SEK", "EUR"))
    ]
    causes = (cause_of(money=Money(500, "SEK")), cause_of(money=None))
    audit = dataclasses.replace(audit_of(CheckResult(MISSING, "skipped")), incidents=causes)
    changes = {MISSING.id: Tally(total=3, ongoing=3)}
    record = dataclasses.replace(examples.record(audit), changes=changes)
    (incident,) = build_report(record, take(stored(found), record.with_rows)).incidents
    assert incident.money == (Money(500, "EUR"), Money(1_000, "SEK"))


def test_what_stands_is_as_grave_as_its_gravest_incident():
    mild, grave = cause_of(severity="info"), cause_of(severity="warning")
    (incident,) = standing("off", Tally(total=5), mild, grave).incidents
    assert incident.severity == "warning"


def test_graver_incidents_come_first_whatever_they_reach():
    mild = dataclasses.replace(MISSING, id="a.mild", severity="warning")
    data = build(CheckResult(mild, "fail", 10, 5, people=9_000), failing("b.grave", people=1))
    assert [i.id for i in data.incidents] == ["b.grave", "a.mild"]


def test_incidents_of_one_severity_come_by_people_then_money():
    data = build(
        failing("a.cheap", people=3, money=Money(1, "SEK")),
        failing("b.dear", people=3, money=Money(2, "SEK")),
        failing("c.wide", people=4),
    )
    assert [i.id for i in data.incidents] == ["c.wide", "b.dear", "a.cheap"]


def test_the_order_of_incidents_does_not_depend_on_the_order_of_checks():
    results = [failing(f"s.{name}") for name in "abcd"]
    orders = {
        tuple(i.id for i in build(*shuffled).incidents)
        for shuffled in itertools.permutations(results)
    }
    assert len(orders) == 1


def test_an_incident_that_is_wholly_contained_is_one_step_less_severe():
    data = build(failing("a.contained", contained=5))
    assert (data.incidents[0].severity, data.incidents[0].is_contained) == ("warning", True)


def test_an_incident_that_is_partly_contained_keeps_its_severity():
    data = build(failing("a.contained", contained=4))
    assert (data.incidents[0].severity, data.incidents[0].is_contained) == ("critical", False)


def test_a_check_shows_no_more_rows_than_the_page_may_hold():
    data = build(failing("a.many", failed=9_000), found=9_000)
    assert len(data.incidents[0].findings) == ROWS_PER_CHECK


def test_the_total_counts_the_rows_themselves():
    assert build(failing("a.many", failed=5), found=9_000).incidents[0].total == 9_000


def test_the_rows_keep_the_order_they_came_in():
    shown = build(failing("a.few"), found=3).incidents[0].findings
    assert [row.subject_key for row in shown] == ["0", "1", "2"]


def test_an_incident_stands_since_its_oldest_row():
    ages = [examples.AS_OF - timedelta(days=days) for days in (1, 9, 4)]
    found = [examples.finding("a.x", str(n), first_seen=at) for n, at in enumerate(ages)]
    data = built(audit_of(failing("a.x")), found)
    assert data.incidents[0].stands_since == ages[1]


def test_an_incident_that_returned_stands_since_it_returned():
    back = examples.AS_OF - timedelta(days=1)
    (rows,) = stored([examples.finding("a.x", "1", severity="critical")])
    place = rows.schema.get_field_index("stands_since")
    rows = rows.set_column(
        place, rows.schema.field(place), pa.array([back], rows.schema.field(place).type)
    )
    record = examples.record(audit_of(failing("a.x")))
    (incident,) = build_report(record, take([rows], ["a.x"])).incidents
    assert (incident.stands_since, incident.critical_since) == (back, back)


def test_a_failing_check_without_rows_is_still_an_incident():
    incident = build(failing("a.none"), found=0).incidents[0]
    assert (incident.total, incident.stands_since) == (0, None)


def test_money_is_added_up_by_currency():
    data = build(
        failing("a.a", money=Money(5, "SEK")),
        failing("a.b", money=Money(7, "SEK")),
        failing("a.c", money=Money(1, "JPY")),
        failing("a.d"),
    )
    assert data.stakes == (Money(1, "JPY"), Money(12, "SEK"))


def test_suites_keep_the_order_of_the_checks():
    data = examples.report(examples.rich_audit())
    assert [suite.name for suite in data.suites] == ["consent", "sales", "channel", "freshness"]


def test_the_checks_of_a_suite_that_need_a_look_come_first():
    sales = examples.report(examples.rich_audit()).suites[1]
    assert [r.outcome for r in sales.results] == ["fail", "fail", "error", "skipped"]


@pytest.mark.parametrize(
    ("outcome", "needs"),
    [("pass", False), ("off", False), ("fail", True), ("error", True), ("skipped", True)],
)
def test_a_suite_needs_a_look_unless_all_is_well_or_off(outcome: str, needs: bool):
    result = dataclasses.replace(failing("a.x"), outcome=outcome)  # type: ignore[arg-type]
    assert build(result).suites[0].needs_a_look is needs


def test_earlier_runs_come_newest_first():
    data = examples.report(examples.rich_audit())
    assert [run.run[:10] for run in data.history] == ["2026-11-22", "2026-11-21", "2026-11-20"]


def cause(words: str | None, rows: int) -> Cause:
    return Cause(
        f"i{rows}",
        "a.check",
        "It is so.",
        words,
        "crm",
        "critical",
        rows,
        rows,
        None,
        examples.AS_OF,
    )


def test_the_causes_of_an_incident_come_by_their_rows_and_only_when_they_are_known():
    found = (cause("in Norway", 3), cause(None, 9), cause("in Sweden", 5))
    audit = dataclasses.replace(audit_of(failing("a.check")), incidents=found)
    (incident,) = built(audit, rows("a.check", 5)).incidents
    assert [each.cause for each in incident.causes] == ["in Sweden", "in Norway"]


def test_this_run_is_told_to_later_ones_as_it_is():
    audit = dataclasses.replace(examples.rich_audit(), standing={"critical": 224, "warning": 41})
    told = examples.report(audit).this_run
    assert (told.findings, told.new, told.severities["critical"]) == (269, 21, 224)


def test_findings_are_tallied_by_suite_and_severity():
    tallies = examples.report(examples.rich_audit()).tallies
    assert tallies["sales"] == {"critical": 212, "warning": 41}


def test_a_suite_without_findings_has_an_empty_tally():
    assert examples.report(examples.rich_audit()).tallies["freshness"] == {}


def accepted_of(count: int, of: int = 5, **values: object) -> Iterator[Finding]:
    """Return the rows of an incident, of which the oldest ones are accepted."""
    for number, row in enumerate(rows(MISSING.id, of)):
        state = "accepted" if number < count else "ongoing"
        seen = examples.AS_OF - timedelta(days=of - number)
        yield dataclasses.replace(row, state=state, first_seen=seen, **values)  # type: ignore[arg-type]


def test_what_stands_of_a_check_that_was_not_asked_is_as_grave_as_what_is_not_accepted():
    audit = audit_of(CheckResult(MISSING, "off", reason=NOT_ASKED))
    audit = dataclasses.replace(audit, incidents=(cause_of(severity="critical"),))
    record = dataclasses.replace(examples.record(audit), changes={MISSING.id: Tally(total=2)})
    grave, mild = accepted_of(1, 1, severity="critical"), accepted_of(0, 1, severity="warning")
    found = take(stored([*grave, *mild]), record.with_rows)
    (incident,) = build_report(record, found).incidents
    assert (incident.counts, incident.severity) == (True, "warning")


@pytest.mark.parametrize(("count", "left"), [(0, 500), (2, 300), (5, None)])
def test_what_somebody_has_accepted_is_not_at_stake(count: int, left: int | None):
    result = failing(MISSING.id, money=Money(500, "SEK"))
    data = built(audit_of(result), accepted_of(count, money=Money(100, "SEK")))
    assert data.stakes == (() if left is None else (Money(left, "SEK"),))


def test_what_is_accepted_alone_comes_after_everything_else():
    mild = dataclasses.replace(MISSING, id="z.mild", severity="info")
    audit = audit_of(failing(MISSING.id), CheckResult(mild, "fail", 10, 5))
    data = built(audit, [*accepted_of(5), *rows("z.mild", 5)])
    assert [(i.id, i.is_accepted) for i in data.incidents] == [
        ("z.mild", False),
        (MISSING.id, True),
    ]


def test_an_incident_is_critical_since_its_oldest_critical_row_that_is_not_accepted():
    (incident,) = built(audit_of(failing(MISSING.id)), accepted_of(3)).incidents
    assert incident.critical_since == examples.AS_OF - timedelta(days=2)


def test_an_incident_is_as_grave_as_what_is_not_accepted():
    grave, mild = accepted_of(1, 1, severity="critical"), accepted_of(0, 1, severity="warning")
    (incident,) = built(audit_of(failing(MISSING.id)), [*grave, *mild]).incidents
    assert incident.severity == "warning"


@pytest.mark.parametrize(
    ("outcome", "reason", "expected"),
    [
        ("off", "not configured", False),
        ("off", NOT_ASKED, True),
        ("skipped", "not read", True),
        ("error", "KeyError", True),
        ("pass", None, False),
    ],
)
def test_what_nobody_looks_at_or_minds_does_not_count(
    outcome: str, reason: str | None, expected: bool
):
    result = CheckResult(MISSING, outcome, reason=reason)  # type: ignore[arg-type]
    record = dataclasses.replace(
        examples.record(audit_of(result)), changes={MISSING.id: Tally(total=5)}
    )
    (incident,) = build_report(
        record, take(stored(rows(MISSING.id, 5)), record.with_rows)
    ).incidents
    assert incident.counts is expected


def test_what_is_worth_something_in_several_currencies_says_so_in_each():
    found = [
        dataclasses.replace(row, money=Money(100 * (number + 1), currency))
        for number, (row, currency) in enumerate(
            zip(rows(MISSING.id, 3), ("SEK", "EUR", "SEK"), strict=True)
        )
    ]
    data = built(audit_of(failing(MISSING.id, money=None)), found)
    assert data.incidents[0].money == data.stakes == (Money(200, "EUR"), Money(400, "SEK"))
