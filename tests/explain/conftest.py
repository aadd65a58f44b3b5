from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.model.history import HISTORY, snapshot_run
from auditor.warehouse import Warehouse
from tests.reconcile.books import NOW, OLD, Books
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa


LONG_BEFORE, LATELY = OLD - timedelta(days=9), OLD + timedelta(days=10)


@pytest.fixture(scope="session")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    """One brand, reconciled once; explaining changes nothing."""
    folder: Path = tmp_path_factory.mktemp("explain")
    warehouse = Warehouse(warehouse_in(folder))
    books = Books(warehouse)
    books.customer("1", "anna@x.se", first_name="Anna", last_name="Berg")
    books.customer("2", "anna@x.se", created_at=NOW)
    books.customer("77", "lone@x.se")
    books.customer("78", "\N{LATIN SMALL LETTER J WITH CARON}an@x.se")
    books.subscription("anna@x.se", active=False)
    books.contact("900", "anna@x.se", 1, external_id="1", first_name="Anna")
    line = books.line("SKU-1", 2, 20_000)
    books.order("100", line, books.line("SKU-2", 1, 5_000))
    books.returned(line, 1)
    books.sale("100", "SKU-1", 2, 20_000, si_contact_id="si900")
    books.sale("555", "SKU-9", 1, 100)
    books.order("77", books.line("SKU-1", 1, 10_000), customer_id="77")
    books.event("e0", "nobody", happened_at=LONG_BEFORE)
    books.event("e1", "900", happened_at=LATELY)
    books.sells("SKU-4")
    books.lists("SKU-4", price_minor=9_000, msrp_minor=10_000)
    books.segment(7, "900")
    books.rows()
    _remember(warehouse)
    with warehouse.engine.connect() as conn:
        yield conn
    warehouse.close()


def _remember(warehouse: Warehouse) -> None:
    """Write versions of contact 900, whose opt-in went from 2 to 1, and of 901, which went."""
    past = HISTORY["emarsys_contact"]
    version = {"email_key": "anna@x.se", "row_hash": ""}
    with warehouse.engine.begin() as conn:
        conn.execute(
            snapshot_run.insert(),
            [
                {"number": 1, "run": "first", "as_of": OLD},
                {"number": 2, "run": "second", "as_of": NOW},
            ],
        )
        conn.execute(
            past.insert(),
            [
                {**version, "contact_id": "900", "opt_in": 2, "valid_from_run": "first",
                 "valid_to_run": "second"},
                {**version, "contact_id": "900", "opt_in": 1, "valid_from_run": "second",
                 "valid_to_run": None},
                {**version, "contact_id": "901", "opt_in": 1, "valid_from_run": "first",
                 "valid_to_run": "second"},
            ],
        )  # fmt: skip
