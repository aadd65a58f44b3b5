"""A warehouse on each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    """Give an empty one."""
    opened = Warehouse(warehouse_url)
    yield opened
    opened.close()
