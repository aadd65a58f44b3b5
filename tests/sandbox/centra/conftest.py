"""A fake tenant behind a real socket."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.sandbox.centra import UNLIMITED, CentraOptions, Token, centra_app
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Faults, RequestLog
from tests.sandbox.centra.tenant import small_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from auditor.sandbox.world.model import CentraTenant

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


class Stage:
    """One listening socket for a whole session, behind which each test puts its own app."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Shop:
    """A client of one tenant."""

    http: httpx.Client
    tenant: CentraTenant
    server: Any
    log: RequestLog
    faults: Faults
    clock: Clock
    secret: str = "all"  # noqa: S105 - a made-up token of the sandbox
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, query: str, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}", **self.headers}
        return self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.post(query, **variables).json()
        return answer

    def data(self, query: str, **variables: Any) -> Any:
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def rows(self, field_: str, query: str, **variables: Any) -> list[Any]:
        """Return one field of every row of the first root list."""
        rows = next(iter(self.data(query, **variables).values()))
        return [row[field_] for row in rows]

    def error(self, query: str, **variables: Any) -> str:
        message: str = self.ask(query, **variables)["errors"][0]["message"]
        return message

    def as_(self, secret: str) -> Shop:
        return replace(self, secret=secret)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, httpx.Client]]:
    app = Stage()
    with serve({"centra": app}) as urls, httpx.Client(base_url=urls["centra"], timeout=60) as http:
        yield app, http


def shop_on(stage: tuple[Stage, httpx.Client], tenant: CentraTenant, **options: Any) -> Shop:
    clock, log, faults = Clock(), RequestLog(), Faults()
    tokens = (*options.pop("tokens", ()), Token("all"))
    chosen = CentraOptions(**{"rate_plan": UNLIMITED, "tokens": tokens, **options})
    app = centra_app(tenant, options=chosen, log=log, faults=faults, clock=clock)
    stage[0].app = app
    return Shop(stage[1], tenant, app.state.centra, log, faults, clock)


@pytest.fixture
def open_shop(stage: tuple[Stage, httpx.Client]) -> Callable[..., Shop]:
    """Return what opens a shop with the options that a test is about."""

    def open_shop(tenant: CentraTenant | None = None, **options: Any) -> Shop:
        return shop_on(stage, tenant or small_tenant(), **options)

    return open_shop


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """Return a shop whose tenant behaves by default."""
    return open_shop()
