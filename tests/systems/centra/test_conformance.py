"""Every stream under every fault: it ends complete and equal, or incomplete with a reason.

The tenant answers in the same process, so that the whole matrix costs a few seconds.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.errors import IncompleteSnapshotError, ReadError, RefusedError, TransientReadError
from auditor.model.tables import STREAM_TABLES
from auditor.sandbox.centra.server import Answer
from auditor.sandbox.wire import Fault
from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.scale import SMALLEST
from tests.systems.centra.room import NOW, Room
from tests.systems.centra.shop import rows_of, small_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.stream import Stream

    Rows = dict[str, list[Any]]
    Ask = Callable[..., Answer]

NAMES = (
    *("markets", "countries", "currencies", "customers", "newsletter_subscriptions"),
    *("accounts", "buyers", "orders", "shipments", "returns", "pricelists", "warehouses"),
    *("products", "variants", "sizes", "displays", "prices", "campaign_prices"),
    *("lowest_prices", "stock", "stores", "wholesale_stores"),
)
ERROR = {"message": "Internal server error", "extensions": {"category": "internal"}}
SOON = NOW + timedelta(seconds=1)


def limited(retry_after: str, body: Any = "slow down") -> Answer:
    return Answer(body, 429, {"Retry-After": retry_after})


def timeout(_: Ask) -> Answer:
    raise httpx.ReadTimeout("the tenant sleeps")


def cut(ask: Ask) -> Answer:
    whole = ask().body
    return Answer(str(whole)[: len(str(whole)) // 2].replace("'", '"'))


PASSING: dict[str, Callable[[Ask], Answer]] = {
    "429 in seconds": lambda _: limited("1"),
    "429 as epoch": lambda _: limited(f"{SOON.timestamp():.0f}", {"errors": [ERROR]}),
    "429 as date": lambda _: limited(f"{SOON:%a, %d %b %Y %H:%M:%S GMT}"),
    "500": lambda _: Answer("oops", 500),
    "503": lambda _: Answer("", 503),
    "cut": cut,
    "timeout": timeout,
    "200 with errors": lambda ask: Answer({**_body(ask), "errors": [ERROR]}),
}
EXPIRED = "The access token is missing, invalid or expired."
EXPIRING = {
    "401": Answer({"errors": [{"message": EXPIRED}]}, 401),
    "403": Answer({"errors": [{"message": EXPIRED}]}, 403),
    "200": Answer({"errors": [{"message": EXPIRED}]}),
}
HIDING = ("repeat", "lose", "partial")
SHIFTING = {
    "customers": "customer_id",
    "newsletter_subscriptions": "subscription_id",
    "orders": "order_number",
    "shipments": "shipment_id",
    "returns": "return_id",
    "prices": "price_id",
}
"""The lists whose rows can come and go meanwhile, and what tells their rows apart."""


def _body(ask: Ask) -> dict[str, Any]:
    found = ask().body
    assert isinstance(found, dict)
    return found


class Bench:
    """A tiny tenant, and what each of its streams gives when nothing goes wrong."""

    def __init__(self) -> None:
        self.room = Room(build_world(1, Scale.of(customers=SMALLEST), NOW), attempts=3)
        self.streams: dict[str, Stream] = {stream.name: stream for stream in self.room.streams}
        self.whole = cache(self.read)
        self.requests = cache(lambda name: self.room.cost(self.streams[name])[0])

    def read(self, name: str) -> Rows:
        """Read a stream."""
        return rows_of(list(self.streams[name].read()))

    def struck(self, name: str, at: int, strike: Callable[[Ask], Answer], times: int) -> Rows:
        """Read a stream whose request of this number, and those after it, are struck so many times."""
        number = -1

        def meddle(ask: Ask) -> Answer:
            nonlocal number
            number += 1
            return strike(ask) if at <= number < at + times else ask()

        self.room.meddle = meddle
        try:
            return self.read(name)
        finally:
            self.room.meddle = lambda ask: ask()


@pytest.fixture(scope="module")
def built() -> Bench:
    return Bench()


@pytest.fixture
def bench(built: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    small_pages(monkeypatch)
    return built


def test_no_stream_is_left_out(bench: Bench):
    assert set(NAMES) == set(bench.streams)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_passes_leaves_a_stream_whole(bench: Bench, name: str, fault: str):
    whole = bench.whole(name)
    at = bench.requests(name) // 2
    assert bench.struck(name, at, PASSING[fault], times=2) == whole


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_stays_ends_a_stream_with_a_reason(bench: Bench, name: str, fault: str):
    at = bench.requests(name) // 2
    with pytest.raises(TransientReadError, match=r"^Centra.*\.$"):
        bench.struck(name, at, PASSING[fault], times=99)


@pytest.mark.parametrize("form", EXPIRING)
@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_expires_ends_a_stream_with_its_name(bench: Bench, name: str, form: str):
    at = bench.requests(name) // 2
    with pytest.raises(RefusedError, match=r"^centra\.token was refused"):
        bench.struck(name, at, lambda _: EXPIRING[form], times=99)


@pytest.mark.parametrize("kind", HIDING)
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_hides_rows_is_seen_wherever_it_strikes(bench: Bench, name: str, kind: Any):
    whole = bench.whole(name)
    for at in range(bench.requests(name)):
        with suppress(ReadError):
            assert bench.struck(name, at, lambda ask: ask(Fault("centra", kind)), times=1) == whole


@pytest.mark.parametrize("rows", [-2, 2])
@pytest.mark.parametrize("name", SHIFTING)
def test_rows_that_come_or_go_meanwhile_hide_none_that_stay(
    monkeypatch: pytest.MonkeyPatch, name: str, rows: int
):
    small_pages(monkeypatch)
    bench = Bench()
    before, at = keys(name, bench.whole(name)), bench.requests(name) // 2
    shift = Fault("centra", "shift", rows=rows)
    with suppress(IncompleteSnapshotError):
        found = keys(name, bench.struck(name, at, lambda ask: ask(shift), times=1))
        assert before & keys(name, bench.read(name)) <= found


def keys(name: str, rows: Rows) -> set[str]:
    return {row[SHIFTING[name]] for row in rows[STREAM_TABLES[name][0].name]}
