"""Contact lists: make them, change their members, count and page them.

Source:
    Emarsys reference 9.1.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.keys import key_of, one_each
from auditor.sandbox.emarsys.replies import Bare, Refusal, RowErrors
from auditor.sandbox.emarsys.segment_runs import result_list
from auditor.sandbox.emarsys.times import vienna_text
from auditor.sandbox.world.model import ContactList

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call

MOST_MEMBERS_SENT = 10_000
MOST_PER_PAGE = 100_000
DEFAULT_PAGE = 10_000


def list_lists(call: Call) -> object:
    """List the contact lists."""
    return [
        {"id": str(o.id), "name": o.name, "created": vienna_text(o.created_at), "type": 0}
        for o in call.state.account.lists
    ]


def create(call: Call) -> object:
    """Create a list, with members if any are sent."""
    lists, name = call.state.account.lists, call.body.get("name")
    if not name:
        raise _refusal(call, 3001, "List name is not set.")
    if any(held.name == name for held in lists):
        raise _refusal(call, 3005, "Contact list with the requested name already exists.")
    has_members = call.body.get("external_ids") is not None
    found, errors = _named_contacts(call) if has_members else ([], RowErrors())
    number = max((held.id for held in lists), default=0) + 1
    lists.append(ContactList(number, str(name), call.state.clock(), found))
    return errors.into({"id": number}, call.options)


def add(call: Call) -> object:
    """Add members; those already in stay as they are."""
    held = _list(call)
    found, errors = _named_contacts(call)
    present = set(held.contact_ids)
    new = [number for number in found if number not in present]
    held.contact_ids.extend(new)
    return errors.into({"inserted_contacts": len(new)}, call.options)


def take_out(call: Call) -> object:
    """Take members out of the list; the contacts stay."""
    held = _list(call)
    found, errors = _named_contacts(call)
    gone = set(found) & set(held.contact_ids)
    held.contact_ids[:] = [number for number in held.contact_ids if number not in gone]
    return errors.into({"deleted_contacts": len(gone)}, call.options)


def replace(call: Call) -> object:
    """Replace all members."""
    held = _list(call)
    found, errors = _named_contacts(call)
    held.contact_ids[:] = found
    return errors.into({"inserted_contacts": len(found)}, call.options)


def delete(call: Call) -> object:
    """Delete the list itself."""
    call.state.account.lists.remove(_list(call))
    return ""


def count(call: Call) -> object:
    """Count the members."""
    return len(_readable(call).contact_ids)


def has_member(call: Call) -> object:
    """Tell whether a contact is in the list."""
    return call.number("contact") in _readable(call).contact_ids


def contact_ids(call: Call) -> object:
    """List the members' ids in pages, with a relative link to the next page."""
    held, top = _readable(call), _top(call)
    after = call.query.get("$skiptoken") or "0"
    members = sorted(held.contact_ids)
    start = bisect_right(members, int(after)) if after.isdecimal() else 0
    page, end = call.page(members, start, min(top, call.options.list_page_size or top))
    next_page = None
    if end < len(members):
        next_page = f"/contactlist/{held.id}/contactIds?$skiptoken={members[end - 1]}&$top={top}"
    answer = {"value": page, "next": next_page}
    return answer if call.options.contact_ids_wrapped else Bare(answer)


def _top(call: Call) -> int:
    text = call.query.get("$top") or str(DEFAULT_PAGE)
    if not text.isdecimal() or int(text) < 1:
        raise Refusal(400, 10001, "Invalid data format for $top. Integer expected.")
    if int(text) > MOST_PER_PAGE:
        raise Refusal(400, 10001, "$top must be less than 100000")
    return int(text)


def _named_contacts(call: Call) -> tuple[list[int], RowErrors]:
    values = call.body.get("external_ids")
    if not isinstance(values, list):
        text = "Invalid datatype for the list of external IDs. Array expected."
        raise _refusal(call, 3003, text)
    if len(values) > MOST_MEMBERS_SENT:
        raise _refusal(call, 3002, "The list of external IDs exceeds the maximum size.")
    found, errors = one_each(call, key_of(call, call.body.get("key_id")), values)
    return list(dict.fromkeys(found.values())), errors


def _refusal(call: Call, code: int, text: str) -> Refusal:
    return Refusal(call.options.list_error_status, code, text)


def _list(call: Call) -> ContactList:
    number = call.number("id")
    for held in call.state.account.lists:
        if held.id == number:
            return held
    raise _refusal(call, 3004, f"Invalid contact list id: {number}")


def _readable(call: Call) -> ContactList:
    number = call.number("id")
    for held in call.state.account.lists:
        if held.id == number:
            return held
    result = result_list(call.state, number)
    if result is None:
        status, text = (
            call.options.missing_list_status,
            "No contact list found with the specified ID.",
        )
        raise Refusal(status, 3006, text)
    return result


ROUTES = (
    CoreRoute("GET", "/contactlist", "contactlist.list", list_lists),
    CoreRoute("POST", "/contactlist", "contactlist.create", create),
    CoreRoute("POST", "/contactlist/{id}/add", "contactlist.contact.add", add),
    CoreRoute("POST", "/contactlist/{id}/delete", "contactlist.contact.delete", take_out),
    CoreRoute("POST", "/contactlist/{id}/replace", "contactlist.replace", replace),
    CoreRoute("POST", "/contactlist/{id}/deletelist", "contactlist.delete", delete),
    CoreRoute("GET", "/contactlist/{id}/count", "contactlist.contact.count", count),
    CoreRoute("GET", "/contactlist/{id}/contactIds", "contactlist.contact.ids", contact_ids),
    CoreRoute("GET", "/contactlist/{id}/contacts/{contact}", "contactlist.contact.ids", has_member),
)
