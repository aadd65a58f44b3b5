"""Contacts: fields changed, and contacts created that nobody may mail yet.

Source:
    Emarsys reference 2.2 (1000 rows, 8 MB), 2.4 (the race), 3.3 (upsert), 4 (field 31).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from auditor.errors import ForbiddenWriteError, UnsafePlanError
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.writing.bodies import MOST_ROWS, OPT_IN
from auditor.systems.emarsys.writing.results import judge_by_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.emarsys.writing.results import RowResult

Value: TypeAlias = str | int | tuple[str | int, ...] | None

CONTACT = Endpoint("PUT", "contact/", "contact.update")

MOST_BYTES = 8_000_000
ENVELOPE_BYTES = 200
"""What the body holds around its rows, generously."""

RACED = frozenset({2006, 2009})
"""Codes that may mean: created by someone else a moment ago. Source: Emarsys reference 2.4, 2.6."""


@dataclass(frozen=True, slots=True)
class ContactWrite:
    """One contact and exactly the fields that are sent; None or "" clears a field.

    Attributes:
        key: The contact's value in the key field.
        fields: Value by field id; a tuple is a multiple choice, replaced as a whole.
    """

    key: str
    fields: Mapping[int, Value]


@dataclass(frozen=True, slots=True)
class ContactBatch:
    """What one call may hold.

    Attributes:
        key_id: The key field: its id, `id` or `uid`.
        writes: At most 1000, together at most 8 MB.
    """

    key_id: str
    writes: tuple[ContactWrite, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the key of each row."""
        return tuple(write.key for write in self.writes)


def contact_batches(key_id: str | int, writes: Iterable[ContactWrite]) -> Iterator[ContactBatch]:
    """Yield the writes in batches that one call may hold.

    Raises:
        UnsafePlanError: two writes are about one contact, or one is too big for any call.
    """
    key, seen = str(key_id), set[str]()
    batch: list[ContactWrite] = []
    size = ENVELOPE_BYTES
    for write in writes:
        if write.key in seen:
            raise UnsafePlanError("Emarsys: two changes of one contact stand in one plan.")
        seen.add(write.key)
        length = len(msgspec.json.encode(_row(key, write))) + 1
        if length > MOST_BYTES - ENVELOPE_BYTES:
            raise UnsafePlanError("Emarsys: a change of a contact is bigger than a call may be.")
        if len(batch) == MOST_ROWS or size + length > MOST_BYTES:
            yield ContactBatch(key, tuple(batch))
            batch, size = [], ENVELOPE_BYTES
        batch.append(write)
        size += length
    if batch:
        yield ContactBatch(key, tuple(batch))


def update_contacts(api: WriteApi, batch: ContactBatch) -> tuple[RowResult, ...]:
    """Change fields of contacts that exist; one that does not exist is `not_found`, never created.

    Raises:
        ForbiddenWriteError: field 31 with anything but 2; nothing was sent.
        RefusedError: as for `WriteApi.send`.
    """
    return _put(api, batch, create=0)


def create_contacts(api: WriteApi, batch: ContactBatch) -> tuple[RowResult, ...]:
    """Create contacts without opt-in; a field of one that exists already is set like a change.

    Creation may collide with the brand's own integration; such rows are sent once more.

    Raises:
        ForbiddenWriteError: field 31, whatever its value; nothing was sent.
        RefusedError: as for `WriteApi.send`.
    """
    if any(int(OPT_IN) in write.fields for write in batch.writes):
        raise ForbiddenWriteError("Emarsys: a contact is never created with field 31.")
    results = {result.key: result for result in _put(api, batch, create=1)}
    raced = tuple(write for write in batch.writes if results[write.key].code in RACED)
    if raced:
        again = _put(api, ContactBatch(batch.key_id, raced), create=1)
        results |= {result.key: result for result in again}
    return tuple(results[key] for key in batch.keys)


def _put(api: WriteApi, batch: ContactBatch, *, create: int) -> tuple[RowResult, ...]:
    body = {"key_id": batch.key_id, "contacts": [_row(batch.key_id, w) for w in batch.writes]}
    answer = api.send(CONTACT, body=body, query=f"create_if_not_exists={create}")
    return judge_by_ids(batch.keys, answer)


def _row(key_id: str, write: ContactWrite) -> dict[str, Any]:
    fields = {str(field): value for field, value in write.fields.items()}
    if key_id in fields:
        raise UnsafePlanError("Emarsys: a change of the field that contacts are matched by.")
    return {key_id: write.key, **fields}
