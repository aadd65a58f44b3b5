"""One request whose answer is looked at only from outside: status, clock and version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec

from auditor.errors import RefusedError
from auditor.model.not_json import NOT_JSON
from auditor.systems.http import date_of, plain_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Greeting:
    """An answer from outside.

    Attributes:
        status: HTTP status.
        skew_s: Seconds by which this machine's clock is ahead; None where the answer has no date.
        app_version: `extensions.appVersion` of a GraphQL answer.
    """

    status: int
    skew_s: float | None
    app_version: str | None


class _Extensions(msgspec.Struct, frozen=True, rename="camel"):
    app_version: str | None = None


class _Answer(msgspec.Struct):
    extensions: _Extensions = _Extensions()


def greet(
    system: str,
    url: str,
    clock: Callable[[], datetime],
    headers: Mapping[str, str],
    *,
    json: object = None,
) -> Greeting:
    """Send one request and return its answer from outside: a POST where there is a body, else a GET.

    Raises:
        RefusedError: the host does not answer.
    """
    began = clock()
    try:
        with plain_client(system, TIMEOUT_S) as http:
            method = "GET" if json is None else "POST"
            response = http.request(method, url, headers=dict(headers), json=json)
    except (httpx.HTTPError, UnicodeError) as exc:
        setting = f"{system.lower()}.url"
        raise RefusedError(f"{system} cannot be reached; check {setting} and the network.") from exc
    middle = began + (clock() - began) / 2
    return Greeting(response.status_code, _skew_s(response, middle), _app_version(response))


def _skew_s(response: httpx.Response, middle: datetime) -> float | None:
    told = date_of(response)
    return None if told is None else (middle - told).total_seconds()


def _app_version(response: httpx.Response) -> str | None:
    try:
        return msgspec.json.decode(response.content, type=_Answer).extensions.app_version
    except NOT_JSON:
        return None
