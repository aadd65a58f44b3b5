"""Read contacts: getdata, checkids and query.

Source:
    Emarsys reference 3.4, 3.5 and 3.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.contacts import as_key
from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.fields import EMAIL
from auditor.sandbox.emarsys.keys import MOST_ROWS, key_of, list_named
from auditor.sandbox.emarsys.replies import Refusal, RowError, RowErrors, ambiguous, not_found

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.world.model import Contact

MOST_QUERIED = 10_000
MOST_LOOKED_UP = 1_000_000
_QUERY_TERMS = frozenset({"return", "limit", "offset", "excludeempty"})


def getdata(call: Call) -> object:
    """Answer the wanted fields of up to 1000 contacts named by any key."""
    values = _values(call, "keyValues")
    key = key_of(call, call.body.get("keyId"))
    wanted = _wanted(call, call.body.get("fields") or [])
    result, errors = [], []
    for value, ids in zip(values, call.state.contacts.lookup(key, values), strict=True):
        if len(ids) == 1:
            result.append(_row(call, call.state.contacts.by_id[ids[0]], wanted))
            continue
        error = _error(key, value, ids)
        code = str(error.code) if call.options.error_codes == "text" else error.code
        errors.append({"key": value, "errorCode": code, "errorMsg": error.text})
    data: dict[str, object] = {"result": result or False}
    if errors:
        data["errors"] = errors
        return data
    return RowErrors().into(data, call.options)


def checkids(call: Call) -> object:
    """Answer which of up to 1000 keys exist, once or several times."""
    values = _values(call, "external_ids")
    key = key_of(call, call.body.get("key_id"))
    members = list_named(call)
    within = None if members is None else set(members.contact_ids)
    several = bool(call.body.get("get_multiple_ids"))
    ids: dict[str, object] = {}
    errors = RowErrors()
    for value, every in zip(values, call.state.contacts.lookup(key, values), strict=True):
        found = [str(i) for i in every if within is None or i in within]
        if several and (len(found) > 1 or (found and call.options.multiple_ids == "all")):
            ids[str(value)] = found
        elif len(found) == 1:
            ids[str(value)] = found[0]
        else:
            errors.add(value, ambiguous(key, value) if found else not_found(key))
    data = errors.into({"ids": ids}, call.options)
    if errors.by_key and call.options.checkids_errors == "text":
        data["errors"] = {value: error.text for value, error in errors.by_key.items()}
    return data


def query(call: Call) -> object:
    """Answer one field of the contacts with one value in one indexed field."""
    if "return" not in call.query:
        raise Refusal(400, 2014, "No field specified to return")
    returned = call.query["return"]
    wanted = _wanted(call, [returned])[0] if returned else None
    found = _matching(call)
    if wanted is not None and call.query.get("excludeempty") == "true":
        found = [contact for contact in found if contact.values.get(wanted)]
    most = MOST_QUERIED if wanted is not None else MOST_LOOKED_UP
    limit = call.count("limit", most)
    if not 1 <= limit <= most:
        raise Refusal(400, 2016, "Invalid limit")
    call.state.queries += 1
    if call.options.query_unstable and call.state.queries % 2 == 0:
        found.reverse()
    page, _ = call.page(found, call.count("offset", 0), limit)
    rows = [_queried(call, contact, wanted) for contact in page]
    return RowErrors().into({"result": rows or False}, call.options)


def _matching(call: Call) -> list[Contact]:
    filters = [(name, value) for name, value in call.query.items() if name not in _QUERY_TERMS]
    if len(filters) > 1:
        raise Refusal(400, 1001, "One or more parameters are invalid or missing.")
    contacts = call.state.account.contacts
    if not filters:
        return list(contacts)
    field = _wanted(call, [filters[0][0]])[0]
    if not _is_indexed(call, field):
        raise Refusal(400, 2015, "No index on column")
    wanted = as_key(field, filters[0][1])
    if field in (EMAIL, call.state.account.key_field) and wanted:
        ids = call.state.contacts.lookup(field, [wanted])[0]
        return [call.state.contacts.by_id[number] for number in ids]
    return [c for c in contacts if as_key(field, c.values.get(field)) == wanted]


def _is_indexed(call: Call, field: int) -> bool:
    if field == call.state.account.key_field:
        return call.options.key_field_indexed
    return field in call.options.indexed_fields


def _queried(call: Call, contact: Contact, wanted: int | None) -> dict[str, object]:
    row: dict[str, object] = {"id": contact.id}
    if wanted is not None:
        row[str(wanted)] = _shown(call, wanted, contact.values.get(wanted))
    return row


def _values(call: Call, name: str) -> list[object]:
    values = call.rows(name)
    if len(values) > MOST_ROWS:
        raise Refusal(400, 2002, "The list of external ids exceeds the maximum size.")
    return values


def _wanted(call: Call, names: list[object]) -> list[int]:
    if not names:
        return sorted(call.state.fields.by_id)
    numbers = []
    for name in names:
        number = call.state.fields.number(name)
        if number is None:
            raise Refusal(400, 2006, f"Invalid field id: {name}")
        numbers.append(number)
    return numbers


def _row(call: Call, contact: Contact, wanted: list[int]) -> dict[str, object]:
    number = str(contact.id) if call.options.contact_ids == "text" else contact.id
    row: dict[str, object] = {"id": number, "uid": contact.uid}
    for field in wanted:
        row[str(field)] = _shown(call, field, contact.values.get(field))
    return row


def _shown(call: Call, field: int, value: str | None) -> object:
    if not value:
        return None if call.options.empty_values == "null" else ""
    if call.state.fields.by_id[field].application_type == "multichoice":
        return value.split(",")
    return value


def _error(key: Key, value: object, ids: tuple[int, ...]) -> RowError:
    if value is None or value == "":
        return RowError(2005, f"No value provided for key field: {key}")
    return ambiguous(key, value) if ids else not_found(key)


ROUTES = (
    CoreRoute("POST", "/contact/getdata", "contact.getdata", getdata),
    CoreRoute("POST", "/contact/checkids", "contact.contactid.verify", checkids),
    CoreRoute("GET", "/contact/query", "contact.list", query),
)
