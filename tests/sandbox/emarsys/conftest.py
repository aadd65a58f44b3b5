"""A small account, a clock that is set by hand, and a client that calls the server in process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions
from auditor.sandbox.wire import Faults, RequestLog
from auditor.sandbox.world.model import (
    CatalogueRow,
    Contact,
    ContactList,
    EmarsysAccount,
    EventDefinition,
    FiredEvent,
    Purchase,
    Segment,
    SiContact,
    Unsubscribe,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.sandbox.emarsys.state import Emarsys

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
KEY = 4711


class InProcess(httpx.BaseTransport):
    """Calls an ASGI app without a socket, from synchronous code."""

    def __init__(self, app: Any, runner: asyncio.Runner) -> None:
        self._transport, self._runner = httpx.ASGITransport(app), runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        answer = await self._transport.handle_async_request(sent)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Site:
    """One running account: its rows, its server and a caller who is allowed everything."""

    account: EmarsysAccount
    options: EmarsysOptions
    clock: Clock
    app: Any
    http: httpx.Client
    log: RequestLog
    faults: Faults
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Emarsys:
        emarsys: Emarsys = self.app.state.emarsys
        return emarsys

    def log_in(self, user: ApiUser | None = None) -> str:
        user = user or self.options.users[0]
        answer = self.http.post(
            "/oauth2/token",
            auth=(user.client_id, user.client_secret),
            data={"grant_type": "client_credentials"},
        )
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, f"/api/v3{path}", json=body, headers=self.headers)

    def get(self, path: str) -> Any:
        return self.call("GET", path).json()["data"]

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, body).json()["data"]

    def put(self, path: str, body: Any) -> Any:
        return self.call("PUT", path, body).json()["data"]

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, int | None, str]:
        answer = self.call(method, path, body)
        content = answer.json()
        assert content["data"] == ""
        return answer.status_code, content["replyCode"], content["replyText"]

    def contact(self, number: int) -> Contact:
        return self.state.contacts.by_id[number]


def small_account() -> EmarsysAccount:
    """Five contacts: two share an address, one has none; two orders; two catalogue rows."""
    odd_name = 'Öl; "quoted", and, more'
    return EmarsysAccount(
        customer_id=123,
        key_field=KEY,
        currency="SEK",
        currency_exponent=2,
        contacts=[
            Contact(1, "uid1", {1: "Ann", 3: "ann@example.com", 14: "167", 31: "1", KEY: "C1"}),
            Contact(2, "uid2", {1: "Bea", 3: "Bea@Example.com", 31: "2", KEY: "C2"}),
            Contact(3, "uid3", {1: "Cil", 3: "twin@example.com", 31: None, KEY: "C3"}),
            Contact(4, "uid4", {1: "Dan", 3: "TWIN@example.com", 31: "1", KEY: "C4"}),
            Contact(5, "uid5", {1: odd_name, 31: "", KEY: "C5"}),
        ],
        lists=[ContactList(10, "newsletter", NOW, [1, 2])],
        segments=[Segment(100, "everyone"), Segment(101, "some", [1, 3])],
        event_definitions=[
            EventDefinition(7, "order_shipped", NOW, (501,)),
            EventDefinition(8, "nobody_listens", NOW, ()),
        ],
        fired_events=[FiredEvent("e1", 7, 1, NOW, NOW + timedelta(minutes=5), "old")],
        unsubscribes=[Unsubscribe(2, 77, NOW, NOW, "unsubscribe")],
        si_contacts=[
            SiContact(1, 1, "C1", is_generated=False, registered_on=date(2026, 1, 1), loaded_at=NOW),
            SiContact(2, None, "C9", is_generated=True, registered_on=date(2026, 1, 2), loaded_at=NOW),
        ],
        purchases=[
            Purchase("O1", "SKU-1", Decimal(1), 19950, date(2026, 2, 1), 1, NOW, "Shirt"),
            Purchase("O1", "SKU-2", Decimal(2), 10000, date(2026, 2, 1), 1, NOW, "Socks"),
            Purchase("O2", "SKU-1", Decimal(1), 19950, date(2026, 2, 3), 2, NOW, "Shirt"),
        ],
        catalogue=[
            CatalogueRow("SKU-1", 'A "shirt", blue', "https://x/1", "https://x/1.jpg", "Men > Shirts",
                         available=True, price_minor=19950, msrp_minor=25000, stock=3, collection="Core"),
            CatalogueRow("SKU-2", "Strümpfe", "https://x/2", "https://x/2.jpg", "Men|Sale",
                         available=False, price_minor=5000, msrp_minor=5000, stock=0, collection=""),
        ],
    )  # fmt: skip


@pytest.fixture
def account() -> EmarsysAccount:
    return small_account()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_site(account: EmarsysAccount, clock: Clock) -> Iterator[Callable[..., Site]]:
    """Start the server with the given options."""
    clients = []
    with asyncio.Runner() as runner:

        def make(**changes: Any) -> Site:
            options = EmarsysOptions(**changes)
            log, faults = RequestLog(), Faults()
            app = emarsys_app(account, options=options, log=log, faults=faults, clock=clock)
            http = httpx.Client(transport=InProcess(app, runner), base_url="http://emarsys.test")
            clients.append(http)
            site = Site(account, options, clock, app, http, log, faults)
            site.log_in()
            return site

        yield make
        for client in clients:
            client.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
