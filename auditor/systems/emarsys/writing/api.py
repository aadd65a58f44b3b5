"""The core API for writing: one function that sends, behind the lock.

It is opened apart from the reading client, and may be given another API user, so that an audit never
holds a client that could change anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from auditor.config import OAuth2
from auditor.errors import TransientReadError
from auditor.systems.emarsys.auth import auth_of
from auditor.systems.emarsys.breaker import is_refusal, log_answer
from auditor.systems.emarsys.client import HEADERS, rate_wait_s
from auditor.systems.emarsys.envelope import OK, data_of, opened
from auditor.systems.emarsys.writing.lock import Lock, LockedTransport, core_rules
from auditor.systems.emarsys.writing.results import Answer
from auditor.systems.gate import GatedTransport, always_open
from auditor.systems.http import HttpClient, PassingFaultError, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from auditor.config.systems import Emarsys
    from auditor.systems.emarsys.envelope import Endpoint, Reply
    from auditor.systems.emarsys.writing.results import Fate
    from auditor.systems.gate import Gate

NEVER_TAKEN = (httpx.ConnectError, httpx.ConnectTimeout)
STOPPING = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class WriteApi:
    """The core API, signed, paced and locked.

    Args:
        http: Sends the requests, over a `LockedTransport`.
        url: The API's address, with its version.
        quarantine_list: The name of the only list whose members may change.
    """

    def __init__(self, http: HttpClient, url: str, quarantine_list: str | None) -> None:
        self.http, self.quarantine_list = http, quarantine_list
        self._url = url.rstrip("/")

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def send(
        self,
        endpoint: Endpoint,
        *ids: str | int,
        body: Mapping[str, Any],
        query: str = "",
        repeatable: bool = True,
    ) -> Answer:
        """Send one write and return what became of it.

        Args:
            endpoint: What to call.
            ids: For the placeholders of its path; the lock lets only numbers through.
            body: JSON to send.
            query: What follows the question mark, if anything.
            repeatable: Whether a second arrival changes nothing.

        Raises:
            ForbiddenWriteError: the lock does not let it through.
            RefusedError: credentials, permission or address are wrong; nothing was changed.
        """
        address = f"{self._url}/{endpoint.path.format(*ids)}{'?' if query else ''}{query}"
        try:
            response = self.http.request(
                endpoint.method,
                address,
                content=msgspec.json.encode(body),
                headers=HEADERS,
                repeatable=repeatable,
            )
        except TransientReadError as exc:
            return Answer("unknown" if repeatable else fate_of(exc))
        reply = opened(response)
        if reply.status in STOPPING or reply.is_no_api():
            data_of(reply, endpoint, {})
        return _answer(reply, endpoint)


def fate_of(exc: Exception) -> Fate:
    """Return what became of a request that was sent once and got no answer worth the name."""
    cause = exc.__cause__
    if isinstance(cause, PassingFaultError) and cause.status == httpx.codes.TOO_MANY_REQUESTS:
        return "not_taken"
    return "not_taken" if isinstance(cause, NEVER_TAKEN) else "unknown"


def _answer(reply: Reply, endpoint: Endpoint) -> Answer:
    if (reply.status, reply.code) == OK:
        return Answer("ok", data=reply.data)
    if reply.is_pending(endpoint):
        return Answer("not_taken", reply.code)
    if reply.has_envelope and reply.code is not None and reply.status >= httpx.codes.BAD_REQUEST:
        return Answer("failed", reply.code)
    return Answer("unknown", reply.code)


class _WriteClient(HttpClient):
    """Takes a refusal for a refusal, although it comes with a status that asks to try again."""

    def _judge(self, response: httpx.Response) -> None:
        log_answer(response)
        if not is_refusal(response):
            super()._judge(response)


def write_opener(
    settings: Emarsys, *, clock: Callable[[], datetime], gate: Gate = always_open
) -> Callable[[], WriteApi]:
    """Return a function that opens the core API for writing; all that it opens share one token.

    Args:
        settings: The account.
        clock: The time now, aware.
        gate: Asked before every request; what it raises keeps the request from the network.

    Raises:
        ConfigError: an address in the settings is not usable.
    """
    base = require_safe_url(settings.url, "emarsys.url")
    auth = auth_of(settings.auth, clock)
    token = httpx.URL(settings.auth.token_url) if isinstance(settings.auth, OAuth2) else None
    lock = Lock(base, core_rules(settings.quarantine_list), token)

    def open_api() -> WriteApi:
        http = _WriteClient(
            system="Emarsys",
            setting="emarsys.url and emarsys.auth.token_url",
            auth=auth,
            wait_of=lambda response: rate_wait_s(response, clock),
            transport=GatedTransport(gate, LockedTransport(lock)),
        )
        return WriteApi(http, settings.url, settings.quarantine_list)

    return open_api
