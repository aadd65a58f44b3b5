"""A warehouse of any earlier schema becomes what a new one is, and keeps what was read."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.errors import StoreError
from auditor.model import history
from auditor.model import tables as t
from auditor.model.drift import drift_consent
from auditor.postgresql import one_at_a_time
from auditor.warehouse import Warehouse, schema
from auditor.warehouse.publish import Published, publish
from auditor.warehouse.stage import staged
from tests.frozen_warehouses import FOLDER, declared, frozen, thaw, written
from tests.postgres import new_database
from tests.snapshot.world import Shop, snap, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Shape = dict[tuple[str, str], tuple[str | None, ...]]
"""Of each column of each table its type, whether it may be empty, and how it sorts."""

KEPT = (t.centra_order, history.HISTORY["centra_order"])
EVERY = [(engine, name) for engine in ("duckdb", "postgresql") for name in frozen()]


def empty(request: pytest.FixtureRequest, engine: str, folder: Path) -> str:
    if engine == "duckdb":
        return f"duckdb:///{folder / 'warehouse.duckdb'}"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="module")
def shapes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Shape]:
    """Give the shape of a new warehouse on each engine."""
    found = {}
    for engine in ("duckdb", "postgresql"):
        with closing(Warehouse(empty(request, engine, tmp_path_factory.mktemp("new")))) as new:
            found[engine] = shape(new)
    return found


@pytest.fixture(scope="module", params=EVERY, ids="-".join)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Open the warehouse of an earlier schema; what a test reads into it changes no shape."""
    engine, name = request.param
    url = empty(request, engine, tmp_path_factory.mktemp("old"))
    thaw(name, url)
    with closing(Warehouse(url)) as warehouse:
        yield warehouse


@pytest.fixture
def old_url(tmp_path: Path) -> str:
    url = f"duckdb:///{tmp_path / 'old.duckdb'}"
    thaw(frozen()[0], url)
    return url


def shape(warehouse: Warehouse) -> Shape:
    query = (
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
        "WHERE table_schema = current_schema()"
    )
    with warehouse.engine.connect() as conn:
        return {(row[0], row[1]): tuple(row[2:]) for row in conn.execute(sa.text(query))}


def test_it_has_every_column_of_a_new_one(upgraded: Warehouse, shapes: dict[str, Shape]):
    made, found = shapes[upgraded.engine.dialect.name], shape(upgraded)
    assert {key: found.get(key) for key in made} == made


def test_its_next_run_goes_on_with_its_history(upgraded: Warehouse):
    shop = Shop()
    shop.put("1", "SHIPPED")
    shop.put("2")
    snap(upgraded, shop, "b")
    assert (sorted(stored(upgraded)), sorted(stored(upgraded, "a"))) == (["1", "2"], ["1"])


def test_what_was_read_is_still_there(old_url: str):
    with closing(Warehouse(old_url)) as warehouse, warehouse.engine.connect() as conn:
        rows = [conn.execute(sa.select(table.c.status)).scalars().all() for table in KEPT]
    assert rows == [["PENDING"], ["PENDING"]]


def test_what_was_derived_is_gone(old_url: str):
    with closing(Warehouse(old_url)) as warehouse, warehouse.engine.connect() as conn:
        assert conn.execute(sa.select(drift_consent)).all() == []


def test_a_read_that_was_broken_off_is_begun_again(old_url: str):
    with closing(Warehouse(old_url)) as warehouse:
        assert warehouse.unfinished("centra.orders") is None


@pytest.mark.parametrize("name", ["stage_centra_order", "kept_emarsys_sale", "raw_emarsys_event"])
def test_rows_that_pass_through_stand_in_tables_called_so(duckdb_url: str, name: str):
    assert name in passing(duckdb_url, name)


@pytest.mark.parametrize("name", ["raw_orders", "stage_plan", "fresh_centra_order_copy", "kept"])
def test_what_somebody_else_keeps_under_such_a_name_is_not_ours(duckdb_url: str, name: str):
    assert name not in passing(duckdb_url, name)


def passing(url: str, name: str) -> list[str]:
    with closing(Warehouse(url)) as warehouse, warehouse.engine.begin() as conn:
        conn.execute(sa.text(f"CREATE TABLE {name} (one INTEGER)"))
        return schema.passing_tables(conn)


def test_the_log_tells_it(old_url: str, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        Warehouse(old_url).close()
    assert f"brought from schema without a number to {schema.SCHEMA}" in caplog.text


def test_an_upgrade_that_fails_is_told_and_changes_nothing(
    old_url: str, monkeypatch: pytest.MonkeyPatch
):
    # Halfway: what is derived is dropped by then.
    nowhere = sa.Table("nowhere", sa.MetaData(), sa.Column("c", sa.Text))
    monkeypatch.setattr(schema, "_missing", lambda _: nowhere.columns)
    with pytest.raises(StoreError, match=r"could not be brought from schema .* is as it was"):
        Warehouse(old_url)
    engine = sa.create_engine(old_url)
    with engine.connect() as conn:
        assert conn.execute(sa.text("SELECT subject_key FROM drift_consent")).all() == [("900",)]
    engine.dispose()


def test_opening_again_finds_nothing_to_do(duckdb_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "metadata", None)
    Warehouse(duckdb_url).close()


def test_of_processes_that_open_it_after_somebody_was_forgotten_none_fails(postgres_server: str):
    url = new_database(postgres_server)
    with closing(Warehouse(url)) as one, ThreadPoolExecutor() as pool:
        with one.engine.begin() as conn:
            schema.drop_passing(conn)
        with one.engine.begin() as conn:
            one_at_a_time(conn)
            staged(t.unparsed_row).create(conn)
            other = pool.submit(Warehouse, url)
            wait([other], timeout=0.5)  # it is waiting for the table
        other.result().close()


def test_a_copy_that_an_older_auditor_published_is_not_read(old_url: str):
    publish(old_url)
    with pytest.raises(StoreError, match=r"^Another version published .* `auditor audit` first\.$"):
        Published(old_url)


def numbered(url: str, number: int) -> str:
    with closing(Warehouse(url)) as warehouse, warehouse.engine.begin() as conn:
        conn.execute(schema.version_table.update().values(number=number))
    return url


def test_a_newer_warehouse_is_refused_in_a_sentence(duckdb_url: str):
    with pytest.raises(StoreError, match=rf"^store\.warehouse: .* 99, .* {schema.SCHEMA} at most"):
        Warehouse(numbered(duckdb_url, 99))


def test_one_too_old_is_refused_in_a_sentence(old_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "OLDEST", 1)
    with pytest.raises(StoreError, match=r"schema 0, .* from 1 on; .*`auditor snapshot --full`"):
        Warehouse(old_url)


def test_what_the_model_declares_is_frozen_under_its_number():
    """Where this fails, a table changed: raise SCHEMA (OLDEST too for a type), and freeze it."""
    text = (FOLDER / f"warehouse_{schema.SCHEMA}.sql").read_text()
    made = " ".join(re.findall(r"^CREATE [^;]*", text, re.MULTILINE)).split()
    assert made == " ".join(s for s in written(declared()) if s.startswith("CREATE")).split()
