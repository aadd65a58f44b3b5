"""What stands of checks that are off, gone or tolerant: shown, not counted, and back once they judge."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from auditor.expect.earlier import sentence
from auditor.model.finding import NOT_ASKED, Check, CheckResult
from auditor.resources import expectation_files
from tests.test_audit_faults import Told, lasting, told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tests.brand import Brand

GONE = "sales.missing_order"


def rewritten(shop: Brand, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Give the brand suites of its own: the shipped ones, each entry as a function leaves it."""
    folder = shop.folder / "expectations"
    folder.mkdir(exist_ok=True)
    for file in expectation_files():
        suite = yaml.safe_load(file.read_text(encoding="utf-8"))
        entries = (change(entry) for entry in suite["expectations"])
        suite["expectations"] = [entry for entry in entries if entry is not None]
        (folder / file.name).write_text(yaml.safe_dump(suite))


def without(ids: Collection[str]) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    return lambda entry: None if entry.get("check") in ids or "check" not in entry else entry


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Audit a brand; judge it again without what fails, with patience, and as it was."""
    with lasting(tmp_path_factory.mktemp("off")) as shop:
        found = {"before": told(shop)}
        fails = {c["id"] for c in found["before"].audit["checks"] if c["outcome"] == "fail"}
        rewritten(shop, without(fails))
        found["gone"] = told(shop, "--no-snapshot")
        found["some"] = told(shop, "--no-snapshot", "--suite", "freshness")

        def patient(entry: dict[str, Any]) -> dict[str, Any] | None:
            return {**entry, "max_rows": 10_000} if "check" in entry else None

        rewritten(shop, patient)
        found["tolerant"] = told(shop, "--no-snapshot")
        shutil.rmtree(shop.folder / "expectations")
        found["back"] = told(shop, "--no-snapshot")
        return found


def outcome(run: Told, check: str = GONE) -> tuple[str, str]:
    (one,) = (c for c in run.audit["checks"] if c["id"] == check)
    return one["outcome"], one["reason"]


def test_the_findings_of_checks_that_no_suite_has_do_not_hold_the_verdict(runs: dict[str, Told]):
    assert (runs["gone"].audit["verdict"], runs["gone"].code) == ("clean", 0)


def test_nor_do_they_in_a_run_of_some_suites(runs: dict[str, Told]):
    assert runs["some"].audit["verdict"] == "clean"


def test_a_check_that_no_suite_has_is_listed_with_why(runs: dict[str, Told]):
    assert outcome(runs["gone"]) == (
        "off",
        "No suite has this check any more; what it found before stands.",
    )


def test_its_findings_stand(runs: dict[str, Told]):
    assert runs["gone"].findings == runs["before"].findings


def test_what_a_check_tolerates_does_not_hold_the_verdict(runs: dict[str, Told]):
    assert runs["tolerant"].audit["verdict"] == "clean"


def test_what_tolerates_passes(runs: dict[str, Told]):
    assert outcome(runs["tolerant"])[0] == "pass"


def test_once_the_checks_judge_again_their_findings_count(runs: dict[str, Told]):
    assert runs["back"].audit["verdict"] == runs["before"].audit["verdict"] == "critical"


@pytest.mark.parametrize(
    ("reason", "holds"),
    [
        (sentence(["subscriptions"]), True),
        (NOT_ASKED, True),
        ("The stream merges is not configured.", False),
    ],
    ids=["a store that was begun anew", "a run of some suites", "a source that is gone"],
)
def test_what_stands_holds_the_verdict_where_the_next_run_judges_it(reason: str, holds: bool):
    check = Check(GONE, "sales", "", "critical", "ecommerce", needs=())
    assert CheckResult(check, "off", reason=reason).holds == holds


def test_and_nothing_of_it_is_new_or_resolved(runs: dict[str, Told]):
    tally = runs["back"].audit["findings"]
    assert (tally["regressed"], tally["resolved"]) == (0, 0)
