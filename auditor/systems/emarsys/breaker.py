"""HTTP for the core API: a 502 is a circuit breaker, so it is never answered with quick retries.

What sets it off are requests that fail again and again; so a refusal is not sent again, whatever its status.

Source:
    Emarsys reference 2.6: 502 means that a caller's requests are ignored for a while, because it kept
    sending ones that fail; pause for 5 minutes at least.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import httpx

from auditor.errors import TransientReadError
from auditor.systems.emarsys.envelope import opened
from auditor.systems.http import PASSING_STATUS, HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Result = TypeVar("Result")

log = logging.getLogger(__name__)

BREAK_S = 300.0

FINAL_500 = range(3001, 3007)
"""Refusals that some accounts answer with HTTP 500. Source: Emarsys reference 2.6."""


class IgnoredError(TransientReadError):
    """Emarsys ignores this caller for a while; asking again at once would prolong it."""


class CoreHttp(HttpClient):
    """The shared client, but for a 502, which it gives back to the caller as `IgnoredError`."""

    def _judge(self, response: httpx.Response) -> None:
        log_answer(response)
        if response.status_code == httpx.codes.BAD_GATEWAY:
            # Without a cause, so that it is not retried.
            raise IgnoredError(
                "Emarsys ignores this API user for a while (HTTP 502), also after a pause of "
                f"{BREAK_S / 60:.0f} minutes; find the requests that fail, and try again later."
            )
        if not is_refusal(response):
            super()._judge(response)


def is_refusal(response: httpx.Response) -> bool:
    """Return whether an answer refuses for good, although its status asks to try again."""
    if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
        return False
    response.read()
    return opened(response).code in FINAL_500


def log_answer(response: httpx.Response) -> None:
    """Write down under which id Emarsys knows a request; its support asks for it.

    Source:
        Emarsys reference 2.1: the header `X-Emarsys-Request-Id`.
    """
    log.log(
        logging.WARNING if response.status_code in PASSING_STATUS else logging.DEBUG,
        "Emarsys answered %s %s with HTTP %d, request id %s",
        response.request.method,
        response.request.url.path,
        response.status_code,
        request_id(response),
    )


def request_id(response: httpx.Response) -> str:
    """Return the id that Emarsys gave a request."""
    return str(response.headers.get("x-emarsys-request-id", "unknown"))


def once_more(send: Callable[[], Result], sleep: Callable[[float], None]) -> Result:
    """Return what `send` returns; where Emarsys ignores it, pause and try a second and last time.

    Raises:
        IgnoredError: the pause did not help.
        ReadError: what `send` raises.
    """
    try:
        return send()
    except IgnoredError:
        log.warning("Emarsys ignores this API user; pausing for %.0f minutes", BREAK_S / 60)
        sleep(BREAK_S)
        return send()
