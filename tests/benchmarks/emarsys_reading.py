"""Count what reading an account of Emarsys costs, and how much of the allowed rate that uses.

The account answers in the same process and time is made up, so that minutes of waiting pass in no time.
It is read twice: without a limit, and with one so tight that reading takes several minutes. Of these, each
minute between the first refusal and the last counts: the requests that were answered in it, against those
that were allowed. Open Data is a database and no part of it. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
import yaml

from auditor.config import load_settings
from auditor.sandbox.emarsys.app import emarsys_app
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.wire import Faults, RequestLog
from auditor.sandbox.world import Scale, brand_settings, build_world
from auditor.systems.emarsys.streams import emarsys_streams
from tests.benchmarks.measure import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.config import Settings
    from auditor.sandbox.world import World

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LATENCY_S = 0.05
MINUTE_S = 60
MINUTES = 12
"""Reading under the tight limit takes about so long."""
UNLIMITED = 10**9
API_USER = {"client_id": "auditor", "client_secret": "${SECRET}"}


@dataclass
class Office(httpx.BaseTransport):
    """An account that answers one request after the other, in made-up time.

    Attributes:
        answered: When each request was answered, in seconds.
        refused: When each was refused for the rate.
    """

    world: World
    rate_limit: int
    seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the account."""
        self._lock, self._runner = Lock(), asyncio.Runner()
        options = EmarsysOptions(rate_limit=self.rate_limit, export_polls=None, run_polls=None)
        shared: dict[str, Any] = {"log": RequestLog(), "faults": Faults(), "clock": self.now}
        app = emarsys_app(self.world.emarsys, options=options, **shared)
        self._app = httpx.ASGITransport(app)

    def now(self) -> datetime:
        """Return the made-up time."""
        return NOW + timedelta(seconds=self.seconds)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        with self._lock:
            self.seconds += LATENCY_S
            status, headers, body = self._runner.run(self._ask(request))
            if request.url.path.startswith("/api/"):  # the token and the feed have no such limit
                is_refused = status == httpx.codes.TOO_MANY_REQUESTS
                (self.refused if is_refused else self.answered).append(self.seconds)
        return httpx.Response(status, headers=headers, content=body)

    async def _ask(self, request: httpx.Request) -> tuple[int, Any, bytes]:
        asked = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        answer = await self._app.handle_async_request(asked)
        return answer.status_code, answer.headers, await answer.aread()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let every client of this process ask here, and wait in made-up time."""
        passing = SimpleNamespace(sleep=self.pause)
        with (
            mock.patch("auditor.systems.http.network", lambda: self),  # noqa: PT008 - it is called
            mock.patch("tenacity.nap.time", passing),
        ):
            yield
        self._runner.close()


def read(world: World, settings: Settings, rate_limit: int) -> tuple[Office, dict[str, int]]:
    """Read every stream over the API; return who answered, and the requests of each stream."""
    office = Office(world, rate_limit)
    requests = {}
    with office.open():
        streams = emarsys_streams(
            settings,
            since=settings.sales.since,
            account_currency=world.emarsys.currency,
            clock=office.now,
            sleep=office.pause,
        )
        for stream in streams:
            if not stream.off:
                before = len(office.answered)
                deque(stream.read(), maxlen=0)
                requests[stream.name] = len(office.answered) - before
    return office, requests


def used(office: Office) -> dict[str, Any]:
    """Return how much of the allowed rate was used in the whole minutes in which it bound."""
    start = NOW.timestamp()
    minutes = Counter(int(start + at) // MINUTE_S for at in office.answered)
    first, last = (int(start + at) // MINUTE_S for at in (office.refused[0], office.refused[-1]))
    shares = [minutes[minute] / office.rate_limit for minute in range(first, last + 1)]
    return {
        "rate_limit": office.rate_limit,
        "seconds": round(office.seconds),
        "minutes": len(shares),
        "share": round(sum(shares) / len(shares), 3),
        "least": round(min(shares), 3),
        "refused": len(office.refused),
    }


def settings_of(world: World, folder: Path) -> Settings:
    """Return the settings of a brand with this account, without Open Data."""
    known = brand_settings(world)
    known["centra"] |= {"url": "https://localhost/graphql", "token": "${SECRET}"}
    known["emarsys"] |= {
        "url": "http://localhost/api/v3",
        "auth": {"type": "oauth2", "token_url": "http://localhost/oauth2/token", **API_USER},
        "catalogue": {"feed": "http://localhost/feeds/catalogue.csv"},
    }
    file = folder / "auditor.yaml"
    file.write_text(yaml.safe_dump(known))
    return load_settings(file, {"SECRET": EmarsysOptions().users[0].client_secret})


def measured(customers: int) -> dict[str, Any]:
    """Read an account without a limit, then with one that binds."""
    world = build_world(1, Scale.of(customers=customers), NOW)
    with TemporaryDirectory() as name:
        settings = settings_of(world, Path(name))
        office, requests = read(world, settings, UNLIMITED)
        total = len(office.answered)
        tight, _ = read(world, settings, max(2, total // MINUTES))
    return {
        "customers": customers,
        "requests": requests,
        "total_requests": total,
        "limited": used(tight),
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    return [
        [f"reading an account of {result['customers']:,} customers", ""],
        *([f"  requests of {name}", count] for name, count in result["requests"].items()),
        *([f"limited: {name}", value] for name, value in result["limited"].items()),
    ]


def main() -> None:
    """Measure a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    result = measured(parser.parse_args().customers)
    tell(result, table(result))


if __name__ == "__main__":
    main()
