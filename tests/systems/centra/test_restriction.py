"""A token that does not see every store is found out by what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import ACCOUNTS, BUYERS, CUSTOMERS
from auditor.systems.centra.restriction import Witness, read_stores
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import Row, account, buyer, customer, store

if TYPE_CHECKING:
    from auditor.model.stream import Page
    from auditor.systems.centra.listing import Source

RETAIL, TRADE = store(1), store(2, type="WHOLESALE")


def stores_after(
    source: Source[Any], name: str, seen: Row, stores: list[Row]
) -> tuple[list[Page], Notes]:
    tenant = tenant_of(FakeCentra(rows={name: [seen], "stores": stores}))
    witness, notes = Witness(), Notes()
    for page in Reader(source, tenant).pages():
        witness.see(page)
    return list(read_stores(tenant, notes, witness)), notes


def test_a_customer_of_a_store_that_is_not_listed_proves_a_restriction():
    with pytest.raises(IncompleteSnapshotError, match="name 1 stores"):
        stores_after(CUSTOMERS, "customers", customer(store={"id": 9}), [RETAIL])


@pytest.mark.parametrize(
    ("source", "name", "row"),
    [(ACCOUNTS, "accounts", account()), (BUYERS, "buyers", buyer())],
    ids=["accounts", "buyers"],
)
def test_trade_without_a_wholesale_store_proves_a_restriction(
    source: Source[Any], name: str, row: Row
):
    with pytest.raises(IncompleteSnapshotError, match="sees no such store"):
        stores_after(source, name, row, [RETAIL])


def test_trade_with_a_wholesale_store_is_complete():
    pages, _ = stores_after(ACCOUNTS, "accounts", account(), [RETAIL, TRADE])
    assert [page.rows for page in pages] == [2]


def test_a_tenant_without_wholesale_is_complete_and_noted():
    pages, notes = stores_after(CUSTOMERS, "customers", customer(), [RETAIL])
    assert len(pages) == 1
    assert notes()[0].startswith("No wholesale store is visible")


def test_a_wholesale_store_needs_no_note():
    _, notes = stores_after(CUSTOMERS, "customers", customer(), [RETAIL, TRADE])
    assert notes() == ()


def test_a_customer_without_a_store_proves_nothing():
    pages, _ = stores_after(CUSTOMERS, "customers", customer(store=None), [RETAIL])
    assert len(pages) == 1
