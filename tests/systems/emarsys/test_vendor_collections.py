"""The outside check: what is sent and what is understood, against the vendor's own collections.

`tests/data/README.md` says where the vendor's side comes from.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from contextlib import closing
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
import pytest

from auditor.config import Secret
from auditor.config.systems import SalesUpload
from auditor.config.values import WebUrl
from auditor.errors import AuditorError, TransientReadError
from auditor.systems import emarsys
from auditor.systems.emarsys import (
    campaigns,
    changes,
    events,
    exports,
    fields,
    lists,
    lookup,
    segments,
    writing,
)
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.query import read_queried_contacts
from auditor.systems.emarsys.writing.api import write_opener
from auditor.systems.emarsys.writing.contacts import ContactBatch, ContactWrite, update_contacts
from auditor.systems.emarsys.writing.events import Trigger, TriggerBatch, trigger_event
from auditor.systems.emarsys.writing.hapi import open_hapi
from auditor.systems.emarsys.writing.quarantine import (
    Members,
    add_to_quarantine,
    take_off_quarantine,
)
from auditor.systems.emarsys.writing.sales import SalesLine, sales_file, upload_sales
from tests.systems.emarsys.fake import HOST, URL, FakeClock, body_of, emarsys_settings, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from auditor.systems.emarsys.client import CoreApi
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.emarsys.writing.results import RowResult
    from tests.systems.emarsys.fake import FakeEmarsys

Key = tuple[str, str]

CALLS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "emarsys_calls.json").read_text()
)
VENDOR: dict[Key, dict[str, Any]] = {(call["method"], call["path"]): call for call in CALLS}
FILLED = {"text": "17", "number": 1, "flag": True, None: None}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def write_api(server: FakeEmarsys, clock: FakeClock) -> Iterator[WriteApi]:
    assert server.requests == []
    with closing(write_opener(emarsys_settings(quarantine_list=LIST), clock=clock)()) as opened:
        yield opened


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
    ("GET", "contact/query"): lambda api: next(
        read_queried_contacts(api, {"email": 3, "opt_in": 31}), None
    ),
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

LIST = "audit-quarantine"
NEW_LIST = ("POST", "contactlist")
TWO = Members(("a", "b"))


def changes_of(fields: dict[int, Any]) -> ContactBatch:
    return ContactBatch("3", tuple(ContactWrite(key, fields) for key in ("a", "b")))


def triggers(*keys: str) -> TriggerBatch:
    return TriggerBatch(1, "3", tuple(Trigger(key, key, NOW, {"order": "1"}) for key in keys))


WRITERS: dict[Key, Callable[[CoreApi, WriteApi], tuple[RowResult, ...]]] = {
    ("PUT", "contact"): lambda _, api: update_contacts(api, changes_of({2: "x"})),
    NEW_LIST: lambda reader, api: add_to_quarantine(reader, api, TWO),
    ("POST", "contactlist/{}/add"): lambda reader, api: add_to_quarantine(reader, api, TWO),
    ("POST", "contactlist/{}/delete"): lambda reader, api: take_off_quarantine(reader, api, TWO),
    ("POST", "event/{}/trigger"): lambda _, api: trigger_event(api, triggers("a", "b")),
}
"""One function for every call that writes, each about the contacts `a` and `b`."""

FIELDS = {"2", "3"}
UNTOLD: dict[Key, set[str]] = {("POST", "event/{}/trigger"): {"data"}}
"""What the collections' generated bodies leave out. Source: Emarsys reference 8."""

ANSWERS: dict[Key, httpx.Response] = {
    ("GET", "contactlist/{}/contactIds"): ok({"value": [], "next": None}),
    ("GET", "export/{}"): ok({"status": "done"}),
    ("GET", "export/{}/data"): httpx.Response(200, content=b"user_id,E-Mail,Opt-In\n"),
    ("GET", "filter/{}"): ok({"id": 1, "name": "x"}),
    ("GET", "filter/{}/contacts"): ok([]),
    ("GET", "filter/{}/contacts/count"): ok(0),
    ("POST", "event/{}/trigger"): ok({"ids": ["1", "2"], "errors": {}}),
}
"""What is answered where the collections hold no sample, or one that never ends."""

UNENDING = {("GET", "export/{}"): TransientReadError}
"""The sample of this call says for ever that the export is in progress."""

ONE_CONTACT = {"id": "number"}
"""What `contact/query` answers in another form, which looks one contact up and is never sent."""


def endpoints(package: ModuleType) -> Iterator[Endpoint]:
    for module in pkgutil.iter_modules(package.__path__):
        found = importlib.import_module(f"{package.__name__}.{module.name}")
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
        if "answers" not in call:
            continue
        good = [answer for answer in call["answers"] if answer["status"] == 200]
        if key in ANSWERS or good:
            serve(server, key, ANSWERS[key] if key in ANSWERS else sample(good[0]))


def samples(drivers: Mapping[Key, object]) -> Iterator[Any]:
    for key in drivers:
        for number, answer in enumerate(VENDOR[key]["answers"]):
            if answer["body"].get("data") != ONE_CONTACT or key != ("GET", "contact/query"):
                yield pytest.param(key, answer, id=f"{' '.join(key)} {answer['status']} {number}")


@pytest.mark.parametrize(
    "key",
    sorted({key_of(one) for package in (emarsys, writing) for one in endpoints(package)}),
    ids=" ".join,
)
def test_every_endpoint_is_one_of_the_vendors(key: Key):
    assert key in VENDOR


def test_every_call_is_driven_here():
    assert {key_of(one) for one in endpoints(emarsys)} == set(DRIVERS)
    assert {key_of(one) for one in endpoints(writing)} - set(DRIVERS) == set(WRITERS)


def asked(server: FakeEmarsys) -> list[Key]:
    """Return the calls that were made, each of which has the vendor's query and body."""
    made = []
    for request in server.requests:
        if not str(request.url).startswith(URL):
            continue
        parts = request.url.path.removeprefix("/api/v3/").strip("/").split("/")
        made.append((request.method, "/".join("{}" if part == "1" else part for part in parts)))
        vendor = VENDOR[made[-1]]
        query = {"{fieldId}" if name.isdecimal() else name for name in request.url.params}
        assert query <= set(vendor["query"])
        body = body_of(request) if request.content else {}
        rows = set(vendor["rows"]) | UNTOLD.get(made[-1], set())
        assert set(body) <= set(vendor["body"]) | (rows - FIELDS)
        sent = {name for row in body.get("contacts", []) for name in row}
        assert sent <= rows | (FIELDS if rows & FIELDS else set())
    return made


@pytest.mark.parametrize("key", DRIVERS, ids=" ".join)
def test_a_request_has_the_vendors_method_path_and_keys(server, api: CoreApi, key: Key):
    serve_all(server)
    DRIVERS[key](api)
    assert key in asked(server)


def serve_writes(server: FakeEmarsys, key: Key) -> None:
    serve_all(server)
    serve(server, ("GET", "contactlist"), ok([] if key == NEW_LIST else [{"id": 1, "name": LIST}]))


@pytest.mark.parametrize("key", WRITERS, ids=" ".join)
def test_a_write_has_the_vendors_method_path_and_keys(
    server, api: CoreApi, write_api: WriteApi, key: Key
):
    serve_writes(server, key)
    WRITERS[key](api, write_api)
    assert key in asked(server)


@pytest.mark.parametrize(("key", "answer"), list(samples(WRITERS)))
def test_a_sample_answer_to_a_write_judges_every_row(
    server, api: CoreApi, write_api: WriteApi, key: Key, answer: dict[str, Any]
):
    serve_writes(server, key)
    serve(server, key, sample(answer))
    results = WRITERS[key](api, write_api)
    states = {"done", "unknown"} if answer["status"] in (200, 500) else {"failed"}
    assert {result.key for result in results} == {"a", "b"}
    assert {result.state for result in results} <= states


def test_an_upload_has_the_vendors_path_and_headers(server):
    server.on("POST /hapi/merchant/1/sales-data/api", httpx.Response(200, text="Upload accepted"))
    url, token = WebUrl(f"{HOST}/hapi/merchant/1"), Secret("static")
    with closing(open_hapi(SalesUpload(url=url, token=token))) as hapi:
        line = SalesLine("100017", "SKU-1", NOW, "C1", 1000, 19900, "SEK")
        upload = upload_sales(hapi, sales_file([line], SalesUpload(url=url, token=token).columns))
    (request,) = server.requests
    told = {f"{name}: {request.headers[name]}" for name in ("accept", "content-type")}
    vendor = VENDOR["POST", "hapi/merchant/{}/sales-data/api"]
    assert (upload.outcome, told <= set(vendor["headers"])) == ("accepted", True)


def test_a_token_is_fetched_as_the_vendor_does(server, api: CoreApi):
    serve_all(server)
    events.event_names(api)
    vendor = VENDOR["POST", "oauth2/token"]
    sent = dict(parse_qsl(server.requests[0].content.decode()))
    assert sent == {"grant_type": vendor["grant_type"]}
    assert vendor["url"] in (resources.files("auditor") / "config_template.yaml").read_text()


@pytest.mark.parametrize(("key", "answer"), list(samples(DRIVERS)))
def test_a_sample_answer_is_understood(server, api: CoreApi, key: Key, answer: dict[str, Any]):
    serve_all(server)
    serve(server, key, sample(answer))
    if answer["status"] == 200 and key not in UNENDING:
        DRIVERS[key](api)
    else:
        with pytest.raises(UNENDING[key] if answer["status"] == 200 else AuditorError):
            DRIVERS[key](api)
