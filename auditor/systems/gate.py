"""Transports that ask before every single request, repetitions included, whether it may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import httpx

from auditor.systems.http import network

if TYPE_CHECKING:
    from collections.abc import Callable

Gate: TypeAlias = "Callable[[], None]"


def always_open() -> None:
    """Let every request pass."""


class CheckedTransport(httpx.BaseTransport):
    """Carries requests that pass a check; there is no way around it.

    Args:
        check: Raises when a request may not be sent.
        inner: Carries what has passed; the network unless given.
    """

    def __init__(
        self, check: Callable[[httpx.Request], None], inner: httpx.BaseTransport | None = None
    ) -> None:
        self._check, self._inner = check, inner or network()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, if it may be sent.

        Raises:
            ForbiddenWriteError, StoppedError: it may not; nothing was sent.
        """
        self._check(request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class GatedTransport(CheckedTransport):
    """Carries requests as long as a gate stands open.

    Args:
        gate: Raises when nothing may be sent any more.
        inner: Carries what may.
    """

    def __init__(self, gate: Gate, inner: httpx.BaseTransport) -> None:
        super().__init__(lambda _request: gate(), inner)
