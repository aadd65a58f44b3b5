"""Contacts of Emarsys: fields changed, and contacts made.

Source:
    Emarsys reference 2.4 (a repeated PUT changes nothing), 3.2 to 3.4, 3.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.applying.writers.consents import agreed_since
from auditor.correct.applying.writers.outcome import fate_of_rows, refusals
from auditor.correct.applying.writers.rows import live_customers_now, rows_now
from auditor.correct.applying.writers.writer import AFTER, BEFORE, SeenAtOnce, Sight, request_of
from auditor.errors import IncompleteSnapshotError
from auditor.model.plan import ContactFields, NewContact
from auditor.model.tables import emarsys_contact
from auditor.systems.emarsys.lookup import AMBIGUOUS, NOT_FOUND, UNUSABLE_KEY, checkids
from auditor.systems.emarsys.writing.bodies import MOST_ROWS
from auditor.systems.emarsys.writing.contacts import (
    ContactWrite,
    contact_batches,
    create_contacts,
    update_contacts,
)
from auditor.systems.text import email_key, name_or_none, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from auditor.correct.applying.writers.writer import Sending
    from auditor.model.plan import Change, Value
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.emarsys.writing.contacts import ContactBatch
    from auditor.systems.emarsys.writing.results import RowResult
    from auditor.systems.points import SystemPoints

Contact = dict[str, object]

NO_CONTACT = Sight("other", "the contact is not there any more")
CHANGED = Sight("other", "the contact was changed since the plan was made")
TAKEN = Sight("other", "there is a contact with this key or e-mail by now")

NO_CUSTOMER = Sight("other", "the customer is gone from Centra, or has another e-mail by now")
AGREED = Sight("other", "the person has signed up in Centra since the plan was made")
UNUSABLE = Sight("other", "Emarsys takes no such key or e-mail")

CARRIED_BY: Mapping[int | None, tuple[str, ...] | None] = {
    NOT_FOUND: (),
    AMBIGUOUS: ("?", "??"),
    UNUSABLE_KEY: None,
}
"""Who carries a value that no single contact has, by the code that it fails with."""

IDENTIFYING = ("external_id", "email")
"""What no two contacts should share."""

COMPARED: Mapping[str, Callable[[str | None], str | None]] = {
    "email": email_key,
    "first_name": name_or_none,
    "last_name": name_or_none,
}
"""How the values of a field are compared, as the audit compares them; any other as text."""


def contacts_now(points: SystemPoints, ids: Sequence[str]) -> dict[str, Contact]:
    """Return contacts by their ids, as canonical rows; one that is gone is not among them.

    Raises:
        ReadError: Emarsys does not tell.
    """
    rows = rows_now(points, "contacts", emarsys_contact, ids)
    return {str(row["contact_id"]): row for row in rows}


def ids_of(
    reader: CoreApi, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, ...] | None]:
    """Return the contacts that carry each value of a field; None where Emarsys takes no such value.

    Raises:
        IncompleteSnapshotError: of a value Emarsys tells neither who has it nor that nobody does.
    """
    wanted: dict[str, dict[str, None]] = {}
    for field, value in keys:
        wanted.setdefault(field, {})[value] = None
    found: dict[tuple[str, str], tuple[str, ...] | None] = {}
    for field, values in wanted.items():
        for ids in checkids(reader, field, values):
            found |= {(field, value): several for value, several in ids.of_key.items()}
            for value, code in ids.failed.items():
                if code not in CARRIED_BY:
                    raise IncompleteSnapshotError(
                        "Emarsys does not tell whether a contact exists; nothing was sent for it."
                    )
                found[field, value] = CARRIED_BY[code]
    return found


class ContactFieldsWriter(SeenAtOnce):
    """Sets fields of contacts that exist.

    Args:
        points: Reads contacts, and of Centra customers and newsletter rows.
        reader: Looks up who has a key or an e-mail by now.
        api: Writes contacts.
        names: Our names of the mapped fields by their ids.
        changes: All changes of the plan: what one sets is no surprise to one that sets something else.
    """

    at_once = MOST_ROWS

    def __init__(
        self,
        points: SystemPoints,
        reader: CoreApi,
        api: WriteApi,
        names: Mapping[str, str],
        changes: Iterable[Change],
    ) -> None:
        self._points, self._reader, self._api, self._names = points, reader, api, names
        self._set: dict[tuple[str, str], list[Value]] = {}
        for change in changes:
            if isinstance(change.request, ContactFields):
                for field, value in change.request.set.items():
                    key = (change.request.contact_id, field)
                    self._set.setdefault(key, []).append(value)

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Compare each contact with what the change expects and with what it sets.

        None is given a key or an e-mail that another has by now: two would share it. None is opted out
        for want of a consent that Centra has by now.
        """
        requests = [request_of(change, ContactFields) for change in changes]
        there = contacts_now(self._points, [request.contact_id for request in requests])
        sights = [self._sight(request, there.get(request.contact_id)) for request in requests]
        due = [one for one, seen in zip(requests, sights, strict=True) if seen == BEFORE]
        owners = ids_of(self._reader, (claim for one in due for claim in self._claims(one)))
        agreed = agreed_since(self._points, due, there)
        for place, one in enumerate(requests):
            if sights[place] == BEFORE and self._is_taken(one, owners):
                sights[place] = TAKEN
            elif sights[place] == BEFORE and one.contact_id in agreed:
                sights[place] = AGREED
        return sights

    def _claims(self, request: ContactFields) -> list[tuple[str, str]]:
        """Return the key and the e-mail that a change gives a contact, with their fields."""
        return [
            (field, str(value))
            for field, value in request.set.items()
            if value and self._names.get(field) in IDENTIFYING
        ]

    def _is_taken(
        self, request: ContactFields, owners: Mapping[tuple[str, str], Sequence[str] | None]
    ) -> bool:
        return any(
            owner != request.contact_id
            for claim in self._claims(request)
            for owner in owners[claim] or ()
        )

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Send exactly the fields that are set."""
        requests = [request_of(change, ContactFields) for change in changes]
        writes = [
            ContactWrite(one.contact_id, {int(field): value for field, value in one.set.items()})
            for one in requests
        ]
        return _written(self._api, "id", writes, update_contacts)

    def _sight(self, request: ContactFields, contact: Contact | None) -> Sight:
        if contact is None:
            return NO_CONTACT
        if all(self._is(field, value, contact) for field, value in request.set.items()):
            return AFTER
        fits = all(
            any(self._is(field, one, contact) for one in (value, *self._ours(request, field)))
            for field, value in request.expect.items()
        )
        return BEFORE if fits else CHANGED

    def _ours(self, request: ContactFields, field: str) -> Sequence[Value]:
        """Return what a field may hold because of the plan; where the change sets it, its own value alone.

        Two orphans may each have a name to hand on to their survivor: the second must not overwrite it.
        """
        if field in request.set:
            return [request.set[field]]
        return self._set.get((request.contact_id, field), [])

    def _is(self, field: str, value: Value, contact: Contact) -> bool:
        name = self._names.get(field, "")
        return name in contact and _same(name, value, contact[name])


class NewContactWriter(SeenAtOnce):
    """Makes contacts that do not exist, without an opt-in.

    Args:
        points: Reads contacts by id.
        reader: Looks up ids.
        api: Writes contacts.
        names: Our names of the mapped fields by their ids.
    """

    at_once = MOST_ROWS

    def __init__(
        self, points: SystemPoints, reader: CoreApi, api: WriteApi, names: Mapping[str, str]
    ) -> None:
        self._points, self._reader, self._api, self._names = points, reader, api, names

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Look for contacts with the key or the e-mail of those that are to be made, and for the customers."""
        requests = [request_of(change, NewContact) for change in changes]
        by_key = ids_of(self._reader, ((one.key_field, one.key) for one in requests))
        by_email = ids_of(
            self._reader,
            (
                (one.email_field, str(one.set[one.email_field]))
                for one in requests
                if one.email_field in one.set
            ),
        )
        found = [
            _together(
                by_key[one.key_field, one.key],
                by_email.get((one.email_field, str(one.set.get(one.email_field))), ()),
            )
            for one in requests
        ]
        alone = [only for ids in found if ids and len(ids) == 1 for only in ids]
        there = contacts_now(self._points, alone)
        sights = [
            UNUSABLE
            if ids is None
            else self._sight(one, ids, by_key[one.key_field, one.key] or (), there)
            for one, ids in zip(requests, found, strict=True)
        ]
        changed = self._changed([o for o, s in zip(requests, sights, strict=True) if s == BEFORE])
        return [
            NO_CUSTOMER if seen == BEFORE and one.key in changed else seen
            for one, seen in zip(requests, sights, strict=True)
        ]

    def _changed(self, requests: Sequence[NewContact]) -> set[str]:
        """Return the keys of those whose customer is gone or erased in Centra, or has another e-mail by now."""
        emails = {
            (one.key, customer): email_key(_text(one.set.get(one.email_field, one.key)))
            for one in requests
            if (customer := self._customer_of(one)) is not None
        }
        there = live_customers_now(self._points, [customer for _, customer in emails])
        return {
            key
            for (key, customer), email in emails.items()
            if there.get(customer, {}).get("email_key") != email
        }

    def _customer_of(self, request: NewContact) -> str | None:
        is_key = self._names.get(request.key_field) == "external_id"
        return request.key if is_key else request.customer_id

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Make the contacts, each with its key and the fields that are set."""
        sent: dict[str, Sending] = {}
        for field in dict.fromkeys(request_of(one, NewContact).key_field for one in changes):
            some = [one for one in changes if request_of(one, NewContact).key_field == field]
            writes = [
                ContactWrite(one.key, {int(f): value for f, value in one.set.items()})
                for one in (request_of(change, NewContact) for change in some)
            ]
            results = _written(self._api, field, writes, create_contacts)
            sent |= {change.id: result for change, result in zip(some, results, strict=True)}
        return [sent[change.id] for change in changes]

    def _sight(
        self,
        request: NewContact,
        ids: set[str],
        by_key: Sequence[str],
        there: Mapping[str, Contact],
    ) -> Sight:
        if not ids:
            return BEFORE
        contact = there.get(next(iter(ids))) if len(ids) == 1 and by_key else None
        # Of a field that the settings name no more nothing is read.
        is_ours = contact is not None and all(
            _same(self._names[field], value, contact.get(self._names[field]))
            for field, value in request.set.items()
            if field in self._names
        )
        return AFTER if is_ours else TAKEN


def _together(some: Sequence[str] | None, others: Sequence[str] | None) -> set[str] | None:
    return None if some is None or others is None else {*some, *others}


def _written(
    api: WriteApi,
    key_id: str,
    writes: Sequence[ContactWrite],
    write: Callable[[WriteApi, ContactBatch], tuple[RowResult, ...]],
) -> list[Sending]:
    results: list[Sending] = []
    for batch in contact_batches(key_id, writes):
        results += refusals(
            lambda batch=batch: fate_of_rows(write(api, batch)),  # type: ignore[misc]
            len(batch.writes),
        )
    return results


def _same(name: str, wanted: Any, found: Any) -> bool:  # noqa: ANN401 - whatever a field holds
    compared = COMPARED.get(name, text_or_none)
    return compared(_text(wanted)) == compared(_text(found))


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever a field holds
    return None if value is None else str(value)
