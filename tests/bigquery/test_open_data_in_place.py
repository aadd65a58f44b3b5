"""Open Data in BigQuery, read both ways: through the auditor into DuckDB, and in place."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.errors import IncompleteSnapshotError, TransientReadError
from auditor.model.history import HISTORY
from auditor.model.stream import Start
from auditor.model.tables import STREAM_TABLES, unparsed_row
from auditor.snapshot.course import Terms
from auditor.snapshot.store import Batch
from auditor.snapshot.take import Reading, take
from auditor.systems.emarsys import streams
from auditor.systems.emarsys.open_data import OpenData
from auditor.systems.emarsys.open_data_in_place import InPlace
from auditor.systems.emarsys.open_data_views import PARTITION, SI_CONTACTS
from auditor.warehouse import UnfinishedRead, Warehouse
from auditor.warehouse.beside import BigQueryBeside
from auditor.warehouse.stage import staged
from tests.bigquery.open_data import ACCOUNT, MADE
from tests.bigquery.server import bigquery
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.model.snapshot import Snapshot
    from auditor.model.stream import Beside, Page
    from auditor.systems.emarsys.open_data_views import View
    from tests.bigquery.server import BigQuery

DATASET = f"emarsys_acme_{ACCOUNT}"
SINCE = date(2026, 1, 10)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NAMES = ("sales", "si_contacts", "unsubscribes", "external_events")
TABLES = tuple(table for name in NAMES for table in STREAM_TABLES[name])

HALVES = "0.0005, 0.0015, -0.0005, 1.004999999, 1.005, -1.005, -199.995, 0, 2.5, 1234567.891500001"
STRANGE = (
    "'', ' ', 'x', ' x ', '\u00a0', '\u2003 ', 'a\u00a0b', '\u00e5', 'A\u030a', '\u5bc6\u5c01', '\u0663', "
    "'-', E'\\n', E'a\\nb', chr(0), 'a' || chr(0) || 'b', chr(0) || ' ', '\u200b', '\U0001f45f', NULL"
)
FIRST = (
    f"INSERT INTO si_purchases_{ACCOUNT} SELECT 'n' || n, '2026-02-02 03:04:05.678901+02', 71, 5, 'SKU', "
    f"'2026-02-01', n, -n FROM unnest([{HALVES}]) AS t(n)",
    f"INSERT INTO si_purchases_{ACCOUNT} SELECT s, '2026-02-02', NULL, 5, s, '2026-02-01', 1, 1 "
    f"FROM unnest([{STRANGE}]) AS t(s)",
    f"INSERT INTO si_purchases_{ACCOUNT} VALUES "
    "('huge', '2026-02-02', 71, 5, 'SKU', '2026-02-01', 1, 1e17), "
    "('many', '2026-02-02', 71, 5, 'SKU', '2026-02-01', 1e16, 1), "
    "('edge', '2026-02-02', 71, 5, 'SKU', '2026-02-01', 9e15 - 1, -9.1e16), "
    "('open', NULL, 71, 5, 'SKU', NULL, NULL, NULL), "
    "('twice', '2026-02-02', 71, 5, 'SKU', '2026-02-01', 1, 1), "
    "('twice', '2026-02-02', 71, 5, 'SKU', '2026-02-01', 1, 1), "
    "('early', '2026-02-02', 71, 5, 'SKU', '2026-01-01', 1, 1), "
    "('margin', '2026-02-02', 71, 5, 'SKU', '2026-01-02', 1, 1)",
    f"INSERT INTO si_contacts_{ACCOUNT} SELECT 1 + n // 2, n, s, n % 2 = 0 "
    f"FROM (SELECT row_number() OVER () AS n, s FROM unnest([{STRANGE}]) AS t(s))",
    f"INSERT INTO si_contacts_{ACCOUNT} VALUES (1, 1, 'x', NULL), (1, 1, 'x', NULL), (NULL, -5, '', true)",
    f"INSERT INTO email_unsubscribes_{ACCOUNT} VALUES "
    "(7, '2026-02-02 03:04:05+05:30', 'unsubscribe', '2026-02-02', '2026-02-02'), "
    "(7, '2026-02-02 03:04:05+05:30', 'unsubscribe', '2026-02-03', '2026-02-02'), "
    "(7, NULL, ' ', '2026-02-03', NULL), (NULL, '2026-02-02', NULL, NULL, NULL)",
    f"INSERT INTO external_events_{ACCOUNT} SELECT 9, s, '2026-02-02', 12, '2026-02-02', '2026-02-02' "
    f"FROM unnest([{STRANGE}]) AS t(s)",
    f"INSERT INTO external_events_{ACCOUNT} VALUES "
    "(9, 'again', '2026-02-02', 12, '2026-02-02', '2026-02-02'), "
    "(9, 'again', '2026-02-02', 12, '2026-02-01', '2026-02-02'), "
    "(NULL, 'none', NULL, NULL, NULL, NULL), "
    "(9, 'early', '2026-01-09 23:59:59', 12, '2026-02-02', '2026-02-02'), "
    "(9, 'first', '2026-01-10', 12, '2026-02-02', '2026-02-02'), "
    "(9, 'aside', '2025-01-10', 12, '2025-02-02', '2025-02-02')",
)
MENDED = (
    f"DELETE FROM si_purchases_{ACCOUNT} WHERE order_id IN ('huge', 'many')",
    f"DELETE FROM external_events_{ACCOUNT} WHERE nullif(trim(replace(event_id, chr(0), '')), '') IS NULL "
    "OR event_id IN (E'\\n', '\u00a0', '\u2003 ')",
)
LATER = (
    f"UPDATE si_contacts_{ACCOUNT} SET contact_id = 99 WHERE contact_id = 3",
    f"DELETE FROM si_contacts_{ACCOUNT} WHERE contact_id = 4",
    f"INSERT INTO si_purchases_{ACCOUNT} VALUES "
    "('late', '2026-11-23 10:00:00+00', 71, 5, 'SKU', '2026-11-22', 1.2345, 19.995)",
    f"INSERT INTO external_events_{ACCOUNT} VALUES "
    "(9, 'late', '2026-11-23 10:00:00', 12, '2026-11-23 10:01:00', '2026-11-23'), "
    "(9, '\u5bc6' || chr(0), '2026-11-23 10:00:00', 12, '2026-11-23 10:01:00', NULL), "
    "(9, 'lost', '2026-11-20 10:00:00', 12, '2026-11-20 10:01:00', '2026-11-20')",
    f"INSERT INTO email_unsubscribes_{ACCOUNT} VALUES "
    "(8, '2026-11-23 10:00:00', 'list_unsubscribe', '2026-11-23 10:01:00', '2026-11-23')",
)


ODD = "SELECT 1 AS si_contact_id, 1.5::DOUBLE AS contact_id, 'x' AS contact_external_id, true AS is_generated"
PLAIN = ODD.replace("1.5::DOUBLE", "2")
CAME = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Both:
    """One Open Data read thrice, each way: what each reading said and left, and how many rows were loaded."""

    url: str
    settings: OpenDataSettings

    said: list[tuple[Snapshot, Snapshot]]
    left: list[tuple[dict[str, list[Any]], dict[str, list[Any]]]]
    big: BigQuery
    loaded: Counter[str]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder: Path = tmp_path_factory.mktemp("open_data")
    with bigquery() as (big, url):
        big.engine.fill(DATASET, MADE)
        settings = OpenDataSettings(
            url=StoreUrl(url.replace("acme/audit", "sap-od-acme")), account=ACCOUNT, dataset=DATASET
        )
        found = Both(url, settings, [], [], big, Counter())
        with (
            closing(Warehouse(f"duckdb:///{folder / 'w.duckdb'}")) as ours,
            closing(Warehouse(url)) as theirs,
        ):
            for number, happened in enumerate((FIRST, MENDED, LATER)):
                big.engine.fill(DATASET, happened)
                taken = [look(settings, one, number) for one in (ours, theirs)]
                found.said.append((taken[0], taken[1]))
                found.left.append((contents(ours), contents(theirs)))
        for job in big.jobs.values():
            if "load" in job["configuration"]:
                table = job["configuration"]["load"]["destinationTable"]["tableId"]
                found.loaded[table] += int(job["statistics"]["load"]["outputRows"])
        yield found


def look(settings: OpenDataSettings, warehouse: Warehouse, number: int) -> Snapshot:
    views = streams.open_data_views("SEK")
    offered = [streams._over_open_data(name, settings, views[name], SINCE) for name in NAMES]
    reading = Reading(
        f"run-{number}",
        warehouse,
        Silent(),
        lambda: NOW + timedelta(days=number),
        lambda: 0.0,
        terms=Terms(basis="x"),
    )
    return take(offered, reading)


def contents(warehouse: Warehouse) -> dict[str, list[Any]]:
    past = (HISTORY[table.name] for table in TABLES if table.name in HISTORY)
    waiting = (staged(table) for table in TABLES)
    kept = {table.name: table for table in (*TABLES, *past, unparsed_row, *waiting)}
    return {name: rows(warehouse, table) for name, table in kept.items()}


def rows(warehouse: Warehouse, table: sa.Table) -> list[Any]:
    if not sa.inspect(warehouse.engine).has_table(table.name):
        return ["there is none"]
    found = [row for part in warehouse.batches(sa.select(table)) for row in part.to_pylist()]
    return sorted((tuple(row.items()) for row in found), key=repr)


READINGS = pytest.mark.parametrize("number", range(3), ids=["broken", "mended", "later"])


@READINGS
def test_every_table_is_the_same_to_the_last_byte(both: Both, number: int):
    ours, theirs = both.left[number]
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


@READINGS
def test_coverage_is_the_same(both: Both, number: int):
    ours, theirs = both.said[number]
    assert theirs == ours


def test_there_is_something_to_compare(both: Both):
    counts = {name: len(found) for name, found in both.left[2][0].items()}
    assert {name for name, count in counts.items() if not count} <= {"unparsed_row"}
    assert counts["emarsys_sale"] > 30
    assert len(both.left[0][0]["unparsed_row"]) > 5


def test_no_row_passes_through_the_auditor_where_sql_is_sure(both: Both):
    both.big.engine.fill("plain", [f"CREATE TABLE si_contacts_{ACCOUNT} AS {PLAIN}"])
    settings = OpenDataSettings(url=both.settings.url, account=ACCOUNT, dataset="plain")
    with closing(Warehouse(both.url)) as warehouse:
        warehouse.begin_read(UnfinishedRead("si_contacts", "full", "", NOW), (SI_CONTACTS.table,))
        pages = in_place(settings, SI_CONTACTS, BigQueryBeside(warehouse.engine))
        assert [(page.rows, page.tables) for page in pages] == [(1, {})]


def test_only_the_rows_that_sql_is_not_sure_of_pass_through_the_auditor(both: Both):
    passed = both.loaded["stage_emarsys_sale"] / len(both.said)
    assert 0 < passed < len(both.left[2][0]["emarsys_sale"]) / 3


def test_a_view_is_read_once_and_its_copy_is_gone(both: Both):
    of_sales = [sql for sql in both.big.statements if f"si_purchases_{ACCOUNT}" in sql]
    in_place = [sql for sql in of_sales if "raw_emarsys_sale" in sql]
    assert len(in_place) == len(both.said)
    assert both.big.engine.columns("audit", "raw_emarsys_sale") == []


def test_a_view_that_is_divided_is_read_by_its_partitions_and_another_is_not(both: Both):
    copies = [sql for sql in both.big.statements if "CREATE OR REPLACE TABLE `raw_" in sql]
    divided = {"external_events" in sql for sql in copies if PARTITION in sql}
    assert divided == {True}


@pytest.mark.parametrize("name", ["sales", "unsubscribes", "external_events"])
def test_what_came_since_is_the_same(both: Both, name: str):
    view = streams.open_data_views("SEK")[name]
    source = OpenData(both.settings).read(view, SINCE, CAME)
    ours = [row for page in source for row in page.tables[view.table.name].to_pylist()]
    with closing(Warehouse(both.url)) as warehouse:
        warehouse.begin_read(UnfinishedRead(name, "full", "", NOW), (view.table,))
        beside = warehouse.beside(both.settings.url)
        assert beside is not None
        batch = Batch(name, "r", None, lambda: 0.0)
        for number, page in enumerate(in_place(both.settings, view, beside, CAME)):
            batch.add(number, page)
        batch.store(warehouse)
        theirs = rows(warehouse, staged(view.table))
    assert ours
    assert theirs == sorted((tuple(row.items()) for row in ours), key=repr)


@pytest.mark.parametrize(
    ("dataset", "why"),
    [("odd", "its column contact_id is FLOAT"), ("elsewhere", "may not read it")],
)
def test_a_view_that_cannot_be_read_in_place_says_why(both: Both, dataset: str, why: str):
    both.big.engine.fill("odd", [f"CREATE OR REPLACE TABLE si_contacts_{ACCOUNT} AS {ODD}"])
    settings = OpenDataSettings(url=both.settings.url, account=ACCOUNT, dataset=dataset)
    with closing(Warehouse(both.url)) as warehouse:
        beside = BigQueryBeside(warehouse.engine)
        assert why in str(InPlace(settings, SI_CONTACTS, SINCE, beside).plan())


def test_a_view_that_cannot_be_read_in_place_is_read_through_the_auditor(both: Both):
    settings = OpenDataSettings(url=both.settings.url, account=ACCOUNT, dataset="odd")
    both.big.engine.fill("odd", [f"CREATE OR REPLACE TABLE si_contacts_{ACCOUNT} AS {ODD}"])
    stream = streams._over_open_data("si_contacts", settings, SI_CONTACTS, SINCE)
    assert stream.in_place is not None
    with closing(Warehouse(both.url)) as warehouse:
        (page,) = stream.in_place(Start(), BigQueryBeside(warehouse.engine))
    assert page.tables["emarsys_si_contact"].num_rows == 1


def test_a_reading_that_breaks_off_in_bigquery_repeats_no_word_of_googles(both: Both):
    with closing(Warehouse(both.url)) as warehouse:
        beside = BigQueryBeside(warehouse.engine)
        pages = in_place(both.settings, SI_CONTACTS, beside)
        both.big.forbidden = ("CREATE OR REPLACE TABLE `raw_",)
        try:
            with pytest.raises(
                TransientReadError, match=r"si_contacts in BigQuery broke off"
            ) as said:
                list(pages)
        finally:
            both.big.forbidden = ()
    assert "ann@" not in str(said.value)


def test_a_view_that_is_larger_than_a_statement_may_read_is_not_read(both: Both):
    with closing(Warehouse(f"{both.url}&maximum_bytes_billed=2000000")) as warehouse:
        both.big.bytes_per_statement *= 3
        try:
            with pytest.raises(
                IncompleteSnapshotError, match=r"3,000,000 bytes; a statement .* 2,000,000"
            ):
                list(in_place(both.settings, SI_CONTACTS, BigQueryBeside(warehouse.engine)))
        finally:
            both.big.bytes_per_statement //= 3


def in_place(
    settings: OpenDataSettings, view: View, beside: Beside, since: datetime | None = None
) -> Iterator[Page]:
    source = InPlace(settings, view, SINCE, beside)
    plan = source.plan(since)
    assert not isinstance(plan, str)
    return source.pages(plan)


@pytest.mark.parametrize(
    "url", [None, "sqlite:///od.sqlite", "bigquery://sap-od-acme?endpoint=http://127.0.0.1:1"]
)
def test_what_does_not_lie_beside_the_warehouse_is_not_reached(both: Both, url: str | None):
    with closing(Warehouse(both.url)) as warehouse:
        assert warehouse.beside(url) is None
