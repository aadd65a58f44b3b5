"""The quarantine list: contacts put on it, and taken off it.

Source:
    Emarsys reference 9.1: adding and removing members are idempotent in effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.correct.applying.writers.contacts import NO_CONTACT, contacts_now
from auditor.correct.applying.writers.outcome import fate_of_rows, refusals
from auditor.correct.applying.writers.writer import AFTER, BEFORE, SeenAtOnce, request_of
from auditor.model.plan import ListMember
from auditor.systems.emarsys.lists import list_id_of, member_ids
from auditor.systems.emarsys.writing.bodies import MOST_ROWS
from auditor.systems.emarsys.writing.quarantine import (
    add_to_quarantine,
    member_batches,
    take_off_quarantine,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.correct.applying.writers.writer import Sending, Sight
    from auditor.model.plan import Change
    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.points import SystemPoints


class ListWriter(SeenAtOnce):
    """Changes who is on the quarantine list.

    Args:
        points: Reads contacts.
        reader: Reads lists.
        api: Writes lists.
    """

    at_once = MOST_ROWS

    def __init__(self, points: SystemPoints, reader: CoreApi, api: WriteApi) -> None:
        self._points, self._reader, self._api = points, reader, api

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Read the list, and whether the contacts that go on it are there."""
        requests = [request_of(change, ListMember) for change in changes]
        joining = [one.contact_id for one in requests if one.is_on]
        there = contacts_now(self._points, joining) if joining else {}
        members = self._members(requests[0].list_name) if requests else set()
        return [
            NO_CONTACT
            if one.is_on and one.contact_id not in there
            else AFTER
            if (one.contact_id in members) == one.is_on
            else BEFORE
            for one in requests
        ]

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Put contacts on the list, or take them off."""
        sent: dict[str, Sending] = {}
        for is_on, write in ((True, add_to_quarantine), (False, take_off_quarantine)):
            ids = [
                one.contact_id
                for one in (request_of(one, ListMember) for one in changes)
                if one.is_on == is_on
            ]
            for members in member_batches(ids):
                results = refusals(
                    lambda write=write, members=members: fate_of_rows(  # type: ignore[misc]
                        write(self._reader, self._api, members)
                    ),
                    len(members.keys),
                )
                sent |= dict(zip(members.keys, results, strict=True))
        return [sent[request_of(change, ListMember).contact_id] for change in changes]

    def _members(self, name: str) -> set[str]:
        """Return who is on the list; a list that nobody made yet is an empty one."""
        list_id = list_id_of(self._reader, name)
        if list_id is None:
            return set()
        return {one for page in member_ids(self._reader, list_id) for one in page}
