"""Emarsys: the fields, events, audience and list that the settings name, as the account has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.doctor.result import Result, probe, shown
from auditor.errors import ReadError, RefusedError
from auditor.systems.emarsys.contacts import audience_of
from auditor.systems.emarsys.events import UNTOLD_USAGES, USAGES, event_names, event_usages
from auditor.systems.emarsys.exports import audience_size
from auditor.systems.emarsys.fields import field_names
from auditor.systems.emarsys.lists import list_id_of, member_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.doctor.visit import Visit
    from auditor.systems.emarsys.client import CoreApi

SYSTEM_IDS = frozenset({*range(100), 456, 457, 458})
"""Source: Emarsys reference 3.11: ids from 100 on are the account's own, but for these three."""


@probe("emarsys.fields", "emarsys", after="emarsys.credentials", streams=("contacts",))
def fields(visit: Visit) -> Iterator[Result]:
    """Hold every configured field id against its name in the account."""
    known = field_names(visit.emarsys())
    for name, field_id in visit.settings.emarsys.fields.items():
        yield field_result(name, field_id, known)


def field_result(name: str, field_id: int, known: Mapping[int, str]) -> Result:
    """Return what one setting below `emarsys.fields` points at."""
    if field_id not in known:
        detail = f"emarsys.fields.{name} is {field_id}, which the account does not have."
        fix = "Take the id from the account's own list of fields."
        return Result("fail", detail, fix, ("contacts",), id=name)
    called = shown(known[field_id])
    if name == "external_id" and field_id in SYSTEM_IDS:
        detail = f"emarsys.fields.external_id is {field_id} ({called}), a field of Emarsys itself."
        fix = "Set the id of the account's own field that holds the Centra customer id."
        return Result("warn", detail, fix, id=name)
    return Result("ok", f"emarsys.fields.{name} is field {field_id}, called {called}.", id=name)


@probe("emarsys.event", "emarsys", after="emarsys.credentials", streams=("event_definitions",))
def events(visit: Visit) -> Iterator[Result]:
    """See whether the configured events exist and whether anything listens to them."""
    wanted = visit.settings.emarsys.events
    if not wanted:
        yield Result("off", "No event is configured in emarsys.events.")
        return
    api = visit.emarsys()
    ids = {name: event_id for event_id, name in event_names(api).items()}
    for key, name in wanted.items():
        yield _event(api, key, name, ids.get(name))


def _event(api: CoreApi, key: str, name: str, event_id: str | None) -> Result:
    called = shown(name)
    if event_id is None:
        detail = f"emarsys.events.{key}: the account has no external event {called}."
        fix = "Take the name from the account's own list of events."
        return Result("fail", detail, fix, ("event_definitions", "external_events"), id=key)
    try:
        usages = event_usages(api, event_id)
    except ReadError:
        fix = f"Grant {USAGES.permission} to the API user of emarsys.auth."
        detail = f"Whether anything listens to {called} could not be found out."
        return Result("warn", detail, fix, columns=UNTOLD_USAGES.columns, id=key)
    if not usages.is_dead:
        return Result("ok", f"{called} exists and is used.", id=key)
    detail = f"Nothing listens to {called}: it is a dead event (fulfilment.dead_event)."
    return Result("warn", detail, "Attach a program or an e-mail to it in Emarsys.", id=key)


@probe("emarsys.contacts", "emarsys", after="emarsys.credentials", streams=("contacts",))
def contacts(visit: Visit) -> Iterator[Result]:
    """Count the segment or list that the contact base is read from."""
    audience = audience_of(visit.settings.emarsys.contacts)
    if audience is None:
        detail = (
            "The contacts are read by query, a thousand a call and in an order nobody promises."
        )
        fix = "Set emarsys.contacts.segment or emarsys.contacts.list, which are exported at once."
        yield Result("warn", detail, fix)
        return
    what = f"{audience.kind} {audience.id}"
    try:
        size = audience_size(visit.emarsys(), audience)
    except RefusedError as exc:
        detail = (
            f"How many contacts {what} holds could not be asked, so reading is not cross-checked."
        )
        yield Result("warn", detail, str(exc))
        return
    if size is None:
        yield Result("ok", f"The {what} is there; Emarsys is still counting it.")
    elif size == 0:
        fix = f"Set emarsys.contacts.{audience.kind} to one that holds the whole contact base."
        yield Result("fail", f"The {what} is empty.", fix, ("contacts",))
    else:
        yield Result("ok", f"The {what} holds {size:,} contacts.")


@probe("emarsys.quarantine", "emarsys", after="emarsys.credentials", streams=("quarantine",))
def quarantine(visit: Visit) -> Iterator[Result]:
    """Look for the quarantine list; one that nobody made yet is no fault."""
    name, api = visit.settings.emarsys.quarantine_list, visit.emarsys()
    if name is None:
        yield Result("off", "emarsys.quarantine_list is not configured.", streams=("quarantine",))
        return
    list_id = list_id_of(api, name)
    if list_id is None:
        yield Result(
            "ok", f"The list {shown(name)} is not there yet; it will be created when needed."
        )
        return
    try:
        yield Result("ok", f"The list {shown(name)} holds {member_count(api, list_id):,} contacts.")
    except RefusedError:
        yield Result("ok", f"The list {shown(name)} is there.")
