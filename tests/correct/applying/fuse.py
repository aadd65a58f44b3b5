"""A process that dies: at a chosen request or commit, and whatever it tries afterwards fails too."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator


class KilledError(BaseException):
    """The process ends here; no `except Exception` of it runs any more."""


@dataclass
class Fuse:
    """Counts the moments at which a process can die, and lets it die at one of them.

    Attributes:
        at: The moment, from 1; None for never.
        with_reads: Whether it can die at a request that only reads, too. Nothing that lasts happens
            between that and the next moment, so that dying there is dying at the next one.
        moments: How many there were.
    """

    at: int | None = None
    with_reads: bool = False
    moments: int = 0
    is_burnt: bool = False

    def moment(self) -> None:
        """Pass one of them, alive or not."""
        self.moments += 1
        self.is_burnt = self.is_burnt or self.moments == self.at
        if self.is_burnt:
            raise KilledError

    @contextlib.contextmanager
    def burning(self) -> Iterator[None]:
        """Count, until the block ends: before every commit, and before and after what may change something.

        After a commit there is nothing to die of until the next moment, which is counted.
        """
        carry = httpx.HTTPTransport.handle_request

        def counted(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            changes = _may_change(request)
            if changes or self.with_reads:
                self.moment()
            elif self.is_burnt:
                raise KilledError
            response = carry(transport, request)
            if changes:
                self.moment()
            return response

        def commit(_conn: Any) -> None:
            self.moment()

        sa.event.listen(sa.Engine, "commit", commit)
        try:
            with mock.patch.object(httpx.HTTPTransport, "handle_request", counted):
                yield
        finally:
            sa.event.remove(sa.Engine, "commit", commit)


def _may_change(request: httpx.Request) -> bool:
    reading = ("/getdata", "/checkids", "/oauth2/token")
    is_query = request.url.path == "/graphql" and b"mutation" not in request.content
    return request.method != "GET" and not is_query and not request.url.path.endswith(reading)
