"""The contacts of Smart Insight: real ones, and generated ones that no Emarsys contact stands behind.

Source:
    Emarsys reference 5.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.contacts import as_key
from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.world.model import SiContact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from auditor.sandbox.emarsys.csv_files import SalesRow
    from auditor.sandbox.emarsys.state import Emarsys


class SiContacts:
    """Finds, cures and adds Smart Insight contacts during one daily load."""

    def __init__(self, state: Emarsys) -> None:
        self._state = state
        by_email = "email" in state.options.sales_columns
        self._field = EMAIL if by_email else state.account.key_field
        rows = state.account.si_contacts
        self._by_external = {row.external_id: row for row in rows}
        self._by_contact = {row.contact_id: row for row in rows if row.contact_id is not None}
        self._next_id = max((row.id for row in rows), default=0) + 1

    def of(self, row: SalesRow) -> SiContact:
        """Return the Smart Insight contact that a sale belongs to, a generated one if need be."""
        customer = as_key(self._field, row.customer)
        contact_id = self._contact_of(customer)
        known = None if contact_id is None else self._by_contact.get(contact_id)
        known = known or self._by_external.get(customer)
        return known or self._add(customer, contact_id, row.purchased_on)

    def welcome(self, contact_ids: Iterable[int]) -> None:
        """Add a row for each of these contacts that has none."""
        contacts = self._state.contacts.by_id
        for number in contact_ids:
            if number in contacts and number not in self._by_contact:
                external_id = contacts[number].values.get(self._state.account.key_field) or ""
                self._add(external_id, number, self._state.clock().date())

    def cure(self) -> None:
        """Give generated contacts the real contact that carries their key by now."""
        moved: dict[int, int] = {}
        for row in self._state.account.si_contacts:
            contact_id = self._contact_of(row.external_id) if row.is_generated else None
            if contact_id is None:
                continue
            real = self._by_contact.setdefault(contact_id, row)
            if real is not row:
                moved[row.id] = real.id
                self._by_external[row.external_id] = real
                continue
            row.contact_id, row.is_generated = contact_id, False
            row.loaded_at = self._state.clock()
        if moved:
            self._drop(moved)

    def _drop(self, moved: dict[int, int]) -> None:
        """Drop rows in favour of others, which take over their purchases."""
        account = self._state.account
        account.si_contacts[:] = [row for row in account.si_contacts if row.id not in moved]
        for purchase in account.purchases:
            purchase.si_contact_id = moved.get(purchase.si_contact_id, purchase.si_contact_id)

    def _contact_of(self, customer: str) -> int | None:
        matches = self._state.contacts.lookup(self._field, [customer])[0]
        return matches[0] if len(matches) == 1 else None

    def _add(self, external_id: str, contact_id: int | None, since: date) -> SiContact:
        added = SiContact(
            id=self._next_id,
            contact_id=contact_id,
            external_id=external_id,
            is_generated=contact_id is None,
            registered_on=since,
            loaded_at=self._state.clock(),
        )
        self._next_id += 1
        self._state.account.si_contacts.append(added)
        self._by_external[external_id] = added
        if contact_id is not None:
            self._by_contact[contact_id] = added
        return added
