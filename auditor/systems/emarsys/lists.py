"""Contact lists: listed, found by name, their members paged.

Source:
    Emarsys reference 9.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from auditor.errors import IncompleteSnapshotError
from auditor.systems.emarsys.envelope import (
    Endpoint,
    drift,
    id_or_none,
    int_or_none,
    object_of,
    rows_of,
)
from auditor.systems.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

PAGE = 10_000
FIRST_PAGE = "0"
MOST_IDLE = 100
"""Pages on end that name nobody new; whoever gives more of them goes round in a circle."""
LONGEST_NUMBER = 20
"""Digits of an id; Python reads a text of thousands of them as no number at all."""

LISTS = Endpoint("GET", "contactlist", "contactlist.list")
COUNT = Endpoint("GET", "contactlist/{}/count", "contactlist.contact.count")
CONTACT_IDS = Endpoint(
    "GET",
    "contactlist/{}/contactIds",
    "contactlist.contact.ids",
    is_bare=True,
    has_v2_path=True,  # the vendor's own v3 collection still asks for it under /v2
)


NO_LIST = (
    *((404, 3006), (400, 3006), (500, 3006), (400, 3004), (500, 3004)),
    *((400, 1008), (400, 4000), (400, 2020)),
)
"""Answers that mean: there is no such list; that of a segment run lives for some hours only."""


@dataclass(frozen=True, slots=True)
class ContactList:
    """A contact list; names are unique in an account."""

    id: str
    name: str


def contact_lists(api: CoreApi) -> list[ContactList]:
    """Return every list of the account.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    return [_list(row) for row in rows_of(api.call(LISTS), LISTS)]


def list_id_of(api: CoreApi, name: str) -> str | None:
    """Return the id of the list with this name, None where the account has none.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    return next((one.id for one in contact_lists(api) if one.name == name), None)


def member_count(api: CoreApi, list_id: str, blame: Blame | None = None) -> int:
    """Return how many contacts are on a list.

    Args:
        api: The core API.
        list_id: The list.
        blame: What is said when there is no such list; None names the list alone.

    Raises:
        ConfigError: there is no such list.
        ReadError: as for `CoreApi.call`.
    """
    count = int_or_none(api.call(COUNT, list_id, blame=blame or _blame(list_id)))
    if count is None:
        raise drift(COUNT, "is no number")
    return count


class Members:
    """Tells ids apart that came already: one that comes twice is no second member."""

    def __init__(self) -> None:
        self._seen = Seen()

    def new(self, ids: Iterable[str]) -> list[str]:
        """Return those that did not come before, each once."""
        return [one for one in ids if self._seen.add(_number(one))]


def _number(contact_id: str) -> int:
    """Return the number that an id is, and one that no id is for any other text."""
    if contact_id.isascii() and contact_id.isdecimal() and len(contact_id) <= LONGEST_NUMBER:
        return int(contact_id)
    return -int.from_bytes(b"\1" + contact_id.encode(), "big")


def member_ids(api: CoreApi, list_id: str) -> Iterator[list[str]]:
    """Yield the contact ids on a list, page by page, each id once.

    The link to the next page is never followed: only its token is taken from it.

    Raises:
        ConfigError: there is no such list.
        IncompleteSnapshotError: a token came a second time, or page after page named nobody new.
        ReadError: as for `CoreApi.call`.
    """
    token: str | None = FIRST_PAGE
    seen: set[str] = set()
    members, idle = Members(), 0
    while token is not None:
        if token in seen:
            raise IncompleteSnapshotError(
                f"Emarsys: {CONTACT_IDS.path} gave the same page token twice; the list is incomplete."
            )
        seen.add(token)
        params: dict[str, str | int] = {"$top": PAGE, "$skiptoken": token}
        data = api.call(CONTACT_IDS, list_id, params=params, blame=_blame(list_id))
        page = object_of(data, CONTACT_IDS)
        new = members.new(_ids(page.get("value")))
        idle = 0 if new else idle + 1
        if idle > MOST_IDLE:
            raise IncompleteSnapshotError(
                f"Emarsys: {CONTACT_IDS.path} gave {idle} pages without anybody new; the list is incomplete."
            )
        yield new
        token = _token_of(page.get("next"))


def _list(row: Mapping[str, Any]) -> ContactList:
    found = id_or_none(row.get("id"))
    if found is None:
        raise drift(LISTS, "has a list without an id")
    return ContactList(found, str(row.get("name", "")))


def _blame(list_id: str) -> Blame:
    return dict.fromkeys(NO_LIST, f"Emarsys: the account has no contact list {list_id} (any more).")


def _ids(raw: object) -> list[str]:
    ids = [id_or_none(one) for one in raw] if isinstance(raw, list) else [None]
    known = [one for one in ids if one is not None]
    if len(known) < len(ids):
        raise drift(CONTACT_IDS, "is no list of contact ids")
    return known


def _token_of(link: object) -> str | None:
    if link is None or link is False or link == "":
        return None
    tokens = parse_qs(urlsplit(str(link)).query).get("$skiptoken", [])
    if len(tokens) != 1:
        raise drift(CONTACT_IDS, "names a next page without a token")
    return tokens[0]
