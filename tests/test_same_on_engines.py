"""One sorting on every engine, and one world that is audited on several (`tests/bigquery`).

PostgreSQL's server sorts text as people do, which no order of the auditor may follow (`tests/postgres.py`).
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
from auditor.sandbox.world import Scale
from auditor.snapshot.take import Reading
from auditor.warehouse import Warehouse
from tests.brand import look
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
    """Audit in the present folder, with the canary."""
    done, settings = audit(run, with_canary=True), run.settings
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
