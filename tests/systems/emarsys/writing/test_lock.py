"""Whatever a caller comes up with, only what the auditor is meant to write gets through."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import ForbiddenWriteError
from auditor.systems.emarsys.writing.lock import HAPI_RULES, Lock, LockedTransport, core_rules

HOST = "https://api.emarsys.example"
URL = f"{HOST}/api/v3"
TOKEN_URL = "https://auth.emarsys.example/oauth2/token"  # noqa: S105 - an address
LIST = "audit-quarantine"
UPDATE = "contact/?create_if_not_exists=0"
CREATE = "contact/?create_if_not_exists=1"

lock = Lock(httpx.URL(URL), core_rules(LIST), httpx.URL(TOKEN_URL))
hapi_lock = Lock(httpx.URL(f"{HOST}/hapi/merchant/M1"), HAPI_RULES)


def request(method: str, path: str, body: Any = None, **parts: Any) -> httpx.Request:
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    url = path if "://" in path else f"{URL}/{path}"
    return httpx.Request(method, url, content=content, **parts)


def passes(made: httpx.Request, through: Lock = lock) -> bool:
    try:
        through.require(made)
    except ForbiddenWriteError:
        return False
    return True


def contacts(*rows: dict[str, Any], key: Any = "4711") -> dict[str, Any]:
    return {"key_id": key, "contacts": list(rows)}


ALLOWED = [
    ("PUT", UPDATE, contacts({"4711": "C1", "31": 2})),
    ("PUT", UPDATE, contacts({"4711": "C1", "31": "2", "1": "", "5": None, "100": [1, 2]})),
    ("PUT", UPDATE, contacts({"id": "7", "1": "Ann"}, key="id")),
    ("PUT", CREATE, contacts({"4711": "C1", "3": "a@example.com"})),
    ("POST", "contactlist/10/add", {"key_id": "id", "external_ids": ["1"]}),
    ("POST", "contactlist/10/delete", {"key_id": "id", "external_ids": ["1"]}),
    ("POST", "contactlist", {"key_id": "id", "name": LIST, "description": "", "external_ids": []}),
    ("POST", "event/7/trigger", {"key_id": "3", "external_id": "a", "trigger_id": "t"}),
    ("POST", "event/7/trigger", contacts({"external_id": "a", "trigger_id": "t", "data": {"a": 1}})),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ALLOWED)
def test_what_the_auditor_writes_gets_through(method, path, body):
    assert passes(request(method, path, body))


def test_a_request_for_a_token_gets_through():
    assert passes(httpx.Request("POST", TOKEN_URL, data={"grant_type": "client_credentials"}))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "contact/delete"),
        ("POST", "contact/merge"),
        ("POST", "contact"),
        ("POST", "contact/"),
        ("PUT", "contact"),
        ("PUT", "contact/"),
        ("PUT", "contact/?create_if_not_exists=2"),
        ("PUT", f"{UPDATE}&create_if_not_exists=1"),
        ("DELETE", UPDATE),
        ("PATCH", UPDATE),
        ("POST", "blocklist"),
        ("POST", "blacklist"),
        ("POST", "email/5/launch"),
        ("POST", "email/5/broadcast"),
        ("POST", "email/5/updatesource"),
        ("POST", "email/unsubscribe"),
        ("GET", "filter/5/delete"),
        ("PUT", "filter"),
        ("PUT", "filter/5/contact_criteria"),
        ("POST", "contactlist/5/deletelist"),
        ("POST", "contactlist/5/replace"),
        ("POST", "contactlist/5/rename"),
        ("POST", "field"),
        ("DELETE", "field/5"),
        ("POST", "event"),
        ("POST", "event/5"),
        ("POST", "event/5/delete"),
        ("GET", "contactlist"),
        ("GET", "event/7/trigger"),
    ],
)
@pytest.mark.parametrize("body", [body for _, _, body in ALLOWED[:1] + ALLOWED[4:8]])
def test_no_other_call_gets_through(method, path, body):
    assert not passes(request(method, path, body))


SEGMENTS = st.sampled_from(
    [
        *("contact", "contactlist", "event", "7", "delete", "merge", "trigger", "add", "..", "."),
        *("%2e%2e", "%64elete", "DELETE", "Contact", "launch", "deletelist", "\u0667", "7a", "-7"),
        *("07", "+7", "7;x", "7%2Fdelete", "filter", "v2", "api", "*", "{}", "blocklist", "%00"),
        *("", "7 "),
    ]
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "MERGE"])
BODIES = st.sampled_from([body for _, _, body in ALLOWED])
WRITABLE = re.compile(
    rb"/api/v3/(contact/\?create_if_not_exists=[01]|contactlist|contactlist/[1-9]\d*/(add|delete)"
    rb"|event/[1-9]\d*/trigger)"
)


@settings(deadline=None)
@given(
    METHODS, st.lists(SEGMENTS, max_size=6), BODIES, st.sampled_from(["", "/", "//", "?x", "\\"])
)
def test_only_the_exact_paths_get_through_whatever_they_are_built_from(method, parts, body, end):
    made = request(method, "/".join(parts) + end, body)
    assert not passes(made) or WRITABLE.fullmatch(made.url.raw_path)


@settings(deadline=None)
@given(METHODS, st.text(max_size=40), BODIES)
def test_arbitrary_text_is_no_path(method, text, body):
    try:
        made = request(method, text.replace("://", ""), body)
    except httpx.InvalidURL:
        return
    assert not passes(made) or WRITABLE.fullmatch(made.url.raw_path)


OPT_IN_NAMES = st.sampled_from(
    [
        *("31", " 31", "31 ", "031", "+31", "31.0", "3.1e1", "\u0663\u0661", "\uff13\uff11"),
        *("optin", "OptIn", "opt_in", "opt-in", "Opt In", "3_1"),
    ]
)
NOT_OPTED_OUT = st.one_of(
    st.sampled_from(
        [1, "1", True, False, None, "", 2.0, 1.0, "2 ", " 2", "02", "true", [2], [1], {"2": 2}]
    ),
    st.integers().filter(lambda value: value != 2),
    st.text().filter(lambda value: value != "2"),
)


@settings(deadline=None)
@given(OPT_IN_NAMES, NOT_OPTED_OUT, st.integers(0, 3))
def test_no_contact_row_opts_in(name, value, after):
    rows = [{"4711": f"C{number}", "31": 2} for number in range(after)]
    rows.append({"4711": "X", name: value})
    assert not passes(request("PUT", UPDATE, contacts(*rows)))


@settings(deadline=None)
@given(OPT_IN_NAMES, st.sampled_from([1, "1", 2, "2", None]))
def test_no_new_contact_has_field_31(name, value):
    assert not passes(request("PUT", CREATE, contacts({"4711": "X", name: value})))


@settings(deadline=None)
@given(
    OPT_IN_NAMES,
    NOT_OPTED_OUT,
    st.lists(st.sampled_from(["list", "dict", "contacts"]), max_size=5),
)
def test_no_opt_in_hides_in_the_data_of_an_event(name, value, nesting):
    data: Any = {name: value}
    for kind in nesting:
        data = [data] if kind == "list" else {kind: data}
    row = {"external_id": "a", "trigger_id": "t", "data": {"global": data}}
    assert not passes(request("POST", "event/7/trigger", {"key_id": "3", **row}))


@pytest.mark.parametrize("value", [2.0, [2], None])
def test_a_value_that_merely_equals_opted_out_is_refused(value):
    row = {"external_id": "a", "trigger_id": "t", "data": {"31": value}}
    assert not passes(request("POST", "event/7/trigger", {"key_id": "3", **row}))


@pytest.mark.parametrize("base", [URL, f"{URL}/", f"{HOST}:443/api/v3"])
def test_the_address_may_be_written_in_several_ways(base):
    method, path, body = ALLOWED[0]
    assert passes(request(method, path, body), Lock(httpx.URL(base), core_rules(LIST)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 40) | st.sampled_from(["1", "31", "id"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["31", "contacts", "key_id", "1", "contact_list_id", "optin"]), inner
        )
    ),
    max_leaves=12,
)


def opts_in(value: Any) -> bool:
    if isinstance(value, dict):
        return any(
            (name in ("31", "optin") and not (type(inner) in (int, str) and inner in (2, "2")))
            or opts_in(inner)
            for name, inner in value.items()
        )
    return isinstance(value, list) and any(map(opts_in, value))


@settings(deadline=None)
@given(st.sampled_from(ALLOWED), JSON)
def test_no_body_of_any_shape_opts_in(call, body):
    method, path, _ = call
    assert not passes(request(method, path, body)) or not opts_in(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"key_id":"4711","contacts":[{"4711":"C1","31":1,"31":2}]}',
        b'{"key_id":"4711","contacts":[{"4711":"C1","31":2,"\\u0033\\u0031":1}]}',
        b'{"key_id":"4711","contacts":[{"4711":"C1","31":2}]} ',
        b'{"key_id":"4711","contacts":[{"4711":"C1","31":2}],"contacts":[]}',
        b"[]",
        b"",
        b"\xff",
        b"[" * 5000,
    ],
)
def test_bytes_that_can_be_read_in_two_ways_are_refused(body):
    assert not passes(httpx.Request("PUT", f"{URL}/{UPDATE}", content=body))


@pytest.mark.parametrize(
    "body",
    [
        {**contacts({"4711": "C1"}), "contact_list_id": 10},
        contacts({"4711": "C1", "optout": "2"}),
        contacts({"4711": "C1", "uid": "x"}),
        contacts({"4711": "C1", "1": {"a": 1}}),
        contacts({"4711": "C1", "1": True}),
        contacts({"4711": ""}),
        contacts({"4711": None}),
        contacts({"1": "Ann"}),
        contacts({"31": 2}, key="31"),
        contacts({"4711": "C1"}, key=4711),
        contacts(),
        contacts(*[{"4711": f"C{number}"} for number in range(1001)]),
        {"key_id": "4711", "contacts": {"4711": "C1"}},
        {"key_id": "4711", "4711": "C1", "31": 2},
    ],
)
def test_a_contact_is_written_in_one_shape_only(body):
    assert not passes(request("PUT", UPDATE, body))


@pytest.mark.parametrize(
    "row",
    [
        {"external_id": "a"},
        {"external_id": "a", "trigger_id": ""},
        {"external_id": "a", "trigger_id": 1},
        {"external_id": "", "trigger_id": "t"},
        {"external_id": "a", "trigger_id": "t", "attachment": []},
        {"external_id": "a", "trigger_id": "t", "data": []},
    ],
)
def test_an_event_is_triggered_by_id_and_without_attachments_only(row):
    single = request("POST", "event/7/trigger", {"key_id": "3", **row})
    assert not passes(single)
    assert not passes(request("POST", "event/7/trigger", contacts(row, key="3")))


@pytest.mark.parametrize(
    "change",
    [{"name": "newsletter"}, {"external_ids": ["1"]}, {"description": 1}, {"business_area_id": 1}],
)
def test_no_other_list_is_made(change):
    body = {"key_id": "id", "name": LIST, "description": "", "external_ids": []}
    assert not passes(request("POST", "contactlist", {**body, **change}))


def test_without_a_quarantine_list_no_list_is_touched():
    bare = Lock(httpx.URL(URL), core_rules(None))
    method, path, body = ALLOWED[4]
    assert not passes(request(method, path, body), bare)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/v3/event/7/trigger",
        "http://api.emarsys.example/api/v3/event/7/trigger",
        "https://api.emarsys.example:8443/api/v3/event/7/trigger",
        "https://user:pw@api.emarsys.example/api/v3/event/7/trigger",
        "https://api.emarsys.example.evil.example/api/v3/event/7/trigger",
        "https://api.emarsys.example/api/v2/event/7/trigger",
        "https://api.emarsys.example/event/7/trigger",
        "https://auth.emarsys.example/oauth2/token",
    ],
)
def test_no_other_address_is_written_to(url):
    assert not passes(request("POST", url, ALLOWED[7][2]))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"Host": "evil.example"},
        {"X-Original-URL": "/api/v3/contact/delete"},
        {"Cookie": "a=b"},
    ],
)
def test_no_header_turns_a_request_into_another(headers):
    assert not passes(request("POST", "event/7/trigger", ALLOWED[7][2], headers=headers))


def test_a_body_that_is_streamed_to_the_core_api_is_refused():
    assert not passes(httpx.Request("PUT", f"{URL}/{UPDATE}", content=iter([b"{}"])))


@pytest.mark.parametrize("path", ["sales-data/api", "catalog/api"])
def test_a_csv_upload_gets_through(path):
    url = f"{HOST}/hapi/merchant/M1/{path}"
    assert passes(httpx.Request("POST", url, headers={"content-type": "text/csv"}), hapi_lock)


@pytest.mark.parametrize(
    "path", ["M1/sales-data/api/", "M2/sales-data/api", "M1/other/api", "M1/sales-data/api?x=1"]
)
def test_no_other_upload_gets_through(path):
    url = f"{HOST}/hapi/merchant/{path}"
    assert not passes(httpx.Request("POST", url, headers={"content-type": "text/csv"}), hapi_lock)


def test_an_upload_that_is_no_csv_is_refused():
    url = f"{HOST}/hapi/merchant/M1/catalog/api"
    assert not passes(httpx.Request("POST", url, headers={"content-type": "text/html"}), hapi_lock)


def test_what_is_refused_never_reaches_the_network():
    reached: list[httpx.Request] = []

    def carry(one: httpx.Request) -> httpx.Response:
        reached.append(one)
        return httpx.Response(200)

    client = httpx.Client(transport=LockedTransport(lock, httpx.MockTransport(carry)))
    with pytest.raises(ForbiddenWriteError):
        client.post(f"{URL}/contact/delete", json={"key_id": "3", "3": ["a@example.com"]})
    assert reached == []


def test_a_redirect_is_not_followed_even_by_a_client_that_would():
    def redirect(_: httpx.Request) -> httpx.Response:
        return httpx.Response(307, headers={"location": f"{URL}/contact/delete"})

    transport = LockedTransport(lock, httpx.MockTransport(redirect))
    client = httpx.Client(transport=transport, follow_redirects=True)
    method, path, body = ALLOWED[7]
    with pytest.raises(ForbiddenWriteError):
        client.send(
            client.build_request(
                method, f"{URL}/{path}", content=request(method, path, body).content
            )
        )
