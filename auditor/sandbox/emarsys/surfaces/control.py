"""Two endpoints that Emarsys does not have: play the daily load, and see what was fired.

They exist for people who run the sandbox in a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from auditor.sandbox.emarsys.replies import as_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from auditor.sandbox.emarsys.state import Emarsys


def control_routes(state: Emarsys) -> list[Route]:
    """Return the routes of this surface."""

    async def load_sales(_request: Request) -> Response:
        return as_json({"loaded": state.load_sales()})

    async def fired_events(_request: Request) -> Response:
        with state.lock:
            return as_json(state.account.fired_events)

    return [
        Route("/sandbox/emarsys/load-sales", load_sales, methods=["POST"]),
        Route("/sandbox/emarsys/fired-events", fired_events),
    ]
