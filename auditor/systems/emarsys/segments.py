"""Segments: listed, counted, paged and run.

A segment is deleted by a GET (`filter/{id}/delete`), so no path here is ever taken from an answer.

Source:
    Emarsys reference 9.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor.errors import IncompleteSnapshotError, TransientReadError
from auditor.systems.emarsys.client import pauses, require_all, unless_refused
from auditor.systems.emarsys.envelope import (
    Endpoint,
    drift,
    id_or_none,
    int_or_none,
    object_of,
    rows_of,
)
from auditor.systems.emarsys.lists import Members, member_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.envelope import Blame

PAGE = 10_000
RUN_PATIENCE_S = 6 * 3600.0

SEGMENTS = Endpoint("GET", "filter", "segment.list")
SEGMENT = Endpoint("GET", "filter/{}", "segment.get")
COUNT = Endpoint("GET", "filter/{}/contacts/count", "segment.contact.count")
MEMBERS = Endpoint("GET", "filter/{}/contacts", "segment.contact.list")
MEMBER = Endpoint("GET", "filter/{}/contacts/{}", "segment.contact.lookup")
RUN = Endpoint("POST", "filter/{}/runs", "segment.contacts.run")
RUN_STATUS = Endpoint("GET", "filter/runs/{}", "segment.contacts.run.status")

NO_SEGMENT = ((404, 10002), (400, 10001), (400, 4000))


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment; `kind` is standard, combined, relational, ai, or empty where it is not told."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """How far a run is, and what it found once it is done.

    Attributes:
        id: To ask again, also from another process.
        state: Waiting, done, or failed in Emarsys.
        list_id: The list that holds the members, for 12 hours at least.
        members: How many there are.
        opted_in: How many of them may be mailed.
    """

    id: str
    state: Literal["waiting", "done", "error"]
    list_id: str | None = None
    members: int | None = None
    opted_in: int | None = None


def segments(api: CoreApi) -> list[Segment]:
    """Return every segment of the account.

    Raises:
        ReadError: as for `CoreApi.call`.
    """
    return [_segment(row, SEGMENTS) for row in rows_of(api.call(SEGMENTS), SEGMENTS)]


def segment(api: CoreApi, segment_id: str | int) -> Segment:
    """Return one segment.

    Raises:
        ConfigError: the account has no such segment.
        ReadError: as for `CoreApi.call`.
    """
    data = api.call(SEGMENT, segment_id, blame=_blame(segment_id))
    return _segment(object_of(data, SEGMENT), SEGMENT)


def segment_size(api: CoreApi, segment_id: str | int, setting: str = "Emarsys") -> int:
    """Return how many contacts a segment has, waiting while Emarsys evaluates it.

    Args:
        api: The core API.
        segment_id: Its number.
        setting: What names it, for the error where there is none.

    Raises:
        ConfigError: the account has no such segment.
        ReadError: as for `CoreApi.call`.
    """
    count = int_or_none(api.call(COUNT, segment_id, blame=_blame(segment_id, setting)))
    if count is None:
        raise drift(COUNT, "is no number")
    return count


def segment_members(api: CoreApi, segment_id: str | int) -> Iterator[list[str]]:
    """Yield the contact ids of a segment, page by page, each id once.

    No order is promised between the pages; a run gives a list that stands still.

    Raises:
        ConfigError: the account has no such segment.
        IncompleteSnapshotError: a page came a second time, or members are missing.
        ReadError: as for `CoreApi.call`.
    """
    before = unless_refused(lambda: segment_size(api, segment_id))
    read = 0
    for ids in _member_pages(api, segment_id):
        read += len(ids)
        yield ids
    after = unless_refused(lambda: segment_size(api, segment_id))
    require_all("the segment", read, before, after)


def _member_pages(api: CoreApi, segment_id: str | int) -> Iterator[list[str]]:
    offset, members = 0, Members()
    while True:
        params: dict[str, str | int] = {"limit": PAGE, "offset": offset}
        data = api.call(MEMBERS, segment_id, params=params, blame=_blame(segment_id))
        ids = _ids(data)
        if not ids:
            return
        new = members.new(ids)
        if not new:
            raise IncompleteSnapshotError(
                f"Emarsys: {MEMBERS.path} gave a page without anybody new; the segment is incomplete."
            )
        yield new
        offset += len(ids)


def is_in_segment(api: CoreApi, segment_id: str | int, contact_id: str | int) -> bool:
    """Return whether a contact is in a segment.

    Raises:
        ConfigError: the account has no such segment.
        ReadError: as for `CoreApi.call`.
    """
    data = api.call(MEMBER, segment_id, contact_id, blame=_blame(segment_id))
    if not isinstance(data, bool):
        raise drift(MEMBER, "is neither true nor false")
    return data


def start_run(api: CoreApi, segment_id: str | int) -> str:
    """Start a run and return its id; while another run is under way in the account, wait for it.

    Raises:
        ConfigError: the account has no such segment.
        ReadError: as for `CoreApi.call`.
    """
    data = api.call(RUN, segment_id, blame=_blame(segment_id), patience_s=RUN_PATIENCE_S)
    run_id = id_or_none(object_of(data, RUN).get("run_id"))
    if run_id is None:
        raise drift(RUN, "has no run id")
    return run_id


def run_status(api: CoreApi, run_id: str) -> SegmentRun:
    """Return how far a run is.

    Raises:
        ConfigError: there is no such run any more.
        ReadError: as for `CoreApi.call`.
    """
    blame: Blame = {(404, 10008): "Emarsys knows no such segment run (any more); start another."}
    data = object_of(api.call(RUN_STATUS, run_id, blame=blame), RUN_STATUS)
    state = data.get("status")
    if state in ("waiting", "error"):
        return SegmentRun(run_id, state)
    if state != "done":
        raise drift(RUN_STATUS, "names a state that the auditor does not know")
    result = object_of(data.get("result"), RUN_STATUS)
    list_id = id_or_none(result.get("contact_list_id"))
    if list_id is None:
        raise drift(RUN_STATUS, "has no list")
    return SegmentRun(
        run_id,
        "done",
        list_id,
        int_or_none(result.get("user_count")),
        int_or_none(result.get("opt_in_count")),
    )


def finished_run(api: CoreApi, run_id: str) -> SegmentRun:
    """Return a run once it is done; `run_id` may come from an earlier process.

    Raises:
        TransientReadError: it failed in Emarsys, or takes too long.
        ConfigError: there is no such run any more.
        ReadError: as for `CoreApi.call`.
    """
    for pause_s in pauses(RUN_PATIENCE_S):
        run = run_status(api, run_id)
        if run.state == "done":
            return run
        if run.state == "error":
            raise TransientReadError("Emarsys: the segment run failed in Emarsys; try again.")
        api.sleep(pause_s)
    raise TransientReadError("Emarsys: the segment run does not get ready.")


def run_members(api: CoreApi, run: SegmentRun) -> Iterator[list[str]]:
    """Yield the contact ids that a finished run found, page by page.

    Raises:
        IncompleteSnapshotError: there are fewer than the run counted.
        ReadError: as for `lists.member_ids`.
    """
    assert run.list_id is not None  # noqa: S101 - a run that is done has a list
    read = 0
    for ids in member_ids(api, run.list_id):
        read += len(ids)
        yield ids
    require_all("the segment run", read, run.members, run.members)


def _segment(row: Mapping[str, Any], endpoint: Endpoint) -> Segment:
    segment_id = id_or_none(row.get("id"))
    if segment_id is None:
        raise drift(endpoint, "has a segment without an id")
    return Segment(segment_id, str(row.get("name", "")), str(row.get("type") or ""))


def _ids(data: object) -> list[str]:
    """Return ids from a list of ids or of objects; the reference does not say which."""
    if not isinstance(data, list):
        if data in (None, False, ""):
            return []
        raise drift(MEMBERS, "is no list of contacts")
    ids = [id_or_none(row.get("id") if isinstance(row, dict) else row) for row in data]
    known = [one for one in ids if one is not None]
    if len(known) < len(ids):
        raise drift(MEMBERS, "is no list of contacts")
    return known


def _blame(segment_id: str | int, setting: str = "Emarsys") -> Blame:
    return dict.fromkeys(NO_SEGMENT, f"{setting}: the account has no segment {segment_id}.")
