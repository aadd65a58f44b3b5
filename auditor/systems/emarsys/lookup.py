"""Contacts looked up by key, in blocks: their fields (`getdata`) or their ids (`checkids`).

An answer is judged row by row: HTTP 200 with reply code 0 may still hold failed rows.

Source:
    Emarsys reference 0.1, 2.2 (1000 keys per call), 3.4, 3.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from auditor.errors import ConfigError
from auditor.systems.emarsys.envelope import (
    BLAMED,
    Endpoint,
    id_or_none,
    object_of,
    row_errors,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import RowError

BLOCK = 1000

GETDATA = Endpoint("POST", "contact/getdata", "contact.getdata")
CHECKIDS = Endpoint("POST", "contact/checkids", "contact.contactid.verify")

NOT_FOUND = 2008
AMBIGUOUS = 2010
UNUSABLE_KEY = 2005


@dataclass(frozen=True, slots=True)
class Found:
    """Contacts that were found, and the keys that were not.

    Attributes:
        rows: Field id (or `id`, `uid`) to value, one mapping per contact.
        failed: Reply code by key; None where the answer does not say.
    """

    rows: tuple[Mapping[str, Any], ...]
    failed: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Ids:
    """Contact ids by key.

    Attributes:
        of_key: All contacts that carry the key; more than one are duplicates.
        failed: Reply code by key; None where the answer does not say, or leaves the key out.
    """

    of_key: Mapping[str, tuple[str, ...]]
    failed: Mapping[str, int | None]


def blocks(values: Iterable[str]) -> Iterator[list[str]]:
    """Yield the values in blocks that one call may hold."""
    rest = iter(values)
    while block := list(islice(rest, BLOCK)):
        yield block


def getdata(
    api: CoreApi, key_id: str | int, values: Iterable[str], fields: Sequence[int]
) -> Iterator[Found]:
    """Yield the fields of the contacts with these keys, one block after the other.

    Raises:
        ReadError: as for `CoreApi.call`.
        ConfigError: the key is no field that contacts can be looked up by.
    """
    for block in blocks(values):
        body = {"keyId": str(key_id), "keyValues": block, "fields": [str(f) for f in fields]}
        data = object_of(api.call(GETDATA, body=body), GETDATA)
        errors = row_errors(data.get("errors"))
        _blame_key(GETDATA, errors)
        yield Found(tuple(rows_of(data.get("result"), GETDATA)), {e.key: e.code for e in errors})


def checkids(api: CoreApi, key_id: str | int, values: Iterable[str]) -> Iterator[Ids]:
    """Yield the ids of the contacts with these keys, one block after the other.

    Raises:
        ReadError: as for `CoreApi.call`.
        ConfigError: the key is no field that contacts can be looked up by.
    """
    for block in blocks(values):
        body = {"key_id": str(key_id), "external_ids": block, "get_multiple_ids": True}
        data = object_of(api.call(CHECKIDS, body=body), CHECKIDS)
        errors = row_errors(data.get("errors"))
        _blame_key(CHECKIDS, errors)
        found = {
            key: ids
            for key, raw in object_of(data.get("ids"), CHECKIDS).items()
            if (ids := _ids(raw))
        }
        codes = {e.key: e.code for e in errors}
        yield Ids(found, {key: codes.get(key) for key in block if key not in found})


def duplicates(
    api: CoreApi, key_id: str | int, values: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return the keys that several contacts carry, with their ids; none where Emarsys lists none.

    Raises:
        ReadError: as for `CoreApi.call`.
        ConfigError: the key is no field that contacts can be looked up by.
    """
    found: dict[str, tuple[str, ...]] = {}
    for ids in checkids(api, key_id, values):
        found |= {key: several for key, several in ids.of_key.items() if len(several) > 1}
        found |= {key: () for key, code in ids.failed.items() if code == AMBIGUOUS}
    return found


def _ids(raw: object) -> tuple[str, ...]:
    """Return one or several ids; the reference does not say how several are written."""
    several = raw if isinstance(raw, list) else [raw]
    return tuple(dict.fromkeys(one for each in several if (one := id_or_none(each)) is not None))


def _blame_key(endpoint: Endpoint, errors: Sequence[RowError]) -> None:
    """Refuse an answer whose rows fail because of the key's field, not because of the key."""
    for error in errors:
        sentence = BLAMED.get((400, error.code))
        if sentence is not None:
            raise ConfigError(f"Emarsys, {endpoint.path}: {sentence}.")
