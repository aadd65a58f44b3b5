"""Apps on loopback ports of their own."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from auditor.sandbox import serve as serve_module
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog, Wire

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def saying(text: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(text)(scope, receive, send)

    return app


def test_each_app_answers_at_its_own_url():
    with serve({"one": saying("1"), "two": saying("2")}) as urls:
        assert {name: httpx.get(url).text for name, url in urls.items()} == {"one": "1", "two": "2"}


def test_urls_are_on_the_loopback():
    with serve({"one": saying("1")}) as urls:
        assert urls["one"].startswith("http://127.0.0.1:")


def test_nothing_answers_afterwards():
    with serve({"one": saying("1")}) as urls:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(urls["one"])


def test_no_thread_is_left_behind():
    before = threading.active_count()
    with serve({"one": saying("1"), "two": saying("2")}) as urls:
        httpx.get(urls["one"])
    assert threading.active_count() == before


def test_an_open_connection_does_not_hold_up_the_end():
    with httpx.Client() as client:
        with serve({"one": saying("1")}) as urls:
            client.get(urls["one"])
        with pytest.raises(httpx.ConnectError):
            client.get(urls["one"])


def test_servers_stop_when_the_block_raises():
    with pytest.raises(KeyError), serve({"one": saying("1")}) as urls:
        raise KeyError
    with pytest.raises(httpx.ConnectError):
        httpx.get(urls["one"])


def test_a_cut_answer_breaks_off_and_prints_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    faults = Faults()
    faults.arm(Fault("centra", "cut"))
    app = Wire(saying("0123456789"), system="centra", log=RequestLog(), faults=faults)
    with serve({"centra": app}) as urls, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(urls["centra"])
    assert (capfd.readouterr(), caplog.records) == (("", ""), [])


def test_the_socket_names_its_protocol_so_that_answers_are_not_held_back():
    with closing(serve_module._listening_socket()) as listening:
        assert listening.proto == socket.IPPROTO_TCP
