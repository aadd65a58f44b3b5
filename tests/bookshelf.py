"""Books in memory, for every test that needs a warehouse with a few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests.reconcile.books import Books
from tests.stores import on_one_thread, warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator


FILLED = {
    "duckdb": "SELECT table_name FROM duckdb_tables() WHERE estimated_size > 0",
    "postgresql": "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind = 'r' AND pg_relation_size(oid) > 0",
}


@pytest.fixture(scope="session")
def _bookshelf(
    tmp_path_factory: pytest.TempPathFactory, *, is_embedded: bool
) -> Iterator[Warehouse]:
    """Make the tables once: that takes longer than most tests do with them."""
    place = "duckdb:///:memory:" if is_embedded else warehouse_in(tmp_path_factory.mktemp("books"))
    warehouse = Warehouse(place)
    on_one_thread(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture
def books(request: pytest.FixtureRequest, _bookshelf: Warehouse) -> Iterator[Books]:
    """Give empty books in memory; a module that names `SUITES` has no others reconciled.

    One engine at a time is enough for a case of one fact: `test_engines` and `tests/test_invariants.py`
    hold whole worlds on DuckDB against the same on PostgreSQL, in every column.
    """
    yield Books(_bookshelf, suites=getattr(request.module, "SUITES", None))
    with _bookshelf.engine.begin() as conn:
        filled = conn.exec_driver_sql(FILLED[conn.dialect.name]).fetchall()
        for (name,) in filled:
            conn.exec_driver_sql(f'TRUNCATE "{name}"')
