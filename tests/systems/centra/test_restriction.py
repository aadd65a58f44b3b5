"""A token that does not see every store is found out by what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import ACCOUNTS, BUYERS, CUSTOMERS
from auditor.systems.centra.restriction import Witness, read_stores, read_wholesale
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import Row, account, buyer, customer, store

if TYPE_CHECKING:
    from auditor.model.stream import Page
    from auditor.systems.centra.listing import Source

RETAIL, TRADE = store(1), store(2, type="WHOLESALE")
TABLE = "centra_wholesale_store"


def seen(fake: FakeCentra, source: Source[Any] | None) -> Witness:
    witness = Witness()
    for page in Reader(source, tenant_of(fake)).pages() if source else ():
        witness.see(page)
    return witness


def stores_after(row: Row) -> list[Page]:
    fake = FakeCentra(rows={"customers": [row], "stores": [RETAIL]})
    return list(read_stores(tenant_of(fake), Notes(), seen(fake, CUSTOMERS)))


def wholesale(
    *stores: Row, is_sold: bool, source: Source[Any] | None = None, **rows: list[Row]
) -> list[str]:
    """Return the wholesale stores that are found after another list was read."""
    fake = FakeCentra(rows={**rows, "stores": [*stores]})
    pages = read_wholesale(tenant_of(fake), Notes(), seen(fake, source), is_sold=is_sold)
    return [id_ for page in pages for id_ in page.tables[TABLE]["store_id"].to_pylist()]


def test_a_customer_of_a_store_that_is_not_listed_proves_a_restriction():
    with pytest.raises(IncompleteSnapshotError, match="name 1 stores"):
        stores_after(customer(store={"id": 9}))


def test_a_customer_without_a_store_proves_nothing():
    assert [page.rows for page in stores_after(customer(store=None))] == [1]


@pytest.mark.parametrize("is_sold", [False, True])
@pytest.mark.parametrize(
    ("source", "name", "row"),
    [(ACCOUNTS, "accounts", account()), (BUYERS, "buyers", buyer())],
    ids=["accounts", "buyers"],
)
def test_trade_without_a_wholesale_store_proves_a_restriction(
    source: Source[Any], name: str, row: Row, is_sold: bool
):
    with pytest.raises(IncompleteSnapshotError, match="sees no such store"):
        wholesale(RETAIL, is_sold=is_sold, source=source, **{name: [row]})


def test_trade_with_a_wholesale_store_is_complete():
    found = wholesale(RETAIL, TRADE, is_sold=True, source=ACCOUNTS, accounts=[account()])
    assert found == ["2"]


def test_a_token_that_sees_no_wholesale_store_is_taken_to_be_restricted():
    with pytest.raises(IncompleteSnapshotError, match=r"or set centra\.wholesale to false"):
        wholesale(RETAIL, is_sold=True)


def test_a_brand_without_wholesale_says_so_and_is_complete():
    assert wholesale(RETAIL, is_sold=False) == []
