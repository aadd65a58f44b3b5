"""`auditor snapshot` prints coverage and turns what is missing into its exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import auditor.pipeline
from auditor.cli.options import Invocation
from auditor.model.snapshot import Coverage, Snapshot

if TYPE_CHECKING:
    from tests.cli.conftest import Call

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
ORDERS = Coverage("centra", "orders", 7, complete=True, mode="incremental", as_of=AT)
OFF = Coverage("emarsys", "sales", 0, complete=False, mode="off", as_of=AT, reason="not set.")
CUT = Coverage("centra", "orders", 3, complete=False, mode="full", as_of=AT, reason="cut.")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for the pipeline: keep how it was asked, and return the coverage in `lines`."""
    kept: dict[str, Any] = {"lines": (OFF, ORDERS)}

    def snapshot(_: object, *, full: bool, rebuild: bool) -> Snapshot:
        kept.update(full=full, rebuild=rebuild)
        return Snapshot("run-1", AT, kept["lines"])

    monkeypatch.setattr(auditor.pipeline, "snapshot", snapshot)
    monkeypatch.setattr(Invocation, "settings", lambda _: SimpleNamespace(brand="nordlys"))
    return kept


def test_a_complete_snapshot_exits_with_0_though_a_source_is_off(call: Call, asked: dict[str, Any]):
    assert call("snapshot").code == 0
    assert asked["full"] is False


def test_an_incomplete_stream_exits_with_3(call: Call, asked: dict[str, Any]):
    asked["lines"] = (CUT,)
    assert call("snapshot").code == 3


def test_full_reads_everything(call: Call, asked: dict[str, Any]):
    call("snapshot", "--full")
    assert (asked["full"], asked["rebuild"]) == (True, False)


def test_a_damaged_warehouse_can_be_read_anew(call: Call, asked: dict[str, Any]):
    call("snapshot", "--rebuild")
    assert asked["rebuild"] is True


def test_json_is_the_coverage_of_the_audit(call: Call, asked: dict[str, Any]):
    asked["lines"] = (ORDERS,)
    said = json.loads(call("--format", "json", "snapshot").out)
    assert said == {
        "format": 1,
        "run": "run-1",
        "brand": "nordlys",
        "as_of": "2026-11-23T05:00:00Z",
        "coverage": [
            {
                "system": "centra",
                "stream": "orders",
                "rows": 7,
                "complete": True,
                "mode": "incremental",
                "as_of": "2026-11-23T05:00:00Z",
                "reason": None,
                "set_aside": 0,
                "requests": 0,
                "notes": [],
                "dropped": [],
            }
        ],
    }
