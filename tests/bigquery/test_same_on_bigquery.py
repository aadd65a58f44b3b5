"""One world, read over sockets and audited twice: on DuckDB, and on a BigQuery of our own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.model.drift import link_order
from auditor.warehouse.publish import Published
from auditor.warehouse.shadow import shadow_of
from tests.bigquery.server import bigquery
from tests.test_same_on_engines import Left, left_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bigquery.server import BigQuery

LEDGER = "sqlite:///var/x-ledger.sqlite"


@dataclass(frozen=True)
class Both:
    ours: Left
    theirs: Left
    published: int
    copied: int
    big: BigQuery


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Look at one world and audit it a while later, twice, at one moment and under one name."""
    folder: Path = tmp_path_factory.mktemp("bigquery")
    with bigquery() as (big, url):
        places = {
            folder / "embedded": {"warehouse": "duckdb:///var/x.duckdb", "ledger": LEDGER},
            folder / "bigquery": {"warehouse": url, "ledger": LEDGER},
        }
        ours, theirs = left_in(folder, places)
        with closing(Published(url)) as copy, copy.engine.connect() as conn:
            published = conn.scalar(sa.select(sa.func.count()).select_from(link_order))
        with closing(shadow_of(url, folder)) as shadow:
            copied = shadow.count(link_order)
    return Both(ours, theirs, published or 0, copied, big)


def test_there_is_something_to_compare(both: Both):
    assert len(both.ours.findings) > 30
    assert both.ours.audit.bridge


def test_findings_are_the_same_in_every_field(both: Both):
    assert both.theirs.findings == both.ours.findings


def test_checks_populations_bridge_and_coverage_are_the_same(both: Both):
    assert both.theirs.audit == both.ours.audit


def test_the_json_is_the_same(both: Both):
    assert both.theirs.json == both.ours.json


def test_every_file_of_report_and_archive_is_the_same_to_the_last_byte(both: Both):
    ours, theirs = both.ours.files, both.theirs.files
    assert theirs.keys() == ours.keys()
    assert [name for name, content in ours.items() if theirs[name] != content] == []


def test_a_whole_run_is_published_beside_it(both: Both):
    assert both.published > 300


def test_it_can_be_copied_to_work_on(both: Both):
    assert both.copied == both.published


def test_rows_come_in_by_load_jobs_alone(both: Both):
    inserts = [sql for sql in both.big.statements if " VALUES " in sql and "centra_" in sql]
    loads = [job for job in both.big.jobs.values() if "load" in job["configuration"]]
    assert inserts == []
    assert {job["configuration"]["load"]["sourceFormat"] for job in loads} == {"PARQUET"}


def test_tables_are_clustered_by_the_key_that_they_are_asked_by(both: Both):
    made = [sql for sql in both.big.statements if "CREATE TABLE `link_order`" in sql]
    assert made
    assert all(sql.rstrip().endswith("CLUSTER BY `order_number`") for sql in made)
