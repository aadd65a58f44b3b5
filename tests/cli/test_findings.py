"""`auditor findings`: the listing a person reads, and accepting from it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from auditor.clock import utc_now
from auditor.findings.ledger import Ledger, finding_table
from auditor.model.finding import fingerprint
from tests.config.sample import SAMPLE, values_for
from tests.stores import ledger_in, named_in

if TYPE_CHECKING:
    from tests.cli.conftest import Call, Said

SEEN = datetime(2026, 11, 23, 5)


@pytest.fixture
def findings(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `auditor findings` of a brand with two findings, one of them resolved."""
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "auditor.yaml"
    settings.write_text(named_in(SAMPLE))
    for name, value in values_for(SAMPLE).items():
        monkeypatch.setenv(name, value)
    with closing(Ledger(ledger_in(Path()))) as ledger, ledger.begin() as conn:
        for key, state in (("100017", "new"), ("100018", "resolved")):
            conn.execute(finding_table.insert().values(**_row(key, state)))

    def run(*words: object) -> Said:
        return call("--config", settings, "findings", *words)

    return run


def _row(key: str, state: str) -> dict[str, Any]:
    return {
        "fingerprint": of(key),
        "brand": "nordlys",
        "check_id": "sales.missing_order",
        "severity": "critical",
        "owner": "ecommerce",
        "state": state,
        "subject_kind": "order",
        "subject_key": key,
        "people": 1,
        "money_minor": 129900,
        "currency": "SEK",
        "contained": False,
        "first_seen": SEEN,
        "last_seen": SEEN,
        "run": "r",
    }


def of(key: str) -> str:
    return fingerprint("nordlys", "sales.missing_order", key)


def accept(findings: Any, key: str, until: str = "2999-01-31", reason: str = "known") -> Said:
    said: Said = findings("accept", of(key)[:10], "--until", until, "--reason", reason)
    return said


def test_the_listing_shows_what_a_person_needs(findings: Any):
    (_, line) = findings().out.splitlines()
    assert line.split() == [
        of("100017")[:12], "critical", "new", "sales.missing_order", "order", "100017", "ecommerce",
        "1", "1,299.00", "SEK", "23", "Nov", "2026",
    ]  # fmt: skip


def test_json_prints_one_object_a_line(findings: Any):
    (line,) = findings("--format", "json").out.splitlines()
    assert json.loads(line)["subject"] == {"kind": "order", "key": "100017"}


def test_the_beginning_of_a_fingerprint_is_enough_to_accept(findings: Any):
    said = accept(findings, "100017")
    assert (said.code, said.out) == (
        0,
        "Accepted until 2999-01-31: sales.missing_order, order 100017.\n",
    )


def test_what_is_accepted_says_until_when_and_why(findings: Any):
    accept(findings, "100017")
    line = json.loads(findings("--format", "json", "--state", "accepted").out)
    assert line["accepted"] == {"until": "2999-01-31T23:00:00Z", "reason": "known"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--check", "nope"), "--check nope: no such check"),
        (("--check", "sales.missing_ordr"), "did you mean sales.missing_order?"),
        (("--run", "nope"), "--run nope: nothing was audited yet"),
    ],
)
def test_a_name_that_is_not_there_is_told_in_one_sentence(
    findings: Any, words: tuple[str, ...], says: str
):
    said = findings(*words)
    assert (said.code, says in said.err, said.err.count("\n")) == (2, True, 1)


def test_a_check_that_found_nothing_is_no_fault(findings: Any):
    said = findings("--check", "sales.unknown_order")
    assert (said.code, said.out) == (0, "")


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (("--owner", "ecommerce"), 1),
        (("--owner", "crm"), 0),
        (("--severity", "critical"), 1),
        (("--severity", "warning"), 0),
        (("--owner", "ecommerce", "--state", "resolved"), 1),
    ],
)
def test_a_reader_lists_what_is_theirs_and_as_grave_as_they_ask(
    findings: Any, words: tuple[str, ...], listed: int
):
    said = findings(*words, "--format", "json")
    assert (said.code, len(said.out.splitlines())) == (0, listed)


def test_before_the_first_audit_an_empty_list_says_why(findings: Any):
    assert "Nothing was audited yet" in findings("--check", "sales.unknown_order").err


def test_more_rows_than_a_database_counts_are_a_usage_error(findings: Any):
    said = findings("--limit", "9" * 23)
    assert (said.code, "--limit" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("key", "until", "reason", "says"),
    [
        ("100017", "2020-01-01", "known", "past"),
        ("100017", "2999-01-01", " ", "empty"),
        ("100018", "2999-01-01", "known", "resolved"),
        ("100019", "2999-01-01", "known", "no finding has this fingerprint"),
    ],
)
def test_what_cannot_be_accepted_is_told_in_one_sentence(
    findings: Any, key: str, until: str, reason: str, says: str
):
    said = accept(findings, key, until, reason)
    assert (said.code, says in said.err, said.err.count("\n")) == (2, True, 1)


def test_the_last_day_that_there_is_is_a_date(findings: Any):
    assert accept(findings, "100017", "9999-12-31").code == 0


def test_a_day_that_is_no_date_is_a_usage_error(findings: Any):
    assert accept(findings, "100017", "soon").code == 2


def test_the_day_of_the_date_itself_is_still_covered(findings: Any):
    today = utc_now().astimezone(ZoneInfo("Europe/Stockholm")).date().isoformat()
    assert accept(findings, "100017", today).code == 0
