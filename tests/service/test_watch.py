"""Who watches the watcher: a heartbeat, metrics on loopback, a status that a script can read."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec import structs

from auditor.archive import Archive
from auditor.config.values import StoreUrl
from auditor.findings import query
from auditor.findings.ledger import Ledger, finding_table
from auditor.findings.orphans import TITLE, WHY
from auditor.findings.standing import SCHEMA
from auditor.model.finding import Check, CheckResult
from auditor.model.snapshot import Snapshot
from auditor.service.record import Log
from auditor.service.watch import beat, serve_metrics
from tests.correct.desk import read_settings
from tests.report import examples

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.config import Settings
    from tests.cli.conftest import Call

NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give a brand that was audited, and whose corrections failed twice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "none")
    parts = {"schedule": {"audit": "0 5 * * *", "correct": "30 6 * * *"}}
    made = read_settings(tmp_path, lambda raw: raw.update(parts))
    audit = replace(examples.critical_audit(), brand=made.brand, as_of=NOW)
    with closing(Ledger(made.store.ledger)) as ledger:
        keep_findings(ledger, made.brand)
        query.record_run(ledger, made.brand, Snapshot(audit.run, NOW, audit.coverage))
        query.close_run(ledger, audit)
        log = Log(ledger, made.brand)
        log.begins("audit", NOW)
        log.ends("audit", NOW + timedelta(minutes=4), "verdict critical", is_failure=False)
        for _ in range(2):
            log.begins("correct", NOW)
            log.ends("correct", NOW, "the pepper is missing", is_failure=True)
    return made


def keep_findings(ledger: Ledger, brand: str) -> None:
    """Keep two critical findings that are open, one of them of a check of no suite, and one accepted."""
    states = {"sales.missing_order": ("new", "accepted"), "sales.was_once": ("ongoing",)}
    values: dict[str, object] = {"brand": brand, "severity": "critical", "owner": "crm"}
    values |= {"subject_kind": "order", "people": 1, "contained": False, "run": "r"}
    values |= {"first_seen": NOW, "last_seen": NOW}
    rows = [
        {**values, "check_id": check, "state": state, "fingerprint": key, "subject_key": key}
        for check, found in states.items()
        for state in found
        for key in [f"{check}-{state}"]
    ]
    with ledger.begin() as conn:
        conn.execute(finding_table.insert(), rows)


def test_what_nobody_looks_at_any_more_is_not_counted_as_open(settings: Settings):
    audit = replace(examples.critical_audit(), brand=settings.brand)
    gone = Check("sales.was_once", "sales", TITLE, "critical", "crm", needs=())
    audit = replace(audit, checks=(*audit.checks, CheckResult(gone, "off", reason=WHY)))
    Archive(settings.brand).keep(examples.record(audit), [], SCHEMA)
    assert 'auditor_open_findings{brand="desk",severity="critical"} 1.0' in metrics(settings)


def test_a_record_that_cannot_be_read_costs_no_metrics(settings: Settings):
    run = examples.critical_audit().run
    (Archive(settings.brand).folder / run.replace(":", "-") / "record.json").mkdir(parents=True)
    assert 'auditor_open_findings{brand="desk",severity="critical"} 2.0' in metrics(settings)


def metrics(settings: Settings) -> list[str]:
    port = serve_metrics([settings], 0)
    return httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        'auditor_verdict{brand="desk"} 2.0',
        'auditor_partial{brand="desk"} 0.0',
        'auditor_open_findings{brand="desk",severity="critical"} 2.0',
        'auditor_open_findings{brand="desk",severity="warning"} 0.0',
        f'auditor_last_audit_timestamp_seconds{{brand="desk"}} {NOW.timestamp()!r}',
        'auditor_failures{brand="desk",kind="correct"} 2.0',
        'auditor_failures{brand="desk",kind="audit"} 0.0',
    ],
)
def test_the_metrics_tell(settings: Settings, line: str):
    wanted, _, number = line.rpartition(" ")
    found = {
        one.rpartition(" ")[0]: float(one.rpartition(" ")[2])
        for one in metrics(settings)
        if one[0] != "#"
    }
    assert found[wanted] == float(number)


def test_the_metrics_tell_a_verdict_of_some_suites_from_one_of_all(settings: Settings):
    audit = replace(examples.critical_audit(), brand=settings.brand, suites=("consent",))
    Archive(settings.brand).keep(examples.record(audit), [], SCHEMA)
    assert 'auditor_partial{brand="desk"} 1.0' in metrics(settings)


def test_the_metrics_are_served_on_this_machine_alone(settings: Settings):
    port = serve_metrics([settings], 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{port}/metrics", timeout=2)


def test_the_heartbeat_is_of_now(tmp_path: Path):
    place = tmp_path / "service" / "heartbeat.json"
    beat(["nordlys"], NOW, place)
    assert json.loads(place.read_text())["at"] == NOW.isoformat()
    assert time.time() - place.stat().st_mtime < 60


@pytest.fixture
def status(settings: Settings, call: Call, tmp_path: Path) -> Any:
    del settings
    said = call("--format", "json", "serve", "--status", tmp_path / "auditor.yaml")
    return said.code, json.loads(said.out)["brands"][0]


def test_the_status_is_no_success_where_something_failed(status: Any):
    assert status[0] == 1


def test_the_status_tells_what_failed_and_why(status: Any):
    done = {one["job"]: (one["failures"], one["said"]) for one in status[1]["done"]}
    assert done == {"audit": (0, "verdict critical"), "correct": (2, "the pepper is missing")}


@pytest.fixture
def changed(settings: Settings, tmp_path: Path) -> Settings:
    """Give the brand that corrects no more: what failed last of it is nobody's any more."""
    del settings
    return read_settings(tmp_path, lambda raw: raw.update(schedule={"audit": "0 5 * * *"}))


def test_what_is_planned_no_more_fails_no_status(changed: Settings, call: Call, tmp_path: Path):
    del changed
    said = call("--format", "json", "serve", "--status", tmp_path / "auditor.yaml")
    done = json.loads(said.out)["brands"][0]["done"]
    assert (said.code, [one["job"] for one in done]) == (0, ["audit"])


def test_what_is_planned_no_more_has_no_metrics(changed: Settings):
    assert not [line for line in metrics(changed) if 'kind="correct"' in line]


def test_the_status_of_a_brand_that_nobody_serves_says_so(status: Any):
    assert status[1]["served_by"] is None


def test_the_status_in_text_has_a_line_for_each(settings: Settings, call: Call, tmp_path: Path):
    del settings
    said = call("serve", "--status", tmp_path / "auditor.yaml")
    assert said.out.splitlines()[0] == "desk: served by nobody"
    assert "failed 2 times: the pepper is missing" in said.out


def test_a_ledger_that_cannot_be_read_hides_the_metrics_of_no_other_brand(
    settings: Settings, tmp_path: Path
):
    folder = tmp_path / "broken"
    folder.mkdir()
    broken = read_settings(folder, lambda raw: raw.update(brand="broken"))
    damaged = folder / "no-ledger.sqlite"
    damaged.write_bytes(b"this is no database" * 100)
    store = structs.replace(broken.store, ledger=StoreUrl(f"sqlite:///{damaged}"))
    port = serve_metrics([structs.replace(broken, store=store), settings], 0)
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert 'auditor_verdict{brand="desk"}' in answer.text
