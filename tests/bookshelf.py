"""Books in memory, for every test that needs a warehouse with a few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests.reconcile.books import Books

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _bookshelf() -> Iterator[Warehouse]:
    """Make the tables once: that takes longer than most tests do with them."""
    warehouse = Warehouse("duckdb:///:memory:")
    yield warehouse
    warehouse.close()


@pytest.fixture
def books(request: pytest.FixtureRequest, _bookshelf: Warehouse) -> Iterator[Books]:
    """Give empty books in memory; a module that names `SUITES` has no others reconciled.

    One engine is enough for a case of one fact: `test_engines` and `tests/test_invariants.py` hold
    whole worlds on DuckDB against the same on PostgreSQL, in every column.
    """
    yield Books(_bookshelf, suites=getattr(request.module, "SUITES", None))
    with _bookshelf.engine.begin() as conn:
        filled = "SELECT table_name FROM duckdb_tables() WHERE estimated_size > 0"
        for (name,) in conn.exec_driver_sql(filled).fetchall():
            conn.exec_driver_sql(f'TRUNCATE "{name}"')
