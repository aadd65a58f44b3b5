"""Four brands in one service: each has its own stores, reports and letters, and nothing of another."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from apscheduler.executors.debug import DebugExecutor

from auditor.archive import Archive
from auditor.config import load_settings
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.standing import SCHEMA
from auditor.model.finding import Tally
from auditor.model.snapshot import Snapshot
from auditor.pipeline import run as pipeline_run
from auditor.pipeline.reporting import overview, report
from auditor.pipeline.telling import tell
from auditor.service import jobs
from auditor.service.scheduler import Service
from tests.correct.desk import read_settings
from tests.mail.conftest import Server, serving
from tests.report import examples
from tests.service.test_sixty_days import Stepped
from tests.stores import ledger_in, stores_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.config import Settings

BRANDS = ("nordlys", "fjord", "heather", "karst")


def audited(run: Any, _about: str) -> str:
    """Find something that names its brand, keep it, report it and tell it."""
    brand = run.settings.brand
    base = examples.critical_audit()
    named = tuple(
        dataclasses.replace(one, check=dataclasses.replace(one.check, title=f"Found at {brand}."))
        for one in base.checks
    )
    audit = dataclasses.replace(base, brand=brand, as_of=run.clock(), checks=named)
    audit = dataclasses.replace(audit, run=f"{run.clock():%Y-%m-%dT%H:%M:%SZ}-7f3a")
    record = dataclasses.replace(
        examples.record(audit), changes={one.check.id: Tally(total=1, new=1) for one in named}
    )
    Archive(brand).keep(record, examples.all_stored(audit), SCHEMA)
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        query.record_run(ledger, brand, Snapshot(audit.run, audit.as_of, audit.coverage))
        query.close_run(ledger, audit)
    page = report(run, audit.run)
    tell(run, pipeline_run.Done(audit, b"", page, frozenset()))
    return audit.verdict


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server, list[Any]]]:
    """Let four brands do their audit, in one service and one folder."""
    folder = tmp_path_factory.mktemp("agency")
    with pytest.MonkeyPatch.context() as patch, serving(Server()) as server:
        patch.chdir(folder)
        patch.setenv("TOKEN", "none")
        patch.setattr(jobs, "KINDS", {**jobs.KINDS, "audit": audited})
        brands = []
        for name in BRANDS:
            place = folder / name
            place.mkdir()
            mail = {
                "smtp": f"smtp://127.0.0.1:{server.port}",
                "from": f"a@{name}.example",
                "to": {"default": [f"ops@{name}.example"]},
            }
            parts = {
                "brand": name, "mail": mail, "schedule": {"audit": "0 5 * * *"},
                "store": stores_in(folder, name),
            }  # fmt: skip
            brands.append((_settings(place, parts), place / "auditor.yaml"))
        service = Service(brands, executor=DebugExecutor, scheduler=Stepped)
        service.start()
        for _, file in brands:
            jobs.work("audit", str(file))
        service.stop()
        yield folder, server, [load_settings(file) for _, file in brands]


def _settings(place: Path, parts: dict[str, Any]) -> Settings:
    return read_settings(place, lambda raw: raw.update(parts))


def others(name: str) -> list[bytes]:
    return [other.encode() for other in BRANDS if other != name]


@pytest.mark.parametrize("name", BRANDS)
def test_no_report_and_no_archive_holds_another_brand(season: Any, name: str):
    folder = season[0]
    files = [
        path
        for place in (folder / "reports" / "out" / name, folder / "var" / "runs" / name)
        for path in place.rglob("*")
        if path.is_file()
    ]
    assert any(b"Found at " + name.encode() in path.read_bytes() for path in files)
    assert not [p for p in files if any(other in p.read_bytes() for other in others(name))]


@pytest.mark.parametrize("name", BRANDS)
def test_no_ledger_holds_another_brand(season: Any, name: str):
    found = sa.MetaData()
    with closing(Ledger(ledger_in(season[0], name))) as ledger, ledger.begin() as conn:
        found.reflect(conn)
        rows = [
            tuple(row) for table in found.sorted_tables for row in conn.execute(sa.select(table))
        ]
    dump = repr(rows).encode()
    assert name.encode() in dump
    assert not [other for other in others(name) if other in dump]


@pytest.mark.parametrize("name", BRANDS)
def test_no_letter_holds_another_brand(season: Any, name: str):
    (letter,) = [one for one in season[1].got if f"ops@{name}.example".encode() in one]
    assert not [other for other in others(name) if other in letter]


def test_the_page_over_all_brands_holds_names_and_numbers_alone(season: Any):
    page, stands = overview(season[2], datetime(2026, 11, 17, tzinfo=UTC))
    text = page.read_text()
    assert [one.brand for one in stands] == sorted(BRANDS)
    assert all(f'href="{name}/index.html"' in text for name in BRANDS)
    assert "Found at" not in text
