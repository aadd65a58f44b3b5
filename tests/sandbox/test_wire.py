"""The log of requests and the faults on demand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.wire import CutError, Fault, Faults, RequestLog, Wire, fault_in

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Wired:
    """An app behind the middleware, called without a socket."""

    def __init__(self) -> None:
        self.log, self.faults = RequestLog(), Faults()
        self.seen: list[Any] = []
        self.wire = Wire(self._app, system="centra", log=self.log, faults=self.faults)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen += [await receive(), fault_in(scope), await receive()]
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"0123456789"})

    def call(self, path: str = "/graphql", body: bytes = b"query") -> list[Any]:
        half = len(body) // 2
        incoming = [
            {"type": "http.disconnect"},
            {"type": "http.request", "body": body[half:], "more_body": False},
            {"type": "http.request", "body": body[:half], "more_body": True},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return incoming.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"a=1"}
        asyncio.run(self.wire(scope, receive, send))
        return sent


@pytest.fixture
def wired() -> Wired:
    return Wired()


def test_a_request_passes_unchanged(wired: Wired):
    sent = wired.call()
    assert wired.seen[0] == {"type": "http.request", "body": b"query", "more_body": False}
    assert (sent[0]["status"], sent[1]["body"]) == (201, b"0123456789")


def test_the_client_going_away_is_heard_behind_the_body(wired: Wired):
    wired.call()
    assert wired.seen[2] == {"type": "http.disconnect"}


def test_the_log_holds_every_request_in_order(wired: Wired):
    wired.call("/a")
    wired.call("/b", b"two")
    rows = [(row.path, row.query, row.body, row.status) for row in wired.log.rows()]
    assert rows == [("/a", "a=1", b"query", 201), ("/b", "a=1", b"two", 201)]


def test_the_log_hands_out_a_copy(wired: Wired):
    wired.log.rows().append(None)  # type: ignore[arg-type]
    assert wired.log.rows() == []


def test_a_status_fault_answers_in_place_of_the_app(wired: Wired):
    headers = {"Retry-After": "7"}
    wired.faults.arm(Fault("centra", "status", status=429, body=b"slow", headers=headers))
    start, body = wired.call()
    assert (start["status"], start["headers"]) == (429, [(b"retry-after", b"7")])
    assert (body["body"], wired.seen) == (b"slow", [])


def test_a_cut_sends_half_and_raises(wired: Wired):
    wired.faults.arm(Fault("centra", "cut"))
    with pytest.raises(CutError):
        wired.call()


def test_a_cut_request_is_logged(wired: Wired):
    wired.faults.arm(Fault("centra", "cut"))
    with pytest.raises(CutError):
        wired.call()
    assert [row.status for row in wired.log.rows()] == [201]


def test_a_request_is_logged_before_its_answer_can_be_seen(wired: Wired):
    counts: list[int] = []

    async def send(_message: object) -> None:
        counts.append(len(wired.log.rows()))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    asyncio.run(wired.wire(scope, receive, send))
    assert counts == [1, 1]


def test_a_request_whose_app_fails_is_logged_without_a_status(wired: Wired):
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise KeyError

    wired.wire = Wire(failing, system="centra", log=wired.log, faults=wired.faults)
    with pytest.raises(KeyError):
        wired.call()
    assert [row.status for row in wired.log.rows()] == [0]


def test_a_slow_fault_still_answers(wired: Wired):
    wired.faults.arm(Fault("centra", "slow", seconds=0.0))
    assert wired.call()[0]["status"] == 201


@pytest.mark.parametrize("kind", ["repeat", "lose", "partial"])
def test_a_fault_for_the_system_itself_is_handed_on(wired: Wired, kind: Any):
    fault = Fault("centra", kind)
    wired.faults.arm(fault)
    wired.call()
    assert wired.seen[1] is fault


@pytest.mark.parametrize(
    ("match", "status"), [("", 500), ("/graphql", 500), ("que", 500), ("a=1", 500), ("x", 201)]
)
def test_a_fault_hits_what_it_matches(wired: Wired, match: str, status: int):
    wired.faults.arm(Fault("centra", "status", match=match))
    assert wired.call()[0]["status"] == status


def test_a_fault_of_the_other_system_hits_nothing(wired: Wired):
    wired.faults.arm(Fault("emarsys", "status"))
    assert wired.call()[0]["status"] == 201


@pytest.mark.parametrize(
    ("skip", "times", "statuses"),
    [
        (0, 1, [500, 201, 201]),
        (1, 1, [201, 500, 201]),
        (0, 2, [500, 500, 201]),
        (1, None, [201, 500, 500]),
    ],
)
def test_a_fault_skips_and_is_spent(
    wired: Wired, skip: int, times: int | None, statuses: list[int]
):
    wired.faults.arm(Fault("centra", "status", skip=skip, times=times))
    assert [wired.call()[0]["status"] for _ in range(3)] == statuses


def test_faults_strike_in_the_order_they_were_armed(wired: Wired):
    for status in (500, 503):
        wired.faults.arm(Fault("centra", "status", status=status))
    assert [wired.call()[0]["status"] for _ in range(3)] == [500, 503, 201]


def test_cleared_faults_hit_nothing(wired: Wired):
    wired.faults.arm(Fault("centra", "status", times=None))
    wired.faults.clear()
    assert wired.call()[0]["status"] == 201


def test_what_is_no_request_passes_unlogged(wired: Wired):
    called: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        called.append(scope)

    wire = Wire(app, system="centra", log=wired.log, faults=wired.faults)
    asyncio.run(wire({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert (called, wired.log.rows()) == ([{"type": "lifespan"}], [])
