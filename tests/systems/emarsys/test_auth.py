from __future__ import annotations

import base64
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from urllib.parse import parse_qs

import httpx
import pytest

from auditor.config import Secret, Wsse
from auditor.errors import ConfigError, RefusedError, TransientReadError
from auditor.systems.emarsys.auth import BearerAuth, WsseAuth, auth_of, wsse_header
from auditor.systems.emarsys.client import CoreApi, api_opener
from auditor.systems.emarsys.events import event_names
from tests.systems.emarsys.fake import (
    NOW,
    SECRET,
    TOKEN_URL,
    FakeClock,
    FakeEmarsys,
    emarsys_settings,
    failure,
    oauth2,
    ok,
)

EVENTS = "GET /api/v3/event/"
TOKEN = "POST /oauth2/token"  # noqa: S105 - a route


def signatures(server: FakeEmarsys) -> list[str]:
    return [request.headers["Authorization"] for request in server.sent(EVENTS)]


def test_a_token_is_asked_for_with_basic_credentials_and_a_form(server, api: CoreApi):
    server.on(EVENTS, ok([]))
    event_names(api)
    (asked,) = server.sent(TOKEN)
    scheme, _, pair = asked.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", f"acme:{SECRET}")
    assert parse_qs(asked.content.decode()) == {"grant_type": ["client_credentials"]}


def test_one_token_signs_many_requests(server, api: CoreApi):
    server.on(EVENTS, ok([]))
    event_names(api)
    event_names(api)
    assert (signatures(server), server.tokens) == (["Bearer token-1"] * 2, 1)


def signed_an_hour_long(server, api: CoreApi, clock: FakeClock) -> list[str]:
    """Ask twice, the second time a minute before an hour is over; return what signed the requests."""
    server.on(EVENTS, ok([]))
    event_names(api)
    clock.pass_s(3600 - 59)
    event_names(api)
    return signatures(server)


@pytest.mark.parametrize("expires_in", [3600, "3600"], ids=["number", "text"])
def test_a_token_is_renewed_before_it_expires(server, api: CoreApi, clock: FakeClock, expires_in):
    server.expires_in = expires_in
    assert signed_an_hour_long(server, api, clock) == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("expires_in", [None, -1, 0, 1e12], ids=repr)
def test_a_lifetime_that_says_nothing_is_taken_for_the_usual_hour(
    server, api: CoreApi, clock: FakeClock, expires_in: object
):
    server.expires_in = expires_in
    assert signed_an_hour_long(server, api, clock) == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_lives_for_seconds_is_still_used_twice(server, api: CoreApi, clock: FakeClock):
    server.expires_in = 20
    server.on(EVENTS, ok([]))
    event_names(api)
    clock.pass_s(10)
    event_names(api)
    assert server.tokens == 1


def test_a_refused_token_is_renewed_once(server, api: CoreApi):
    server.on(EVENTS, failure(401, 1), ok([{"id": 1, "name": "shipped"}]))
    assert event_names(api) == {"1": "shipped"}
    assert signatures(server) == ["Bearer token-1", "Bearer token-2"]


def test_a_token_refused_twice_names_the_setting(server, api: CoreApi):
    server.on(EVENTS, failure(401, 1))
    with pytest.raises(RefusedError, match=r"refuses the credentials; check emarsys\.auth"):
        event_names(api)
    assert len(server.sent(EVENTS)) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_an_unknown_client_names_the_setting(server, api: CoreApi, status: int):
    server.on(TOKEN, httpx.Response(status, json={"error": "invalid_client"}))
    with pytest.raises(RefusedError, match=r"check client_id and client_secret in emarsys\.auth"):
        event_names(api)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Welcome</h1>"),
        httpx.Response(200, json={"token": "t"}),
        httpx.Response(404, html="<h1>Not found</h1>"),
    ],
)
def test_an_address_without_tokens_names_the_setting(server, api: CoreApi, answer: httpx.Response):
    server.on(TOKEN, answer)
    with pytest.raises(RefusedError, match=r"emarsys\.auth\.token_url: no token in the answer"):
        event_names(api)


def test_a_token_endpoint_that_fails_for_a_moment_is_asked_again(server, api: CoreApi):
    token = httpx.Response(200, json={"access_token": "late", "expires_in": 60})
    server.on(TOKEN, httpx.Response(503), token)
    server.on(EVENTS, ok([]))
    event_names(api)
    assert signatures(server) == ["Bearer late"]


def test_a_token_endpoint_that_keeps_failing_is_a_passing_fault(server, api: CoreApi):
    server.on(TOKEN, httpx.Response(500))
    with pytest.raises(TransientReadError, match="HTTP 500 to the request for a token"):
        event_names(api)


def test_threads_share_one_token(server, clock: FakeClock):
    server.on(EVENTS, ok([]))
    open_api = api_opener(emarsys_settings(), clock=clock, sleep=server.sleep)
    barrier = threading.Barrier(8)

    def work() -> None:
        api = open_api()
        barrier.wait()
        event_names(api)
        api.close()

    with ThreadPoolExecutor(8) as pool:
        for task in [pool.submit(work) for _ in range(8)]:
            task.result()
    assert server.tokens == 1


def test_neither_token_nor_secret_is_logged(server, api: CoreApi, caplog):
    caplog.set_level(logging.DEBUG)
    server.on(EVENTS, failure(403, None))
    with pytest.raises(RefusedError) as refused:
        event_names(api)
    text = caplog.text + str(refused.value)
    assert "token-1" not in text
    assert SECRET not in text


def test_plain_http_is_refused_for_the_token_address():
    with pytest.raises(ConfigError, match=r"emarsys\.auth\.token_url: plain http is refused"):
        BearerAuth(
            token_url=TOKEN_URL.replace("https", "http"),
            client_id="a",
            client_secret=SECRET,
            clock=FakeClock(),
        )


def test_the_wsse_digest_is_base64_of_the_hex_digest():
    # By hand: sha1 of the nonce, the time and the secret, written as hex, then through base64.
    assert wsse_header(
        "acme001", "correct horse", nonce="d36e316282959a9ed4c89851497a717f", created_at=NOW
    ) == (
        'UsernameToken Username="acme001", '
        'PasswordDigest="YmEwYjhkYTRlZWQwNmE3OGNiNjI4NGQ0ZWIxMjEzZGU3YTU1OTc4YQ==", '
        'Nonce="d36e316282959a9ed4c89851497a717f", Created="2026-03-01T08:00:00Z"'
    )


def test_the_wsse_time_is_utc():
    local = NOW.astimezone(timezone(timedelta(hours=1)))
    header = wsse_header("acme001", "s", nonce="0" * 32, created_at=local)
    assert 'Created="2026-03-01T08:00:00Z"' in header


def test_each_wsse_request_has_a_nonce_of_its_own(server, clock: FakeClock):
    server.on(EVENTS, ok([]))
    settings = emarsys_settings(auth=Wsse(username="acme001", secret=Secret("s")))
    api = api_opener(settings, clock=clock, sleep=server.sleep)()
    event_names(api)
    event_names(api)
    api.close()
    headers = {request.headers["X-WSSE"] for request in server.sent(EVENTS)}
    assert len(headers) == 2


def test_the_settings_choose_the_signing(clock: FakeClock):
    wsse = Wsse(username="acme001", secret=Secret("s"))
    assert isinstance(auth_of(wsse, clock), WsseAuth)
    assert isinstance(auth_of(oauth2(), clock), BearerAuth)
