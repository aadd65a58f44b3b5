"""The HTTP endpoints of the fake tenant.

Source: Centra reference 1.1, 2.7, 2.8 and 3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditor.sandbox.centra.order_api import PATH, order_api
from auditor.sandbox.centra.server import Answer, CentraServer, Query
from auditor.sandbox.wire import Wire, fault_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request

    from auditor.sandbox.centra.options import CentraOptions, Token
    from auditor.sandbox.wire import Faults, RequestLog
    from auditor.sandbox.world.model import CentraTenant


class _Payload(msgspec.Struct, rename="camel"):
    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


def centra_app(
    tenant: CentraTenant,
    *,
    options: CentraOptions,
    log: RequestLog,
    faults: Faults,
    clock: Callable[[], datetime],
) -> Starlette:
    """Return an ASGI app that serves a tenant at `POST /graphql`, and its legacy Order API.

    Tokens, buckets and `Retry-After` go by `clock`. The `CentraServer` behind the app is at
    `app.state.centra`: call its `refresh` after changing rows from outside.
    """
    server = CentraServer(tenant, options, clock)

    async def graphql(request: Request) -> Response:
        token = _token(server, request)
        if token is None:
            return _json(_refusal(options))
        try:
            payload = msgspec.json.decode(await request.body(), type=_Payload)
        except msgspec.DecodeError as exc:
            return _json(Answer({"errors": [{"message": f"Malformed request: {exc}"}]}, 400))
        query = Query(payload.query, payload.variables or {}, payload.operation_name)
        return _json(server.answer(token, query, fault_in(request.scope)))

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=["POST"]),
            Route(PATH, order_api(tenant, options), methods=["GET"]),
        ],
        middleware=[Middleware(Wire, system="centra", log=log, faults=faults)],
    )
    app.state.centra = server
    return app


def _token(server: CentraServer, request: Request) -> Token | None:
    """Return the token of a request: a bearer, or the cookie that the vendor takes instead."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        value = request.cookies.get("graphql-access", "")
    return server.token(value)


def _refusal(options: CentraOptions) -> Answer:
    body = {"errors": [{"message": "The access token is missing, invalid or expired."}]}
    return Answer(body, 200 if options.refusal == "errors" else int(options.refusal))


def _json(answer: Answer) -> Response:
    if isinstance(answer.body, str):
        return PlainTextResponse(answer.body, answer.status, answer.headers)
    content = msgspec.json.encode(answer.body)
    return Response(content, answer.status, answer.headers, media_type="application/json")
