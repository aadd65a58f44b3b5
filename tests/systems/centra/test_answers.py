"""Every answer is data, or one sentence about what to do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from auditor.errors import RefusedError, SchemaDriftError
from auditor.systems.centra.answers import MissingPermissionError, envelope_of
from auditor.systems.http import PassingFaultError
from tests.systems.centra.fake import denial

PRIVATE = "ann@example.com"
HTML = "\n<!DOCTYPE html><title>Welcome</title>"


def opened(status: int = 200, *, is_known: bool = True, **content: Any) -> Any:
    return envelope_of(httpx.Response(status, **content), is_known=is_known)


def errors(*messages: str, category: str | None = None) -> dict[str, Any]:
    extensions = {"extensions": {"category": category}} if category else {}
    return {"errors": [{"message": message, **extensions} for message in messages]}


def test_data_is_given_as_it_came():
    assert bytes(opened(json={"data": {"a": 1}}).data) == b'{"a":1}'


def test_the_cost_of_a_query_is_known():
    answer = opened(json={"data": {}, "extensions": {"complexity": 17}})
    assert answer.complexity == 17


@pytest.mark.parametrize(
    "extensions",
    [None, [], {}, {"complexity": None}, {"complexity": -5}, {"complexity": 10**400}],
    ids=["none", "a list", "empty", "null", "below zero", "endless"],
)
def test_an_answer_may_keep_its_cost_to_itself(extensions: object):
    assert opened(json={"data": {}, "extensions": extensions}).complexity == 0


@pytest.mark.parametrize("status", [200, 403])
def test_a_missing_permission_is_named(status: int):
    with pytest.raises(MissingPermissionError, match=r"grant Order:read to the token") as caught:
        opened(status, json={"errors": [denial("Order:read")]})
    assert caught.value.permissions == {"Order:read"}


def test_all_missing_permissions_are_named_at_once():
    body = {"errors": [denial("Order.attributes:read"), denial("Buyer:read")]}
    with pytest.raises(MissingPermissionError, match=r"Buyer:read and Order\.attributes:read"):
        opened(json=body)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"text": ""}),
        (401, {"json": errors("Who are you?")}),
        (403, {"text": HTML}),
        (403, {"json": {"error": "forbidden"}}),
        (403, {"json": {"errors": "forbidden"}}),
        (200, {"json": errors("The access token is missing, invalid or expired.")}),
        (200, {"json": errors("Unauthenticated.")}),
        (200, {"json": errors("No.", category="authentication")}),
        (200, {"json": errors("No.", category="authorization")}),
    ],
)
def test_a_bad_token_is_told_as_such(status: int, body: dict[str, Any]):
    with pytest.raises(RefusedError, match=r"^centra\.token was refused; create a new Integration"):
        opened(status, is_known=False, **body)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_place_without_an_api_is_a_wrong_address(status: int):
    with pytest.raises(RefusedError, match=r"^centra\.url does not lead to"):
        opened(status, text="nothing here")


@pytest.mark.parametrize(
    "body", [{"text": HTML}, {"json": {}}, {"json": []}, {"json": {"status": "ok"}}]
)
def test_a_first_answer_that_is_no_graphql_is_a_wrong_address(body: dict[str, Any]):
    with pytest.raises(RefusedError, match=r"^centra\.url does not lead to"):
        opened(is_known=False, **body)


@pytest.mark.parametrize("text", [HTML, "", '{"data": {"a', "\x00"])
def test_a_later_answer_that_is_no_json_may_pass(text: str):
    with pytest.raises(PassingFaultError, match="not JSON"):
        opened(text=text)


def test_a_first_answer_cut_short_may_pass():
    with pytest.raises(PassingFaultError):
        opened(is_known=False, text='{"data": {"a')


@pytest.mark.parametrize("body", [{}, {"data": None}, {"errors": []}, {"errors": "x"}])
def test_a_later_answer_without_data_is_drift(body: dict[str, Any]):
    with pytest.raises(SchemaDriftError, match="neither data nor errors"):
        opened(json=body)


@pytest.mark.parametrize(
    "body",
    [
        errors("Internal server error"),
        errors("Oops", category="internal"),
        errors("Too Many Requests"),
        {"data": {"a": None}, **errors("Internal server error")},
    ],
)
def test_an_error_inside_centra_may_pass(body: dict[str, Any]):
    with pytest.raises(PassingFaultError, match="internal error"):
        opened(json=body)


def test_data_beside_errors_is_not_taken():
    with pytest.raises(SchemaDriftError):
        opened(json={"data": {"a": 1}, **errors("Something else")})


@pytest.mark.parametrize("status", [200, 400])
def test_an_unknown_field_is_named(status: int):
    body = errors('Cannot query field "colour" on type "Order".', category="graphql")
    with pytest.raises(SchemaDriftError, match=r"^Centra has no field Order\.colour\.$"):
        opened(status, json=body)


def test_an_unexpected_token_in_a_query_is_no_bad_token():
    with pytest.raises(SchemaDriftError):
        opened(json=errors("Syntax Error: Unexpected token"))


def test_a_refused_query_names_its_category():
    with pytest.raises(SchemaDriftError, match="category: graphql"):
        opened(json=errors("No.", category="graphql"))


@pytest.mark.parametrize("content", [{"text": ""}, {"json": {"status": "no"}}, {"text": HTML}])
def test_a_status_without_a_reason_is_drift(content: dict[str, Any]):
    with pytest.raises(SchemaDriftError, match="HTTP 418 without a reason"):
        opened(418, **content)


@pytest.mark.parametrize(
    "body",
    [
        errors(f"Broken for {PRIVATE}"),
        errors(PRIVATE, category=PRIVATE),
        errors(f'Cannot query field "{PRIVATE}" on type "Order"'),
        errors(f"You need {PRIVATE} permission"),
        errors(f"Bad token for {PRIVATE}"),
    ],
)
def test_no_message_quotes_what_may_be_personal(body: dict[str, Any]):
    with pytest.raises((RefusedError, SchemaDriftError)) as caught:
        opened(json=body)
    assert PRIVATE not in str(caught.value)
