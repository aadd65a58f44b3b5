"""Whether the token sees only some of the tenant's stores.

A token can be restricted to stores or to one type of store, and the API does not say so: what it may
not see is simply not there. A channel that is not there looks clean. Two streams say what is proved:

- `stores` is incomplete where a record names a store that the list does not have;
- `wholesale_stores` is incomplete where no wholesale store is visible, unless the settings say that
  the brand has none and neither accounts nor buyers contradict them.

Both are read last, so that every other stream has been seen by then and a store that was opened
meanwhile is in the list.

Source:
    Centra reference 1.2 (restrictions), 3.6 (accounts and buyers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Page
from auditor.model.tables import (
    centra_account,
    centra_buyer,
    centra_store,
    centra_wholesale_store,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.places import STORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.systems.centra.listing import Tenant
    from auditor.systems.centra.notes import Notes

WHOLESALE = "WHOLESALE"
WIDEN = "set a token in centra.token that is restricted to no store and no type of store."


class Witness:
    """What the records that were read say about stores; many threads may tell it at once."""

    def __init__(self) -> None:
        self._stores: set[str] = set()
        self._has_trade = False

    def see(self, page: Page) -> None:
        """Look at a page of any stream."""
        for name, table in page.tables.items():
            if "store_id" in table.schema.names:
                self._stores.update(set(table["store_id"].unique().to_pylist()) - {None})
            if name in (centra_account.name, centra_buyer.name) and table.num_rows:
                self._has_trade = True

    def require_all(self, listed: set[str]) -> None:
        """Hold the ids of the listed stores against the records.

        Raises:
            IncompleteSnapshotError: stores are hidden from the token.
        """
        hidden = self._stores - listed
        if hidden:
            raise IncompleteSnapshotError(
                f"Records name {len(hidden)} stores that centra.token may not see; {WIDEN}"
            )

    def require_wholesale(self, *, is_sold: bool) -> None:
        """Judge that no wholesale store is visible.

        Args:
            is_sold: Whether the brand sells wholesale, by its settings.

        Raises:
            IncompleteSnapshotError: there may be one that is hidden from the token.
        """
        if self._has_trade:
            raise IncompleteSnapshotError(
                f"Wholesale accounts or buyers exist, but centra.token sees no such store; {WIDEN}"
            )
        if is_sold:
            raise IncompleteSnapshotError(
                f"centra.token sees no wholesale store; {WIDEN[:-1]}, "
                "or set centra.wholesale to false where the brand has none."
            )


def read_stores(tenant: Tenant, notes: Notes, witness: Witness) -> Iterator[Page]:
    """Yield the stores.

    Raises:
        IncompleteSnapshotError: some are hidden from the token.
        ReadError: as for any list.
    """
    listed: set[str] = set()
    for page in Reader(STORES, tenant, notes).pages():
        listed |= set(page.tables[centra_store.name]["store_id"].to_pylist())
        yield page
    witness.require_all(listed)


def read_wholesale(
    tenant: Tenant, notes: Notes, witness: Witness, *, is_sold: bool
) -> Iterator[Page]:
    """Yield the wholesale stores.

    Args:
        tenant: Whom to ask.
        notes: Hears what is left out.
        witness: What the other streams have shown.
        is_sold: Whether the brand sells wholesale, by its settings.

    Raises:
        IncompleteSnapshotError: none is visible although there may be one.
        ReadError: as for any list.
    """
    found = 0
    for page in Reader(STORES, tenant, notes).pages():
        stores = page.tables[centra_store.name]
        types = stores["type"].to_pylist()
        ids = [
            store
            for store, type_ in zip(stores["store_id"].to_pylist(), types, strict=True)
            if type_ == WHOLESALE
        ]
        found += len(ids)
        table = arrow_table(centra_wholesale_store, {"store_id": ids})
        yield Page({centra_wholesale_store.name: table}, len(ids), aside=page.aside)
    if not found:
        witness.require_wholesale(is_sold=is_sold)
