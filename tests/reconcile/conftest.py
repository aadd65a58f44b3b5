from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests.reconcile.books import Books

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def books(warehouse_url: str) -> Iterator[Books]:
    warehouse = Warehouse(warehouse_url)
    yield Books(warehouse)
    warehouse.close()
