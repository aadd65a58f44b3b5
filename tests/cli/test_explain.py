"""`auditor explain` as a user runs it, on stores that a test filled."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.findings.ledger import Ledger, finding_table, history_table
from auditor.findings.query import record_run
from auditor.model.history import snapshot_run
from auditor.model.snapshot import Coverage, Snapshot
from auditor.warehouse import Warehouse
from auditor.warehouse.connect import file_of
from auditor.warehouse.publish import publish
from tests.reconcile.books import Books
from tests.stores import ledger_in, warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Call

AT = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)
SETTINGS = """\
brand: nordlys
centra: {url: https://centra.example/graphql, token: "${TOKEN}"}
emarsys:
  url: https://emarsys.example/api/v2
  auth: {type: wsse, username: u, secret: "${TOKEN}"}
  fields: {external_id: 4711}
  contacts: {segment: 1}
"""


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "t")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "auditor.yaml").write_text(SETTINGS)
    with closing(Warehouse(warehouse_in(Path()))) as warehouse:
        books = Books(warehouse)
        books.customer("1", "anna@x.se")
        books.order("100", books.line("[bold]SKU[/bold]", 1, 12_345))
        books.rows()
    with closing(Ledger(ledger_in(Path()))) as ledger, ledger.begin() as conn:
        row: dict[str, object] = {column.name: None for column in finding_table.columns}
        row |= {
            "fingerprint": "f", "brand": "nordlys", "check_id": "sales.missing_line",
            "severity": "warning", "owner": "ecommerce", "state": "new", "subject_kind": "line",
            "subject_key": "100/[bold]SKU[/bold]", "people": 1, "contained": False,
            "first_seen": AT, "last_seen": AT, "run": "r", "money_minor": 12_345, "currency": "SEK",
            "moved_by": "emarsys", "since": AT,
        }  # fmt: skip
        conn.execute(finding_table.insert(), [row])
        past = {"fingerprint": "f", "severity": "warning", "people": 1, "contained": False}
        for day, (state, rows) in enumerate((("new", 1), ("ongoing", 2))):
            at = {"run": f"r{day}", "seen_at": AT + timedelta(days=day), "state": state}
            theirs = f'{{"rows": {rows}}}'
            conn.execute(history_table.insert(), [{**past, **at, "emarsys": theirs}])


@pytest.mark.usefixtures("filled")
def test_a_line_s_findings_are_told_with_its_order(call: Call):
    assert json.loads(call("--format", "json", "explain", "100").out)["findings"][0]["check"] == (
        "sales.missing_line"
    )


HOLDING = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_warehouse() -> Iterator[None]:
    """Let another process hold the warehouse, as an audit does."""
    words = [sys.executable, "-c", HOLDING, str(file_of(warehouse_in(Path())))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield
        other.communicate()


@pytest.fixture
def published(filled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish what a run read, and let the warehouse know of a later one."""
    del filled
    monkeypatch.setattr("auditor.warehouse.connect.HELD_S", 0.1)
    for number, day in enumerate((3, 4)):
        with (
            closing(Warehouse(warehouse_in(Path()))) as warehouse,
            warehouse.engine.begin() as conn,
        ):
            row = {
                "number": 100 + number,
                "run": f"r{day}",
                "as_of": datetime(2026, 11, day, 5, 30),
            }
            conn.execute(snapshot_run.insert(), [row])
        if day == 3:
            publish(warehouse_in(Path()))


@pytest.mark.embedded("a server has many readers")
@pytest.mark.usefixtures("published")
def test_while_an_audit_holds_the_warehouse_its_copy_is_read_and_dated(call: Call):
    with held_warehouse():
        said = call("--format", "json", "explain", "100")
    assert (said.code, json.loads(said.out)["as_of"]) == (0, "2026-11-03T05:30:00Z")
    assert said.err.splitlines() == [
        "The warehouse is in use by another process; this is the copy of 2026-11-03 05:30 UTC."
    ]


@pytest.mark.embedded("a server has many readers")
@pytest.mark.usefixtures("published")
def test_a_warehouse_that_is_free_is_read_itself(call: Call):
    said = call("--format", "json", "explain", "100")
    assert (json.loads(said.out)["as_of"], said.err) == ("2026-11-04T05:30:00Z", "")


@pytest.mark.embedded("a server has many readers")
@pytest.mark.usefixtures("filled")
def test_a_held_warehouse_without_a_copy_is_waited_for(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auditor.warehouse.connect.HELD_S", 0.1)
    with held_warehouse():
        said = call("explain", "100")
    assert (said.code, "in use by another process; try again when it ends" in said.err) == (2, True)


@pytest.mark.usefixtures("filled")
def test_text_from_a_system_is_no_markup(call: Call):
    assert "[bold]SKU[/bold]" in call("explain", "100").out


@pytest.mark.usefixtures("filled")
def test_piped_no_heading_is_broken(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    (headings,) = [line for line in call("explain", "100").out.splitlines() if "moved by" in line]
    assert headings.split()[:4] == ["check", "severity", "state", "subject"]


@pytest.mark.usefixtures("filled")
def test_money_has_its_decimals(call: Call):
    assert "123.45 SEK" in call("explain", "100").out


@pytest.mark.usefixtures("filled")
def test_names_are_shown_at_a_terminal_only(call: Call):
    said = call("explain", "100", "--reveal")
    assert (said.code, said.out) == (2, "")
    assert "at a terminal only" in said.err


@pytest.mark.usefixtures("filled")
def test_an_unknown_key_is_one_sentence(call: Call):
    said = call("explain", "nope")
    assert (said.code, said.err.count("\n")) == (2, 1)


@pytest.mark.usefixtures("filled")
def test_a_finding_says_who_moved_and_since_when(call: Call):
    assert "emarsys" in call("explain", "100").out.partition("Centra")[0]


@pytest.mark.usefixtures("filled")
def test_the_timeline_tells_what_a_finding_was(call: Call):
    moments = json.loads(call("--format", "json", "explain", "100").out)["timeline"]
    assert [
        m["changes"] for m in moments if m["what"].startswith("finding sales.missing_line")
    ] == [
        {},
        {"emarsys.rows": [1, 2]},
    ]


@pytest.mark.usefixtures("filled")
def test_the_rules_of_the_last_run_are_asked(call: Call):
    with closing(Ledger(ledger_in(Path()))) as ledger:
        record_run(ledger, "nordlys", Snapshot("r", AT.replace(tzinfo=UTC), ()))
    rules = json.loads(call("--format", "json", "explain", "100").out)["rules"]
    assert ("order 100", "sales.missing_order") in {(r["about"], r["check"]) for r in rules}


@pytest.mark.usefixtures("filled")
def test_a_rule_whose_check_the_last_run_did_not_judge_says_so_and_decides_nothing(call: Call):
    at, why = AT.replace(tzinfo=UTC), "no sales are read"
    unread = Coverage("emarsys", "sales", 0, complete=False, mode="off", as_of=at, reason=why)
    with closing(Ledger(ledger_in(Path()))) as ledger:
        record_run(ledger, "nordlys", Snapshot("r", at, (unread,)))
    rules = json.loads(call("--format", "json", "explain", "100").out)["rules"]
    (one,) = (rule for rule in rules if rule["check"] == "sales.missing_order")
    assert (one["decides"], one["reason"]) == (False, f"not judged: {why}")


OWN_SUITE = """\
suite: sales
owner: crm
expectations:
  - {type: expect_no_drift, check: sales.missing_line, title: t, severity: warning, needs: [orders]}
"""


@pytest.mark.usefixtures("filled")
def test_a_rule_whose_check_the_brands_own_suite_leaves_out_decides_nothing(call: Call):
    Path("expectations").mkdir()
    Path("expectations/sales.yaml").write_text(OWN_SUITE)
    with closing(Ledger(ledger_in(Path()))) as ledger:
        record_run(ledger, "nordlys", Snapshot("r", AT.replace(tzinfo=UTC), ()))
    rules = json.loads(call("--format", "json", "explain", "100").out)["rules"]
    (one,) = (rule for rule in rules if rule["check"] == "sales.missing_order")
    reason = "not judged: the brand's own suites leave it out"
    assert (one["decides"], one["reason"]) == (False, reason)


@pytest.mark.usefixtures("filled")
def test_without_a_run_there_are_no_rules(call: Call):
    assert "None was asked" in call("explain", "100").out


def found_of(call: Call, key: str, *words: str) -> set[str]:
    told = json.loads(call("--format", "json", "explain", key, *words).out)
    return {row["subject"]["key"] for row in told["findings"]}


def note(kind: str, key: str) -> None:
    """Let a finding stand about a subject."""
    with closing(Ledger(ledger_in(Path()))) as ledger, ledger.begin() as conn:
        known = dict(conn.execute(sa.select(finding_table)).mappings().one())
        mine = {"fingerprint": f"{kind}{key}", "subject_kind": kind, "subject_key": key}
        conn.execute(finding_table.insert().values({**known, **mine}))


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("key", "words"), [("1", ["--kind", "customer"]), ("anna@x.se", [])])
def test_a_finding_about_a_person_without_a_contact_is_told_however_they_are_named(
    call: Call, key: str, words: list[str]
):
    note("contact", "centra:1")
    assert found_of(call, key, *words) == {"centra:1"}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("kind", "key"), [("contact", "100"), ("audience", "100/7")])
def test_a_finding_about_something_else_of_the_same_number_is_none_about_the_order(
    call: Call, kind: str, key: str
):
    note(kind, key)
    assert found_of(call, "100") == {"100/[bold]SKU[/bold]"}
