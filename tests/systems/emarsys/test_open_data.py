from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import duckdb
import pytest
import sqlalchemy as sa

from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.errors import AbsentError, ConfigError, RefusedError, TransientReadError
from auditor.systems.emarsys import open_data, open_data_views
from auditor.systems.emarsys.open_data import OpenData
from tests.postgres import new_database
from tests.systems.emarsys.views import ACCOUNT, make_views

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from auditor.model.stream import Aside, Page
    from auditor.systems.emarsys.open_data_views import View
    from tests.systems.emarsys.views import Rows

SINCE = date(2026, 1, 10)
SALES = open_data_views.sales(2)


@pytest.fixture(params=["sqlite", "duckdb"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def source(url: str, dataset: str = "") -> OpenData:
    return OpenData(OpenDataSettings(url=StoreUrl(url), account=ACCOUNT, dataset=dataset))


def read(url: str, view: View) -> tuple[list[dict[str, Any]], list[Aside]]:
    rows: list[dict[str, Any]] = []
    aside: list[Aside] = []
    for page in source(url).read(view, SINCE):
        rows += page.tables[view.table.name].to_pylist()
        aside += page.aside
    return rows, aside


def sale(order: str, day: str = "2026-02-01", amount: float = 199.0) -> tuple[object, ...]:
    load = "2026-02-02 03:00:00+00:00"
    return (order, load, 71, 5, "SKU-1", "Shirt", day, "online", 1.5, amount)


def test_a_sale_is_read_exactly(tmp_path: Path, engine: str):
    rows, aside = read(make_views(tmp_path, engine, {"si_purchases": [sale("100017")]}), SALES)
    assert rows == [
        {
            "order_number": "100017",
            "item": "SKU-1",
            "purchased_on": date(2026, 2, 1),
            "quantity_milli": 1500,
            "amount_minor": 19900,
            "si_contact_id": "71",
            "loaded_at": datetime(2026, 2, 2, 3),
        }
    ]
    assert aside == []


def test_repeated_sales_are_real(tmp_path: Path, engine: str):
    url = make_views(tmp_path, engine, {"si_purchases": [sale("1"), sale("1")]})
    assert len(read(url, SALES)[0]) == 2


def test_sales_are_read_from_eight_days_before_the_first_order(tmp_path: Path, engine: str):
    days = {"before": "2026-01-01", "first": "2026-01-02", "later": "2026-01-11"}
    rows: Rows = {"si_purchases": [sale(name, day) for name, day in days.items()]}
    found, _ = read(make_views(tmp_path, engine, rows), SALES)
    assert [row["order_number"] for row in found] == ["first", "later"]


def test_a_sale_without_a_date_is_not_lost(tmp_path: Path, engine: str):
    values = list(sale("1"))
    values[6] = None
    rows, _ = read(make_views(tmp_path, engine, {"si_purchases": [tuple(values)]}), SALES)
    assert [row["purchased_on"] for row in rows] == [None]


def test_amounts_follow_the_decimals_of_the_currency(tmp_path: Path, engine: str):
    url = make_views(tmp_path, engine, {"si_purchases": [sale("1", amount=1999.5)]})
    (row,) = read(url, open_data_views.sales(0))[0]
    assert row["amount_minor"] == 2000


def test_an_unreadable_value_sets_its_row_aside(tmp_path: Path):
    bad = sale("2", amount="n/a")  # type: ignore[arg-type]
    rows: Rows = {"si_purchases": [sale("1"), bad, sale("3")]}
    found, (aside,) = read(make_views(tmp_path, "sqlite", rows), SALES)
    assert [row["order_number"] for row in found] == ["1", "3"]
    assert aside.reason == "a value of si_purchases cannot be read"
    assert "n/a" in json.loads(aside.content)


def test_a_page_counts_the_rows_set_aside(tmp_path: Path):
    bad = sale("2", amount="n/a")  # type: ignore[arg-type]
    url = make_views(tmp_path, "sqlite", {"si_purchases": [sale("1"), bad]})
    assert [page.rows for page in source(url).read(SALES, SINCE)] == [2]


def test_generated_contacts_keep_their_null_contact(tmp_path: Path, engine: str):
    rows: Rows = {"si_contacts": [(71, None, "CUST-9", 1), (72, 12, None, 0)]}
    found, _ = read(make_views(tmp_path, engine, rows), open_data_views.SI_CONTACTS)
    assert sorted(found, key=lambda row: str(row["si_contact_id"])) == [
        {"si_contact_id": "71", "contact_id": None, "external_id": "CUST-9", "is_generated": True},
        {"si_contact_id": "72", "contact_id": "12", "external_id": None, "is_generated": False},
    ]


def test_repeated_contacts_are_read_once(tmp_path: Path, engine: str):
    rows: Rows = {"si_contacts": [(71, 12, "C", 0), (71, 12, "C", 0)]}
    found, _ = read(make_views(tmp_path, engine, rows), open_data_views.SI_CONTACTS)
    assert len(found) == 1


def test_unsubscribes_are_read_whatever_their_age(tmp_path: Path, engine: str):
    row = (12, "2019-05-01 10:00:00+00:00", "list_unsubscribe", "2019-05-01 11:00:00+00:00")
    url = make_views(tmp_path, engine, {"email_unsubscribes": [row]})
    found, _ = read(url, open_data_views.UNSUBSCRIBES)
    assert found == [
        {
            "contact_id": "12",
            "happened_at": datetime(2019, 5, 1, 10),
            "source": "list_unsubscribe",
        }
    ]


def event(event_id: str | None, at: str | None, loaded: str = "2026-02-01 12:00:00+00:00"):
    return (12, event_id, at, 901, 1, loaded)


def test_repeated_event_ids_are_one_event(tmp_path: Path, engine: str):
    at = "2026-02-01 11:00:00+00:00"
    twice = [event("e1", at), event("e1", at, "2026-02-01 13:00:00+00:00"), event("e2", at)]
    url = make_views(tmp_path, engine, {"external_events": twice})
    found, aside = read(url, open_data_views.EXTERNAL_EVENTS)
    assert sorted(row["event_id"] for row in found) == ["e1", "e2"]
    assert {(row["event_type_id"], row["contact_id"]) for row in found} == {("901", "12")}
    assert aside == []


def test_events_begin_with_the_first_moment_of_the_first_day(tmp_path: Path, engine: str):
    times = {
        "before": "2026-01-09 23:59:59+00:00",
        "first": "2026-01-10 00:00:00+00:00",
        "zoned": "2026-01-10 00:30:00+01:00",
        "later": "2026-01-11 09:00:00+00:00",
        "none": None,
    }
    rows: Rows = {"external_events": [event(name, at) for name, at in times.items()]}
    found, _ = read(make_views(tmp_path, engine, rows), open_data_views.EXTERNAL_EVENTS)
    assert sorted(row["event_id"] for row in found) == ["first", "later", "none"]


def test_an_event_without_an_id_is_set_aside(tmp_path: Path, engine: str):
    url = make_views(
        tmp_path, engine, {"external_events": [event(None, "2026-02-01 11:00:00+00:00")]}
    )
    found, aside = read(url, open_data_views.EXTERNAL_EVENTS)
    assert (found, len(aside)) == ([], 1)


def records(engine: str, value: object) -> object:
    """Return records as the engine holds them: its own, or JSON."""
    return value if engine == "duckdb" else json.dumps(value, default=str)


def execution(engine: str, name: str, *people: dict[str, object]) -> tuple[object, ...]:
    at = "2026-02-01 11:00:00+00:00"
    return (501, "entry", "END", name, at, records(engine, list(people)), at)


def participant(contact: int, trigger: str | None) -> dict[str, object]:
    return {"contact_id": contact, "trigger_id": trigger, "execution_result": "success"}


def test_an_execution_is_a_row_for_each_participant(tmp_path: Path, engine: str):
    two = execution(engine, "x1", participant(11, "t1"), participant(12, None))
    rows: Rows = {"automation_node_executions": [two, two, execution(engine, "x2")]}
    found, aside = read(make_views(tmp_path, engine, rows), open_data_views.AUTOMATION_EXECUTIONS)
    told = sorted(
        (row["execution_id"], row["contact_id"] or "", row["trigger_id"]) for row in found
    )
    assert (told, aside) == ([("x1", "11", "t1"), ("x1", "12", None), ("x2", "", None)], [])


def test_a_view_with_partitions_keeps_rows_that_wait_for_theirs(tmp_path: Path, engine: str):
    waiting = (*execution(engine, "x1", participant(11, "t1"))[:-1], None)
    old = (*execution(engine, "x2", participant(11, "t1"))[:-1], "2025-12-01 00:00:00+00:00")
    rows: Rows = {"automation_node_executions": [waiting, old]}
    found, _ = read(make_views(tmp_path, engine, rows), open_data_views.AUTOMATION_EXECUTIONS)
    assert [row["execution_id"] for row in found] == ["x1"]


def streamed(engine: str, title: str, price: str, loaded: str) -> tuple[object, ...]:
    texts = [
        records(engine, {"default": text}) for text in (title, "https://x", "https://i", "A>B")
    ]
    amounts = [records(engine, {"default": Decimal(amount)}) for amount in (price, "250")]
    flag, currency = (records(engine, {"default": one}) for one in (True, "SEK"))
    at = f"2026-02-01 {loaded}:00+00:00"
    return ("SKU-1", "G1", *texts, flag, *amounts, currency, False, at, at)


def test_the_newest_state_of_a_streamed_product_is_read_exactly(tmp_path: Path, engine: str):
    rows: Rows = {
        "products_latest_state": [
            streamed(engine, "Hat", "199.9", "09:00"),
            streamed(engine, "Cap", "200", "08:00"),
        ]
    }
    (found,), aside = read(make_views(tmp_path, engine, rows), open_data_views.latest_products(2))
    told = [found[name] for name in ("item", "title", "available", "price_minor", "msrp_minor")]
    assert (told, found["currency"], aside) == (["SKU-1", "Hat", True, 19990, 25000], "SEK", [])


@pytest.mark.parametrize(
    "view", [open_data_views.AUTOMATION_EXECUTIONS, open_data_views.latest_products(2)]
)
def test_a_view_that_an_account_need_not_have_is_absent(tmp_path: Path, engine: str, view: View):
    with pytest.raises(AbsentError, match=rf"no view {view.name}_{ACCOUNT} in this account"):
        read(make_views(tmp_path, engine, {}), view)


@pytest.mark.parametrize("view", [SALES, open_data_views.AUTOMATION_EXECUTIONS])
def test_a_view_that_may_not_be_read_is_not_called_absent(postgres_server: str, view: View):
    url = sa.make_url(new_database(postgres_server))
    owner = sa.create_engine(url)
    with owner.begin() as conn:
        conn.execute(sa.text(f"CREATE ROLE reader_{view.name} LOGIN"))
        conn.execute(sa.text(f"CREATE TABLE {view.name}_{ACCOUNT} (order_id TEXT)"))
    owner.dispose()
    reader = url.set(username=f"reader_{view.name}").render_as_string()
    with pytest.raises(RefusedError, match=rf"the view {view.name}_{ACCOUNT} may not be read"):
        read(reader, view)


@pytest.mark.parametrize("view", [SALES, open_data_views.AUTOMATION_EXECUTIONS])
def test_a_view_of_a_database_that_is_busy_is_not_called_absent(tmp_path: Path, view: View):
    url = make_views(tmp_path, "sqlite", {})
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            TransientReadError, match=rf"asking for {view.name}_{ACCOUNT} broke off"
        ):
            read(f"{url}?timeout=0", view)


def test_a_view_is_read_in_pages(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(open_data, "PAGE_ROWS", 2)
    url = make_views(tmp_path, engine, {"si_purchases": [sale(str(n)) for n in range(5)]})
    assert [page.rows for page in source(url).read(SALES, SINCE)] == [2, 2, 1]


def test_an_empty_view_has_no_pages(tmp_path: Path, engine: str):
    assert read(make_views(tmp_path, engine, {}), SALES) == ([], [])


def test_a_dataset_is_the_schema(tmp_path: Path):
    path = tmp_path / "o.duckdb"
    with duckdb.connect(path) as made:
        made.execute("CREATE SCHEMA emarsys_acme")
        made.execute(
            f"CREATE TABLE emarsys_acme.si_contacts_{ACCOUNT} AS SELECT 71 AS si_contact_id, "
            "12 AS contact_id, 'C' AS contact_external_id, false AS is_generated"
        )
    acme = source(f"duckdb:///{path}", dataset="emarsys_acme")
    (page,) = acme.read(open_data_views.SI_CONTACTS, SINCE)
    assert page.rows == 1


def test_a_missing_view_names_the_setting(tmp_path: Path, engine: str):
    url = make_views(tmp_path, engine, {}, leave_out=["si_purchases"])
    sentence = (
        rf"^emarsys\.open_data: no view si_purchases_{ACCOUNT} in the database; check account"
    )
    with pytest.raises(ConfigError, match=sentence):
        source(url).require(SALES)


def test_a_missing_view_names_the_dataset(tmp_path: Path):
    url = make_views(tmp_path, "duckdb", {})
    with pytest.raises(ConfigError, match="in dataset elsewhere; check account and dataset"):
        source(url, dataset="elsewhere").require(SALES)


def test_missing_columns_are_named(tmp_path: Path):
    path = tmp_path / "o.duckdb"
    with duckdb.connect(path) as made:
        made.execute(f"CREATE TABLE si_contacts_{ACCOUNT} (si_contact_id INT, contact_id INT)")
    sentence = rf"si_contacts_{ACCOUNT} has no column contact_external_id, is_generated\."
    with pytest.raises(ConfigError, match=sentence):
        source(f"duckdb:///{path}").require(open_data_views.SI_CONTACTS)


def test_reading_a_missing_view_is_a_setting_too(tmp_path: Path, engine: str):
    url = make_views(tmp_path, engine, {}, leave_out=["si_purchases"])
    with pytest.raises(ConfigError, match="no view si_purchases"):
        read(url, SALES)


def test_a_complete_view_is_enough(tmp_path: Path, engine: str):
    source(make_views(tmp_path, engine, {})).require(SALES)


def test_a_database_that_is_not_there_is_never_created(tmp_path: Path, engine: str):
    path = tmp_path / f"none.{engine}"
    with pytest.raises(
        ConfigError, match=r"emarsys\.open_data\.url: the database cannot be opened"
    ):
        source(f"{engine}:///{path}").require(SALES)
    assert not path.exists()


def test_a_file_that_is_no_database_names_the_setting(tmp_path: Path, engine: str):
    path = tmp_path / "o.db"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(ConfigError, match=r"^emarsys\.open_data"):
        source(f"{engine}:///{path}").require(SALES)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("bigquerry://sap-od-acme", "no SQLAlchemy dialect is installed"),
        ("mysql://host/db", "the driver for this kind of database is not installed"),
        ("not a url", "not a SQLAlchemy URL"),
    ],
)
def test_an_engine_that_is_not_installed_names_the_setting(url: str, what: str):
    with pytest.raises(ConfigError, match=rf"^emarsys\.open_data\.url: {what}"):
        source(url)


def test_no_password_is_shown():
    with pytest.raises(ConfigError) as refused:
        source("postgresql+psycopg://u:hunter2@/db?host=/no/such/socket").require(SALES)
    assert "hunter2" not in str(refused.value)


def test_nothing_can_be_written(tmp_path: Path, engine: str):
    opened = source(make_views(tmp_path, engine, {}))
    with opened._connected() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text(f"DELETE FROM si_purchases_{ACCOUNT}"))


def test_a_duckdb_file_is_free_after_reading(tmp_path: Path):
    url = make_views(tmp_path, "duckdb", {"si_purchases": [sale("1")]})
    read(url, SALES)
    with duckdb.connect(url.removeprefix("duckdb:///")) as writer:
        writer.execute(f"DELETE FROM si_purchases_{ACCOUNT}")


def test_a_duckdb_file_is_free_after_an_interrupted_read(tmp_path: Path):
    url = make_views(tmp_path, "duckdb", {"si_purchases": [sale("1")]})
    with contextlib.closing(cast("Generator[Page]", source(url).read(SALES, SINCE))) as pages:
        next(pages)
    with duckdb.connect(url.removeprefix("duckdb:///")) as writer:
        writer.execute(f"DELETE FROM si_purchases_{ACCOUNT}")


def test_a_read_that_breaks_off_is_a_passing_fault_without_rows(tmp_path: Path, engine: str):
    broken_id = {"sqlite": "json('{' || key)", "duckdb": "CAST(key AS INTEGER)"}[engine]
    path = tmp_path / f"o.{engine}"
    connect: Any = {"sqlite": sqlite3.connect, "duckdb": duckdb.connect}[engine]
    with contextlib.closing(connect(path)) as made:
        made.execute("CREATE TABLE people AS SELECT 'ann@example.com' AS key")
        made.execute(
            f"CREATE VIEW si_contacts_{ACCOUNT} AS SELECT 1 AS si_contact_id, {broken_id} AS "
            "contact_id, key AS contact_external_id, false AS is_generated FROM people"
        )
        made.commit()
    with pytest.raises(TransientReadError, match=r"reading si_contacts broke off \(") as broken:
        read(f"{engine}:///{path}", open_data_views.SI_CONTACTS)
    assert "ann" not in str(broken.value)


def test_a_read_that_breaks_off_late_shows_no_row_either(tmp_path: Path):
    path = tmp_path / "o.duckdb"
    with duckdb.connect(path) as made:
        made.execute(
            "CREATE TABLE people AS SELECT IF(n = 299999, 'ann@example.com', n::VARCHAR) AS key "
            "FROM range(300000) AS t(n)"
        )
        made.execute(
            f"CREATE VIEW external_events_{ACCOUNT} AS SELECT 1 AS contact_id, key AS event_id, "
            "CAST(key AS INTEGER) AS event_type_id, now() AS event_time, now() AS loaded_at FROM people"
        )
    late = replace(open_data_views.EXTERNAL_EVENTS, repeats="kept")
    with pytest.raises(TransientReadError, match="reading external_events broke off") as broken:
        read(f"duckdb:///{path}", late)
    assert "ann" not in str(broken.value)
    assert broken.value.__cause__ is None
