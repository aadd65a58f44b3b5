"""Run ASGI apps on loopback ports of their own, in background threads."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from auditor.sandbox.wire import CutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

_SHUTDOWN_S = 1


class Servers:
    """A context manager that serves apps by name and gives the URL of each.

    A URL answers as soon as it is known: its socket listens before the server behind it has started.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._servers = {name: _Server(app) for name, app in apps.items()}

    def __enter__(self) -> dict[str, str]:
        """Start every app and return its URL by its name."""
        return {name: server.start() for name, server in self._servers.items()}

    def __exit__(self, *_: object) -> None:
        """Stop every app and wait until its thread has ended."""
        for server in self._servers.values():
            server.ask_to_stop()
        for server in self._servers.values():
            server.wait()


def serve(apps: Mapping[str, ASGIApp]) -> Servers:
    """Serve apps for the length of a `with` block, which gets a dict from name to URL."""
    return Servers(apps)


class _Server:
    """One app, one socket, one thread."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            _quietly_cut(app),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
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
