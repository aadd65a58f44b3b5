"""A gate before the network: asked before every single request, repetitions included."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

Gate: TypeAlias = "Callable[[], None]"


def always_open() -> None:
    """Let every request pass."""


class GatedTransport(httpx.BaseTransport):
    """Carries requests as long as a gate stands open.

    Args:
        gate: Raises when nothing may be sent any more.
        inner: Carries what may.
    """

    def __init__(self, gate: Gate, inner: httpx.BaseTransport) -> None:
        self._gate, self._inner = gate, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            StoppedError: the gate is shut; nothing was sent.
        """
        self._gate()
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
