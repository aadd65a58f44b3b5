from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests.reconcile.books import Books

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def books(warehouse_url: str, request: pytest.FixtureRequest) -> Iterator[Books]:
    """Give empty books; a module that names `SUITES` has no others reconciled, which saves most of its time."""
    warehouse = Warehouse(warehouse_url)
    yield Books(warehouse, suites=getattr(request.module, "SUITES", None))
    warehouse.close()
