"""Run ASGI apps on loopback ports of their own, in background threads."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING

import uvicorn

from auditor.sandbox.wire import CutError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SHUTDOWN_S = 1


class Servers:
    """A context manager that serves apps by name and gives the URL of each.

    A URL answers as soon as it is known: its socket listens before the server behind it has started.
    """

    def __init__(
        self, apps: Mapping[str, ASGIApp], clock: Callable[[], datetime] | None = None
    ) -> None:
        dated = apps if clock is None else {n: _dated(app, clock) for n, app in apps.items()}
        self._servers = {name: _Server(app, is_dated=bool(clock)) for name, app in dated.items()}

    def __enter__(self) -> dict[str, str]:
        """Start every app and return its URL by its name."""
        return {name: server.start() for name, server in self._servers.items()}

    def __exit__(self, *_: object) -> None:
        """Stop every app and wait until its thread has ended."""
        for server in self._servers.values():
            server.ask_to_stop()
        for server in self._servers.values():
            server.wait()


def serve(apps: Mapping[str, ASGIApp], clock: Callable[[], datetime] | None = None) -> Servers:
    """Serve apps for the length of a `with` block, which gets a dict from name to URL.

    Args:
        apps: By name.
        clock: What the answers are dated by; this machine's own unless given.
    """
    return Servers(apps, clock)


class _Server:
    """One app, one socket, one thread."""

    def __init__(self, app: ASGIApp, *, is_dated: bool) -> None:
        config = uvicorn.Config(
            _quietly_cut(app),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            date_header=not is_dated,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        self._server = uvicorn.Server(config)
        self._socket = _listening_socket()
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )

    def start(self) -> str:
        """Start the thread and return the URL."""
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def ask_to_stop(self) -> None:
        """Tell the thread to end."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()
        self._socket.close()


def _listening_socket() -> socket.socket:
    """Listen on a free port of the loopback.

    The protocol is named, because asyncio turns off Nagle's algorithm only where it reads TCP there,
    and with it every answer takes 40 ms.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    return listening


def _quietly_cut(app: ASGIApp) -> ASGIApp:
    """End a cut answer without an error: the server then closes the connection, as was wanted."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(CutError):
            await app(scope, receive, send)

    return quiet


def _dated(app: ASGIApp, clock: Callable[[], datetime]) -> ASGIApp:
    """Date answers by another clock than this machine's."""

    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock().astimezone(UTC), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        await app(scope, receive, sent)

    return dated
