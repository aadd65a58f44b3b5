"""`auditor report`: the report of a stored run, written again."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest

from auditor.archive import Archive
from auditor.clock import utc_now
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.standing import SCHEMA
from auditor.model.snapshot import Snapshot
from tests.config.sample import SAMPLE, values_for
from tests.report import examples
from tests.stores import ledger_in, named_in

if TYPE_CHECKING:
    from tests.cli.conftest import Call, Said

OUT = Path("reports/out/nordlys")


def run_of(day: datetime) -> str:
    return f"{day:%Y-%m-%dT%H:%M:%SZ}-7f3a"


def keep(day: datetime, **values: Any) -> str:
    """Keep a run as an audit does; return its id."""
    audit = replace(examples.critical_audit(), run=run_of(day), as_of=day, **values)
    with closing(Ledger(ledger_in(Path()))) as ledger:
        query.record_run(ledger, "nordlys", Snapshot(audit.run, day, audit.coverage))
        query.close_run(ledger, audit)
    Archive("nordlys").keep(examples.record(audit), examples.all_stored(audit), SCHEMA)
    return audit.run


def files() -> dict[str, bytes]:
    return {str(p.relative_to(OUT)): p.read_bytes() for p in OUT.rglob("*") if p.is_file()}


@pytest.fixture
def days() -> list[datetime]:
    """Give today's and yesterday's moment of the audit."""
    today = utc_now().astimezone(UTC).replace(microsecond=0)
    return [today - timedelta(days=1), today]


@pytest.fixture
def report(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: list[datetime]
) -> Any:
    """Run `auditor report` of a brand with two runs."""
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "auditor.yaml"
    settings.write_text(named_in(SAMPLE))
    for name, value in values_for(SAMPLE).items():
        monkeypatch.setenv(name, value)
    for day in days:
        keep(day)

    def run(*words: object) -> Said:
        return call("--config", settings, *words)

    return run


def test_the_report_of_the_last_run_is_written(report: Any, days: list[datetime]):
    said = report("report")
    page = Path(said.out.removeprefix("Report: ").strip())
    assert (said.code, page.is_file(), run_of(days[1])[:10] in page.parts[-2]) == (0, True, True)


def test_any_stored_run_can_be_named(report: Any, days: list[datetime]):
    report("report", run_of(days[0]))
    assert run_of(days[0]) in next(OUT.glob("*/index.html")).read_text()


def test_a_report_that_is_written_again_is_the_same_bytes(report: Any):
    report("report")
    before = files()
    rmtree(OUT)
    report("report")
    assert files() == before


def test_the_list_of_runs_is_written_too(report: Any):
    report("report")
    assert (OUT / "index.html").read_text().count('<th scope="row">') == 2


def test_json_names_the_page(report: Any):
    said = report("--format", "json", "report")
    assert Path(json.loads(said.out)["report"]).is_file()


def test_a_run_that_never_was_is_told(report: Any):
    said = report("report", "2020-01-01T00:00:00Z-aaaa")
    assert (said.code, "There is no run 2020-01-01T00:00:00Z-aaaa" in said.err) == (2, True)


def test_a_run_of_which_nothing_is_kept_is_told(report: Any, days: list[datetime]):
    rmtree("var/runs")
    said = report("report", run_of(days[0]))
    assert (said.code, f"Nothing is kept of the run {run_of(days[0])}" in said.err) == (2, True)


def test_what_is_older_than_the_settings_keep_is_deleted(report: Any):
    old = keep(utc_now() - timedelta(days=401))
    report("report")
    assert not (Path("var/runs/nordlys") / old.replace(":", "-")).exists()


def test_the_browser_is_opened_on_the_page(report: Any, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []

    def browse(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    report("report", "--open")
    assert [url.startswith("file:///") and url.endswith("/index.html") for url in opened] == [True]


def test_where_there_is_no_browser_it_says_so(report: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert "There is no browser here" in report("report", "--open").err
