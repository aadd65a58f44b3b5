"""The quarantine list: contacts put on it are left out of every campaign that excludes it.

Source:
    Emarsys reference 9.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.systems.emarsys.envelope import Endpoint, id_or_none
from auditor.systems.emarsys.lists import list_id_of
from auditor.systems.emarsys.writing.bodies import MOST_MEMBERS
from auditor.systems.emarsys.writing.results import (
    Answer,
    RowResult,
    judge_by_errors,
    same_for_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi

CREATE = Endpoint("POST", "contactlist", "contactlist.create")
ADD = Endpoint("POST", "contactlist/{}/add", "contactlist.contact.add")
TAKE_OFF = Endpoint("POST", "contactlist/{}/delete", "contactlist.contact.delete")

DESCRIPTION = "Contacts that the audit holds back; exclude this list from every campaign."


@dataclass(frozen=True, slots=True)
class Members:
    """Contacts of the quarantine list.

    Attributes:
        keys: Their values in the key field, at most 10,000.
        key_id: The key field; `id` is Emarsys' own contact id.
    """

    keys: tuple[str, ...]
    key_id: str = "id"


def member_batches(keys: Iterable[str], key_id: str = "id") -> Iterator[Members]:
    """Yield the contacts in batches that one call may hold, each of them once."""
    rest = iter(dict.fromkeys(keys))
    while batch := tuple(islice(rest, MOST_MEMBERS)):
        yield Members(batch, key_id)


def add_to_quarantine(reader: CoreApi, api: WriteApi, members: Members) -> tuple[RowResult, ...]:
    """Put contacts on the quarantine list, making it first where the account has none.

    Raises:
        ConfigError: no quarantine list is configured.
        ReadError: the lists cannot be read, or as for `WriteApi.send`.
    """
    list_id = list_id_of(reader, _name(api))
    if list_id is None:
        answer = _create(api)
        # Of whoever made it, should two do so at once; a list may also show only a while later.
        list_id = list_id_of(reader, _name(api)) or _created_id(answer)
        if list_id is None:
            nothing_done = Answer("not_taken") if answer.fate == "ok" else answer
            return same_for_all(members.keys, nothing_done)
    answer = api.send(ADD, list_id, body=_body(members))
    return judge_by_errors(members.keys, answer, "inserted_contacts")


def take_off_quarantine(reader: CoreApi, api: WriteApi, members: Members) -> tuple[RowResult, ...]:
    """Take contacts off the quarantine list; they stay contacts. Without a list there is nothing to do.

    Raises:
        ConfigError: no quarantine list is configured.
        ReadError: the lists cannot be read, or as for `WriteApi.send`.
    """
    list_id = list_id_of(reader, _name(api))
    if list_id is None:
        return tuple(RowResult(key, "done") for key in members.keys)
    answer = api.send(TAKE_OFF, list_id, body=_body(members))
    return judge_by_errors(members.keys, answer, "deleted_contacts")


def _create(api: WriteApi) -> Answer:
    body = {
        "key_id": "id",
        "name": _name(api),
        "description": DESCRIPTION,
        "external_ids": list[str](),
    }
    return api.send(CREATE, body=body)


def _created_id(answer: Answer) -> str | None:
    data = answer.data if isinstance(answer.data, dict) else {}
    return id_or_none(data.get("id")) if answer.fate == "ok" else None


def _body(members: Members) -> dict[str, object]:
    return {"key_id": members.key_id, "external_ids": list(members.keys)}


def _name(api: WriteApi) -> str:
    if api.quarantine_list is None:
        raise ConfigError("emarsys.quarantine_list: not configured; name the list to use.")
    return api.quarantine_list
