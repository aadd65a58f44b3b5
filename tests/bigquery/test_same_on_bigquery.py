"""One world audited on the embedded store and on a BigQuery of our own: all that was found is the same."""

from __future__ import annotations

from contextlib import chdir, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from auditor.config.settings import Store
from auditor.config.values import StoreUrl
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.drift import link_order
from auditor.pipeline import reading
from auditor.sandbox.world import Scale, build_world, plant
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published
from tests.bigquery.server import bigquery
from tests.direct import write_world
from tests.distributed.audited import NOW, audited
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.audit import Audit
    from auditor.model.finding import Finding
    from tests.bigquery.server import BigQuery


@dataclass(frozen=True)
class Both:
    ours: tuple[Audit, list[Finding]]
    theirs: tuple[Audit, list[Finding]]
    published: int
    big: BigQuery


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Audit one world twice, under one name."""
    folder: Path = tmp_path_factory.mktemp("bigquery")
    world = build_world(1, Scale.of(customers=150), NOW)
    plant(world, 1)
    found = []
    with chdir(folder), bigquery() as (big, url), pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "token_hex", lambda _: "0000")
        settings = settings_of(world, folder)
        for number, warehouse_url in enumerate((settings.store.warehouse, url)):
            ledger_url = f"sqlite:///{number}.sqlite"
            store = Store(warehouse=StoreUrl(warehouse_url), ledger=StoreUrl(ledger_url))
            mine = replace(settings, store=store)
            with closing(Warehouse(warehouse_url)) as warehouse:
                snapshot = write_world(world, warehouse, "run", pepper="pepper")
            with closing(Ledger(ledger_url)) as ledger:
                query.record_run(ledger, mine.brand, snapshot)
            found.append(audited(mine, folder))
        with closing(Published(url)) as copy, copy.engine.connect() as conn:
            published = conn.scalar(sa.select(sa.func.count()).select_from(link_order))
    return Both(found[0], found[1], published or 0, big)


def test_there_is_something_to_compare(both: Both):
    assert len(both.ours[1]) > 30
    assert both.ours[0].bridge


def test_findings_are_the_same_in_every_field(both: Both):
    assert both.theirs[1] == both.ours[1]


def test_checks_bridge_and_verdict_are_the_same(both: Both):
    ours, theirs = both.ours[0], both.theirs[0]
    assert theirs.checks == ours.checks
    assert (theirs.bridge, theirs.verified_share) == (ours.bridge, ours.verified_share)
    assert theirs.verdict == ours.verdict


def test_a_whole_run_is_published_beside_it(both: Both):
    assert both.published > 400


def test_rows_come_in_by_load_jobs_alone(both: Both):
    inserts = [sql for sql in both.big.statements if " VALUES " in sql and "centra_" in sql]
    loads = [job for job in both.big.jobs.values() if "load" in job["configuration"]]
    assert inserts == []
    assert {job["configuration"]["load"]["sourceFormat"] for job in loads} == {"PARQUET"}


def test_tables_are_clustered_by_the_key_that_they_are_asked_by(both: Both):
    made = [sql for sql in both.big.statements if "CREATE TABLE `link_order`" in sql]
    assert made
    assert all(sql.rstrip().endswith("CLUSTER BY `order_number`") for sql in made)
