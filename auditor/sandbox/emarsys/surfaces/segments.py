"""Segments: list, count, members, runs, and the GET that deletes.

Source:
    Emarsys reference 9.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.replies import Refusal
from auditor.sandbox.emarsys.segment_runs import start_run

if TYPE_CHECKING:
    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.world.model import Segment

LIMIT_BELOW = 1_000_000


def list_segments(call: Call) -> object:
    """List the segments."""
    return [_shown(segment) for segment in call.state.account.segments]


def get_segment(call: Call) -> object:
    """Show one segment."""
    return _shown(_segment(call))


def count(call: Call) -> object:
    """Count a segment's contacts."""
    segment = _evaluated(call)
    return len(call.state.contacts.members(segment.contact_ids))


def members(call: Call) -> object:
    """List a segment's contacts, a page at a time."""
    limit, offset = call.count("limit", LIMIT_BELOW - 1), call.count("offset", 0)
    if limit >= LIMIT_BELOW:
        raise Refusal(400, 10001, "Limit must be less than 1000000.")
    contacts = call.state.contacts.members(_evaluated(call).contact_ids)
    page, _ = call.page(contacts, offset, limit)
    ids = [str(contact.id) for contact in page]
    return ids if call.options.segment_members == "ids" else [{"id": number} for number in ids]


def has_member(call: Call) -> object:
    """Tell whether a contact is in a segment."""
    segment, number = _segment(call), call.number("contact")
    exists = number in call.state.contacts.by_id
    return exists and (segment.contact_ids is None or number in segment.contact_ids)


def delete(call: Call) -> object:
    """Delete a segment, by GET, as the vendor does."""
    call.state.account.segments.remove(_segment(call))
    return ""


def run(call: Call) -> object:
    """Start a run of a segment."""
    started = start_run(call.state, _segment(call))
    if started is None:
        text = "The admin already running a segment. Please wait until it is finished."
        raise Refusal(423, 10003, text)
    return {"run_id": started.id, "status": "waiting"}


def run_status(call: Call) -> object:
    """Tell how far a run is and, once done, what it found; this counts as a poll."""
    found = call.state.runs.get(call.path["run"])
    if found is None:
        raise Refusal(404, 10008, "The segment run specified does not exist.")
    if found.progress.poll(call.state.clock()) != "finished":
        return {"run_id": found.id, "status": "waiting"}
    if call.options.run_end == "error":
        return {"run_id": found.id, "status": "error"}
    result = {
        "contact_list_id": found.result.id,
        "user_count": len(found.result.contact_ids),
        "opt_in_count": found.opted_in,
        "duration": int(found.progress.duration_s * 1000),
    }
    return {"run_id": found.id, "status": "done", "result": result}


def _segment(call: Call) -> Segment:
    number = call.number("id")
    for segment in call.state.account.segments:
        if segment.id == number:
            return segment
    raise Refusal(404, 10002, "The segment specified does not exist.")


def _evaluated(call: Call) -> Segment:
    segment = _segment(call)
    evaluated = call.state.evaluated
    if call.options.count_first == "evaluating" and segment.id not in evaluated:
        evaluated.add(segment.id)
        raise Refusal(202, 10001, "The segment is currently evaluated.")
    return segment


def _shown(segment: Segment) -> dict[str, object]:
    return {
        "id": segment.id,
        "name": segment.name,
        "type": "standard",
        "tags": [],
        "criteriaTypes": ["contact"],
        "baseContactListId": None,
        "predefinedSegmentId": None,
    }


ROUTES = (
    CoreRoute("GET", "/filter", "segment.list", list_segments),
    CoreRoute("GET", "/filter/{id}", "segment.get", get_segment),
    CoreRoute("GET", "/filter/{id}/contacts/count", "segment.contact.count", count),
    CoreRoute("GET", "/filter/{id}/contacts", "segment.contact.list", members),
    CoreRoute("GET", "/filter/{id}/contacts/{contact}", "segment.contact.lookup", has_member),
    # The reference names no permission for this one, so it asks for none.
    CoreRoute("GET", "/filter/{id}/delete", None, delete),
    CoreRoute("POST", "/filter/{id}/runs", "segment.contacts.run", run),
    CoreRoute("GET", "/filter/runs/{run}", "segment.contacts.run.status", run_status),
)
