"""A small world behind a real socket, and a client that reads it in small pages."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.sandbox.centra import UNLIMITED, CentraOptions, Token, centra_app
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Faults, RequestLog
from auditor.sandbox.world import Scale, build_world
from auditor.systems.centra import CentraClient, Timing, centra_streams
from auditor.systems.centra.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from auditor.model.stream import Page, Start, Stream
    from auditor.sandbox.world.model import CentraTenant, World

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
PAGE = 40
OPEN = CentraOptions(tokens=(Token("all"),), rate_plan=UNLIMITED)


@dataclass
class Shop:
    """A client of the small world.

    Attributes:
        now: What the tenant takes for the time.
    """

    tenant: CentraTenant
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    now: datetime = NOW
    streams: dict[str, Stream] = field(default_factory=dict)
    client: CentraClient = field(init=False)

    def advance(self, hours: int) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)

    def pages(self, name: str, start: Start | None = None) -> list[Page]:
        """Read a stream to its end."""
        stream = self.streams[name]
        if start is None:
            return list(stream.read())
        assert stream.read_from is not None
        return list(stream.read_from(start))

    def rows(self, name: str, start: Start | None = None) -> dict[str, list[Any]]:
        """Read a stream and return the rows of its tables, in an order of their own."""
        return rows_of(self.pages(name, start))

    def asked(self, root: str) -> int:
        """Return how many requests named a root field."""
        return sum(f"query {root}(".encode() in row.body for row in self.log.rows())


def rows_of(pages: Sequence[Page]) -> dict[str, list[Any]]:
    """Return the rows of pages by table."""
    names = {name for page in pages for name in page.tables}
    assert not any(page.aside for page in pages)
    return {
        name: sorted(pa.concat_tables([page.tables[name] for page in pages]).to_pylist(), key=repr)
        for name in names
    }


@contextmanager
def open_shop(world: World, options: CentraOptions = OPEN, **settings: Any) -> Iterator[Shop]:
    """Serve a world and connect a client to it."""
    shop = Shop(world.centra)
    app = centra_app(
        world.centra, options=options, log=shop.log, faults=shop.faults, clock=lambda: shop.now
    )
    known: Any = SimpleNamespace(
        marketplaces=SimpleNamespace(affiliates=(), attributes={}),
        catalogue=SimpleNamespace(**{"pricelist": None, "image_size": "standard", **settings}),
        wholesale=True,
    )
    since, timing = date(1970, 1, 1), Timing(lambda: shop.now)
    with (
        serve({"centra": app}) as urls,
        closing(CentraClient(f"{urls['centra']}/graphql", "all", timing, share=1.0)) as client,
    ):
        found = centra_streams(known, client=client, since=since, item="sku", tax="included")
        shop.streams = {stream.name: stream for stream in found}
        shop.client = client
        yield shop


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read lists in pages of forty, so that a small world has many."""
    whole = Listing.__init__

    def small(self: Listing, source: Any, tenant: Any, notes: Any = None, *, size: int = 0) -> None:
        whole(self, replace(source, size=min(PAGE, source.size)), tenant, notes, size=size)

    monkeypatch.setattr(Listing, "__init__", small)
    monkeypatch.setattr(CentraClient, "fitting_size", lambda *_: PAGE)


def small_world() -> World:
    """Return a world of a hundred and fifty customers without planted drift."""
    return build_world(1, Scale.of(customers=150), NOW)
