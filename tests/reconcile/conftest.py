from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests.reconcile.books import Books

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    """Give empty books in memory; a module that names `SUITES` has no others reconciled.

    One engine is enough for a case of one fact: `test_engines` and `tests/test_invariants.py` hold
    whole worlds on DuckDB against the same on PostgreSQL, in every column.
    """
    warehouse = Warehouse("duckdb:///:memory:")
    yield Books(warehouse, suites=getattr(request.module, "SUITES", None))
    warehouse.close()
