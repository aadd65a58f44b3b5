"""The whole contact base by paged queries, for accounts that can export neither a segment nor a list.

A query filters by one indexed field, so the base is read by opt-in: unknown, yes and no. Whoever opts
in again while the others are read would be in neither part, so those opted in are asked for once more.

Source:
    Emarsys reference 3.5: an empty value matches NULL; at most 10,000 rows; no order is promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import IncompleteSnapshotError
from auditor.model.stream import Page
from auditor.model.tables import emarsys_contact
from auditor.systems.emarsys.contact_ids import rows_by_id
from auditor.systems.emarsys.envelope import (
    Endpoint,
    drift,
    int_or_none,
    object_of,
    row_errors,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

PAGE = 10_000
UNKNOWN, YES, NO = "", "1", "2"
PASSES = (UNKNOWN, YES, NO, YES)

QUERY = Endpoint("GET", "contact/query/", "contact.list")

BLAME: Blame = {
    (400, 2015): "emarsys.contacts.query: the field of emarsys.fields.opt_in has no index; "
    "set emarsys.contacts.segment or emarsys.contacts.list"
}


def read_queried_contacts(api: CoreApi, fields: Mapping[str, int]) -> Iterator[Page]:
    """Yield every contact of the account.

    Args:
        api: The core API.
        fields: The field ids to read by canonical column.

    Raises:
        ConfigError: contacts cannot be asked for by opt-in.
        IncompleteSnapshotError: the pages do not fit each other.
        ReadError: as for `CoreApi.call`.
    """
    seen: set[int] = set()
    for opt_in in PASSES:
        for ids in _pages(api, fields["opt_in"], opt_in):
            new = [one for one in dict.fromkeys(ids) if one not in seen]
            seen.update(new)
            for rows in rows_by_id(api, fields, [str(one) for one in new]):
                count = rows.table.num_rows + len(rows.aside)
                yield Page({emarsys_contact.name: rows.table}, rows=count, aside=rows.aside)


def _pages(api: CoreApi, field: int, value: str) -> Iterator[list[int]]:
    """Yield the ids of the contacts with this value.

    Each page begins with the last row of the one before, and no other row comes twice. Where that
    does not hold, rows have moved between two pages, and one may have slipped through. Behind the last
    page is nothing: one that is shorter than asked for may be all that the server gives at a time.

    Raises:
        IncompleteSnapshotError: they have moved.
    """
    ids, offset = _page(api, field, value, 0), 0
    told = set(ids)
    yield ids
    while ids:
        if len(ids) < PAGE and not _page(api, field, value, offset + len(ids)):
            return
        offset += len(ids) - 1
        last, ids = ids[-1], _page(api, field, value, offset)
        if ids[:1] != [last] or not told.isdisjoint(ids[1:]):
            raise IncompleteSnapshotError(
                f"Emarsys: {QUERY.path} gives the contacts in an order that changes; "
                "read again, or set emarsys.contacts.segment or emarsys.contacts.list."
            )
        told.update(ids)
        yield ids[1:]


def _page(api: CoreApi, field: int, value: str, offset: int) -> list[int]:
    params: dict[str, str | int] = {
        "return": field,
        str(field): value,
        "limit": PAGE,
        "offset": offset,
    }
    data = object_of(api.call(QUERY, params=params, blame=BLAME), QUERY)
    if "result" not in data or row_errors(data.get("errors")):
        raise drift(QUERY, "names no contacts, or tells of errors")
    found = [int_or_none(row.get("id")) for row in rows_of(data["result"], QUERY)]
    ids = [one for one in found if one is not None]
    if len(ids) < len(found):
        raise drift(QUERY, "has a contact without an id")
    return ids
