"""How a call names contacts: the key field it uses and the values it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.replies import Refusal, RowErrors, ambiguous, not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.world.model import ContactList

MOST_ROWS = 1000


def key_of(call: Call, name: object) -> Key:
    """Return the key field a call names.

    Raises:
        Refusal: 400/2004, there is no such field.
    """
    key = call.state.fields.key(name)
    if key is None:
        raise Refusal(400, 2004, f"Invalid key field id: {name}")
    return key


def one_each(call: Call, key: Key, values: Sequence[object]) -> tuple[dict[str, int], RowErrors]:
    """Return the one contact behind each value, and the values that have none or several."""
    found: dict[str, int] = {}
    errors = RowErrors()
    for value, ids in zip(values, call.state.contacts.lookup(key, values), strict=True):
        if len(ids) == 1:
            found[str(value)] = ids[0]
        else:
            errors.add(value, ambiguous(key, value) if ids else not_found(key))
    return found, errors


def list_named(call: Call) -> ContactList | None:
    """Return the list that `contact_list_id` of the body names, None when it names none.

    Raises:
        Refusal: 400/2020, there is no such list.
    """
    number = call.body.get("contact_list_id")
    if number in (None, "", 0):
        return None
    for held in call.state.account.lists:
        if str(held.id) == str(number):
            return held
    raise Refusal(400, 2020, f"Invalid contact list id: {number}")
