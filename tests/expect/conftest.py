from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.warehouse import Warehouse
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give a throw-away PostgreSQL server; without its binaries the test fails."""
    with postgres.server() as url:
        yield url


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Give an empty warehouse in a DuckDB file."""
    warehouse = Warehouse(f"duckdb:///{tmp_path / 'warehouse.duckdb'}")
    yield warehouse
    warehouse.close()


@pytest.fixture(params=["duckdb", "postgresql"])
def each_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """Give an empty warehouse on each supported engine in turn."""
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    else:
        url = postgres.new_database(request.getfixturevalue("postgres_url"))
    warehouse = Warehouse(url)
    yield warehouse
    warehouse.close()
