"""Some suites judged by themselves: the rest of a run is kept, and what stands is never taken for agreement."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.model.audit import Canary
from auditor.model.finding import NOT_ASKED, CheckResult
from auditor.pipeline.partial import whole
from tests.report import examples
from tests.test_audit_faults import lasting, told

if TYPE_CHECKING:
    from auditor.model.audit import Audit

CHECKS = list(examples.CHECKS.values())
LOST = examples.CHECKS["consent.opt_in_lost"]


@dataclass
class Kept:
    """What stands beside a page.

    Attributes:
        audit: The audit as JSON.
        rows: The names of the files of rows.
        page: The page itself.
    """

    audit: dict[str, Any]
    rows: set[str]
    page: str
    index: str


def kept(page: str) -> Kept:
    folder = Path(page).parent
    names = {place.name for place in (folder / "rows").iterdir()}
    audit = json.loads((folder / "audit.json").read_text())
    return Kept(audit, names, Path(page).read_text(), (folder.parent / "index.html").read_text())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kept]:
    """Audit a brand, judge one suite of the run again, then read anew and judge one suite, then all."""
    with lasting(tmp_path_factory.mktemp("partial")) as shop:
        return {
            "whole": kept(told(shop).audit["report"]),
            "again": kept(told(shop, "--no-snapshot", "--suite", "quality").audit["report"]),
            "partial": kept(told(shop, "--suite", "quality").audit["report"]),
            "after": kept(told(shop).audit["report"]),
        }


def outcomes(run: Kept) -> dict[str, str]:
    return {check["id"]: check["outcome"] for check in run.audit["checks"]}


def test_judging_one_suite_again_leaves_the_other_results(runs: dict[str, Kept]):
    assert outcomes(runs["again"]) == outcomes(runs["whole"])


def test_judging_one_suite_again_leaves_the_rows(runs: dict[str, Kept]):
    assert runs["again"].rows == runs["whole"].rows


def test_a_run_of_which_all_was_judged_names_no_suites(runs: dict[str, Kept]):
    assert "suites" not in runs["again"].audit


def test_a_run_of_one_suite_names_it(runs: dict[str, Kept]):
    assert runs["partial"].audit["suites"] == ["quality"]


def test_what_was_not_asked_for_is_off(runs: dict[str, Kept]):
    assert {name for name, said in outcomes(runs["partial"]).items() if said != "off"} == {
        name for name in outcomes(runs["whole"]) if name.startswith("quality.")
    }


def test_the_rows_of_what_stands_are_beside_the_page(runs: dict[str, Kept]):
    assert runs["partial"].rows == runs["whole"].rows


def test_the_page_says_what_alone_was_judged(runs: dict[str, Kept]):
    assert "Only the suite quality was judged" in runs["partial"].page


def test_the_page_shows_what_stands(runs: dict[str, Kept]):
    assert "not judged this time" in runs["partial"].page


def test_the_list_of_runs_says_what_alone_was_judged(runs: dict[str, Kept]):
    assert "Only the suite quality was judged" in runs["partial"].index
    assert runs["partial"].index.count(", only quality</td>") == 1


def test_the_next_report_says_what_alone_was_judged_before(runs: dict[str, Kept]):
    assert runs["after"].page.count(", only quality</td>") == 1


def test_the_list_of_runs_names_no_suites_where_all_were_judged(runs: dict[str, Kept]):
    assert "only quality" not in runs["again"].index


# --- what a run comes to -------------------------------------------------------------------------------


def before(*suites: str) -> Audit:
    return replace(examples.critical_audit(), suites=suites)


def test_all_suites_are_the_run_themselves():
    assert whole(examples.RESULTS, CHECKS, (), before(), {}).checks == examples.RESULTS


def test_what_was_judged_now_takes_the_place_of_what_was_judged_before():
    now = CheckResult(LOST, "fail", 9, 9)
    assert now in whole((now,), CHECKS, ["consent"], before(), {}).checks


def test_what_was_never_judged_is_off():
    made = whole((), CHECKS, ["consent"], None, {})
    assert {one.reason for one in made.checks} == {NOT_ASKED}


def test_what_would_be_off_in_any_case_says_why():
    made = whole((), [LOST], ["sales"], None, {LOST.id: "not configured"})
    assert [one.reason for one in made.checks] == ["not configured"]


def test_suites_that_were_judged_at_another_time_are_named_too():
    assert whole((), CHECKS, ["consent"], before("sales"), {}).suites == ("consent", "sales")


def test_a_canary_that_flew_before_still_counts():
    flown = replace(before(), canary=Canary(3, 2, ("sales.missing_order",)))
    assert whole((), CHECKS, ["consent"], flown, {}).canary == flown.canary
