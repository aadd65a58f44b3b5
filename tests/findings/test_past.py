"""The findings of one run, whether others came after it or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.archive import Archive
from auditor.errors import ConfigError
from auditor.findings import query
from auditor.findings.past import findings_of_run
from auditor.findings.query import Only
from auditor.findings.standing import SCHEMA, standing
from auditor.model.snapshot import Snapshot
from tests.findings.days import CHECK, START
from tests.report import examples

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.findings.ledger import Ledger
    from tests.findings.days import Days


def kept(days: Days, *subjects: str, **values: Any) -> None:
    """Audit a day, and keep what stands after it."""
    tally = days.audit(*subjects, **values)
    run, as_of = f"run-{days.day}", (START + timedelta(days=days.day)).replace(tzinfo=UTC)
    audit = replace(examples.clean_audit(), run=run, as_of=as_of, tally=tally)
    query.record_run(days.ledger, "nordlys", Snapshot(run, as_of, ()))
    Archive("nordlys").keep(examples.record(audit), standing(days.ledger, "nordlys"), SCHEMA)
    query.close_run(days.ledger, audit)


@pytest.fixture
def past(days: Days, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Audit three days: two findings, of which one goes on the second and is back on the third."""
    monkeypatch.chdir(tmp_path)
    kept(days, "900", "901", people=1)
    kept(days, "901", people=2)
    kept(days, "900", "901", people=3)
    return days.ledger


def told(ledger: Ledger, run: str, **only: Any) -> dict[str, tuple[str, int]]:
    limit = only.pop("limit", None)
    found = findings_of_run(ledger, "nordlys", run, Only(**only), limit=limit)
    return {one.subject_key: (one.state, one.people) for one in found}


def test_the_newest_run_is_told_as_it_stands(past: Ledger):
    assert told(past, "run-3") == {"900": ("regressed", 3), "901": ("worse", 3)}


def test_the_newest_run_is_told_while_the_next_one_is_not_judged_yet(past: Ledger, days: Days):
    as_of = (START + timedelta(days=4)).replace(tzinfo=UTC)
    query.record_run(past, "nordlys", Snapshot("run-4", as_of, ()))
    days.audit("901", people=3)
    assert told(past, "run-3") == {"900": ("regressed", 3), "901": ("worse", 3)}


def test_an_earlier_run_is_told_as_it_stood_then(past: Ledger):
    assert told(past, "run-1") == {"900": ("new", 1), "901": ("new", 1)}


def test_what_an_earlier_run_saw_resolved_is_told_too(past: Ledger):
    assert told(past, "run-2") == {"900": ("resolved", 1), "901": ("worse", 2)}


def test_what_was_resolved_then_was_seen_last_no_later_than_then(past: Ledger):
    (gone,) = findings_of_run(past, "nordlys", "run-2", Only(state="resolved"))
    assert gone.last_seen <= (START + timedelta(days=2)).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("only", "keys"),
    [
        ({"state": "worse"}, {"901"}),
        ({"limit": 1}, {"900"}),
        ({"check": CHECK.id}, {"900", "901"}),
        ({"check": "sales.missing_order"}, set()),
        ({"owner": CHECK.owner}, {"900", "901"}),
        ({"owner": "finance"}, set()),
        ({"severity": CHECK.severity}, {"900", "901"}),
        ({"severity": "info"}, set()),
    ],
)
def test_an_earlier_run_is_narrowed_like_the_newest(
    past: Ledger, only: dict[str, Any], keys: set[str]
):
    assert set(told(past, "run-2", **only)) == keys


def test_a_run_that_is_not_there_is_told(past: Ledger):
    with pytest.raises(ConfigError, match="--run run-9: there is no such run"):
        told(past, "run-9")


def test_a_run_that_was_only_read_is_told(past: Ledger):
    query.record_run(past, "nordlys", Snapshot("read", START.replace(tzinfo=UTC), ()))
    with pytest.raises(ConfigError, match="never judged"):
        told(past, "read")


def test_before_the_first_audit_there_is_no_run(days: Days):
    with pytest.raises(ConfigError, match="nothing was audited yet"):
        told(days.ledger, "run-1")
