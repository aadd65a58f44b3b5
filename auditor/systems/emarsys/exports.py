"""Exports of a segment or a list: started, waited for and downloaded.

Source:
    Emarsys reference 3.9, 2.6 (4001, 4003, 4005), 9.1 and 9.2 (counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import stamina

from auditor.errors import TransientReadError
from auditor.systems.emarsys.breaker import IgnoredError
from auditor.systems.emarsys.client import pauses
from auditor.systems.emarsys.envelope import Endpoint, drift, id_or_none, int_or_none, object_of
from auditor.systems.emarsys.lists import NO_LIST, member_count
from auditor.systems.emarsys.segments import COUNT, NO_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

PATIENCE_S = 7200.0
COUNT_PATIENCE_S = 30.0
DOWNLOADS = 3
DELIMITER = ","

RUNNING_ALREADY = frozenset({(400, 4001)})

OF_SEGMENT = Endpoint("POST", "export/filter", "export.segment", RUNNING_ALREADY)
OF_LIST = Endpoint("POST", "email/getcontacts", "export.contactlist", RUNNING_ALREADY)
STATUS = Endpoint("GET", "export/{}", "export.status")
DATA = Endpoint("GET", "export/{}/data", "export.download", frozenset({(404, 4005)}))

WAITING = frozenset({"scheduled", "in progress"})
FINISHED = frozenset({"ready", "done"})


@dataclass(frozen=True, slots=True)
class Audience:
    """What is exported: all contacts of a segment or of a list."""

    kind: Literal["segment", "list"]
    id: int

    @property
    def blame(self) -> Blame:
        """Return what is said when the account has no such segment or list."""
        where = f"emarsys.contacts.{self.kind}: the account has no {self.kind} {self.id}."
        codes = NO_SEGMENT if self.kind == "segment" else NO_LIST
        return dict.fromkeys(codes, where)


def start_export(api: CoreApi, audience: Audience, fields: Sequence[int]) -> str:
    """Start an export and return its id; one of the same kind that runs already is waited for.

    Raises:
        ConfigError: the account has no such segment or list.
        ReadError: as for `CoreApi.call`.
    """
    endpoint, key = (
        (OF_SEGMENT, "filter") if audience.kind == "segment" else (OF_LIST, "contactlist")
    )
    body = {key: audience.id, **export_body(fields)}
    return start_by(api, endpoint, body, audience.blame)


def export_body(fields: Sequence[int]) -> dict[str, Any]:
    """Return what every export is asked for: a file to download with these columns."""
    return {
        "distribution_method": "local",
        "contact_fields": list(fields),
        "delimiter": DELIMITER,
        "add_field_names_header": 1,
        "language": "en",
    }


def start_by(api: CoreApi, endpoint: Endpoint, body: Mapping[str, Any], blame: Blame) -> str:
    """Start an export of any kind and return its id.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    data = api.call(endpoint, body=body, blame=blame, patience_s=PATIENCE_S)
    export_id = id_or_none(object_of(data, endpoint).get("id"))
    if export_id is None:
        raise drift(endpoint, "has no export id")
    return export_id


def wait_for_export(api: CoreApi, export_id: str) -> None:
    """Return once an export can be downloaded.

    Raises:
        TransientReadError: it failed in Emarsys, or takes too long.
        SchemaDriftError: its state is none that the reference knows.
        ReadError: as for `CoreApi.call`.
    """
    for pause_s in pauses(PATIENCE_S):
        status = object_of(api.call(STATUS, export_id), STATUS).get("status")
        if status in FINISHED:
            return
        if status == "error":
            raise TransientReadError("Emarsys: the contact export failed in Emarsys; try again.")
        if status not in WAITING:
            raise drift(STATUS, "names a state that the auditor does not know")
        api.sleep(pause_s)
    raise TransientReadError("Emarsys: the contact export does not get ready.")


def download_export(api: CoreApi, export_id: str, file: BinaryIO) -> None:
    """Write an export to a file and rewind it; a download that breaks off is begun anew.

    Raises:
        ReadError: as for `CoreApi.download`.
    """
    for attempt in stamina.retry_context(on=_may_pass, attempts=DOWNLOADS, timeout=None):
        with attempt:
            file.seek(0)
            file.truncate()
            with api.download(DATA, export_id) as pieces:
                file.writelines(pieces)
    file.seek(0)


def _may_pass(exc: Exception) -> bool:
    return isinstance(exc, TransientReadError) and not isinstance(exc, IgnoredError)


def audience_size(api: CoreApi, audience: Audience) -> int | None:
    """Return how many contacts an audience has, None where Emarsys gives no number soon.

    Raises:
        ReadError: as for `CoreApi.call`, but for a count that is still being taken.
    """
    if audience.kind == "list":
        return member_count(api, str(audience.id), audience.blame)
    try:
        count = api.call(COUNT, audience.id, blame=audience.blame, patience_s=COUNT_PATIENCE_S)
    except TransientReadError:
        return None
    return int_or_none(count)
