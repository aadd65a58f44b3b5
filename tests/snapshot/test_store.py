"""A page is stored with the keyed hash of every e-mail address it holds."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.keyed_hash import keyed_hash
from auditor.model.stream import Page
from auditor.snapshot.store import store_page
from auditor.warehouse import UnfinishedRead, Warehouse
from auditor.warehouse.stage import staged
from tests.snapshot.world import Shop, arrow
from tests.stores import warehouse_in

if TYPE_CHECKING:
    from pathlib import Path


def stored_hash(folder: Path, pepper: str | None) -> str | None:
    rows = arrow(t.centra_customer, [{"customer_id": "1", "email_key": "a@x.se"}])
    with closing(Warehouse(warehouse_in(folder))) as warehouse:
        read = UnfinishedRead("customers", "full", "", Shop().now)
        warehouse.begin_read(read, t.STREAM_TABLES["customers"])
        page = Page({"centra_customer": rows}, rows=1)
        store_page(warehouse, page, stream="customers", run="a", number=1, pepper=pepper)
        with warehouse.engine.connect() as conn:
            found: str | None = conn.scalar(sa.select(staged(t.centra_customer).c.email_hash))
    return found


def test_an_address_is_stored_with_its_hash(tmp_path: Path):
    assert stored_hash(tmp_path, "pepper") == keyed_hash("a@x.se", "pepper")


def test_without_a_pepper_there_is_no_hash(tmp_path: Path):
    assert stored_hash(tmp_path, None) is None


@pytest.mark.parametrize("other", [("b@x.se", "pepper"), ("a@x.se", "salt")])
def test_another_address_or_pepper_gives_another_hash(other: tuple[str, str]):
    assert keyed_hash(*other) != keyed_hash("a@x.se", "pepper")
