"""One query: signed, paced, retried, and never half answered."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from auditor.errors import ConfigError, ReadError, RefusedError, TransientReadError
from auditor.systems.centra import CentraClient
from auditor.systems.http import Retries
from tests.systems.centra.fake import NOW, TOKEN, URL, Clocks, FakeCentra, client_of, denial

LIMITS = [
    {"type": kind, "intervalSeconds": interval, "quota": quota, "usedQuota": 0}
    for kind in ("REQUEST_COUNT", "QUERY_COMPLEXITY", "MUTATION_COUNT")
    for interval, quota in (("TEN_SECONDS", 10), ("ONE_HOUR", 10_000))
]


def answer(data: Any, complexity: int = 0) -> httpx.Response:
    return httpx.Response(200, json={"data": data, "extensions": {"complexity": complexity}})


def limited(data: Any = None) -> httpx.Response:
    return answer({"rateLimits": LIMITS if data is None else data})


def test_a_query_carries_token_and_variables():
    fake = FakeCentra(replies=[limited(), answer({"a": 1})])
    client_of(fake).query("query a { a }", {"x": 1})
    request = fake.requests[-1]
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.content) == {"query": "query a { a }", "variables": {"x": 1}}


def test_a_query_goes_to_the_address_as_it_is_set():
    fake = FakeCentra(replies=[limited(), answer({})])
    client_of(fake).query("query a { a }")
    assert {str(request.url) for request in fake.requests} == {URL}


def test_data_is_returned():
    fake = FakeCentra(replies=[limited(), answer({"a": 1})])
    assert bytes(client_of(fake).query("query a { a }")) == b'{"a":1}'


def test_requests_are_counted_with_their_repetitions():
    fake = FakeCentra(replies=[limited(), httpx.Response(503), answer({})])
    client = client_of(fake)
    client.query("query a { a }")
    assert client.requests == 3


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(200, text='{"data": {"a"'),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"errors": [{"message": "Internal server error"}]}),
        httpx.Response(429, text="Too Many Requests", headers={"Retry-After": "1"}),
        httpx.Response(502),
    ],
    ids=["cut", "html", "internal", "limited", "status"],
)
def test_a_passing_fault_is_asked_again(fault: httpx.Response):
    fake = FakeCentra(replies=[limited(), fault, answer({"a": 1})])
    assert bytes(client_of(fake).query("query a { a }")) == b'{"a":1}'


def test_a_fault_that_stays_is_given_up_on():
    fake = FakeCentra(replies=[limited(), *[httpx.Response(200, text="{")] * 3])
    with pytest.raises(TransientReadError, match=r"^Centra keeps answering something that is not"):
        client_of(fake).query("query a { a }")


def test_a_pause_of_an_hour_is_not_waited_out():
    wait = httpx.Response(429, headers={"Retry-After": str(int(NOW.timestamp()) + 3600)})
    fake = FakeCentra(replies=[limited(), wait])
    with pytest.raises(TransientReadError, match="asks for a pause of 3600 s"):
        client_of(fake).query("query a { a }")
    assert len(fake.requests) == 2


def test_a_refusal_is_not_asked_again():
    denied = httpx.Response(200, json={"errors": [denial("Order:read")]})
    fake = FakeCentra(replies=[limited(), denied])
    with pytest.raises(RefusedError, match="Order:read"):
        client_of(fake).query("query a { a }")
    assert len(fake.requests) == 2


def test_access_is_checked_by_one_request():
    fake = FakeCentra(replies=[limited()])
    client = client_of(fake)
    client.check_access()
    assert client.requests == 1


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (httpx.Response(401), "centra.token was refused"),
        (httpx.Response(403), "centra.token was refused"),
        (httpx.Response(200, json={"errors": [{"message": "Bad token"}]}), "centra.token was"),
        (httpx.Response(404), "centra.url does not lead to"),
        (httpx.Response(200, text="<html>"), "centra.url does not lead to"),
        (httpx.Response(301, headers={"location": "/x"}), "set centra.url to the final address"),
    ],
)
def test_wrong_access_is_found_out_at_once(reply: httpx.Response, sentence: str):
    fake = FakeCentra(replies=[reply])
    with pytest.raises(RefusedError, match=sentence) as caught:
        client_of(fake).check_access()
    assert (len(fake.requests), caught.value.exit_code) == (1, 2)


def test_a_host_that_is_not_there_is_a_wrong_address():
    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such host")

    with pytest.raises(RefusedError, match=r"cannot be reached; check centra\.url"):
        client_of(nobody).check_access()


def test_the_limits_of_the_tenant_set_the_pace():
    clocks = Clocks()
    fake = FakeCentra(replies=[limited(), *[answer({}) for _ in range(5)]])
    client = client_of(fake, clocks, share=0.4)
    for _ in range(5):
        client.query("query a { a }")
    assert clocks.slept == [10.0]


def test_the_complexity_that_centra_reports_sets_the_pace():
    clocks = Clocks()
    fake = FakeCentra(replies=[limited(), *[answer({}, complexity=4) for _ in range(3)]])
    client = client_of(fake, clocks, share=0.8)
    for _ in range(3):
        client.query("query a { a }")
    assert clocks.slept == [10.0]


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(
            200, json={"errors": [{"message": 'Cannot query field "rateLimits" on type "Query"'}]}
        ),
        answer({"limits": 1}),
        limited([]),
        limited([{**LIMITS[0], "type": "MOON_PHASE"}]),
        limited([{**LIMITS[0], "quota": 10**400}]),
        limited([{**LIMITS[0], "quota": -1}]),
    ],
)
def test_a_tenant_that_tells_no_limits_is_paced_by_the_smallest_plan(reply: httpx.Response):
    clocks = Clocks()
    fake = FakeCentra(replies=[reply, *[answer({}) for _ in range(20)]])
    client = client_of(fake, clocks, share=0.3)
    for _ in range(19):
        client.query("query a { a }")
    assert clocks.slept == [10.0]


def test_limits_of_an_unknown_kind_are_ignored():
    odd = {"type": "COFFEE", "intervalSeconds": "ONE_DAY", "quota": 1, "usedQuota": 1}
    fake = FakeCentra(replies=[limited([odd]), answer({})])
    assert bytes(client_of(fake).query("query a { a }")) == b"{}"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tök"])
def test_a_token_that_cannot_be_one_is_refused(token: str):
    with pytest.raises(ConfigError, match=r"^centra\.token is no token") as caught:
        CentraClient(URL, token, Clocks().timing)
    assert not token or token not in str(caught.value)


def test_plain_http_is_refused():
    with pytest.raises(ConfigError, match=r"^centra\.url: plain http"):
        CentraClient("http://brand.centra.com/graphql", TOKEN, Clocks().timing)


def test_a_closed_client_sends_nothing_more():
    client = client_of(FakeCentra())
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.query("query a { a }")


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(401),
        httpx.Response(500),
        httpx.Response(200, text="{"),
        httpx.Response(404),
        httpx.Response(200, json={"errors": [{"message": f"no such token: {TOKEN}"}]}),
    ],
)
def test_neither_messages_nor_logs_hold_the_token(
    reply: httpx.Response, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    client = client_of(FakeCentra(replies=[reply] * 3))
    with pytest.raises(ReadError) as caught:
        client.query("query a { a }")
    shown = f"{caught.value!r} {caught.value.__cause__!r} {client!r} {caplog.text}"
    assert TOKEN not in shown


def test_the_request_id_of_a_refusal_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    reply = httpx.Response(401, headers={"X-Centra-Request-ID": "req-77"})
    with pytest.raises(RefusedError):
        client_of(FakeCentra(replies=[reply])).check_access()
    assert "req-77" in caplog.text


def test_the_retries_can_be_set():
    fake = FakeCentra(replies=[httpx.Response(500)] * 3)
    with pytest.raises(TransientReadError):
        client_of(fake, retries=Retries(attempts=1)).check_access()
    assert len(fake.requests) == 1


def quota(points: int) -> httpx.Response:
    rows = [{**LIMITS[2], "quota": points}, {**LIMITS[0], "quota": 1000}]
    return limited(rows)


@pytest.mark.parametrize(
    ("cost", "rows"),
    [(100, 200), (1_000, 100), (2_500, 40), (10_000, 10), (10_000_000, 1), (0, 100)],
)
def test_a_page_may_cost_a_quarter_of_the_share_of_ten_seconds(cost: int, rows: int):
    fake = FakeCentra(replies=[quota(8_000), answer(1, cost)])
    client = client_of(fake, share=0.5)
    client.query("query a { a }")
    assert client.fitting_size("query a { a }", 100) == rows


def test_a_tenant_without_a_limit_of_points_leaves_pages_as_they_are():
    fake = FakeCentra(replies=[limited(LIMITS[:2]), answer(1, 10_000_000)])
    client = client_of(fake)
    client.query("query a { a }")
    assert client.fitting_size("query a { a }", 100) == 100


def test_points_are_summed_over_all_answers():
    fake = FakeCentra(replies=[limited([]), answer(1, 30), answer(1, 12)])
    client = client_of(fake)
    client.query("query a { a }")
    client.query("query b { b }")
    assert client.points == 42


def test_the_share_of_the_hour_is_known():
    fake = FakeCentra(replies=[limited(), answer(1, 2_000)])
    client = client_of(fake, share=1.0)
    client.query("query a { a }")
    assert client.shares["QUERY_COMPLEXITY"] == 0.2
