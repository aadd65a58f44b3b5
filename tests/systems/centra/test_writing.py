"""The end of a newsletter in Centra, and the lock that lets nothing else through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stamina

from auditor.config.systems import Centra
from auditor.config.values import Secret, WebUrl
from auditor.errors import ForbiddenWriteError, RefusedError, StoppedError
from auditor.sandbox.centra import UNLIMITED, CentraOptions, centra_app
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog
from auditor.systems.centra.writing import BY_CUSTOMER, BY_ID, CentraLock, CentraWriter, open_writer
from tests.sandbox.centra.tenant import small_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
URL = "https://localhost/graphql"
OPTIONS = CentraOptions(rate_plan=UNLIMITED)


class Live:
    """A small tenant behind a socket, and a writer."""

    def __init__(self, options: CentraOptions, gate: Callable[[], None] = lambda: None) -> None:
        self.tenant, self.log, self.faults = small_tenant(), RequestLog(), Faults()
        clock = lambda: NOW  # noqa: E731 - a clock that stands still
        app = centra_app(
            self.tenant, options=options, log=self.log, faults=self.faults, clock=clock
        )
        self.servers = serve({"centra": app})
        url = self.servers.__enter__()["centra"]
        token = Secret(options.tokens[0].value)
        settings = Centra(url=WebUrl(f"{url}/graphql"), token=token, rate_share=1.0)
        self.writer: CentraWriter = open_writer(settings, clock=clock, gate=gate)

    def mutations(self) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in self.log.rows() if b"mutation" in row.body]

    def close(self) -> None:
        self.writer.close()
        self.servers.__exit__()


@pytest.fixture
def live() -> Iterator[Callable[..., Live]]:
    made: list[Live] = []

    def start(options: CentraOptions = OPTIONS, **parts: Any) -> Live:
        made.append(Live(options, **parts))
        return made[-1]

    with stamina.set_testing(True, attempts=2, cap=True):
        yield start
    for one in made:
        one.close()


def test_a_newsletter_ends(live):
    shop = live()
    assert shop.writer.end_newsletter(1) == "done"
    active = {row.email for row in shop.tenant.subscriptions if row.is_active}
    assert "twin@example.com" not in active


def test_nothing_but_the_flag_is_sent(live):
    shop = live()
    shop.writer.end_newsletter(1)
    assert shop.mutations() == [{"query": BY_ID, "variables": {"id": 1}}]


def test_a_tenant_that_names_customers_otherwise_is_asked_so(live):
    shop = live(replace(OPTIONS, update_customer_by="customer"))
    assert [shop.writer.end_newsletter(number) for number in (1, 4)] == ["done", "done"]
    assert [one["query"] for one in shop.mutations()] == [BY_ID, BY_CUSTOMER, BY_CUSTOMER]


def test_a_customer_that_is_not_there_is_refused(live):
    assert live().writer.end_newsletter(777) == "refused"


def test_a_fault_that_does_not_pass_leaves_it_unknown(live):
    shop = live()
    shop.faults.arm(Fault("centra", "cut", match="mutation", times=None))
    assert shop.writer.end_newsletter(1) == "unknown"


def test_a_fault_that_passes_is_waited_out(live):
    shop = live()
    shop.faults.arm(Fault("centra", "status", match="mutation", status=502))
    assert shop.writer.end_newsletter(1) == "done"


def test_a_token_without_the_permission_is_told(live):
    shop = live()
    body = b'{"errors":[{"message":"You need Customer:write permission"}]}'
    shop.faults.arm(Fault("centra", "status", match="mutation", status=200, body=body, times=None))
    with pytest.raises(RefusedError, match="Customer:write"):
        shop.writer.end_newsletter(1)


def test_behind_a_shut_gate_nothing_is_sent(live):
    def shut() -> None:
        raise StoppedError("shut")

    shop = live(gate=shut)
    with pytest.raises(StoppedError):
        shop.writer.end_newsletter(1)
    assert shop.log.rows() == []


def sent(**body: Any) -> httpx.Request:
    return httpx.Request("POST", URL, json=body)


def let_through(request: httpx.Request) -> bool:
    carried: list[httpx.Request] = []

    def carry(passed: httpx.Request) -> httpx.Response:
        carried.append(passed)
        return httpx.Response(200)

    try:
        CentraLock(URL, httpx.MockTransport(carry)).handle_request(request)
    except ForbiddenWriteError:
        assert carried == []
        return False
    return True


@pytest.mark.parametrize("text", [BY_ID, BY_CUSTOMER])
def test_the_lock_lets_the_end_of_a_newsletter_through(text):
    assert let_through(sent(query=text, variables={"id": 1}))


FORBIDDEN = {
    "a sign-up": sent(query=BY_ID.replace("false", "true"), variables={"id": 1}),
    "another mutation": sent(query="mutation { anonymizeCustomers }", variables={}),
    "a further field": sent(
        query=BY_ID.replace("false", "false, status: ACTIVE"), variables={"id": 1}
    ),
    "a number in text": sent(query=BY_ID, variables={"id": "1"}),
    "no number": sent(query=BY_ID, variables={}),
    "a truth for a number": sent(query=BY_ID, variables={"id": True}),
    "a further variable": sent(query=BY_ID, variables={"id": 1, "x": 2}),
    "an operation name": sent(query=BY_ID, variables={"id": 1}, operationName="x"),
    "another address": httpx.Request(
        "POST", "https://elsewhere/graphql", json={"query": BY_ID, "variables": {"id": 1}}
    ),
    "another method": httpx.Request("PUT", URL, json={"query": BY_ID, "variables": {"id": 1}}),
    "no JSON": httpx.Request("POST", URL, content=b"{"),
    "two queries at once": httpx.Request(
        "POST",
        URL,
        content=b'{"query":"mutation{a}",'
        + json.dumps({"query": BY_ID, "variables": {"id": 1}}).encode()[1:],
    ),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_lock_lets_nothing_else_through(name):
    assert not let_through(FORBIDDEN[name])
