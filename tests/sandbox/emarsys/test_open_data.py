"""Open Data as tables of a database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.sandbox.emarsys.open_data import write_open_data
from auditor.sandbox.world.model import FiredEvent, Purchase
from tests.postgres import server
from tests.sandbox.emarsys.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = {
    "si_contacts": "si_contact_id contact_id contact_external_id load_date registered_on "
    "contact_source number_of_purchases turnover time_ranged_turnover average_order_value "
    "customer_lifecycle_status buyer_status lead_lifecycle_status last_order_date "
    "last_engagement_date last_response_date average_future_spend is_generated",
    "si_purchases": "order_id load_date si_contact_id si_product_id product_external_id "
    "product_name purchase_date channel quantity sales_amount",
    "external_events": "contact_id event_id event_time event_type_id customer_id loaded_at",
    "email_unsubscribes": "campaign_id campaign_type contact_id customer_id domain "
    "email_sent_at event_time launch_id message_id source loaded_at",
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres"))
    return f"{request.param}:///{tmp_path / 'open'}"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'open'}"


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(statement)]
    engine.dispose()
    return rows


@pytest.mark.parametrize("view", list(COLUMNS))
def test_a_view_has_exactly_the_columns_of_open_data(account, url, view):
    write_open_data(account, url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {view}_123 LIMIT 0")
        names = list(found.keys())
    engine.dispose()
    assert names == COLUMNS[view].split()


def test_a_buyer_has_orders_turnover_and_the_last_day(account, url):
    write_open_data(account, url)
    found = ask(
        url,
        "SELECT number_of_purchases, CAST(turnover AS FLOAT), CAST(average_order_value AS FLOAT), "
        "CAST(last_order_date AS VARCHAR) FROM si_contacts_123 WHERE si_contact_id = 1",
    )
    assert found == [(1, 299.5, 299.5, "2026-02-01")]


def test_a_lead_has_no_orders(account, url):
    account.purchases.clear()
    write_open_data(account, url)
    found = ask(
        url,
        "SELECT number_of_purchases, CAST(turnover AS INTEGER), average_order_value, "
        "last_order_date FROM si_contacts_123 WHERE si_contact_id = 1",
    )
    assert found == [(0, 0, None, None)]


def test_a_generated_contact_has_no_contact_id(account, url):
    write_open_data(account, url)
    found = ask(
        url,
        "SELECT contact_id, contact_external_id FROM si_contacts_123 WHERE is_generated",
    )
    assert found == [(None, "C9")]


def test_purchases_carry_amounts_in_major_units(account, url):
    write_open_data(account, url)
    found = ask(
        url,
        "SELECT order_id, product_external_id, CAST(quantity AS INTEGER), "
        "CAST(sales_amount AS FLOAT), channel FROM si_purchases_123 ORDER BY 1, 2",
    )
    assert found == [
        ("O1", "SKU-1", 1, 199.5, "online"),
        ("O1", "SKU-2", 2, 100.0, "online"),
        ("O2", "SKU-1", 1, 199.5, "online"),
    ]


def test_one_item_has_one_product_id(account, url):
    write_open_data(account, url)
    found = ask(url, "SELECT DISTINCT si_product_id, product_external_id FROM si_purchases_123")
    assert sorted(found) == [(1, "SKU-1"), (2, "SKU-2")]


def test_times_are_the_same_instant_on_every_engine(account, url):
    write_open_data(account, url)
    column = sa.column("event_time", sa.DateTime(timezone=True))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        at = connection.execute(sa.select(column).select_from(sa.table("external_events_123")))
        found = at.scalar_one()
    engine.dispose()
    assert (found if found.tzinfo else found.replace(tzinfo=UTC)) == NOW


def test_an_event_carries_its_definition_and_the_account(account, url):
    write_open_data(account, url)
    found = ask(
        url, "SELECT contact_id, event_id, event_type_id, customer_id FROM external_events_123"
    )
    assert found == [(1, "e1", 7, 123)]


def test_an_unsubscribe_carries_its_source_and_domain(account, url):
    write_open_data(account, url)
    found = ask(url, "SELECT contact_id, campaign_id, source, domain FROM email_unsubscribes_123")
    assert found == [(2, 77, "unsubscribe", "Example.com")]


def test_writing_again_replaces(account, url):
    write_open_data(account, url)
    account.purchases.pop()
    write_open_data(account, url)
    assert ask(url, "SELECT count(*) FROM si_purchases_123") == [(2,)]


def test_a_view_without_rows_is_an_empty_table(account, url):
    account.unsubscribes.clear()
    write_open_data(account, url)
    assert ask(url, "SELECT count(*) FROM email_unsubscribes_123") == [(0,)]


def test_a_view_without_rows_can_be_missing(account, sqlite):
    write_open_data(account, sqlite)
    account.unsubscribes.clear()
    write_open_data(account, sqlite, hide_empty=True)
    engine = sa.create_engine(sqlite)
    assert "email_unsubscribes_123" not in sa.inspect(engine).get_table_names()
    engine.dispose()


def test_a_schema_is_made_and_used(account, tmp_path):
    url = f"duckdb:///{tmp_path / 'open'}"
    write_open_data(account, url, schema="emarsys_demo")
    assert ask(url, "SELECT count(*) FROM emarsys_demo.si_purchases_123") == [(3,)]


@pytest.mark.parametrize(("every", "rows"), [(0, 4), (2, 6), (4, 5), (5, 4)])
def test_one_event_in_so_many_stands_twice(account, sqlite, every, rows):
    account.fired_events[:] = [FiredEvent(f"e{n}", 7, 1, NOW, NOW) for n in range(4)]
    write_open_data(account, sqlite, repeat_every=every)
    assert ask(sqlite, "SELECT count(*) FROM external_events_123") == [(rows,)]


@pytest.mark.parametrize(("minutes", "rows"), [(4, 0), (5, 1)])
def test_rows_that_arrive_later_are_not_there_yet(account, sqlite, minutes, rows):
    write_open_data(account, sqlite, until=NOW + timedelta(minutes=minutes))
    assert ask(sqlite, "SELECT count(*) FROM external_events_123") == [(rows,)]


@pytest.mark.parametrize("view", ["si_contacts", "si_purchases", "email_unsubscribes"])
def test_nothing_is_there_before_it_was_loaded(account, sqlite, view):
    write_open_data(account, sqlite, until=NOW - timedelta(seconds=1))
    assert ask(sqlite, f"SELECT count(*) FROM {view}_123") == [(0,)]


def test_purchases_that_arrive_later_do_not_count_yet(account, sqlite):
    later = NOW + timedelta(days=1)
    account.purchases.append(Purchase("O3", "S", Decimal(1), 1, date(2026, 3, 1), 1, later))
    write_open_data(account, sqlite, until=NOW)
    statement = "SELECT number_of_purchases FROM si_contacts_123 WHERE si_contact_id = 1"
    assert ask(sqlite, statement) == [(1,)]


def test_sqlite_keeps_times_as_sqlalchemy_reads_them(account, sqlite):
    account.fired_events[0].fired_at = datetime(2026, 3, 10, 9, 0, 0, 5, tzinfo=UTC)
    write_open_data(account, sqlite)
    found = ask(sqlite, "SELECT event_time FROM external_events_123")
    assert found == [("2026-03-10 09:00:00.000005",)]


def test_an_empty_account_is_written(account, sqlite):
    account.si_contacts.clear()
    account.purchases.clear()
    write_open_data(account, sqlite)
    assert ask(sqlite, "SELECT count(*) FROM si_contacts_123") == [(0,)]


EXTRA = ("automation_node_executions", "products_latest_state")


def test_views_that_only_some_accounts_have_are_not_there_by_default(account, sqlite):
    write_open_data(account, sqlite)
    assert not set(sa.inspect(sa.create_engine(sqlite)).get_table_names()) & {
        f"{name}_{account.customer_id}" for name in EXTRA
    }


def test_an_event_leaves_a_start_and_an_end_of_what_it_set_off(account, url):
    account.extra_views = EXTRA
    write_open_data(account, url)
    rows = ask(
        url,
        "SELECT ac_program_id, execution_phase, participants "
        f"FROM automation_node_executions_{account.customer_id} ORDER BY execution_phase DESC",
    )
    told = [(program, phase, json.loads(people)["contact_id"]) for program, phase, people in rows]
    contact = account.fired_events[0].contact_id
    assert told == [(501, "START", contact), (501, "END", contact)]


def test_a_product_has_a_record_for_each_text(account, url):
    account.extra_views = EXTRA
    write_open_data(account, url)
    rows = ask(
        url,
        "SELECT item_id, title, available "
        f"FROM products_latest_state_{account.customer_id} ORDER BY item_id",
    )
    told = [(item, *(json.loads(one)["default"] for one in texts)) for item, *texts in rows]
    assert told == [("SKU-1", 'A "shirt", blue', True), ("SKU-2", "Strümpfe", False)]
