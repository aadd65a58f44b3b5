"""What both sandbox servers share on the wire: a log of every request and faults on demand."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from datetime import datetime
    from typing import Any

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal["status", "cut", "slow", "garbage", "repeat", "lose", "partial", "shift"]
Clock: TypeAlias = "Callable[[], datetime]"

_SCOPE_KEY = "sandbox.fault"


class CutError(ConnectionResetError):
    """The sandbox cut an answer on purpose; `serve` closes the connection without a traceback."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request a server received, with its body and how it was answered; status 0 is not at all."""

    system: str
    method: str
    path: str
    query: str
    body: bytes
    status: int


@dataclass(slots=True)
class RequestLog:
    """Every request both servers received, in order; safe to read from another thread."""

    _rows: list[LoggedRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, row: LoggedRequest) -> None:
        """Append one request."""
        with self._lock:
            self._rows.append(row)

    def rows(self) -> list[LoggedRequest]:
        """Return a copy of everything logged so far."""
        with self._lock:
            return list(self._rows)


@dataclass(slots=True)
class Fault:
    """One thing that shall go wrong.

    Attributes:
        system: `centra` or `emarsys`.
        kind: `status` answers `status` with `body` and `headers`; `cut` closes the connection halfway
            through the real answer; `slow` waits `seconds` first; `garbage` replaces the answer by
            bytes that are not JSON. The rest strike a page of a list inside the system: `repeat`
            serves the page before once more, `lose` drops its last rows, `partial` does the same and
            adds an error to a 200; `shift` first puts `rows` new rows before the first one of the
            list in Centra, or takes as many away if it is negative.
        match: Text that must occur in the path or in the request body; empty matches everything.
        times: How many requests it hits before it is spent; None is for ever.
        skip: How many matching requests pass untouched first.
    """

    system: str
    kind: FaultKind
    match: str = ""
    times: int | None = 1
    skip: int = 0
    status: int = 500
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    rows: int = -1


@dataclass(slots=True)
class Faults:
    """The faults that are armed; each request takes the first one that matches."""

    _armed: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, fault: Fault) -> None:
        """Add a fault behind those already armed."""
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    def take(self, system: str, text: str) -> Fault | None:
        """Return the fault that hits this request, counting it as used."""
        with self._lock:
            for fault in self._armed:
                if fault.system != system or fault.match not in text or fault.times == 0:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


def fault_in(scope: Scope) -> Fault | None:
    """Return the fault that struck a request, for the kinds that a system carries out itself."""
    fault: Fault | None = scope.get(_SCOPE_KEY)
    return fault


class Wire:
    """ASGI middleware that logs each request and injects the armed faults."""

    def __init__(self, app: ASGIApp, *, system: str, log: RequestLog, faults: Faults) -> None:
        self._app, self._system, self._log, self._faults = app, system, log, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, query = await _whole_body(receive), scope["query_string"].decode()
        text = f"{scope['path']}?{query}\n{body[:20_000].decode(errors='replace')}"
        fault = self._faults.take(self._system, text)

        def record(status: int) -> None:
            row = LoggedRequest(self._system, scope["method"], scope["path"], query, body, status)
            self._log.add(row)

        sender = _FaultySend(send, fault, record)
        try:
            await self._serve({**scope, _SCOPE_KEY: fault}, _replay(body, receive), sender)
        finally:
            if not sender.has_started:
                record(0)

    async def _serve(self, scope: Scope, receive: Receive, sender: _FaultySend) -> None:
        fault = fault_in(scope)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in ("status", "garbage"):
            await _answer(sender, fault)
        else:
            await self._app(scope, receive, sender)


class _FaultySend:
    """Record the status and pass messages on; with a `cut` fault, stop halfway through the body.

    The record is made before the client can see the answer, so that it finds its request in the log.
    """

    def __init__(self, send: Send, fault: Fault | None, record: Callable[[int], None]) -> None:
        self._send, self._fault, self._record = send, fault, record
        self.has_started = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self._record(message["status"])
        if (
            self._fault is not None
            and self._fault.kind == "cut"
            and message["type"] == "http.response.body"
        ):
            half = message.get("body", b"")
            await self._send({**message, "body": half[: len(half) // 2], "more_body": True})
            raise CutError("the sandbox cuts this answer on purpose")
        await self._send(message)


async def _answer(send: Send, fault: Fault) -> None:
    code = 200 if fault.kind == "garbage" else fault.status
    body = fault.body or (b"<html>not what you asked for" if fault.kind == "garbage" else b"")
    headers = [(k.lower().encode(), v.encode()) for k, v in fault.headers.items()]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _whole_body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand out the body once more; after it, what really comes: the client going away."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
