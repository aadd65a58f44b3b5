"""The token endpoint and the health probe, the two that need no token.

Source:
    Emarsys reference 1 and 1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditor.sandbox.emarsys.replies import as_json

if TYPE_CHECKING:
    from starlette.requests import Request

    from auditor.sandbox.emarsys.state import Emarsys

_DENIED = {"error": "invalid_client", "error_description": "Client authentication failed"}


def token_routes(state: Emarsys) -> list[Route]:
    """Return the routes of this surface."""

    async def token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        with state.lock:
            issued = state.access.issue(request.headers.get("authorization", ""), state.clock())
        if issued is None:
            return as_json(_DENIED, status=401)
        if form.get("grant_type") != ["client_credentials"]:
            return as_json({"error": "unsupported_grant_type"}, status=400)
        return as_json(
            {
                "access_token": issued,
                "token_type": "Bearer",
                "expires_in": state.options.token_expires_in,
            }
        )

    async def healthcheck(_request: Request) -> Response:
        return PlainTextResponse("OK")

    return [
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/healthcheck", healthcheck),
    ]
