"""What cannot be undone: delete, merge and the block list.

An auditor must never call these; they really do it, so that a call would show.

Source:
    Emarsys reference 3.7, 3.8 and 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.emarsys.keys import MOST_ROWS, key_of, list_named, one_each
from auditor.sandbox.emarsys.replies import TOO_MANY_ROWS, Refusal

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.world.model import Contact


def delete(call: Call) -> object:
    """Delete the contacts whose key names exactly one; ambiguous ones stay."""
    name = call.body.get("key_id", EMAIL)
    key = key_of(call, name)
    values = call.body.get(str(name), [])
    values = values if isinstance(values, list) else [values]
    if len(values) > MOST_ROWS:
        raise Refusal(*TOO_MANY_ROWS)
    members = list_named(call)
    found, errors = one_each(call, key, values)
    gone = {i for i in found.values() if members is None or i in members.contact_ids}
    call.state.contacts.remove(gone)
    call.state.erased |= gone
    return errors.into({call.options.deleted_count: len(gone)}, call.options)


def merge(call: Call) -> object:
    """Copy the fields with the rule `overwrite` from one contact to another."""
    key = key_of(call, call.body.get("key_id"))
    source = _only(call, key, call.body.get("source_key_value"))
    target = _only(call, key, call.body.get("target_key_value"))
    list_named(call)
    rules = call.body.get("merge_rules") or {}
    moved = [call.state.fields.number(name) for name, rule in rules.items() if rule == "overwrite"]
    values = {number: source.values.get(number) for number in moved if number is not None}
    call.state.note(target.id, call.state.contacts.change(target, values))
    if call.body.get("delete_source"):
        call.state.contacts.remove({source.id})
        call.state.erased.add(source.id)
    return ""


def block(call: Call) -> object:
    """Put addresses and domains on the block list."""
    emails, domains = call.body.get("emails") or [], call.body.get("domains") or []
    if max(len(emails), len(domains)) > MOST_ROWS:
        raise Refusal(*TOO_MANY_ROWS)
    call.state.blocklist |= {*emails, *domains}
    return {"emails": emails, "domains": domains}


def _only(call: Call, key: Key, value: object) -> Contact:
    found, errors = one_each(call, key, [value])
    for error in errors.by_key.values():
        raise Refusal(400, error.code, error.text)
    return call.state.contacts.by_id[found[str(value)]]


ROUTES = (
    CoreRoute("POST", "/contact/delete", "contact.delete", delete),
    CoreRoute("POST", "/contact/merge", "contact.merge", merge),
    CoreRoute("POST", "/blocklist", "blocklist.get", block),
    CoreRoute("POST", "/blacklist", "blocklist.get", block),
)
