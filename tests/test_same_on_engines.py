"""One world, read over sockets and audited twice: on DuckDB and SQLite, and on PostgreSQL alone.

All that an audit leaves is the same to the last byte. The server sorts text as people do, which no order of
the auditor may follow (`tests/postgres.py`).
"""

from __future__ import annotations

from contextlib import chdir, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa

from auditor.archive import RUNS
from auditor.config import load_settings
from auditor.config.settings import Store
from auditor.config.values import StoreUrl
from auditor.findings import query
from auditor.findings.ledger import Ledger, run_table
from auditor.model.history import known_schema
from auditor.pipeline import Run, audit, reading, run
from auditor.sandbox.start import Plan, sandbox
from auditor.sandbox.world import EARLIER, Scale
from auditor.snapshot.take import Reading
from auditor.warehouse import Warehouse
from tests.brand import FAST, look
from tests.postgres import new_database
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.model.audit import Audit
    from auditor.model.finding import Finding
    from auditor.sandbox.start import Sandbox

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SCALE = Scale.of(customers=150)


@dataclass(frozen=True)
class Left:
    """What an audit left: its value, its JSON, the findings, and every file of its report and archive."""

    audit: Audit
    json: bytes
    findings: list[Finding]
    files: Mapping[str, bytes]


def run_in(running: Sandbox, stores: Mapping[str, str]) -> Run:
    """Return a brand whose runs keep what they read in stores of its own."""
    known = load_settings(running.settings, running.environ)
    settings = msgspec.structs.replace(
        known, store=Store(**{k: StoreUrl(v) for k, v in stores.items()})
    )
    return Run(settings, running.settings.parent, running.clock, Silent())


def left_by(run: Run) -> Left:
    """Audit in the present folder."""
    done, settings = audit(run), run.settings
    with closing(Ledger(settings.store.ledger)) as ledger:
        findings = list(query.findings(ledger, settings.brand))
    files = {
        str(file): file.read_bytes()
        for folder in (done.report.parent, RUNS)
        for file in sorted(Path(folder).rglob("*"))
        if file.is_file()
    }
    return Left(done.audit, done.json, findings, files)


@contextmanager
def lived_on(plan: Plan, places: Mapping[Path, Mapping[str, str]]) -> Iterator[Sandbox]:
    """Look at one world from each place, on stores of its own, and let it live on.

    All runs until the block ends are of one moment, under one name, and take no time. One stream is read
    after the other, for some share requests, which count for the one that asks first.
    """
    still = SimpleNamespace(perf_counter=lambda: 0.0, monotonic=lambda: 0.0)
    with pytest.MonkeyPatch.context() as patch, sandbox(plan) as running:
        patch.setattr(reading, "token_hex", lambda _: "0000")
        patch.setattr(reading, "Reading", partial(Reading, workers=1))
        for module in (reading, run):
            patch.setattr(module, "time", still)
        for place, stores in places.items():
            place.mkdir()
            with chdir(place):
                look(running, stores=stores)
        running.live_on()
        yield running


def left_in(folder: Path, places: Mapping[Path, Mapping[str, str]]) -> list[Left]:
    """Look at one world and audit it a while later, in each place on stores of its own."""
    plan = Plan(folder, lambda: NOW, SCALE, centra=FAST, lives=EARLIER)
    found = []
    with lived_on(plan, places) as running:
        for place, stores in places.items():
            with chdir(place):
                found.append(left_by(run_in(running, stores)))
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> tuple[Left, Left]:
    """Audit one world on the embedded stores and on PostgreSQL, at one moment and under one name."""
    embedded = {"warehouse": "duckdb:///var/x.duckdb", "ledger": "sqlite:///var/x-ledger.sqlite"}
    postgresql = {name: new_database(postgres_server) for name in embedded}
    folder = tmp_path_factory.mktemp("engines")
    places = {folder / "embedded": embedded, folder / "postgresql": postgresql}
    ours, theirs = left_in(folder, places)
    return ours, theirs


def test_there_is_something_to_compare(both: tuple[Left, Left]):
    assert len(both[0].findings) > 30
    assert both[0].audit.bridge


def test_findings_are_the_same_in_every_field(both: tuple[Left, Left]):
    assert both[1].findings == both[0].findings


def test_checks_populations_bridge_and_coverage_are_the_same(both: tuple[Left, Left]):
    assert both[1].audit == both[0].audit


def test_the_json_is_the_same(both: tuple[Left, Left]):
    assert both[1].json == both[0].json


def test_every_file_of_report_and_archive_is_the_same_to_the_last_byte(both: tuple[Left, Left]):
    ours, theirs = (left.files for left in both)
    assert theirs.keys() == ours.keys()
    assert [name for name, content in ours.items() if theirs[name] != content] == []


# --- one sorting ----------------------------------------------------------------------------------------

WORDS = ["Z", "_", "a", "a-b", "ab", "\u00e5"]


def test_the_warehouse_sorts_text_by_code_point(warehouse_url: str):
    name = known_schema.c.name
    with closing(Warehouse(warehouse_url)) as warehouse:
        for word in reversed(WORDS):
            warehouse.keep(f"tenant {word}", word, "")
        with warehouse.engine.connect() as conn:
            assert list(conn.scalars(sa.select(name).order_by(name))) == WORDS
            assert conn.scalar(sa.select(sa.func.max(sa.cast(name, sa.Text)))) == WORDS[-1]
            assert conn.scalar(sa.select(sa.func.count()).where(name < "a")) == 2


def test_the_ledger_sorts_text_by_code_point(ledger_url: str):
    with closing(Ledger(ledger_url)) as ledger, ledger.begin() as conn:
        rows = [
            {"run": word, "brand": "", "as_of": NOW, "coverage": ""} for word in reversed(WORDS)
        ]
        conn.execute(run_table.insert(), rows)
        assert list(conn.scalars(sa.select(run_table.c.run).order_by(run_table.c.run))) == WORDS
