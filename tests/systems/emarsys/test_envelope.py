from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    RefusedError,
    SchemaDriftError,
)
from auditor.systems.emarsys.envelope import (
    Endpoint,
    RowError,
    data_of,
    id_or_none,
    int_or_none,
    object_of,
    opened,
    row_errors,
    rows_of,
)
from tests.systems.emarsys.fake import failure, ok

GETDATA = Endpoint("POST", "contact/getdata", "contact.getdata")
BARE = Endpoint("GET", "contactlist/{}/contactIds", "contactlist.contact.ids", is_bare=True)


def data(response: httpx.Response, endpoint: Endpoint = GETDATA) -> object:
    return data_of(opened(response), endpoint, {})


def test_json_is_read_whatever_the_content_type_says():
    assert ok([1]).headers["content-type"] == "text/html"
    assert data(ok([1])) == [1]


def test_a_reply_code_may_be_text():
    assert data(httpx.Response(200, json={"replyCode": "0", "data": 7})) == 7


def test_an_answer_without_an_envelope_is_taken_only_where_it_is_known_to_occur():
    response = httpx.Response(200, json={"value": [1], "next": None})
    assert data(response, BARE) == {"value": [1], "next": None}
    with pytest.raises(SchemaDriftError, match="HTTP 200, no reply code"):
        data(response)


def test_success_with_another_reply_code_is_no_success():
    with pytest.raises(SchemaDriftError, match="HTTP 200, reply code 10001"):
        data(failure(200, 10001))


def test_success_that_is_not_json_is_no_success():
    with pytest.raises(SchemaDriftError, match="HTTP 200, not JSON"):
        data(httpx.Response(200, html="<h1>Maintenance</h1>"))


@pytest.mark.parametrize("code", [None, 1], ids=["null", "number"])
def test_a_forbidden_call_names_the_permission_to_grant(code: int | None):
    with pytest.raises(
        RefusedError, match=r"grant .* emarsys\.auth the permission contact\.getdata"
    ):
        data(failure(403, code))


def test_an_unauthorised_call_names_the_credentials():
    with pytest.raises(RefusedError, match=r"check emarsys\.auth"):
        data(failure(401, 1))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, html="<h1>Not Found</h1>"),
        httpx.Response(404, json={"message": "no Route matched"}),
    ],
    ids=["html", "json"],
)
def test_a_web_server_without_the_api_names_the_address(answer: httpx.Response):
    with pytest.raises(RefusedError, match=r"check emarsys\.url"):
        data(answer)


@pytest.mark.parametrize("code", [2004, "2004"], ids=["number", "text"])
def test_a_wrong_key_field_names_the_setting(code: object):
    with pytest.raises(
        ConfigError, match=r"emarsys\.fields\.external_id names a field that cannot"
    ):
        data(failure(400, code))


def test_a_key_without_an_index_says_whom_to_ask():
    with pytest.raises(ConfigError, match="has no index; ask Emarsys Support"):
        data(failure(400, 2015))


def test_the_caller_may_blame_a_setting_of_its_own():
    with pytest.raises(ConfigError, match="the segment is not there"):
        data_of(opened(failure(404, 10002)), GETDATA, {(404, 10002): "the segment is not there"})


def test_an_exported_file_that_is_gone_is_an_incomplete_snapshot():
    with pytest.raises(IncompleteSnapshotError, match="does not keep the exported file"):
        data(failure(410, 4003))


def test_an_unknown_refusal_names_the_code_and_nothing_of_the_answer():
    with pytest.raises(SchemaDriftError) as drifted:
        data(failure(400, 1009, "ann@example.com is not allowed"))
    assert "contact/getdata with HTTP 400, reply code 1009" in str(drifted.value)
    assert "ann" not in str(drifted.value)


@pytest.mark.parametrize(("status", "code"), [(202, 10001), (423, 10003), (423, 6028), (400, 2001)])
def test_some_answers_mean_not_yet(status: int, code: int):
    assert opened(failure(status, code)).is_pending(GETDATA)


@pytest.mark.parametrize(("status", "code"), [(400, 10001), (200, 0), (400, 4001), (403, None)])
def test_the_same_code_with_another_status_is_final(status: int, code: int | None):
    assert not opened(failure(status, code)).is_pending(GETDATA)


def test_an_endpoint_may_have_pending_answers_of_its_own():
    export = Endpoint("POST", "export/filter", "export.segment", frozenset({(400, 4001)}))
    assert opened(failure(400, 4001)).is_pending(export)


@pytest.mark.parametrize("nothing", [None, "", [], {}, False], ids=repr)
def test_no_row_failed(nothing: object):
    assert row_errors(nothing) == ()


@pytest.mark.parametrize(
    "shape",
    [
        {"CUST-1": {"2008": "No contact found"}},
        {"CUST-1": {2008: "No contact found"}},
        {"CUST-1": {"errorCode": "2008", "errorMsg": "No contact found"}},
        {"CUST-1": "2008"},
        {"CUST-1": 2008},
        [{"key": "CUST-1", "errorCode": "2008", "errorMsg": "No contact found"}],
        [{"key": "CUST-1", "errorCode": 2008}],
    ],
    ids=[
        "code-text",
        "code-number",
        "named",
        "bare-text",
        "bare-number",
        "list-text",
        "list-number",
    ],
)
def test_a_failed_row_is_read_from_every_shape(shape: object):
    assert row_errors(shape) == (RowError("CUST-1", 2008),)


def test_a_failed_row_without_a_code_is_kept():
    assert row_errors({"CUST-1": {"oops": "?"}}) == (RowError("CUST-1", None),)


@pytest.mark.parametrize("nothing", [False, None, "", []], ids=repr)
def test_an_empty_result_is_no_rows(nothing: object):
    assert rows_of(nothing, GETDATA) == []


def test_a_result_of_another_shape_is_drift():
    with pytest.raises(SchemaDriftError, match="contact/getdata is no list of objects"):
        rows_of([1, 2], GETDATA)


@pytest.mark.parametrize("nothing", [False, None, "", []], ids=repr)
def test_an_empty_list_may_stand_for_an_empty_object(nothing: object):
    assert object_of(nothing, GETDATA) == {}


def test_an_object_of_another_shape_is_drift():
    with pytest.raises(SchemaDriftError, match="contact/getdata is no object"):
        object_of([1], GETDATA)


@given(st.integers(0, 2**53))
def test_an_id_is_the_same_as_number_and_as_text(number: int):
    assert id_or_none(number) == id_or_none(str(number)) == str(number)
    assert int_or_none(number) == int_or_none(str(number)) == number


@pytest.mark.parametrize("raw", [True, None, "", " ", [], 1.5], ids=repr)
def test_what_is_no_id_is_none(raw: object):
    assert id_or_none(raw) is None
    assert int_or_none(raw) is None


@given(st.binary(max_size=200))
def test_no_answer_is_too_strange_to_open(content: bytes):
    reply = opened(httpx.Response(200, content=content))
    try:
        expected = json.loads(content)
    except ValueError:
        expected = None
    assert reply.has_envelope == (isinstance(expected, dict) and "replyCode" in expected)
