"""A process that dies: at a chosen request or commit, and whatever it tries afterwards fails too."""

from __future__ import annotations

import contextlib
import gc
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import httpx
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator


class KilledError(BaseException):
    """The process ends here; no `except Exception` of it runs any more."""


def close_left_open() -> None:
    """Close the connections that a killed process leaves open, as the system would."""
    with warnings.catch_warnings():
        _let_connections_be()
        gc.collect()
    Fuse.leaves_open = False


def _let_connections_be() -> None:
    """Let the driver not complain, until the test ends, that a killed process closed none."""
    warnings.filterwarnings("ignore", "<psycopg", ResourceWarning)


@dataclass
class Fuse:
    """Counts the moments at which a process can die, and lets it die at one of them.

    Attributes:
        at: The moment, from 1; None for never.
        with_reads: Whether it can die at a request that only reads, too. Nothing that lasts happens
            between that and the next moment, so that dying there is dying at the next one.
        moments: How many there were.
        repeats: Those at which dying leaves what dying at the next one does: behind an answer, and before
            a commit that writes, word for word, what was written before, as a lease that is renewed while
            the clock stands.
        leaves_open: Whether one burnt since what its process had left open was closed.
    """

    at: int | None = None
    with_reads: bool = False
    moments: int = 0
    repeats: set[int] = field(default_factory=set)
    is_burnt: bool = False
    leaves_open: ClassVar[bool] = False
    _written: set[str] = field(default_factory=set)

    def moment(self) -> None:
        """Pass one of them, alive or not."""
        self.moments += 1
        self.is_burnt = self.is_burnt or self.moments == self.at
        if self.is_burnt:
            Fuse.leaves_open = True
            _let_connections_be()
            raise KilledError

    @contextlib.contextmanager
    def burning(self) -> Iterator[None]:
        """Count, until the block ends: before every commit, and before and after what may change something.

        After a commit there is nothing to die of until the next moment, which is counted.
        """
        carry = httpx.HTTPTransport.handle_request

        def counted(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            return self._carry(carry, transport, request)

        listeners: dict[str, Any] = {
            "before_cursor_execute": self._note_writing,
            "commit": self._commit,
        }
        for name, listener in listeners.items():
            sa.event.listen(sa.Engine, name, listener)
        try:
            with mock.patch.object(httpx.HTTPTransport, "handle_request", counted):
                yield
        finally:
            for name, listener in listeners.items():
                sa.event.remove(sa.Engine, name, listener)

    def _carry(
        self, carry: Any, transport: httpx.HTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        changes = _may_change(request)
        if changes or self.with_reads or self.is_burnt:
            self.moment()
        response: httpx.Response = carry(transport, request)
        if changes:
            self.moment()
            self.repeats.add(self.moments)
        return response

    def _note_writing(
        self, conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            conn.info.setdefault("written", set()).add(f"{statement} {parameters}")

    def _commit(self, conn: Any) -> None:
        written = conn.info.pop("written", set())
        if written or self.is_burnt:
            self.moment()
            if written <= self._written:
                self.repeats.add(self.moments)
            self._written |= written


def _may_change(request: httpx.Request) -> bool:
    reading = ("/getdata", "/checkids", "/oauth2/token")
    is_query = request.url.path == "/graphql" and b"mutation" not in request.content
    return request.method != "GET" and not is_query and not request.url.path.endswith(reading)
