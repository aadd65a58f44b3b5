"""What the body of each write may hold: known fields in flat rows, and never an opt-in.

Each check names what is allowed; whatever is not named is refused, so that a shape that nobody
thought of does not get through either.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import msgspec

from auditor.errors import ForbiddenWriteError
from auditor.model.not_json import NOT_JSON

OPT_IN = "31"
OPT_OUTS = (2, "2")
MOST_ROWS = 1000
MOST_MEMBERS = 10_000

FIELD = re.compile(r"[1-9][0-9]{0,17}")
"""How a field is named in a write. Text names such as `optin` exist, and are not needed."""

TRIGGER = frozenset({"external_id", "trigger_id"})
TRIGGER_EXTRAS = frozenset({"event_time", "data"})


def require(holds: bool, what: str) -> None:
    """Return when it holds.

    Raises:
        ForbiddenWriteError: it does not.
    """
    if not holds:
        raise ForbiddenWriteError(f"Emarsys: {what}; nothing was sent.")


def body_of(request: httpx.Request) -> dict[str, Any]:
    """Return the JSON object that a request carries, in exactly the bytes that we would write.

    A second entry of the same name, or bytes that two parsers read in two ways, cannot pass.

    Raises:
        ForbiddenWriteError: it carries something else, or an opt-in anywhere.
    """
    try:
        body = msgspec.json.decode(request.content)
    except (*NOT_JSON, httpx.StreamError):
        body = None
    require(isinstance(body, dict), "the body of a write is no JSON object")
    require(msgspec.json.encode(body) == request.content, "the body of a write is ambiguous")
    require(not has_opt_in(body), "opt-in may only ever be written as opted out")
    return dict(body)


def has_opt_in(value: object) -> bool:
    """Tell whether anything in it, however deep, gives field 31 a value other than opted out."""
    if isinstance(value, dict):
        return any(
            (is_opt_in_field(name) and not is_opt_out(inner)) or has_opt_in(inner)
            for name, inner in value.items()
        )
    return isinstance(value, list | tuple) and any(map(has_opt_in, value))


def is_opt_out(value: object) -> bool:
    """Tell whether a value of field 31 is the number or text 2, nothing that merely equals it."""
    return type(value) in (int, str) and value in OPT_OUTS


def is_opt_in_field(name: object) -> bool:
    """Tell whether a name can be read as field 31: other digits, signs, zeros, or its text name."""
    text = unicodedata.normalize("NFKC", str(name)).strip().casefold()
    if re.sub(r"[\W_]", "", text) == "optin":
        return True
    try:
        return Decimal(text) == Decimal(OPT_IN)
    except InvalidOperation:
        return False


def check_update(request: httpx.Request) -> None:
    """Allow changes of fields of contacts that exist.

    Raises:
        ForbiddenWriteError: the body holds anything else.
    """
    _contact_rows(request)


def check_creation(request: httpx.Request) -> None:
    """Allow new contacts without field 31, whatever its value.

    Raises:
        ForbiddenWriteError: the body holds anything else.
    """
    for row in _contact_rows(request):
        require(OPT_IN not in row, "a contact is never created with field 31")


def _contact_rows(request: httpx.Request) -> list[dict[str, Any]]:
    body = body_of(request)
    require(body.keys() == {"key_id", "contacts"}, "contacts are written by key and fields alone")
    key = _key_of(body)
    rows = _rows_of(body)
    for row in rows:
        require(is_key_value(row.get(key)), "a contact has no key")
        require(
            all(name == key or FIELD.fullmatch(name) for name in row), "a field is not a number"
        )
        require(all(map(is_plain, row.values())), "a field holds neither text nor number")
    return rows


def check_members(request: httpx.Request) -> None:
    """Allow members of a contact list.

    Raises:
        ForbiddenWriteError: the body holds anything else.
    """
    body = body_of(request)
    require(body.keys() == {"key_id", "external_ids"}, "a list takes members and nothing else")
    _key_of(body)
    ids = body["external_ids"]
    require(isinstance(ids, list) and 0 < len(ids) <= MOST_MEMBERS, "the members are no list")
    require(all(map(is_key_value, ids)), "a member has no key")


def check_new_list(request: httpx.Request, name: str) -> None:
    """Allow one new list, empty and of this name.

    Raises:
        ForbiddenWriteError: the body holds anything else.
    """
    body = body_of(request)
    known = {"key_id", "name", "description", "external_ids"}
    require(body.keys() == known, "a list is made from a name and nothing else")
    _key_of(body)
    require(body["name"] == name, "only the quarantine list is ever made")
    require(body["external_ids"] == [], "the quarantine list is made empty")
    require(isinstance(body["description"], str), "a description is text")


def check_trigger(request: httpx.Request) -> None:
    """Allow event triggers that carry their own `trigger_id`, and no attachments.

    Raises:
        ForbiddenWriteError: the body holds anything else.
    """
    body = body_of(request)
    _key_of(body)
    if "contacts" in body:
        require(body.keys() == {"key_id", "contacts"}, "a batch of triggers holds only triggers")
        rows = _rows_of(body)
    else:
        rows = [{name: value for name, value in body.items() if name != "key_id"}]
    for row in rows:
        require(TRIGGER <= row.keys() <= TRIGGER | TRIGGER_EXTRAS, "a trigger is not a plain one")
        require(is_key_value(row["external_id"]), "a trigger has no contact")
        require(isinstance(row["trigger_id"], str) and row["trigger_id"] != "", "no trigger_id")
        require(isinstance(row.get("data", {}), dict), "the data of an event is no object")
        require(isinstance(row.get("event_time", ""), str), "the time of an event is no text")


def _key_of(body: dict[str, Any]) -> str:
    key = body.get("key_id")
    is_key = isinstance(key, str) and (key in ("id", "uid") or FIELD.fullmatch(key) is not None)
    require(is_key and key != OPT_IN, "the key field is no field that identifies a contact")
    return str(key)


def _rows_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    rows = body["contacts"]
    require(isinstance(rows, list) and 0 < len(rows) <= MOST_ROWS, "the rows are no list")
    require(all(isinstance(row, dict) for row in rows), "a row is no object")
    return list(rows)


def is_key_value(value: object) -> bool:
    """Tell whether a value can name a contact."""
    return type(value) in (int, str) and value != ""


def is_plain(value: object) -> bool:
    """Tell whether a value is one that a field can take: text, a number, nothing, or several."""
    if isinstance(value, list):
        return all(type(one) in (int, str) for one in value)
    return value is None or type(value) in (int, str)
