from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.findings.ledger import Ledger
from auditor.warehouse import Warehouse
from tests.findings.days import Days
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = Warehouse(warehouse_in(tmp_path_factory.mktemp("life")))
    yield made
    made.close()


@pytest.fixture
def days(ledger_url: str, warehouse: Warehouse) -> Iterator[Days]:
    ledger = Ledger(ledger_url)
    yield Days(ledger, warehouse)
    ledger.close()
