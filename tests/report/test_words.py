"""The sentences: verdict, meaning, next step, remedy, commands."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.model.audit import Audit, Canary
from auditor.model.finding import NOT_ASKED, CheckResult, Tally
from auditor.report.build import Incident, build_report
from auditor.report.rows import Taken
from auditor.report.words import (
    HEADLINES,
    Step,
    commands,
    coverage_state,
    headline,
    incident_step,
    marks,
    meaning,
    next_step,
    remedy,
)
from tests.report import examples

if TYPE_CHECKING:
    from auditor.model.finding import Verdict
    from auditor.report.build import ReportData


def of_class(remedy_class: str, name: str | None = "opt_out", contained: int = 0) -> Incident:
    check = dataclasses.replace(
        examples.CHECKS["consent.opt_in_lost"],
        remedy=name,
        remedy_class=remedy_class,  # type: ignore[arg-type]
    )
    result = CheckResult(check, "fail", 10, 5, contained=contained)
    return Incident(result, "warning", (), 5, None)


def told(audit: Audit) -> str:
    return meaning(examples.report(audit))


def partial(verdict: Verdict) -> Audit:
    """Return an audit of one suite, in which another was not judged."""
    results = (
        CheckResult(examples.CHECKS["freshness.feed_age"], "pass", 1),
        CheckResult(examples.CHECKS["sales.amount_mismatch"], "off", reason=NOT_ASKED),
    )
    audit = dataclasses.replace(examples.clean_audit(), verdict=verdict, checks=results)
    return dataclasses.replace(audit, tally=Tally(), suites=("freshness",))


def told_of(audit: Audit, sales: Tally) -> str:
    record = dataclasses.replace(examples.record(audit), changes={"sales.amount_mismatch": sales})
    return meaning(build_report(record, {}))


def test_a_clean_audit_says_that_both_agree():
    assert HEADLINES["clean"] == "Both systems agree."


def test_every_verdict_has_its_own_headline():
    assert len(set(HEADLINES.values())) == 4


def test_a_clean_audit_counts_what_ran_and_what_did_not_apply():
    assert told(examples.clean_audit()) == (
        "3 checks ran over data that was read to its end; none fails. "
        "1 check did not apply, for the reasons below."
    )


def test_a_clean_audit_admits_what_was_accepted():
    audit = dataclasses.replace(examples.clean_audit(), tally=Tally(accepted=2))
    assert told(audit).endswith("2 findings stand accepted.")


def test_a_critical_audit_counts_checks_findings_and_people():
    assert told(examples.critical_audit()) == (
        "4 checks fail, 2 of them critical, with 269 findings in all. "
        "The widest reaches 198 people."
    )


def test_drift_says_that_nothing_is_critical():
    mild = [r for r in examples.RESULTS if r.check.id == "sales.amount_mismatch"]
    audit = dataclasses.replace(examples.critical_audit(), verdict="drift", checks=tuple(mild))
    assert told(audit).startswith("1 check fails, none of them critical")


def test_what_was_not_judged_is_counted_apart():
    assert told_of(partial("critical"), sales=Tally(total=212, ongoing=212)) == (
        "1 check has open findings, none of them critical, with 0 findings in all. "
        "1 of them was not judged this time. "
        "Only the suite freshness was judged; what the others found before stands."
    )


def test_what_alone_was_judged_does_not_say_that_both_systems_agree():
    assert headline(partial("clean"), "clean") == "What was judged agrees."


def test_the_next_step_of_a_clean_part_is_the_rest():
    assert next_step(examples.report(partial("clean"))).command == "auditor audit"


def test_the_next_step_where_no_check_fails_and_something_stands_is_to_look():
    assert next_step(examples.report(partial("critical"))).command == "auditor findings"


def test_a_part_is_reproduced_as_a_part():
    command = commands(examples.report(partial("clean")))[1][0]
    assert command == "auditor audit --no-snapshot --suite freshness"


def test_an_incomplete_audit_says_that_silence_proves_nothing():
    assert told(examples.rich_audit()).startswith(
        "1 stream was not read to the end. 2 checks could not judge, "
        "and their silence proves nothing. Of those that ran, 4 checks fail"
    )


def test_the_next_step_of_a_clean_audit_is_none():
    assert next_step(examples.report(examples.clean_audit())).command is None


def test_the_next_step_of_drift_is_the_first_incident():
    step = next_step(examples.report(examples.critical_audit()))
    assert step == Step(
        "Consumer orders have no sale in Emarsys. "
        "Give the rows to ecommerce, who corrects them and mends the source.",
        "auditor findings --check sales.missing_order",
        "incident-sales.missing_order",
    )


def test_the_next_step_of_an_incomplete_audit_is_the_stream_that_was_not_read():
    step = next_step(examples.report(examples.rich_audit()))
    assert step.text == (
        "Restore the stream emarsys si_contacts, then audit again. "
        "The export ended after 3 of 5 files."
    )


def test_the_next_step_without_a_broken_stream_is_the_check_that_could_not_judge():
    audit = dataclasses.replace(examples.rich_audit(), coverage=examples.COVERAGE[:3])
    assert next_step(examples.report(audit)).text.startswith("Find out why sales.unknown_order")


def test_an_incomplete_audit_without_any_reason_still_has_a_next_step():
    audit = dataclasses.replace(examples.clean_audit(), verdict="incomplete")
    assert next_step(examples.report(audit)).command == "auditor audit"


@pytest.mark.parametrize(
    "remedy_class",
    [
        "auto",
        "confirm",
        "propose",
        "none",
    ],
)
def test_every_class_of_remedy_has_a_command(remedy_class: str):
    command = "auditor findings --check consent.opt_in_lost"
    assert incident_step(of_class(remedy_class)).command == command


def test_a_contained_incident_is_released_and_not_planned_again():
    assert incident_step(of_class("auto", contained=5)).command is None


@pytest.mark.parametrize(
    ("remedy_class", "said"),
    [
        ("auto", "Opt out: safe to do at once, it only narrows or fills in."),
        ("confirm", "Opt out: to be done once a person has approved it."),
        (
            "propose",
            "Opt out: a person carries it out; no tool may send it.",
        ),
    ],
)
def test_the_class_of_a_remedy_is_told_in_plain_words(remedy_class: str, said: str):
    assert remedy(of_class(remedy_class)) == said


def test_no_remedy_is_told_as_such():
    assert remedy(of_class("none", None)).startswith("None: ")


def test_commands_quote_what_they_name():
    audit = dataclasses.replace(examples.clean_audit(), run="a; rm -rf /")
    typed = [command for command, _ in commands(examples.report(audit))]
    assert "auditor findings --run 'a; rm -rf /' --format json" in typed


@pytest.mark.parametrize(("line", "state"), [(0, "complete"), (5, "incomplete"), (6, "off")])
def test_a_stream_is_complete_incomplete_or_off(line: int, state: str):
    assert coverage_state(examples.COVERAGE[line]) == state


def silent_audit() -> Audit:
    canary = Canary(77, 76, ("sales.missing_order",))
    return dataclasses.replace(examples.clean_audit(), verdict="incomplete", canary=canary)


def test_a_check_that_misses_planted_drift_is_named():
    assert told(silent_audit()) == "1 check misses drift that was planted: sales.missing_order."


def test_a_check_that_misses_planted_drift_is_looked_at_first():
    step = next_step(examples.report(silent_audit()))
    assert (step.command, step.text.split(",")[0]) == (
        "auditor audit --canary",
        "Find out why sales.missing_order misses planted drift",
    )


def test_a_clean_audit_does_not_say_that_nothing_fails_where_what_fails_is_accepted():
    assert "none fails" not in meaning(all_accepted())


def test_what_is_accepted_is_no_next_step():
    assert next_step(all_accepted()).text == "Nothing needs doing before the next audit."


def all_accepted() -> ReportData:
    result = next(r for r in examples.RESULTS if r.check.id == "sales.missing_order")
    audit = dataclasses.replace(examples.clean_audit(), checks=(result,))
    taken = Taken(total=2, accepted=2)
    return build_report(examples.record(audit), {"sales.missing_order": taken})


def off() -> ReportData:
    """Report an audit in which a check is off of which three findings stand."""
    check = examples.CHECKS["sales.missing_order"]
    passed = CheckResult(examples.CHECKS["freshness.feed_age"], "pass", 1)
    checks = (passed, CheckResult(check, "off", reason="not configured"))
    audit = dataclasses.replace(examples.clean_audit(), checks=checks)
    record = dataclasses.replace(examples.record(audit), changes={check.id: Tally(total=3)})
    judged_at = examples.AS_OF - timedelta(days=7)
    return build_report(record, {check.id: Taken(total=3, judged_at=judged_at)})


def test_what_a_check_that_is_off_has_found_is_named():
    assert "3 findings stand whose check is off: nobody looks any more." in meaning(off())


def test_what_a_check_that_is_off_has_found_says_when_it_was_judged_last():
    assert marks(off().incidents[0], off().figures) == ("not judged since 16 Nov 2026",)


def test_what_a_check_that_is_off_has_found_is_no_next_step():
    assert next_step(off()).text == "Nothing needs doing before the next audit."
