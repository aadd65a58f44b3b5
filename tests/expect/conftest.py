from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def warehouse(one_url: str) -> Iterator[Warehouse]:
    """Give an empty warehouse."""
    warehouse = Warehouse(one_url)
    yield warehouse
    warehouse.close()


@pytest.fixture
def each_warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """Give an empty warehouse on each supported engine in turn."""
    warehouse = Warehouse(warehouse_url)
    yield warehouse
    warehouse.close()
