"""A tenant in the same process, in made-up time: no socket, and hours of pacing pass in none."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from auditor.sandbox.centra import UNLIMITED, CentraOptions, CentraServer, Token
from auditor.sandbox.centra.server import Answer, Query
from auditor.systems.centra import CentraClient, Timing, centra_streams
from auditor.systems.http import Retries

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.stream import Start, Stream
    from auditor.sandbox.centra import RatePlan
    from auditor.sandbox.world.model import World

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ALL = Token("all")


def _answer(answer: Callable[..., Answer]) -> Answer:
    return answer()


@dataclass
class Room:
    """A client of a world, whose tenant answers one request after the other.

    Attributes:
        share: The share of the tenant's quota that it may use.
        latency_s: How long an answer takes.
        now: The made-up time.
        attempts: How often the client asks.
        options: How the tenant behaves where that is unknown.
        meddle: Stands between the client and the tenant, which answers when it is called, with a
            fault of its own if it is given one.
        refused: How many requests the limiter refused.
        spent: When each request was answered, in seconds, and its points.
        pauses: When the client began to wait.
    """

    world: World
    plan: RatePlan = UNLIMITED
    share: float = 1.0
    latency_s: float = 0.0
    now: datetime = NOW
    attempts: int = 1
    options: CentraOptions = field(default_factory=CentraOptions)
    meddle: Callable[[Callable[..., Answer]], Answer] = _answer
    refused: int = 0
    spent: list[tuple[float, int]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    client: CentraClient = field(init=False)
    streams: list[Stream] = field(init=False)

    def __post_init__(self) -> None:
        """Connect a client."""
        self._answering = Lock()
        options = replace(self.options, tokens=(ALL,), rate_plan=self.plan)
        self._server = CentraServer(self.world.centra, options, lambda: self.now)
        self.client = CentraClient(
            "https://x.centra.com/graphql",
            "all",
            Timing(lambda: self.now, self._seconds, self._pause),
            share=self.share,
            retries=Retries(attempts=self.attempts),
            transport=httpx.MockTransport(self._handle),
        )
        known: Any = SimpleNamespace(
            marketplaces=SimpleNamespace(affiliates=("x",), attributes={"x": "y"}),
            catalogue=SimpleNamespace(pricelist=None, image_size="standard"),
            wholesale=True,
        )
        self.streams = centra_streams(
            known, client=self.client, since=date(1970, 1, 1), item="sku", tax="included"
        )

    def refresh(self) -> None:
        """Notice that the world has changed."""
        self._server.refresh()

    def cost(self, stream: Stream, start: Start | None = None) -> tuple[int, int]:
        """Read a stream and return its requests and points."""
        before = len(self.spent)
        pages = stream.read_from(start) if start and stream.read_from else stream.read()
        deque(pages, maxlen=0)
        spent = self.spent[before:]
        return len(spent), sum(points for _, points in spent)

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def _pause(self, seconds: float) -> None:
        self.pauses.append(self._seconds())
        self.now += timedelta(seconds=seconds)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        with self._answering:
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.now += timedelta(seconds=self.latency_s)
        sent = msgspec.json.decode(request.content)
        query = Query(sent["query"], sent["variables"], None)
        answer = self.meddle(lambda fault=None: self._server.answer(ALL, query, fault))
        body: Any = answer.body
        if isinstance(body, dict):
            points = body.get("extensions", {}).get("complexity", 0)
            self.spent.append((self._seconds(), points))
        self.refused += answer.status == httpx.codes.TOO_MANY_REQUESTS
        content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        return httpx.Response(answer.status, content=content, headers=answer.headers)
