"""External events: list, usages and trigger.

Source:
    Emarsys reference 8.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.keys import MOST_ROWS, key_of
from auditor.sandbox.emarsys.replies import (
    TOO_MANY_ROWS,
    Refusal,
    RowError,
    RowErrors,
    ambiguous,
    is_unknown,
)
from auditor.sandbox.emarsys.times import vienna_text

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.fields import Key
    from auditor.sandbox.world.model import EventDefinition

MOST_DATA_BYTES = 1_000_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")


def list_events(call: Call) -> object:
    """List the external events."""
    return [
        {"id": str(event.id), "name": event.name, "created": vienna_text(event.created_at)}
        for event in call.state.account.event_definitions
    ]


def usages(call: Call) -> object:
    """Tell what listens to an event."""
    event = _event(call, "No event found with the specified ID.")
    programs = list(event.program_ids)
    return {"program_ids": programs, "email_ids": [], "interactions_program_ids": []}


def trigger(call: Call) -> object:
    """Fire an event for one contact or a batch; a known `trigger_id` fires nothing again."""
    event = _event(call, "Invalid event ID for customer.")
    if not event.program_ids and call.options.idle_event == "refused":
        raise Refusal(400, 5005, "No program or campaign is triggered.")
    is_batch = "contacts" in call.body
    rows = call.rows("contacts") if is_batch else [call.body]
    if len(rows) > MOST_ROWS:
        raise Refusal(*TOO_MANY_ROWS)
    for row in rows:
        _check(row)
    key = key_of(call, call.body.get("key_id"))
    ids, errors = _fire(call, event, key, rows)
    if is_batch:
        return errors.into({"ids": ids}, call.options)
    for error in errors.by_key.values():
        raise Refusal(400, error.code, f"{error.text}." if is_unknown(error) else error.text)
    return {}


def _fire(
    call: Call, event: EventDefinition, key: Key, rows: list[dict[str, Any]]
) -> tuple[list[str], RowErrors]:
    ids: list[str] = []
    errors = RowErrors()
    found = call.state.contacts.lookup(key, [row.get("external_id") or "" for row in rows])
    for row, matches in zip(rows, found, strict=True):
        value, sent = row.get("external_id"), row.get("trigger_id")
        trigger_id = None if sent is None else str(sent)
        if len(matches) != 1:
            errors.add(value or "", _unaddressed(key, value, matches))
            continue
        ids.append(str(matches[0]))
        call.state.triggers.fire(event.id, matches[0], trigger_id, call.state.clock())
    return ids, errors


def _check(row: object) -> None:
    if not isinstance(row, dict):
        raise Refusal(400, 1010, "Invalid request payload.")
    at = row.get("event_time")
    if at is not None and not (isinstance(at, str) and _TIME.fullmatch(at)):
        raise Refusal(400, 5010, "Invalid event time format.")
    data = row.get("data")
    if data is not None and not isinstance(data, dict):
        raise Refusal(400, 5011, "Event data is not an object.")
    if data and len(msgspec.json.encode(data)) > MOST_DATA_BYTES:
        text = "Event data size above limit for interactions program triggering."
        raise Refusal(400, 5008, text)


def _unaddressed(key: Key, value: object, matches: tuple[int, ...]) -> RowError:
    if value is None or value == "":
        return RowError(2005, f"No value provided for key field: {key}")
    if matches:
        return ambiguous(key, value)
    return RowError(2008, f"No contact found with the external id: {key} - {value}")


def _event(call: Call, text: str) -> EventDefinition:
    number = call.number("id")
    for event in call.state.account.event_definitions:
        if event.id == number:
            return event
    raise Refusal(400, 5001, text)


ROUTES = (
    CoreRoute("GET", "/event", "externalevent.list", list_events),
    CoreRoute("GET", "/event/{id}/usages", "externalevent.usages", usages),
    CoreRoute("POST", "/event/{id}/trigger", "externalevent.trigger", trigger),
)
