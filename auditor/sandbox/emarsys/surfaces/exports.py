"""Asynchronous exports: start one, ask how far it is, fetch its file.

Source:
    Emarsys reference 3.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from auditor.sandbox.emarsys.core import CoreRoute
from auditor.sandbox.emarsys.export_jobs import Columns, Export, csv_response
from auditor.sandbox.emarsys.fields import EMAIL, OPT_IN, is_language
from auditor.sandbox.emarsys.progress import Progress
from auditor.sandbox.emarsys.replies import Refusal
from auditor.sandbox.emarsys.times import range_end, vienna_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.sandbox.emarsys.core import Call
    from auditor.sandbox.emarsys.state import Change
    from auditor.sandbox.world.model import Contact

FIRST_EXPORT_ID = 98_938
MOST_LINES = 10_000_000
MOST_CHANGED_FIELDS = 20
NEVER_IN_CHANGES = frozenset({27, 28, 29, 32, 33})
_METHODS = ("local", "ftp", "sftp", "mail")
_INVALID = (400, 4000, "One or more specified parameters are invalid.")
_RUNNING = (
    "An export with the same setting is currently running. "
    "It is not possible to run the same export more than once simultaneously."
)
_STAGES = {"waiting": "scheduled", "working": "in progress"}


def export_segment(call: Call) -> object:
    """Start the export of a segment's contacts."""
    number = str(call.body.get("filter"))
    for segment in call.state.account.segments:
        if str(segment.id) == number:
            return _start(call, call.state.contacts.members(segment.contact_ids), "export/filter")
    raise Refusal(400, 10001, f"Invalid filter id: {number}")


def export_list(call: Call) -> object:
    """Start the export of a contact list."""
    number = str(call.body.get("contactlist"))
    for held in call.state.account.lists:
        if str(held.id) == number:
            return _start(call, call.state.contacts.members(held.contact_ids), "email/getcontacts")
    raise Refusal(call.options.list_error_status, 3004, f"Invalid contact list id: {number}")


def export_changes(call: Call) -> object:
    """Start the export of contacts whose e-mail address or opt-in the API changed."""
    origin = call.body.get("origin")
    if origin not in ("form", "api", "all"):
        raise Refusal(400, 10001, f"Invalid origin: {origin}")
    fields = call.body.get("contact_fields")
    if not isinstance(fields, list) or not 1 <= len(fields) <= MOST_CHANGED_FIELDS:
        raise Refusal(400, 10001, "Invalid number of fields")
    for field in fields:
        if call.state.fields.number(field) in NEVER_IN_CHANGES:
            raise Refusal(400, 10001, f"Invalid value for contact_fields: {field}")
    wanted = ("api", "form") if origin == "all" else (origin,)
    changes = [c for c in _changes_in_range(call, wanted) if _is_told(call, c)]
    return _start(call, _contacts_of(call, changes), "contact/getchanges", has_user_id=True)


def export_registrations(call: Call) -> object:
    """Start the export of contacts that registered through a form."""
    changes = [change for change in _changes_in_range(call, ("form",)) if change.is_new]
    return _start(call, _contacts_of(call, changes), "contact/getregistrations", has_user_id=True)


def status(call: Call) -> object:
    """Tell how far an export is; this counts as a poll."""
    export = _export(call)
    stage = export.progress.poll(call.state.clock())
    is_ready = stage == "finished"
    ended = is_ready and call.options.export_end != "error"
    return {
        "id": str(export.id),
        "created": vienna_text(export.created_at),
        "status": call.options.export_end if is_ready else _STAGES[stage],
        "type": "Registrations",
        "file_name": f"export_{export.id}.csv" if ended else None,
        "ftp_host": "",
        "ftp_dir": "",
    }


def download(call: Call) -> object:
    """Send the file of a finished export."""
    export = _export(call)
    now = call.state.clock()
    if not export.is_local:
        raise Refusal(404, 4004, '"distribution_method" of this export is not compatible.')
    if not export.progress.is_finished(now):
        text = "Export is currently in progress. Please wait until that has finished."
        raise Refusal(404, 4005, text)
    if call.options.export_end == "error":
        raise Refusal(404, 4006, "Internal error occurred. File was not found.")
    if (now - export.created_at).total_seconds() >= call.options.export_lifetime_s:
        raise Refusal(410, 4003, "Exported data is not available.")
    offset, limit = call.count("offset", 0), call.count("limit", MOST_LINES)
    if limit > MOST_LINES:
        raise Refusal(400, 10001, f"Invalid value for limit: {limit}")
    has_header = offset == 0 or call.options.export_header == "every"
    rows, _ = call.page(export.rows, offset, limit)
    return csv_response(rows, export.header if has_header else None, export.delimiter)


def _start(
    call: Call, contacts: list[Contact], kind: str, *, has_user_id: bool = False
) -> dict[str, object]:
    now, options = call.state.clock(), call.options
    settings = kind + msgspec.json.encode(call.body, order="deterministic").decode()
    for other in call.state.exports.values():
        if other.settings == settings and not other.progress.is_finished(now):
            raise Refusal(400, 4001, _RUNNING)
    columns = _columns(call, has_user_id=has_user_id or options.export_user_id)
    has_header = call.body.get("add_field_names_header", 1) not in (0, "0")
    number = max(call.state.exports, default=FIRST_EXPORT_ID - 1) + 1
    call.state.exports[number] = Export(
        id=number,
        settings=settings,
        created_at=now,
        progress=Progress(now, options.export_polls, options.export_duration_s),
        is_local=call.body.get("distribution_method") == "local",
        delimiter=call.body.get("delimiter", ","),
        header=columns.header(call.state) if has_header else None,
        rows=columns.rows(call.state, contacts),
    )
    return {"id": number}


def _columns(call: Call, *, has_user_id: bool) -> Columns:
    language = call.body.get("language") or "en"
    if not is_language(language):
        raise Refusal(400, 1002, "Invalid language code")
    names = call.body.get("contact_fields")
    if (
        call.body.get("distribution_method") not in _METHODS
        or call.body.get("delimiter", ",") not in (",", ";")
        or not isinstance(names, list)
        or not names
    ):
        raise Refusal(*_INVALID)
    fields = [call.state.fields.number(name) for name in names]
    known = tuple(field for field in fields if field is not None)
    if len(known) < len(fields):
        raise Refusal(*_INVALID)
    return Columns(known, has_user_id, language)


def _changes_in_range(call: Call, origins: Collection[str]) -> list[Change]:
    with_time = call.options.changes_with_time
    try:
        first, last = call.body["time_range"]
        start = range_end(first, is_upper=False, with_time=with_time)
        end = range_end(last, is_upper=True, with_time=with_time)
    except (KeyError, TypeError, ValueError):
        raise Refusal(400, 10001, "Valid start_date and end_date is required") from None
    changes = call.state.changes
    return [c for c in changes if c.origin in origins and start <= c.changed_at < end]


def _is_told(call: Call, change: Change) -> bool:
    """Tell whether getchanges exports a change.

    Source:
        Emarsys reference 3.9: the vendor contradicts itself on API changes of other fields.
    """
    if change.origin == "form" or call.options.changes_all_fields:
        return True
    return bool(change.fields & {EMAIL, OPT_IN})


def _contacts_of(call: Call, changes: list[Change]) -> list[Contact]:
    return call.state.contacts.members(list(dict.fromkeys(c.contact_id for c in changes)))


def _export(call: Call) -> Export:
    export = call.state.exports.get(call.number("id"))
    if export is None:
        raise Refusal(410, 4003, "Exported data is not available.")
    return export


ROUTES = (
    CoreRoute("POST", "/export/filter", "export.segment", export_segment),
    CoreRoute("POST", "/email/getcontacts", "export.contactlist", export_list),
    CoreRoute("POST", "/contact/getchanges", "export.contact.changed", export_changes),
    CoreRoute("POST", "/contact/getregistrations", "export.contact.changed", export_registrations),
    CoreRoute("GET", "/export/{id}", "export.status", status),
    CoreRoute("GET", "/export/{id}/data", "export.download", download),
)
