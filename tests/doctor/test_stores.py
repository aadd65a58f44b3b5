from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.config import Secret
from auditor.doctor.probes import settings as settings_probes
from auditor.doctor.probes.stores import ledger, store_result, warehouse
from auditor.doctor.probes.stores_evidence import evidence, evidence_result
from auditor.doctor.run import examine
from auditor.findings.ledger import Ledger
from auditor.findings.schema import REVISION, tables
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from auditor.doctor.result import Probe, Result

HOLD = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def visit(tmp_path):
    store = SimpleNamespace(
        warehouse=f"duckdb:///{tmp_path / 'w.duckdb'}", ledger=f"sqlite:///{tmp_path / 'l.sqlite'}"
    )
    return SimpleNamespace(settings=SimpleNamespace(store=store), close=lambda: None)


def said(visit: Any, probe: Probe) -> Result:
    (result,) = examine(visit, lambda _: None, [probe])
    return result


def test_new_stores_are_fine(visit):
    assert [said(visit, one).state for one in (warehouse, ledger)] == ["ok", "ok"]


def test_a_warehouse_that_cannot_be_copied_for_notebooks_is_a_warning(visit, monkeypatch):
    monkeypatch.setattr("auditor.doctor.probes.stores.why_not", lambda _: "Grant it.")
    found = said(visit, warehouse)
    assert (found.state, found.fix) == ("warn", "Grant it.")


def test_a_warehouse_in_use_is_said_to_be(visit, tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.warehouse.connect.HELD_S", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "w.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        result = said(visit, warehouse)
        holder.communicate()
    assert (result.state, result.fix) == ("fail", "Try again when it ends.")
    assert "in use by another process" in result.detail


def test_a_warehouse_of_another_version_fails(visit):
    with closing(Warehouse(visit.settings.store.warehouse)) as store, store.engine.begin() as conn:
        conn.execute(sa.text("ALTER TABLE centra_store DROP COLUMN type"))
    result = said(visit, warehouse)
    assert (result.state, "centra_store differ" in result.detail) == ("fail", True)


def test_a_ledger_that_cannot_be_written_fails(tmp_path):
    with closing(Ledger(f"sqlite:///{tmp_path / 'l.sqlite'}")):
        pass
    engine = sa.create_engine(f"sqlite:///file:{tmp_path / 'l.sqlite'}?mode=ro&uri=true")
    result = store_result("ledger", engine, tables(), REVISION)
    engine.dispose()
    assert (result.state, result.detail) == ("fail", "store.ledger cannot be written.")


def test_looking_at_a_ledger_changes_no_row(visit):
    with closing(Ledger(visit.settings.store.ledger)) as store, store.begin() as conn:
        conn.execute(sa.text("INSERT INTO run (run, brand, as_of, coverage) VALUES ('r','b',0,'')"))
    said(visit, ledger)
    with closing(Ledger(visit.settings.store.ledger)) as store, store.begin() as conn:
        assert conn.execute(sa.text("SELECT run, brand FROM run")).all() == [("r", "b")]


def test_before_the_first_snapshot_nothing_is_said_about_evidence(visit):
    assert said(visit, evidence).state == "off"


@pytest.mark.parametrize(
    ("opted_in", "proven", "state"), [(100, 50, "ok"), (100, 49, "warn"), (1, 0, "warn")]
)
def test_mostly_unproven_opt_ins_point_at_the_setting(opted_in, proven, state):
    assert evidence_result(opted_in, proven).state == state


def test_the_hint_names_the_setting():
    assert "consent.emarsys_sources" in str(evidence_result(10, 1).fix)


def with_pepper(pepper: Secret | None) -> Any:
    privacy = SimpleNamespace(pepper=pepper)
    return SimpleNamespace(settings=SimpleNamespace(privacy=privacy), close=lambda: None)


@pytest.mark.parametrize(
    ("pepper", "state"), [(None, "warn"), (Secret("salt"), "warn"), (Secret("x" * 16), "ok")]
)
def test_a_pepper_has_to_be_there_and_long(pepper, state):
    assert said(with_pepper(pepper), settings_probes.pepper).state == state


def test_an_empty_secret_fails_by_its_name(healthy):
    import msgspec

    centra = msgspec.structs.replace(healthy.settings.centra, token=Secret(" "))
    visit = healthy.visit()
    visit.settings = msgspec.structs.replace(healthy.settings, centra=centra)
    result = said(visit, settings_probes.secrets)
    assert (result.state, result.detail) == ("fail", "Nothing is in centra.token.")
