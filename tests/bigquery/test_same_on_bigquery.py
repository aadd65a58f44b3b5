"""One world, read over sockets and worked on twice: on DuckDB, and on a BigQuery of our own.

Its Open Data lies in that BigQuery, too: the warehouse there reads it in place. A third time it is audited on
PostgreSQL alone. All that an audit leaves is the same to the last byte.
"""

from __future__ import annotations

from contextlib import chdir, closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import sqlalchemy as sa

from auditor.config.systems import OpenData
from auditor.config.values import StoreUrl
from auditor.findings.ledger import Ledger
from auditor.frames import Brand
from auditor.model.drift import link_order
from auditor.model.history import HISTORY
from auditor.model.tables import STREAM_TABLES, unparsed_row
from auditor.pipeline import apply, backtest, forget, plan, reading, rehearse, undo, verify
from auditor.pipeline.explaining import explain
from auditor.pipeline.preflight import Asked, preflight
from auditor.sandbox.start import Plan
from auditor.sandbox.world import EARLIER
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import Published
from tests.benchmarks.centra_reading import change_some
from tests.bigquery.server import bigquery
from tests.brand import FAST
from tests.postgres import new_database
from tests.test_same_on_engines import NOW, SCALE, left_by, lived_on, run_in

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.backtest.compare import Comparison
    from auditor.model.finding import Finding
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline import Applied, Planned, Run
    from auditor.pipeline.forgetting import Forgotten
    from auditor.sandbox.start import Sandbox
    from tests.bigquery.server import BigQuery
    from tests.test_same_on_engines import Left

LEDGER = "sqlite:///var/x-ledger.sqlite"
DATASET = "emarsys_acme"
ENGINES = ("bigquery", "postgresql")
"""What DuckDB is held against."""
KINDS = ("contact", "order", "item", "shipment")
FRAMES = ("centra_order", "emarsys_sale", "link_contact")


@dataclass
class Side:
    """What one engine answered.

    Attributes:
        frames: Tables as notebooks see them, by name.
        explained: What is known of a finding's subject, by its kind.
        judged_again: What the stored run comes to once more.
        changed: Coverage of the second reading, and every table after it.
    """

    run: Run
    left: Left
    frames: dict[str, list[Any]]
    explained: dict[str, Any]
    planned: Planned
    plan: bytes
    rehearsed: tuple[int, Any]
    flown: Any
    judged_again: Comparison
    changed: tuple[Snapshot, dict[str, list[Any]]] | None = None
    forgotten: Forgotten | None = None


@dataclass
class Both:
    ours: Side
    theirs: Side
    big: BigQuery
    postgresql: Left
    published: int
    planted: set[tuple[str, str]]
    applied: list[Applied] = field(default_factory=list)
    undone: Planned | None = None

    def left_on(self, engine: str) -> Left:
        """Return what an audit left on an engine that is held against DuckDB."""
        return self.theirs.left if engine == "bigquery" else self.postgresql


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Both:
    """Work through one brand's commands twice, at one moment and under one name; what is sent is sent once."""
    folder: Path = tmp_path_factory.mktemp("bigquery")
    open_data = folder / "od.duckdb"
    plan_of = Plan(
        folder,
        lambda: NOW,
        SCALE,
        centra=FAST,
        lives=EARLIER,
        open_data_url=f"duckdb:///{open_data}",
    )
    with bigquery() as (big, url):
        places = {
            folder / "embedded": {"warehouse": "duckdb:///var/x.duckdb", "ledger": LEDGER},
            folder / "bigquery": {"warehouse": url, "ledger": LEDGER},
            folder / "postgresql": {
                name: new_database(postgres_server) for name in ("warehouse", "ledger")
            },
        }
        embedded, beside, alone = places
        with lived_on(plan_of, places) as running:
            ours = looked_at(embedded, run_in(running, places[embedded]))
            show_open_data(big, open_data)
            theirs = looked_at(beside, in_place(run_in(running, places[beside])))
            with chdir(alone):
                third = left_by(run_in(running, places[alone]))
            planted = {(row.check, row.subject) for row in running.key}
            found = Both(ours, theirs, big, third, published_orders(url), planted)
            with chdir(beside):
                path, digest = theirs.planned.path, theirs.planned.digest
                found.applied = [apply(theirs.run, path, digest), verify(theirs.run, path)]
                found.undone = undo(theirs.run, path)
            change(running)
            show_open_data(big, open_data)
            for place, side in ((embedded, ours), (beside, theirs)):
                with chdir(place):
                    side.changed = read_again(side.run)
                    side.forgotten = forget(side.run, somebody(running))
    return found


def in_place(run: Run) -> Run:
    """Let the Open Data of a brand be that which lies beside its warehouse."""
    emarsys = run.settings.emarsys
    assert emarsys.open_data is not None
    url = StoreUrl(run.settings.store.warehouse.replace("acme/audit", "sap-od-acme"))
    theirs = OpenData(url=url, account=emarsys.open_data.account, dataset=DATASET)
    moved = msgspec.structs.replace(emarsys, open_data=theirs)
    return replace(run, settings=msgspec.structs.replace(run.settings, emarsys=moved))


def show_open_data(big: BigQuery, file: Path) -> None:
    """Let BigQuery hold the Open Data that the sandbox wrote into a file."""
    big.engine.take(DATASET, file)


def looked_at(place: Path, run: Run) -> Side:
    """Audit, and ask whatever changes nothing in either system."""
    with chdir(place):
        left = left_by(run)
        planned = plan(run)
        rehearsed = rehearse(run, planned.path)
        segment = min(one.segment for one in run.settings.audiences or ())
        brand = Brand(run.settings, place)
        return Side(
            run,
            left,
            {name: records(brand.table(name)) for name in FRAMES},
            {kind: explained(run, left.findings, kind) for kind in KINDS},
            planned,
            planned.path.read_bytes(),
            (rehearsed.due, rehearsed.reasons),
            preflight(run, Asked("segment", segment)).preflight,
            backtest(run, left.audit.run),
        )


def records(frame: Any) -> list[Any]:
    return sorted((tuple(row.items()) for row in frame.to_dict("records")), key=repr)


def explained(run: Run, findings: list[Finding], kind: str) -> Any:
    key = min(one.subject_key for one in findings if one.subject_kind == kind)
    with closing(Published(run.settings.store.warehouse)) as copy:
        return explain(run.settings, copy, key)


def published_orders(url: str) -> int:
    with closing(Published(url)) as copy, copy.engine.connect() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(link_order)) or 0


def change(running: Sandbox) -> None:
    """Let some records of Centra change, and both systems show what they are like now."""
    change_some(running.world.centra, NOW)
    for customer in running.world.centra.customers[::100]:
        customer.first_name += "x"
    running.show()


AGAIN = ("customers", "orders", "shipments", "contacts", "sales", "external_events", "si_contacts")
"""Streams that are read a second time: of each way of reading, one."""


def read_again(run: Run) -> tuple[Snapshot, dict[str, list[Any]]]:
    store = run.settings.store
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(Ledger(store.ledger)) as ledger,
        closing(Warehouse(store.warehouse)) as warehouse,
    ):
        patch.setattr(reading, "token_hex", lambda _: "0001")
        taken = reading.take_snapshot(run, ledger, warehouse, only=AGAIN)
        tables = [table for name in AGAIN for table in STREAM_TABLES[name]]
        past = [HISTORY[table.name] for table in tables if table.name in HISTORY]
        read = [*tables, *past, unparsed_row]
        return taken, {table.name: rows(warehouse, table) for table in read}


def rows(warehouse: Warehouse, table: sa.Table) -> list[Any]:
    found = [row for part in warehouse.batches(sa.select(table)) for row in part.to_pylist()]
    return sorted((tuple(row.items()) for row in found), key=repr)


def somebody(running: Sandbox) -> str:
    return min(one.email for one in running.world.centra.customers if not one.is_anonymized)


# --- the audit ------------------------------------------------------------------------------------------


def test_there_is_something_to_compare(both: Both):
    assert len(both.ours.left.findings) > 30
    assert both.ours.left.audit.bridge


def test_exactly_the_planted_drift_is_found_where_open_data_is_duckdb(both: Both):
    assert {(one.check, one.subject_key) for one in both.ours.left.findings} == both.planted


@pytest.mark.parametrize("engine", ENGINES)
def test_findings_are_the_same_in_every_field(both: Both, engine: str):
    assert both.left_on(engine).findings == both.ours.left.findings


@pytest.mark.parametrize("engine", ENGINES)
def test_checks_populations_bridge_and_coverage_are_the_same(both: Both, engine: str):
    assert both.left_on(engine).audit == both.ours.left.audit


@pytest.mark.parametrize("engine", ENGINES)
def test_the_json_is_the_same(both: Both, engine: str):
    assert both.left_on(engine).json == both.ours.left.json


@pytest.mark.parametrize("engine", ENGINES)
def test_every_file_of_report_and_archive_is_the_same_to_the_last_byte(both: Both, engine: str):
    ours, theirs = both.ours.left.files, both.left_on(engine).files
    assert theirs.keys() == ours.keys()
    assert [name for name, content in ours.items() if theirs[name] != content] == []


def test_the_canary_finds_a_case_of_every_check(both: Both):
    canary = both.theirs.left.audit.canary
    assert canary is not None
    assert (canary.missed, canary.detected) == ((), canary.planted)


def test_a_whole_run_is_published_beside_it(both: Both):
    assert both.published > 300


def test_rows_come_in_by_load_jobs_alone(both: Both):
    inserts = [sql for sql in both.big.statements if " VALUES " in sql and "centra_" in sql]
    loads = [job for job in both.big.jobs.values() if "load" in job["configuration"]]
    assert inserts == []
    assert {job["configuration"]["load"]["sourceFormat"] for job in loads} == {"PARQUET"}


def test_tables_are_clustered_by_the_key_that_they_are_asked_by(both: Both):
    made = [sql for sql in both.big.statements if "CREATE TABLE `link_order`" in sql]
    assert made
    assert all(sql.rstrip().endswith("CLUSTER BY `order_number`") for sql in made)


# --- what else is asked of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_explained_the_same(both: Both, kind: str):
    assert both.theirs.explained[kind] == both.ours.explained[kind]


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_a_notebook_is_the_same(both: Both, name: str):
    assert both.ours.frames[name]
    assert both.theirs.frames[name] == both.ours.frames[name]


def test_the_plan_is_the_same_to_the_last_byte(both: Both):
    assert both.ours.planned.plan.changes
    assert both.theirs.plan == both.ours.plan


def test_a_rehearsal_looks_at_the_same_targets(both: Both):
    assert both.ours.rehearsed[0] > 0
    assert both.theirs.rehearsed == both.ours.rehearsed


def test_what_is_sent_is_as_many_changes_as_were_rehearsed_and_holds(both: Both):
    applied, verified = both.applied
    due = both.theirs.rehearsed[0]
    assert (applied.count("verified") + applied.count("pending"), applied.count("failed")) == (
        due,
        0,
    )
    assert verified.count("verified") >= applied.count("verified") > 0


def test_there_is_a_way_back_for_what_was_changed(both: Both):
    assert both.undone is not None
    ways_back = [change.undo for change in both.theirs.planned.plan.changes]
    requests = [change.request for change in both.undone.plan.changes]
    assert requests
    assert [one for one in requests if one not in ways_back] == []


def test_a_stored_run_comes_to_the_same_once_more(both: Both):
    assert (both.theirs.judged_again.gained, both.theirs.judged_again.lost) == ((), ())
    assert both.theirs.judged_again == both.ours.judged_again


def test_a_preflight_which_works_on_a_copy_comes_to_the_same_verdict(both: Both):
    assert both.theirs.flown == both.ours.flown


def test_a_second_reading_is_of_changes_alone(both: Both):
    assert both.theirs.changed is not None
    modes = {line.stream: line.mode for line in both.theirs.changed[0].coverage}
    assert modes["customers"] == modes["orders"] == "incremental"


def test_a_second_reading_reads_the_same(both: Both):
    assert both.theirs.changed is not None
    assert both.ours.changed is not None
    assert both.theirs.changed[0] == both.ours.changed[0]


def test_a_second_reading_leaves_every_table_and_its_past_the_same(both: Both):
    assert both.theirs.changed is not None
    assert both.ours.changed is not None
    ours, theirs = both.ours.changed[1], both.theirs.changed[1]
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert any(dict(row)["valid_to_run"] for row in ours["history_centra_customer"])


def test_a_person_who_is_forgotten_is_nowhere_any_more(both: Both):
    ours, theirs = both.ours.forgotten, both.theirs.forgotten
    assert ours is not None
    assert theirs is not None
    assert (theirs.rows, theirs.is_present, theirs.left) == (ours.rows, ours.is_present, ())


def test_the_rows_of_open_data_did_not_pass_through_the_auditor(both: Both):
    loads = [job["configuration"].get("load") for job in both.big.jobs.values()]
    loaded = [one["destinationTable"]["tableId"] for one in loads if one]
    assert loaded.count("stage_emarsys_sale") == 1  # of the look that was not over sockets
    assert any("INSERT INTO `stage_emarsys_sale`" in sql for sql in both.big.statements)
