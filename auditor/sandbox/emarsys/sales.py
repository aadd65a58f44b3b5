"""The daily load: uploaded sales become purchases, and Open Data is made anew.

Source:
    Emarsys reference 5.2 (append, replace) and 7 (Open Data after an erasure).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.open_data import write_open_data
from auditor.sandbox.emarsys.si_contacts import SiContacts
from auditor.sandbox.world.model import Purchase

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.csv_files import SalesRow
    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.world.model import EmarsysAccount


def load_pending(state: Emarsys) -> int:
    """Load every accepted upload, bring Smart Insight's contacts up to date, refresh Open Data.

    Returns:
        How many uploaded rows were loaded.
    """
    rows, state.pending_sales = state.pending_sales, []
    _forget_erased(state.account, state.erased)
    state.erased = set()
    contacts = SiContacts(state)
    contacts.cure()
    contacts.welcome(change.contact_id for change in state.changes if change.is_new)
    if state.options.sales_semantics == "replace":
        _drop_replaced(state.account, rows)
    state.account.purchases += _purchases(state, contacts, rows)
    if state.options.open_data_url:
        write_open_data(
            state.account,
            state.options.open_data_url,
            schema=state.options.open_data_schema,
            repeat_every=state.options.open_data_repeat_every,
            until=state.clock(),
        )
    return len(rows)


def _purchases(state: Emarsys, contacts: SiContacts, rows: list[SalesRow]) -> list[Purchase]:
    titles = {row.item: row.title for row in state.account.catalogue}
    loaded_at = state.clock()
    return [
        Purchase(
            order_id=row.order_id,
            item=row.item,
            quantity=row.quantity,
            amount_minor=row.amount_minor,
            purchased_on=row.purchased_on,
            si_contact_id=contacts.of(row).id,
            loaded_at=loaded_at,
            product_name=titles.get(row.item, ""),
        )
        for row in rows
    ]


def _drop_replaced(account: EmarsysAccount, rows: list[SalesRow]) -> None:
    """Drop earlier rows of the same order and type; a negative amount is a refund."""
    again = {(row.order_id, row.amount_minor < 0) for row in rows}
    account.purchases[:] = [
        old for old in account.purchases if (old.order_id, old.amount_minor < 0) not in again
    ]


def _forget_erased(account: EmarsysAccount, erased: set[int]) -> None:
    if not erased:
        return
    account.fired_events[:] = [e for e in account.fired_events if e.contact_id not in erased]
    account.unsubscribes[:] = [u for u in account.unsubscribes if u.contact_id not in erased]
    account.si_contacts[:] = [s for s in account.si_contacts if s.contact_id not in erased]
