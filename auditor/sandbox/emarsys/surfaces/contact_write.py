"""Write contacts: create, and update with or without creation.

Source:
    Emarsys reference 3.2 and 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.emarsys.keys import MOST_ROWS, key_of, list_named
from auditor.sandbox.emarsys.replies import (
    EXISTS,
    NO_ARRAY,
    NO_KEY_ID,
    TOO_MANY_ROWS,
    Refusal,
    RowError,
    RowErrors,
    ambiguous,
    is_unknown,
    not_found,
)
from auditor.sandbox.emarsys.values import stored_values

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.emarsys.values import Stored
    from auditor.sandbox.world.model import ContactList


@dataclass(slots=True)
class _Writing:
    """One write call while its rows are worked off."""

    call: Call
    key: Key
    may_create: bool
    may_update: bool
    ids: list[int | str] = field(default_factory=list)
    errors: RowErrors = field(default_factory=RowErrors)

    def row(self, row: dict[str, Any]) -> RowError | None:
        """Write one row; return why it failed."""
        name = _sent_as(row, self.key, self.call)
        if name is None:
            return RowError(2004, f"Invalid key field id: {self.key}")
        if row[name] in (None, ""):
            return RowError(2005, f"No value provided for key field: {self.key}")
        values = stored_values(row, self.call.state.fields, self.key)
        if isinstance(values, RowError):
            return values
        return self._put(values, row[name])

    def _put(self, values: Stored, value: object) -> RowError | None:
        matches = self.call.state.contacts.lookup(self.key, [value])[0]
        if not matches:
            return self._create(values, value)
        if not self.may_update:
            return RowError(EXISTS, f"Contact with the external id already exists: {self.key}")
        if len(matches) > 1:
            return ambiguous(self.key, value)
        self._update(matches[0], values)
        return None

    def _update(self, number: int, values: Stored) -> None:
        state = self.call.state
        changed = state.contacts.change(state.contacts.by_id[number], values)
        if changed:
            state.note(number, changed)
        self.ids.append(str(number))

    def _create(self, values: Stored, value: object) -> RowError | None:
        state = self.call.state
        if not self.may_create or isinstance(self.key, str):
            return not_found(self.key)
        if self.key == EMAIL and "@" not in str(value):
            return RowError(2005, f"Invalid key field value: {value}")
        if state.races_left > 0:
            state.races_left -= 1
            return RowError(EXISTS, f"Contact with the external id already exists: {self.key}")
        contact = state.contacts.create(values)
        state.note(contact.id, values, is_new=True)
        self.ids.append(contact.id)
        return None


def create(call: Call) -> object:
    """Create contacts; one that exists is an error."""
    key = key_of(call, call.body.get("key_id"))
    if isinstance(key, str):
        raise Refusal(400, 2004, "Cannot use internal ID as key on contact creation.")
    if any(name in row for row in _rows(call) for name in ("id", "uid")):
        raise Refusal(400, 2007, "Cannot set `id` or `uid` on contact creation")
    return _write(call, _Writing(call, key, may_create=True, may_update=False))


def update(call: Call) -> object:
    """Change exactly the fields sent, and create what is missing if asked to."""
    key = key_of(call, call.body.get("key_id"))
    may_create = call.query.get("create_if_not_exists") == "1"
    return _write(call, _Writing(call, key, may_create=may_create, may_update=True))


def _write(call: Call, writing: _Writing) -> object:
    target = list_named(call)
    if "contacts" not in call.body:
        return _write_one(call, writing, target)
    for row in _rows(call):
        written = writing.row(row)
        if written is not None:
            name = _sent_as(row, writing.key, call)
            writing.errors.add(NO_KEY_ID if name is None else row[name] or "", written)
    _join(target, writing.ids)
    return writing.errors.into({"ids": writing.ids}, call.options)


def _write_one(call: Call, writing: _Writing, target: ContactList | None) -> object:
    error = writing.row(call.body)
    if error is not None:
        raise Refusal(400, error.code, _single_text(call, writing.key, error))
    _join(target, writing.ids)
    return {"id": writing.ids[0]}


def _single_text(call: Call, key: Key, error: RowError) -> str:
    """Word an error the way the single form does.

    Source:
        Emarsys reference 2.6 (400/2008, 400/2009).
    """
    if is_unknown(error):
        return f"{error.text} - {call.body[str(_sent_as(call.body, key, call))]}."
    if error.code == EXISTS:
        return f"Contact with external id: {key} already exists."
    return error.text


def _rows(call: Call) -> list[dict[str, Any]]:
    if "contacts" not in call.body:
        return [call.body]
    rows = call.rows("contacts")
    if len(rows) > MOST_ROWS:
        raise Refusal(*TOO_MANY_ROWS)
    if not all(isinstance(row, dict) for row in rows):
        raise Refusal(*NO_ARRAY)
    return rows


def _sent_as(row: dict[str, Any], key: Key, call: Call) -> str | None:
    """Return the name under which a row carries its key, None when it does not."""
    for name in row:
        if call.state.fields.key(name) == key:
            return name
    return None


def _join(target: ContactList | None, ids: list[int | str]) -> None:
    if target is not None:
        members = set(target.contact_ids)
        target.contact_ids.extend(number for number in map(int, ids) if number not in members)


ROUTES = (
    CoreRoute("PUT", "/contact", "contact.update", update),
    CoreRoute("POST", "/contact", "contact.create", create),
)
