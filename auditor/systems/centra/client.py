"""One query to Centra: signed, paced, retried by `systems.http`, and never half answered."""

from __future__ import annotations

import logging
from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.errors import ConfigError, ReadError, SchemaDriftError
from auditor.model.not_json import NOT_JSON
from auditor.systems.centra.answers import MOST_POINTS, envelope_of
from auditor.systems.centra.pace import GROWTH_PLAN, Limit, Pacer, Timing
from auditor.systems.centra.waits import wait_s
from auditor.systems.http import HttpClient, PassingFaultError, Retries, require_safe_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import httpx

    from auditor.systems.centra.answers import Envelope
    from auditor.systems.centra.pace import Kind

log = logging.getLogger(__name__)

LIMITS = "query Limits { rateLimits { type intervalSeconds quota usedQuota } }"
"""Needs no permission (2.7), so it also proves the address and the token."""

MOST_ROWS = 200
"""Source: Centra reference 2.2: the upper bound of every page."""

_WINDOWS_S = {"TEN_SECONDS": 10, "ONE_HOUR": 3600}


class _Limit(msgspec.Struct, rename="camel"):
    type: str
    interval_seconds: str
    quota: int
    used_quota: int


class _Limits(msgspec.Struct, rename="camel"):
    rate_limits: list[_Limit]


class CentraClient:
    """The Integration API of one tenant, for one thread; others use branches of it.

    Attributes:
        url: Its address.
        points: The query complexity that answers were billed at so far.
        app_version: The version of Centra that the newest answer came from; empty if it does not say.

    Args:
        url: The whole address, `https://.../graphql`.
        token: The Integration API token; no message or log line shows it.
        timing: Clocks and pauses.
        share: The share of the tenant's quota that may be used.
        retries: How long passing faults are waited out.
        transport: Carries the requests instead of the network.

    Raises:
        ConfigError: the address or the token cannot be right.
    """

    def __init__(
        self,
        url: str,
        token: str,
        timing: Timing,
        *,
        share: float = 0.3,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = str(require_safe_url(url, "centra.url"))
        self._headers = {"Authorization": f"Bearer {_sound(token)}"}
        self._is_known = False
        self.points = 0
        self.app_version = ""
        self._pacer = Pacer(share, self._limits, timing)
        self._http = HttpClient(
            system="Centra",
            setting="centra.url",
            wait_of=lambda response: wait_s(response, timing.clock),
            retries=retries,
            transport=transport,
        )

    @property
    def requests(self) -> int:
        """Return how many requests were sent so far."""
        return self._http.requests

    @property
    def date(self) -> datetime | None:
        """Return what time it was at Centra at its newest answer."""
        return self._http.date

    @property
    def shares(self) -> dict[Kind, float]:
        """Return the shares of the tenant's hourly quota that were used within the last hour."""
        return self._pacer.shares()

    def fitting_size(self, text: str, size: int) -> int:
        """Return how many rows a page should have, going by what a query has cost.

        Args:
            text: A query that was answered.
            size: The rows that it asked for.
        """
        cost, room = self._pacer.cost_of(text), self._pacer.room()
        if not cost or room is None:
            return size
        return max(1, min(MOST_ROWS, int(size * room / cost)))

    def branch(self) -> CentraClient:
        """Return a client for another thread: the same connections and pace, counts of its own.

        What the pace itself asks for, the limits once a minute, is counted here and not there.
        """
        branch = copy(self)
        vars(branch).update(_http=self._http.branch(), points=0)
        return branch

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check_access(self) -> None:
        """Find out whether address and token are right, by one cheap query.

        Raises:
            RefusedError: they are not.
            TransientReadError: Centra does not answer.
        """
        self._pacer.refresh()

    def query(self, text: str, variables: Mapping[str, object] | None = None) -> msgspec.Raw:
        """Return the `data` of an answer as JSON, waiting first where the pace asks for it.

        Raises:
            MissingPermissionError: the token lacks permissions.
            RefusedError: token or address are wrong.
            SchemaDriftError: Centra does not understand the query.
            TransientReadError: a fault that did not pass.
        """
        self._pacer.wait(text)
        return self._send(text, variables or {})

    def _send(self, text: str, variables: Mapping[str, object]) -> msgspec.Raw:
        before, complexity = self._http.requests, 0
        try:
            envelope = self._http.read(
                self._open,
                "POST",
                self.url,
                json={"query": text, "variables": variables},
                headers=self._headers,
            )
            complexity = envelope.complexity
        finally:
            requests = self._http.requests - before
            self._pacer.spent(text, requests=requests, complexity=complexity)
            self.points += complexity
        self.app_version = envelope.app_version
        return envelope.data

    def _open(self, response: httpx.Response) -> Envelope:
        try:
            envelope = envelope_of(response, is_known=self._is_known)
        except (ReadError, PassingFaultError) as exc:
            asked = _request_id(response)
            log.info("HTTP %d, request id %s: %s", response.status_code, asked, exc)
            raise
        self._is_known = True
        return envelope

    def _limits(self) -> Sequence[Limit]:
        try:
            answer = msgspec.json.decode(self._send(LIMITS, {}), type=_Limits)
        except (SchemaDriftError, *NOT_JSON):
            log.info("Centra does not tell its rate limits; pacing by the smallest plan")
            return GROWTH_PLAN
        kinds: dict[str, Any] = {limit.kind: limit.kind for limit in GROWTH_PLAN}
        told = [
            Limit(kinds[row.type], _WINDOWS_S[row.interval_seconds], row.quota, row.used_quota)
            for row in answer.rate_limits
            if row.type in kinds and row.interval_seconds in _WINDOWS_S
        ]
        is_sound = all(0 <= limit.quota <= MOST_POINTS for limit in told)
        return told if told and is_sound else GROWTH_PLAN


def _sound(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            "centra.token is no token: it is empty or holds spaces or odd characters."
        )
    return token


def _request_id(response: httpx.Response) -> str:
    """Source: Centra reference 1.1: two headers, seen on another endpoint of the same host."""
    named = response.headers.get("x-centra-request-id") or response.headers.get("x-correlation-id")
    return named or "unknown"
