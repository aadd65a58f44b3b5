"""Emarsys: reached, credentials taken, and every permission that the configured streams need.

No permission is proved by a call that could change anything. Where a call starts something, it is sent
without saying what to start: whoever may call it is told that parameters are missing, whoever may not
is told so first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from auditor.config import Wsse
from auditor.doctor.result import Result, probe
from auditor.errors import TransientReadError
from auditor.systems.emarsys import segments
from auditor.systems.emarsys.contacts import audience_of
from auditor.systems.emarsys.events import EVENTS
from auditor.systems.emarsys.exports import DATA, OF_LIST, OF_SEGMENT, STATUS
from auditor.systems.emarsys.fields import TRANSLATE
from auditor.systems.emarsys.lists import CONTACT_IDS, COUNT, LISTS
from auditor.systems.emarsys.lookup import CHECKIDS, GETDATA
from auditor.systems.emarsys.query import QUERY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.config import Settings
    from auditor.doctor.visit import Visit
    from auditor.systems.emarsys.envelope import Endpoint

API_STREAMS = ("contacts", "quarantine", "segment_members", "event_definitions")
NOBODY = "0"
"""No contact, list or export has this id."""


@dataclass(frozen=True, slots=True)
class Need:
    """A call that an audit makes, in a form that reads nothing and starts nothing.

    Attributes:
        endpoint: The call.
        stream: What cannot be read without it.
        ids: For the placeholders of its path.
        body: What is sent.
        is_optional: Whether the stream can be read without it.
    """

    endpoint: Endpoint
    stream: str
    ids: tuple[str, ...] = ()
    body: Mapping[str, object] | None = field(default=None)
    is_optional: bool = False


@probe("emarsys.reach", "emarsys", streams=API_STREAMS)
def reach(visit: Visit) -> Iterator[Result]:
    """See whether anything answers at the address."""
    status = visit.emarsys_greeting().status
    yield Result("ok", f"The host of emarsys.url answers (HTTP {status}).")


@probe("emarsys.credentials", "emarsys", after="emarsys.reach", streams=API_STREAMS)
def credentials(visit: Visit) -> Iterator[Result]:
    """See whether the credentials are taken.

    Source:
        Emarsys reference 1.1, 1.2, 2.6: 401 for wrong credentials, 403 for a missing permission.
    """
    reply = visit.knock(TRANSLATE, "en")
    is_wsse = isinstance(visit.settings.emarsys.auth, Wsse)
    if reply.status == httpx.codes.UNAUTHORIZED:
        fix = "Check emarsys.auth" + (" and this machine's clock." if is_wsse else ".")
        yield Result("fail", "Emarsys refuses the credentials.", fix, API_STREAMS)
    elif reply.is_no_api():
        fix = "Check emarsys.url; it ends in /api/v3, or with wsse in /api/v2."
        yield Result("fail", "There is no core API at emarsys.url.", fix, API_STREAMS)
    elif is_wsse:
        fix = "Create OAuth2 API credentials in Emarsys and set emarsys.auth to type oauth2."
        yield Result("warn", "WSSE works, but Emarsys ends it on 2026-12-31.", fix)
    else:
        yield Result("ok", "Emarsys takes the credentials.")


@probe("emarsys.permission", "emarsys", after="emarsys.credentials", streams=API_STREAMS)
def permissions(visit: Visit) -> Iterator[Result]:
    """Knock at every call that an audit makes.

    Source:
        Emarsys reference 1.1 (permission names), 2.6 (403 with a null code).
    """
    for need in needs(visit.settings):
        yield _knocked(visit, need)


def needs(settings: Settings) -> Iterator[Need]:
    """Yield the calls that the configured streams are read by."""
    yield Need(TRANSLATE, "contacts", ("en",))
    getdata = {"keyId": "id", "keyValues": [NOBODY], "fields": ["1"]}
    audience = audience_of(settings.emarsys.contacts)
    if audience is not None:
        start = OF_SEGMENT if audience.kind == "segment" else OF_LIST
        key = str(settings.emarsys.fields.get("external_id", settings.emarsys.fields["email"]))
        yield Need(start, "contacts", body={})
        yield Need(STATUS, "contacts", (NOBODY,))
        yield Need(DATA, "contacts", (NOBODY,))
        yield Need(CHECKIDS, "contacts", body={"key_id": key, "external_ids": [NOBODY]})
    else:
        yield Need(QUERY, "contacts")
    yield Need(GETDATA, "contacts", body=getdata)
    if settings.emarsys.quarantine_list is not None:
        yield Need(LISTS, "quarantine")
        yield Need(CONTACT_IDS, "quarantine", (NOBODY,))
        yield Need(COUNT, "quarantine", (NOBODY,), is_optional=True)
    if settings.audiences:
        for endpoint in (segments.COUNT, segments.MEMBERS, segments.RUN, segments.RUN_STATUS):
            yield Need(endpoint, "segment_members", (NOBODY,))
        if settings.emarsys.quarantine_list is None:
            yield Need(CONTACT_IDS, "segment_members", (NOBODY,))
    yield Need(EVENTS, "event_definitions")


def _knocked(visit: Visit, need: Need) -> Result:
    permission = need.endpoint.permission
    try:
        status = visit.knock(need.endpoint, *need.ids, body=need.body).status
    except TransientReadError:
        detail = f"Whether {permission} is granted could not be found out: Emarsys is busy."
        return Result("warn", detail, "Try again in some minutes.", id=permission)
    if status not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Result("ok", "Granted.", id=permission)
    fix = f"Grant {permission} to the API user of emarsys.auth."
    if need.is_optional:
        detail = f"Without {permission}, what is read of {need.stream} is not cross-checked."
        return Result("warn", detail, fix, id=permission)
    detail = f"The API user may not {need.endpoint.method} {need.endpoint.path}."
    return Result("fail", detail, fix, (need.stream,), id=permission)
