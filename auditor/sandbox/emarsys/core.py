"""Serve a core API call: who calls, may they, is it too fast, and the answer in its envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from auditor.sandbox.emarsys.access import demand
from auditor.sandbox.emarsys.replies import NO_ARRAY, Bare, Refusal, as_json, envelope
from auditor.sandbox.wire import fault_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions
    from auditor.sandbox.emarsys.replies import Reason
    from auditor.sandbox.emarsys.state import Emarsys
    from auditor.sandbox.wire import Fault

T = TypeVar("T")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
TOO_FAST = "Too many requests for this account and resource within the last minute."


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request of the core API."""

    state: Emarsys
    path: dict[str, str]
    query: QueryParams
    body: dict[str, Any]
    fault: Fault | None = None

    @property
    def options(self) -> EmarsysOptions:
        """The switches of this account."""
        return self.state.options

    def number(self, name: str) -> int:
        """Return a numeric part of the path.

        Raises:
            Refusal: It is no number, so the vendor takes it for an action.
        """
        value = self.path[name]
        if not value.isdecimal():
            raise Refusal(400, 1, f"Action {value.capitalize()} is invalid.")
        return int(value)

    def rows(self, name: str, reason: Reason = NO_ARRAY) -> list[Any]:
        """Return an array of the body.

        Raises:
            Refusal: With `reason`, it is no array.
        """
        value = self.body.get(name)
        if not isinstance(value, list):
            raise Refusal(*reason)
        return value

    def count(self, name: str, default: int) -> int:
        """Return a number of the query.

        Raises:
            Refusal: It is no number.
        """
        value = self.query.get(name) or str(default)
        if not value.isdecimal():
            raise Refusal(400, 10001, f"Invalid value for {name}: {value}")
        return int(value)

    def page(self, rows: Sequence[T], start: int, size: int) -> tuple[Sequence[T], int]:
        """Return a page of `rows` and where the next one starts, or what a fault makes of it.

        `repeat` serves the page before once more; `lose` and `partial` drop the last half of the rows.
        """
        kind = None if self.fault is None else self.fault.kind
        if kind == "repeat":
            start = max(start - size, 0)
        found = rows[start : start + size]
        end = start + len(found)
        return (found[: len(found) // 2] if kind in ("lose", "partial") else found), end


@dataclass(frozen=True, slots=True)
class CoreRoute:
    """A core endpoint: its path below `/api/v2` and `/api/v3` and the permission it asks for."""

    method: str
    path: str
    permission: str | None
    answer: Callable[[Call], object]


def core_routes(routes: Iterable[CoreRoute], state: Emarsys) -> Iterator[Route]:
    """Mount core endpoints under both versions, with and without a trailing slash."""
    by_path: dict[str, dict[str, CoreRoute]] = {}
    for route in sorted(routes, key=lambda route: route.path.count("{")):
        by_path.setdefault(route.path, {})[route.method] = route
    for version in ("v3", "v2"):
        for path, by_method in by_path.items():
            endpoint = _endpoint(by_method, state, version)
            yield Route(f"/api/{version}{path}", endpoint, methods=METHODS)
            yield Route(f"/api/{version}{path}/", endpoint, methods=METHODS)
        unknown = _endpoint({}, state, version)
        yield Route(f"/api/{version}/{{rest:path}}", unknown, methods=METHODS)


def _endpoint(
    by_method: dict[str, CoreRoute], state: Emarsys, version: str
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        headers: dict[str, str] = {}
        html = state.options.json_as_html
        with state.lock:
            try:
                user = state.access.caller(version, request.headers, state.clock())
                _pace(state, user, headers)
                route = _route(request, by_method)
                demand(user, route.permission)
                call = Call(
                    state=state,
                    path=request.path_params,
                    query=request.query_params,
                    body=_json(request, body),
                    fault=fault_in(request.scope),
                )
                response = _response(route.answer(call), html=html)
            except Refusal as refusal:
                response = envelope(
                    "", status=refusal.status, code=refusal.code, text=refusal.text, html=html
                )
        response.headers.update(headers)
        return response

    return endpoint


def _response(data: object, *, html: bool) -> Response:
    if isinstance(data, Response):
        return data
    if isinstance(data, Bare):
        return as_json(data.content, html=html)
    return envelope(data, html=html)


def _pace(state: Emarsys, user: ApiUser, headers: dict[str, str]) -> None:
    may_pass, told = state.pace.take(user.client_id, state.clock())
    if state.options.rate_headers:
        headers.update(told)
    if not may_pass:
        raise Refusal(429, 7003, TOO_FAST)


def _route(request: Request, by_method: dict[str, CoreRoute]) -> CoreRoute:
    if not by_method:
        action = request.url.path.rstrip("/").rpartition("/")[2]
        raise Refusal(400, 1, f"Action {action.capitalize()} is invalid.")
    route = by_method.get(request.method)
    if route is None:
        raise Refusal(400, 1009, "Invalid HTTP method.")
    return route


def _json(request: Request, body: bytes) -> dict[str, Any]:
    if not body or request.method == "GET":
        return {}
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        content = None
    if not isinstance(content, dict):
        raise Refusal(400, 1010, "Invalid request payload.")
    return content
