"""The outside check: what is sent and what is understood, against the vendor's own collections.

`tests/data/README.md` says where the vendor's side comes from.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import auditor.systems.emarsys
from auditor.errors import AuditorError, TransientReadError
from auditor.systems.emarsys import (
    campaigns,
    changes,
    events,
    exports,
    fields,
    lists,
    lookup,
    segments,
)
from auditor.systems.emarsys.envelope import Endpoint
from tests.systems.emarsys.fake import URL, body_of, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.systems.emarsys.client import CoreApi
    from tests.systems.emarsys.fake import FakeEmarsys

Key = tuple[str, str]

CALLS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "emarsys_calls.json").read_text()
)
VENDOR: dict[Key, dict[str, Any]] = {(call["method"], call["path"]): call for call in CALLS}
FILLED = {"text": "17", "number": 1, "flag": True, None: None}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
WRITING = ("write", "upload")


def download(api: CoreApi) -> bytes:
    with api.download(exports.DATA, 1) as pieces:
        return b"".join(pieces)


DRIVERS: dict[Key, Callable[[CoreApi], object]] = {
    ("GET", "contactlist"): lists.contact_lists,
    ("GET", "contactlist/{}/contactIds"): lambda api: list(lists.member_ids(api, "1")),
    ("GET", "contactlist/{}/count"): lambda api: lists.member_count(api, "1"),
    ("GET", "email"): lambda api: campaigns.campaigns(api, status=1),
    ("GET", "email/{}"): lambda api: campaigns.campaign(api, 1),
    ("GET", "event"): events.event_names,
    ("GET", "event/{}/usages"): lambda api: events.event_usages(api, "1"),
    ("GET", "export/{}"): lambda api: exports.wait_for_export(api, "1"),
    ("GET", "export/{}/data"): download,
    ("GET", "field/translate/{}"): lambda api: fields.field_names(api, "1"),
    ("GET", "field/{}/choice/translate/{}"): lambda api: fields.field_choices(api, 1, "1"),
    ("GET", "filter"): segments.segments,
    ("GET", "filter/{}"): lambda api: segments.segment(api, 1),
    ("GET", "filter/{}/contacts"): lambda api: list(segments.segment_members(api, 1)),
    ("GET", "filter/{}/contacts/count"): lambda api: segments.segment_size(api, 1),
    ("GET", "filter/{}/contacts/{}"): lambda api: segments.is_in_segment(api, 1, 1),
    ("GET", "filter/runs/{}"): lambda api: segments.run_status(api, "1"),
    ("POST", "contact/checkids"): lambda api: list(lookup.checkids(api, 3, ["a"])),
    ("POST", "contact/getchanges"): lambda api: list(
        changes.consent_changes(api, {"email": 3, "opt_in": 31}, NOW, NOW)
    ),
    ("POST", "contact/getdata"): lambda api: list(lookup.getdata(api, 3, ["a"], [3])),
    ("POST", "email/getcontacts"): lambda api: exports.start_export(
        api, exports.Audience("list", 1), [3]
    ),
    ("POST", "export/filter"): lambda api: exports.start_export(
        api, exports.Audience("segment", 1), [3]
    ),
    ("POST", "filter/{}/runs"): lambda api: segments.start_run(api, 1),
}
"""One function for every call that reads; every id is 1, so that paths can be told from templates."""

ANSWERS: dict[Key, httpx.Response] = {
    ("GET", "contactlist/{}/contactIds"): ok({"value": [], "next": None}),
    ("GET", "export/{}"): ok({"status": "done"}),
    ("GET", "export/{}/data"): httpx.Response(200, content=b"user_id,E-Mail,Opt-In\n"),
    ("GET", "filter/{}"): ok({"id": 1, "name": "x"}),
    ("GET", "filter/{}/contacts"): ok([]),
}
"""What is answered where the collections hold no sample, or one that never ends."""

UNENDING = {("GET", "export/{}"): TransientReadError}
"""The sample of this call says for ever that the export is in progress."""


def endpoints(*, reading: bool) -> Iterator[Endpoint]:
    for module in pkgutil.iter_modules(auditor.systems.emarsys.__path__):
        if reading and module.name.startswith(WRITING):
            continue
        found = importlib.import_module(f"auditor.systems.emarsys.{module.name}")
        yield from (one for one in vars(found).values() if isinstance(one, Endpoint))


def key_of(endpoint: Endpoint) -> Key:
    return endpoint.method, endpoint.path.strip("/")


def filled(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: filled(one) for name, one in shape.items()}
    if isinstance(shape, list):
        return [filled(one) for one in shape]
    return FILLED.get(shape, shape)


def sample(answer: dict[str, Any]) -> httpx.Response:
    """Return a sample as an answer; reply codes are filler in the collections."""
    code = 0 if answer["status"] == 200 else 1
    return httpx.Response(answer["status"], json={**filled(answer["body"]), "replyCode": code})


def serve(server: FakeEmarsys, key: Key, response: httpx.Response) -> None:
    method, path = key
    for end in ("", "/"):
        server.on(f"{method} /api/v3/{path.replace('{}', '1')}{end}", response)


def serve_all(server: FakeEmarsys) -> None:
    for key, call in VENDOR.items():
        good = [answer for answer in call["answers"] if answer["status"] == 200]
        if key in ANSWERS or good:
            serve(server, key, ANSWERS[key] if key in ANSWERS else sample(good[0]))


def samples() -> Iterator[Any]:
    for key in DRIVERS:
        for number, answer in enumerate(VENDOR[key]["answers"]):
            yield pytest.param(key, answer, id=f"{' '.join(key)} {answer['status']} {number}")


@pytest.mark.parametrize(
    "key", sorted({key_of(one) for one in endpoints(reading=False)}), ids=" ".join
)
def test_every_endpoint_is_one_of_the_vendors(key: Key):
    assert key in VENDOR


def test_every_call_that_reads_is_driven_here():
    assert {key_of(one) for one in endpoints(reading=True)} == set(DRIVERS)


@pytest.mark.parametrize("key", DRIVERS, ids=" ".join)
def test_a_request_has_the_vendors_method_path_and_keys(server, api: CoreApi, key: Key):
    serve_all(server)
    DRIVERS[key](api)
    sent = [request for request in server.requests if str(request.url).startswith(URL)]
    asked = []
    for request in sent:
        parts = request.url.path.removeprefix("/api/v3/").strip("/").split("/")
        asked.append((request.method, "/".join("{}" if part == "1" else part for part in parts)))
        vendor = VENDOR[asked[-1]]
        assert set(request.url.params) <= set(vendor["query"])
        assert set(body_of(request) if request.content else {}) <= set(vendor["body"])
    assert key in asked


@pytest.mark.parametrize(("key", "answer"), list(samples()))
def test_a_sample_answer_is_understood(server, api: CoreApi, key: Key, answer: dict[str, Any]):
    serve_all(server)
    serve(server, key, sample(answer))
    if answer["status"] == 200 and key not in UNENDING:
        DRIVERS[key](api)
    else:
        with pytest.raises(UNENDING[key] if answer["status"] == 200 else AuditorError):
            DRIVERS[key](api)
