"""HTTP 502, the circuit breaker: one long pause, one more try, and then no more."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import httpx
import pytest

from auditor.errors import SchemaDriftError, TransientReadError
from auditor.systems.emarsys.breaker import BREAK_S
from auditor.systems.emarsys.events import EVENTS, event_names
from auditor.systems.emarsys.exports import download_export
from tests.systems.emarsys.fake import failure, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

EVENT_LIST = "GET /api/v3/event/"
FILE = "GET /api/v3/export/98/data"


def test_a_502_is_paused_for_five_minutes_and_asked_once_more(server, api: CoreApi):
    server.on(EVENT_LIST, failure(502, None), ok([{"id": 1, "name": "shipped"}]))
    assert event_names(api) == {"1": "shipped"}
    assert server.slept == [BREAK_S]
    assert BREAK_S >= 300


def test_a_second_502_ends_the_call_and_says_so(server, api: CoreApi):
    server.on(EVENT_LIST, failure(502, None))
    with pytest.raises(TransientReadError, match=r"ignores this API user .* pause of 5 minutes"):
        api.call(EVENTS)
    assert len(server.sent(EVENT_LIST)) == 2


def test_another_server_error_takes_no_long_pause(server, api: CoreApi):
    server.on(EVENT_LIST, failure(500, 1), ok([]))
    assert event_names(api) == {}
    assert server.slept == []


@pytest.mark.parametrize("code", [3001, 3004, 3006])
def test_a_refusal_that_comes_as_a_server_error_is_not_sent_again(server, api: CoreApi, code: int):
    server.on(EVENT_LIST, failure(500, code))
    with pytest.raises(SchemaDriftError, match=f"reply code {code}"):
        api.call(EVENTS)
    assert len(server.sent(EVENT_LIST)) == 1


def test_a_download_that_is_refused_as_a_server_error_is_not_sent_again(server, api: CoreApi):
    server.on(FILE, failure(500, 3004))
    with pytest.raises(SchemaDriftError):
        download_export(api, "98", io.BytesIO())
    assert len(server.sent(FILE)) == 1


def test_a_download_behind_the_breaker_is_asked_once_more(server, api: CoreApi):
    server.on(FILE, failure(502, None), httpx.Response(200, content=b"a,b\n"))
    file = io.BytesIO()
    download_export(api, "98", file)
    assert (file.read(), server.slept) == (b"a,b\n", [BREAK_S])


def test_a_download_that_stays_behind_the_breaker_is_not_begun_anew(server, api: CoreApi):
    server.on(FILE, failure(502, None))
    with pytest.raises(TransientReadError, match="ignores this API user"):
        download_export(api, "98", io.BytesIO())
    assert (len(server.sent(FILE)), server.slept) == (2, [BREAK_S])
