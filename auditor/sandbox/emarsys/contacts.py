"""The contacts of the account, found by id, uid, external key and e-mail address."""

from __future__ import annotations

from hashlib import blake2s
from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.world.model import Contact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.world.model import EmarsysAccount

Index = dict[str, tuple[int, ...]]


def as_key(field: int, value: str | None) -> str:
    """Return how a value is compared: e-mail addresses without regard to case."""
    if not value:
        return ""
    return value.strip().lower() if field == EMAIL else value


class Contacts:
    """The contact rows of an account with the look-ups that the API offers.

    The e-mail address and the external key are indexed from the start, another key when it is
    first used.
    Call `reindex` after the account was changed from outside.
    """

    def __init__(self, account: EmarsysAccount) -> None:
        self._account = account
        self.reindex()

    def reindex(self) -> None:
        """Read the account again."""
        contacts = self._account.contacts
        self.by_id = {contact.id: contact for contact in contacts}
        self._by_uid = {contact.uid: contact.id for contact in contacts}
        fields = (EMAIL, self._account.key_field)
        self._indexes = {field: _index(contacts, field) for field in fields}
        self._next_id = max(self.by_id, default=0) + 1

    def lookup(self, key: Key, values: Iterable[object]) -> list[tuple[int, ...]]:
        """Return, for each value, the ids of the contacts that have it."""
        if key == "id":
            return [self._with_id(value) for value in values]
        if key == "uid":
            return [_maybe(self._by_uid.get(str(value))) for value in values]
        if key not in self._indexes:
            self._indexes[key] = _index(self._account.contacts, key)
        index = self._indexes[key]
        return [index.get(as_key(key, str(value)), ()) for value in values]

    def members(self, contact_ids: Collection[int] | None) -> list[Contact]:
        """Return the contacts of a list or segment that still exist; None means all."""
        if contact_ids is None:
            return list(self._account.contacts)
        return [self.by_id[number] for number in contact_ids if number in self.by_id]

    def create(self, values: dict[int, str | None]) -> Contact:
        """Add a contact."""
        number = self._next_id
        self._next_id += 1
        uid = blake2s(str(number).encode(), digest_size=5).hexdigest()
        contact = Contact(id=number, uid=uid, values={})
        self._account.contacts.append(contact)
        self.by_id[number] = contact
        self._by_uid[uid] = number
        self.change(contact, values)
        return contact

    def change(self, contact: Contact, values: Mapping[int, str | None]) -> list[int]:
        """Set the given fields and return those whose value is another now."""
        changed = [f for f, value in values.items() if contact.values.get(f) != value]
        for field in changed:
            index = self._indexes.get(field)
            if index is not None:
                _move(index, contact.id, field, (contact.values.get(field), values[field]))
            contact.values[field] = values[field]
        return changed

    def remove(self, contact_ids: Collection[int]) -> None:
        """Delete contacts and their place in every list."""
        gone = set(contact_ids)
        account = self._account
        account.contacts[:] = [c for c in account.contacts if c.id not in gone]
        held = [o.contact_ids for o in account.lists]
        held += [o.contact_ids for o in account.segments if o.contact_ids is not None]
        for ids in held:
            ids[:] = [number for number in ids if number not in gone]
        self.reindex_keeping_ids()

    def reindex_keeping_ids(self) -> None:
        """Read the account again without ever giving an old id to a new contact."""
        next_id = self._next_id
        self.reindex()
        self._next_id = max(self._next_id, next_id)

    def _with_id(self, value: object) -> tuple[int, ...]:
        text = str(value)
        return (int(text),) if text.isdecimal() and int(text) in self.by_id else ()


def _maybe(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)


def _index(contacts: Iterable[Contact], field: int) -> Index:
    ids: dict[str, list[int]] = {}
    for contact in contacts:
        key = as_key(field, contact.values.get(field))
        if key:
            ids.setdefault(key, []).append(contact.id)
    return {key: tuple(numbers) for key, numbers in ids.items()}


def _move(index: Index, contact_id: int, field: int, change: tuple[str | None, str | None]) -> None:
    old, new = (as_key(field, value) for value in change)
    if old:
        rest = tuple(number for number in index.get(old, ()) if number != contact_id)
        if rest:
            index[old] = rest
        else:
            index.pop(old, None)
    if new:
        index[new] = (*index.get(new, ()), contact_id)
