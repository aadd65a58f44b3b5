"""`docs/benchmarks.md`: what is kept, as it is kept, judged by the budgets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.benchmarks.__main__ import COMMANDS, KEPT, PAGE
from tests.benchmarks.budgets import BUDGETS, WHY, Measured
from tests.benchmarks.measure import ROOT
from tests.benchmarks.render import SECTIONS, missed, page
from tests.benchmarks.world import SIZES

OF_THE_DESIGN = {
    "audit of L (reconcile + expect + findings), against hashing every column": ("6 x", "2.5 GB"),
    "growth M -> L": ("1.1",),
    "contact compare, against polars / pandas / datacompy / reladiff": ("1 x", "15 x"),
    "re-audit with nothing changed; with 1 % changed": ("0.25", "0.4"),
    "snapshot, bytes on the wire to rows in the store, one process": ("0.5",),
    "use of the allowed API rate while reading": ("0.9",),
    "`auditor --help` against `python -c pass`": ("12 x",),
    "report with 1M findings": ("2 MB", "3 s"),
    "plan of 100k changes; apply throughput against the allowed rate": ("0.9",),
}
"""The rows of the budgets, with what each must reach."""


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(KEPT.read_text())
    return found


def results() -> dict[str, Any]:
    return {name: run["result"] for name, run in kept()["runs"].items()}


def rows_of(what: str) -> list[str]:
    """Return the rows of the page that belong to a budget: its own, and those without a name."""
    lines = PAGE.read_text().splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"| {what}"))
    more = [n for n in range(first + 1, len(lines)) if not lines[n].startswith("|  |")]
    return lines[first : more[0]]


def audited(size: str, **result: Any) -> dict[str, Any]:
    one = {"customers": SIZES[size].customers, "first_to_scan": 2.0, "peak_kib": 1_000_000}
    return {**one, "audit_to_scan": {"min": 4.0, "median": 5.0, "max": 7.0}, **result}


def outcomes(key: str, **of: Any) -> list[str | None]:
    budget = next(one for one in BUDGETS if one.key == key)
    return [value.outcome for value in budget.values(of)]


def test_the_page_shows_what_is_kept():
    assert PAGE.read_text() == page(kept())


@pytest.mark.parametrize("what", OF_THE_DESIGN)
def test_each_budget_has_its_row_with_what_it_must_reach(what: str):
    rows = "\n".join(rows_of(what))
    assert [must for must in OF_THE_DESIGN[what] if must not in rows] == []


def test_there_is_no_other_budget():
    assert len(BUDGETS) == len(OF_THE_DESIGN)


def test_what_is_missed_says_why():
    assert [budget.key for budget in missed(results()) if budget.key not in WHY] == []


def test_only_budgets_are_excused():
    assert set(WHY) <= {budget.key for budget in BUDGETS}


def test_what_is_kept_is_what_can_be_measured_again():
    assert set(kept()["runs"]) <= set(COMMANDS)


def test_each_result_says_where_it_was_had():
    named = {"processor", "cores", "memory_gb", "python", "duckdb"}
    assert all(run["commit"] and set(run["machine"]) == named for run in kept()["runs"].values())


def test_a_section_is_of_what_can_be_measured():
    assert set(SECTIONS) <= set(COMMANDS)


def test_each_benchmark_is_a_module():
    modules = {command[0] for command in COMMANDS.values()}
    assert all((ROOT / "tests" / "benchmarks" / f"{name}.py").exists() for name in modules)


def test_the_first_audit_counts_where_it_is_the_slower_one():
    slow = audited("L", first_to_scan=8.0)
    assert outcomes("audit", audit_L=slow) == ["missed", "aim met"]


def test_a_smaller_world_meets_no_budget_of_the_large_one():
    assert outcomes("audit", audit_L=audited("M")) == ["not measured", "not measured"]


def test_growth_is_the_exponent_of_the_rows():
    large = audited("L", rows=1_000, audit_s={"median": 20.0})
    medium = audited("M", rows=100, audit_s={"median": 1.0})
    assert outcomes("growth", audit_L=large, audit_M=medium) == ["missed"]


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.99, "aim met"), (0.95, "met"), (0.5, "missed"), (None, "not measured")],
)
def test_more_may_be_better(value: float | None, outcome: str):
    assert Measured("share", value, "", 0.9, 0.98, more_is_better=True).outcome == outcome


def test_what_has_no_budget_has_no_outcome():
    assert Measured("seconds", 3.0, "3", None).outcome is None
