"""The HAPI uploads: sales wait for the daily load, a catalogue replaces the one before.

Source:
    Emarsys reference 5.1 and 6.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditor.sandbox.emarsys.csv_files import BadFileError, read_catalogue, read_sales

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from auditor.sandbox.emarsys.state import Emarsys


def upload_routes(state: Emarsys) -> list[Route]:
    """Return the routes of this surface."""
    return [
        _route(state, "sales-data", _take_sales),
        _route(state, "catalog", _take_catalogue),
    ]


def _route(state: Emarsys, kind: str, take: Callable[[Emarsys, str], str]) -> Route:
    return Route(
        f"/hapi/merchant/{{merchant}}/{kind}/api", _endpoint(state, take), methods=["POST"]
    )


def _endpoint(
    state: Emarsys, take: Callable[[Emarsys, str], str]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        if not _is_authorised(state, request.headers.get("authorization", "")):
            return PlainTextResponse("Unauthorized", 401)
        if request.path_params["merchant"] != state.options.merchant_id:
            return PlainTextResponse("Unknown merchant", 404)
        try:
            text = _text(body, request)
            with state.lock:
                return PlainTextResponse(take(state, text))
        except BadFileError as error:
            return PlainTextResponse(str(error), 400)

    return endpoint


def _is_authorised(state: Emarsys, authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and token == state.options.hapi_token


def _text(body: bytes, request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0] != "text/csv":
        raise BadFileError("Content-Type must be text/csv")
    try:
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return body.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadFileError("The file cannot be read") from error


def _take_sales(state: Emarsys, text: str) -> str:
    options = state.options
    state.pending_sales += read_sales(
        text,
        options.sales_columns,
        state.account.currency_exponent,
        is_strict=options.sales_header_strict,
    )
    return "Upload accepted"


def _take_catalogue(state: Emarsys, text: str) -> str:
    state.account.feed_written_at = None
    state.account.catalogue[:] = read_catalogue(text, state.account.currency_exponent)
    return state.options.catalogue_reply
