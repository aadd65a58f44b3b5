"""Answers of both systems as they went over the wire: recorded once, then served by a plain server.

The server reads a request, looks up what was answered to it, and sends these bytes: it does as little
as a server can, so that what is measured is the reader. An answer that came several times to one
request, as to a poll, comes in the same order again; the last one stays.
"""

from __future__ import annotations

import pickle
import socket
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx

from auditor.systems import http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOP_HEADERS = {b"transfer-encoding", b"connection", b"content-length"}
_END = b"\r\n\r\n"
_RECEIVE = 65_536

Asked = tuple[bytes, bytes, bytes]
"""Method, path with query, body."""


@dataclass
class Tape:
    """What was asked, in order, and what was answered to it, as bytes on the wire."""

    exchanges: list[tuple[Asked, bytes]] = field(default_factory=list)

    @property
    def wire_bytes(self) -> int:
        """How many bytes were answered."""
        return sum(len(answer) for _, answer in self.exchanges)

    def answers(self) -> dict[Asked, list[bytes]]:
        """Return the answers to each request, the last one first."""
        found: dict[Asked, list[bytes]] = defaultdict(list)
        for asked, answer in reversed(self.exchanges):
            found[asked].append(answer)
        return found

    def save(self, file: Path) -> None:
        """Write it to a file."""
        file.write_bytes(pickle.dumps(self.exchanges))

    @classmethod
    def load(cls, file: Path) -> Tape:
        """Read it from a file that this module wrote."""
        return cls(pickle.loads(file.read_bytes()))  # noqa: S301 - our own file


class _Recorder(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, tape: Tape, lock: Lock) -> None:
        self._inner, self._tape, self._lock = inner, tape, lock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._inner.handle_request(request)
        stream: Any = response.stream  # as it came, whatever its encoding
        body = b"".join(stream)
        response.close()
        headers = [(k, v) for k, v in response.headers.raw if k.lower() not in HOP_HEADERS]
        headers.append((b"content-length", str(len(body)).encode()))
        lines = b"\r\n".join(name + b": " + value for name, value in headers)
        answer = b"HTTP/1.1 %d OK\r\n%s%s%s" % (response.status_code, lines, _END, body)
        asked = (request.method.encode(), request.url.raw_path, request.content)
        with self._lock:
            self._tape.exchanges.append((asked, answer))
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(body))


@contextmanager
def recording() -> Iterator[Tape]:
    """Record what every client of this process gets over the network."""
    tape, lock, network = Tape(), Lock(), http.network

    def recorder() -> httpx.BaseTransport:
        return _Recorder(network(), tape, lock)

    with mock.patch.object(http, "network", recorder):
        yield tape


def serve(tape: Tape) -> tuple[str, Thread]:
    """Serve a tape on a loopback port, each connection in a thread; return its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    answers, lock = tape.answers(), Lock()

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=_talk, args=(client, answers, lock), daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


def _talk(client: socket.socket, answers: dict[Asked, list[bytes]], lock: Lock) -> None:
    left = b""
    while True:
        while _END not in left:
            piece = client.recv(_RECEIVE)
            if not piece:
                client.close()
                return
            left += piece
        head, _, left = left.partition(_END)
        first, *lines = head.split(b"\r\n")
        sizes = [x.split(b":")[1] for x in lines if x.lower().startswith(b"content-length:")]
        size = int(sizes[0]) if sizes else 0
        while len(left) < size:
            left += client.recv(_RECEIVE)
        body, left = left[:size], left[size:]
        method, path, _ = first.split(b" ")
        client.sendall(_answer(answers, lock, (method, path, body)))


def _answer(answers: dict[Asked, list[bytes]], lock: Lock, asked: Asked) -> bytes:
    with lock:
        known = answers.get(asked)
        if not known:
            return b"HTTP/1.1 404 Not recorded\r\ncontent-length: 0" + _END
        return known.pop() if len(known) > 1 else known[0]
