"""A publication is whole or not at all, and writes versions only of what changed."""

from __future__ import annotations

import contextlib
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.model.history import HISTORY
from auditor.model.tables import KEYS, STREAM_TABLES, metadata, record_key
from auditor.warehouse import Warehouse
from auditor.warehouse.connect import THREADS
from auditor.warehouse.publish import Published, publish
from auditor.warehouse.unload import batches
from tests.snapshot.world import Killed, Shop, forget_everything, snap, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    opened = Warehouse(warehouse_url)
    yield opened
    opened.close()


def shop_of(*numbers: str) -> Shop:
    shop = Shop()
    for number in numbers:
        shop.put(number)
    return shop


def killed_at(warehouse: Warehouse, shop: Shop, statement: int, **terms: Any) -> bool:
    """Take a snapshot in a process that dies before one of its statements; tell whether it did.

    Before one that only reads there is nothing to die of until the next that does not.
    """
    seen = count()

    def die(_conn: Any, _cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith(("SELECT", "SET")) and next(seen) == statement:
            raise Killed

    sa.event.listen(warehouse.engine, "before_cursor_execute", die)
    try:
        snap(warehouse, shop, f"killed at {statement}", **terms)
    except Killed:
        return True
    finally:
        sa.event.remove(warehouse.engine, "before_cursor_execute", die)
    return False


@pytest.mark.parametrize("full", [True, False])
def test_a_process_that_dies_at_any_statement_leaves_the_whole_old_snapshot(
    warehouse: Warehouse, full: bool
):
    shop = shop_of("1", "2", "3")
    snap(warehouse, shop, "a")
    before = dict(shop.orders)
    shop.put("2", "SHIPPED", lines=2)
    shop.put("4")
    for statement in count():
        if not killed_at(warehouse, shop, statement, full=full):
            break
        assert stored(warehouse) == stored(warehouse, "a") == before
    assert stored(warehouse) == shop.orders


def versions(warehouse: Warehouse) -> int:
    past = HISTORY["centra_order"]
    with warehouse.engine.connect() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(past)) or 0


@pytest.mark.parametrize("full", [True, False])
def test_a_version_is_written_only_of_what_changed(warehouse: Warehouse, full: bool):
    shop = shop_of(*"123456789")
    snap(warehouse, shop, "a")
    shop.put("2", "SHIPPED")
    snap(warehouse, shop, "b", full=full)
    assert versions(warehouse) == 10


def test_values_that_read_alike_when_joined_are_different_rows(warehouse: Warehouse):
    shop = Shop()
    shop.put("1", "1:a")
    snap(warehouse, shop, "a")
    shop.put("1", "a")
    snap(warehouse, shop, "b")
    assert (stored(warehouse, "a")["1"], stored(warehouse, "b")["1"]) == (("1:a", 1), ("a", 1))


def test_a_row_that_comes_back_is_there_again(warehouse: Warehouse):
    shop = shop_of("1", "2")
    snap(warehouse, shop, "a")
    kept = shop.orders.pop("2")
    snap(warehouse, shop, "b", full=True)
    shop.orders["2"] = kept
    snap(warehouse, shop, "c", full=True)
    assert [sorted(stored(warehouse, run)) for run in "abc"] == [["1", "2"], ["1"], ["1", "2"]]


def test_runs_that_share_a_second_keep_their_order(warehouse: Warehouse):
    shop = shop_of("1")
    snap(warehouse, shop, "05:00:00Z-ffff")
    shop.put("1", "SHIPPED")
    snap(warehouse, shop, "05:00:00Z-0000")
    assert stored(warehouse, "05:00:00Z-ffff")["1"] == ("CONFIRMED", 1)


def test_examples_start_from_an_empty_warehouse(warehouse: Warehouse):
    snap(warehouse, shop_of("1"), "a")
    forget_everything(warehouse)
    assert (stored(warehouse), versions(warehouse)) == ({}, 0)


@pytest.mark.parametrize("table", KEYS)
def test_a_key_names_columns_of_its_table(table: str):
    assert set(KEYS[table]) <= set(HISTORY[table].c.keys())


@pytest.mark.parametrize(
    ("stream", "key"),
    [("orders", ("order_number",)), ("returns", ("return_id",)), ("sales", None)],
)
def test_a_record_is_replaced_by_the_key_of_its_first_table(
    stream: str, key: tuple[str, ...] | None
):
    assert STREAM_TABLES[stream]
    assert record_key(stream) == key


def test_nobody_else_may_read_a_warehouse_file(tmp_path: Path):
    file = tmp_path / "warehouse.duckdb"
    Warehouse(f"duckdb:///{file}").close()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("reader", [Warehouse, Published])
def test_an_embedded_engine_fetches_nothing_from_its_makers(
    tmp_path: Path, reader: type[Warehouse | Published]
):
    url = f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    Warehouse(url).close()
    publish(url)
    with closing(reader(url)) as opened, opened.engine.connect() as conn:
        installs = conn.scalar(sa.text("SELECT current_setting('autoinstall_known_extensions')"))
    assert installs is False


def test_what_was_remembered_of_an_erased_customer_is_a_hash(warehouse: Warehouse):
    past, customer = HISTORY["centra_customer"], metadata.tables["centra_customer"]
    known = {"customer_id": "1", "email": "A@x.se", "email_key": "a@x.se", "first_name": "Åsa"}
    with warehouse.engine.begin() as conn:
        conn.execute(customer.insert().values(customer_id="1", is_anonymized=True))
        conn.execute(past.insert().values(email_hash="h", valid_to_run="b", **known))
    warehouse.publish("b", datetime(2026, 11, 23, tzinfo=UTC), [])
    with warehouse.engine.connect() as conn:
        (row,) = conn.execute(sa.select(past)).mappings()
    kept = {name for name, value in row.items() if value is not None}
    assert kept == {"customer_id", "email_hash", "valid_to_run"}


def test_what_a_tenant_says_of_itself_is_kept_until_it_says_something_else(warehouse: Warehouse):
    warehouse.keep("one", "v1", "old")
    warehouse.keep("other", "v1", "its own")
    warehouse.keep("one", "v2", "new")
    asked = [("one", "v1"), ("one", "v2"), ("other", "v1"), ("none", "v1")]
    assert [warehouse.recall(*one) for one in asked] == [None, "new", "its own", None]


def test_what_tenants_say_of_themselves_can_be_forgotten(warehouse: Warehouse):
    warehouse.keep("one", "v1", "old")
    warehouse.forget_schemas()
    assert warehouse.recall("one", "v1") is None


# --- processors


@pytest.fixture
def embedded(duckdb_url: str) -> Iterator[Warehouse]:
    opened = Warehouse(duckdb_url)
    yield opened
    opened.close()


def threads_of(warehouse: Warehouse) -> int:
    with warehouse.engine.connect() as conn:
        return int(conn.scalar(sa.text("SELECT current_setting('threads')")) or 0)


def test_the_store_takes_one_processor_while_systems_are_read(embedded: Warehouse):
    with embedded.beside_readers():
        assert threads_of(embedded) == 1


def test_the_store_takes_its_processors_again_whatever_becomes_of_the_reading(embedded: Warehouse):
    with contextlib.suppress(Killed), embedded.beside_readers():
        raise Killed
    assert threads_of(embedded) == THREADS


@pytest.mark.parametrize("name", ["50% off", "100%% wool", "it's", "a\\b:c"])
def test_a_bulk_read_finds_a_text_as_it_is_written(warehouse: Warehouse, name: str):
    store = metadata.tables["centra_store"]
    with warehouse.engine.begin() as conn:
        conn.execute(store.insert().values(store_id="1", name=name))
    found = list(batches(warehouse.engine, sa.select(store.c.name).where(store.c.name == name)))
    assert [table.column("name").to_pylist() for table in found] == [[name]]
