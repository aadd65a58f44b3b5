"""Whether the token sees only some of the tenant's stores.

A token can be restricted to stores or to one type of store, and the API does not say so: what it may
not see is simply not there. A channel that is not there looks clean. A restriction is therefore taken
as proved, and the list of stores as incomplete, where other records contradict it:

- a record names a store that the list does not have, or
- wholesale accounts or buyers exist, but no wholesale store does.

A tenant without any trace of wholesale has none, and its list is complete; a note says so, because a
tenant that hides every trace looks the same. Stores are read last, so
that every other stream has been seen by then and a store that was opened meanwhile is in the list.

Source:
    Centra reference 1.2 (restrictions), 3.6 (accounts and buyers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import IncompleteSnapshotError
from auditor.model.tables import centra_account, centra_buyer, centra_store
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.places import STORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.stream import Page
    from auditor.systems.centra.listing import Tenant
    from auditor.systems.centra.notes import Notes

WHOLESALE = "WHOLESALE"
WIDEN = "set a token in centra.token that is restricted to no store and no type of store."


class Witness:
    """What the records that were read say about stores."""

    def __init__(self) -> None:
        self._stores: set[str] = set()
        self._has_trade = False

    def see(self, page: Page) -> None:
        """Look at a page of any stream."""
        for name, table in page.tables.items():
            if "store_id" in table.schema.names:
                self._stores |= set(table["store_id"].unique().to_pylist()) - {None}
            if name in (centra_account.name, centra_buyer.name) and table.num_rows:
                self._has_trade = True

    def require_all(self, types: dict[str, str]) -> None:
        """Hold the listed stores against the records.

        Args:
            types: The type of each listed store by its id.

        Raises:
            IncompleteSnapshotError: stores are hidden from the token.
        """
        hidden = self._stores - types.keys()
        if hidden:
            raise IncompleteSnapshotError(
                f"Records name {len(hidden)} stores that centra.token may not see; {WIDEN}"
            )
        if self._has_trade and WHOLESALE not in types.values():
            raise IncompleteSnapshotError(
                f"Wholesale accounts or buyers exist, but centra.token sees no such store; {WIDEN}"
            )


def read_stores(tenant: Tenant, notes: Notes, witness: Witness) -> Iterator[Page]:
    """Yield the stores.

    Raises:
        IncompleteSnapshotError: some are hidden from the token.
        ReadError: as for any list.
    """
    types: dict[str, str] = {}
    for page in Reader(STORES, tenant, notes).pages():
        stores = page.tables[centra_store.name]
        types |= zip(stores["store_id"].to_pylist(), stores["type"].to_pylist(), strict=True)
        yield page
    witness.require_all(types)
    if WHOLESALE not in types.values():
        notes.add("No wholesale store is visible: there is none, or centra.token is restricted.")
