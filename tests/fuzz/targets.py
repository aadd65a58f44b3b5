"""Every parser of outside text: how it is fed, what it may raise, and the law that its rows obey.

A target takes bytes as the outside gives them. It may raise what `allowed` names, nothing else; where it
reads rows, rows in are rows kept plus rows set aside.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pyarrow as pa

from auditor.config import Secret, load_settings
from auditor.config.systems import Centra, OrderApi
from auditor.config.values import WebUrl
from auditor.errors import AuditorError
from auditor.expect.suites import load_checks
from auditor.model.plan import Plan, decoded, encoded
from auditor.preflight.verdict import (
    Audience,
    Exclusion,
    Preflight,
    read_verdict,
    write_verdict,
)
from auditor.resources import expectation_files
from auditor.systems.centra import campaigns, people, prices, returns, shipments, streams
from auditor.systems.centra import order_api as legacy
from auditor.systems.centra.answers import envelope_of
from auditor.systems.centra.assortment import DISPLAYS, PRODUCTS, VARIANTS
from auditor.systems.centra.merge_log import read_merge_log
from auditor.systems.centra.paging import Reader
from auditor.systems.emarsys import auth, events, fields, lists, lookup, open_data_views, segments
from auditor.systems.emarsys import campaigns as emarsys_campaigns
from auditor.systems.emarsys.client import CoreApi
from auditor.systems.emarsys.contact_rows import contact_rows, contact_rows_of_data
from auditor.systems.emarsys.envelope import object_of, opened, row_errors
from auditor.systems.emarsys.export_file import ExportFile
from auditor.systems.emarsys.feed import _moment
from auditor.systems.emarsys.feed_edit import FeedRows
from auditor.systems.emarsys.feed_file import FeedFile
from auditor.systems.emarsys.item_rows import Reading
from auditor.systems.emarsys.item_rows import page_of as items_of
from auditor.systems.emarsys.open_data import page_of as view_page
from auditor.systems.http import HttpClient, PassingFaultError, Retries
from tests.config.sample import SAMPLE, values_for
from tests.correct.test_law import ALLOWED, change
from tests.systems.centra import samples
from tests.systems.centra.fake import FakeCentra, tenant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.systems.centra.listing import Source

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SINCE = date(2000, 1, 1)
ALLOWED_FAULTS = (AuditorError, PassingFaultError)
ONCE = Retries(attempts=1)


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        parse: Reads bytes from outside, and asserts the law of its rows.
        seeds: Valid samples, from which attacks are bred.
        allowed: What may leave it.
    """

    name: str
    parse: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    allowed: tuple[type[Exception], ...] = ALLOWED_FAULTS

    def attack(self, content: bytes) -> None:
        """Parse; what is allowed to leave the parser ends here."""
        with contextlib.suppress(*self.allowed):
            self.parse(content)


TARGETS: dict[str, Target] = {}


def target(name: str, seeds: Callable[[], list[bytes]]) -> Callable[[Any], Any]:
    def register(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
        TARGETS[name] = Target(name, parse, seeds)
        return parse

    return register


def as_json(*values: object) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


# --- Centra --------------------------------------------------------------------------------------------

DATA = {"data": {"page": [samples.customer()]}, "extensions": {"complexity": 7, "appVersion": "1"}}
REFUSALS = [
    {"errors": [{"message": "You need Order:read permission", "extensions": {"category": "x"}}]},
    {"errors": [{"message": 'Cannot query field "a" on type "B"'}], "data": None},
    {"errors": [{"message": "Internal server error", "extensions": []}]},
]


@target("centra.envelope", lambda: as_json(DATA, *REFUSALS))
def envelope(content: bytes) -> object:
    found = envelope_of(httpx.Response(200, content=content), is_known=True)
    return found.complexity, found.app_version


@cache
def reader_of(name: str) -> Reader[Any]:
    return Reader(SOURCES[name][0], tenant_of(FakeCentra()))


ORDERS = streams.order_source(
    streams.order_terms(
        Centra(url="https://x.centra.com/graphql", token=Secret("t")),  # type: ignore[arg-type]
        "sku",
        "included",
    ),
    lambda: "SEK",
)
SOURCES: dict[str, tuple[Source[Any], Callable[[], dict[str, Any]]]] = {
    "orders": (ORDERS, samples.order),
    "customers": (people.CUSTOMERS, samples.customer),
    "subscriptions": (people.SUBSCRIPTIONS, samples.subscription),
    "buyers": (people.BUYERS, samples.buyer),
    "accounts": (people.ACCOUNTS, samples.account),
    "returns": (returns.RETURNS, samples.returned),
    "shipments": (shipments.SHIPMENTS, samples.shipment),
    "products": (PRODUCTS, samples.product),
    "variants": (VARIANTS, samples.variant),
    "displays": (DISPLAYS, samples.display),
    "prices": (prices.PRICES, samples.price),
    "campaign prices": (campaigns.CAMPAIGN_PRICES, samples.campaign),
}


def rows(name: str, content: bytes) -> None:
    """Read one page and convert it: what the answer held is what was kept and set aside."""
    reader = reader_of(name)
    raw = msgspec.Raw(content)
    page = reader._rows.read(raw)
    assert page.count == len(page.rows) + len(page.aside)
    # Whoever reads pages drops a row that comes twice before it is converted.
    kept = list({reader._source.key(row): row for row in page.rows}.values())
    tables, unfit = reader._convert(kept, raw)
    if name not in MANY:
        assert len(kept) == next(iter(tables.values())).num_rows + len(unfit)


MANY = ("campaign prices",)
"""A row of these is many rows of its table."""


def _register_rows() -> None:
    for name in SOURCES:

        def parse(content: bytes, name: str = name) -> None:
            rows(name, content)

        def seeds(name: str = name) -> list[bytes]:
            row = SOURCES[name][1]()
            if reader_of(name)._listing.is_connection:
                info = {"hasNextPage": False, "endCursor": None}
                return as_json(
                    {"page": {"totalCount": 1, "pageInfo": info, "edges": [{"node": row}]}}
                )
            return as_json({"page": [row]})

        target(f"centra.{name}", seeds)(parse)


_register_rows()

CUSTOMERS = {
    "status": "ok",
    "customers": [
        {"customerId": 7, "email": "a@x.se", "newsletter": True, "created": "2026-01-01 10:00:00",
         "registered": 1, "modified": None,
         "consents": [{"key": "newsletter", "version": "1", "consented": True,
                       "created": "2026-01-01", "modified": "2026-01-02T00:00:00+00:00"}]}
    ],
}  # fmt: skip


@target("centra.order_api", lambda: as_json(CUSTOMERS))
def order_api(content: bytes) -> None:
    left = [content]
    empty = b'{"status": "ok", "customers": []}'
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=left.pop() if left else empty)
    )
    client = legacy.OrderApiClient(
        OrderApi(url=WebUrl("https://x.centra.com"), secret=Secret("s")),
        lambda: NOW,
        retries=ONCE,
        transport=transport,
    )
    with closing(client):
        found = client.customers(0)
        page = legacy._page(found, UTC)
        flags = page.tables["centra_customer_flag"]
        assert flags.num_rows + len(page.aside) == len(found)


@target("centra.merge_log", lambda: [b"customer_id,survivor_id\n1,2\n2,3\n"])
def merge_log(content: bytes) -> None:
    with as_file(content) as path:
        read_merge_log(str(path))


# --- Emarsys -------------------------------------------------------------------------------------------


VENDOR = ROOT / "tests" / "data" / "emarsys_calls.json"
KINDS = {"text": "17", "number": 1, "flag": True}


@cache
def core_seeds() -> list[bytes]:
    """Return the vendor's own sample answers, with values for the kinds that they name."""
    calls = json.loads(VENDOR.read_text())
    answers = [filled(answer["body"]) for call in calls for answer in call.get("answers", ())]
    for answer in answers:
        if isinstance(answer, dict) and "replyCode" in answer:
            answer["replyCode"] = 0
    members = {"value": [1, "2"], "next": "/api/v3/contactlist/1/contactIds?$skiptoken=abc"}
    answers += [{"replyCode": 0, "replyText": "OK", "data": data} for data in (members, [1, "2"])]
    return list(dict.fromkeys(as_json(*answers)))


def filled(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {key: filled(value) for key, value in shape.items()}
    if isinstance(shape, list):
        return [filled(value) for value in shape]
    return KINDS.get(shape, shape)


def api_answering(content: bytes) -> CoreApi:
    def sleep(_seconds: float) -> None:
        raise PassingFaultError("not yet")

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    http = HttpClient(system="Emarsys", setting="emarsys.url", retries=ONCE, transport=transport)
    return CoreApi(http, "https://api.emarsys.example/api/v3", sleep)


@target("emarsys.envelope", core_seeds)
def core(content: bytes) -> None:
    reply = opened(httpx.Response(200, content=content))
    row_errors(reply.data)
    object_of(reply.data, lists.COUNT)


READS: dict[str, Callable[[CoreApi], object]] = {
    "lists": lists.contact_lists,
    "list_count": lambda api: lists.member_count(api, "1"),
    "list_members": lambda api: next(lists.member_ids(api, "1"), None),
    "segments": segments.segments,
    "segment_size": lambda api: segments.segment_size(api, 1),
    "segment_run": lambda api: segments.run_status(api, "1"),
    "segment_members": lambda api: next(segments._member_pages(api, 1), None),
    "events": events.event_names,
    "event_usages": lambda api: events.event_usages(api, "1"),
    "campaigns": emarsys_campaigns.campaigns,
    "campaign": lambda api: emarsys_campaigns.campaign(api, 1),
    "fields": fields.field_names,
    "field_choices": lambda api: fields.field_choices(api, 31),
    "checkids": lambda api: list(lookup.checkids(api, "3", ["a@x.se"])),
    "getdata": lambda api: [
        contact_rows_of_data(found.rows, {"email": 3, "opt_in": 31})
        for found in lookup.getdata(api, "3", ["a@x.se"], [3, 31])
    ],
}


def _register_reads() -> None:
    for name, read in READS.items():

        def parse(content: bytes, read: Callable[[CoreApi], object] = read) -> None:
            with closing(api_answering(content)) as api:
                read(api)

        target(f"emarsys.{name}", core_seeds)(parse)


_register_reads()


@target("emarsys.token", lambda: as_json({"access_token": "abc", "expires_in": 3600}))
def token(content: bytes) -> None:
    signer = auth.BearerAuth(
        token_url="https://auth.example/token",  # noqa: S106 - an address
        client_id="i",
        client_secret="s",  # noqa: S106 - made up
        clock=lambda: NOW,
    )
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    http = HttpClient(
        system="Emarsys", setting="emarsys.url", auth=signer, retries=ONCE, transport=transport
    )
    with closing(http):
        http.request("GET", "https://api.emarsys.example/")


EXPORT = b"user_id,F4711,F3,F31\n1,4711,a@x.se,True\n2,,b@x.se,\n"


@target("emarsys.export", lambda: [EXPORT, EXPORT.replace(b",", b";")])
def export(content: bytes) -> None:
    file = ExportFile(io.BytesIO(content), (3, 4))
    names = ("contact_id", "external_id", "email", "opt_in")[-file.width :]
    for columns, _malformed in file.batches():
        found = contact_rows(dict(zip(names, columns, strict=True)))
        assert found.table.num_rows + len(found.aside) == len(columns[0])


FEED = (
    b"item,title,link,image,category,available,price,msrp,title_sv\n"
    b"SKU-1,Shirt,https://x/1,https://x/1.jpg,Men > Shirts,true,199.50,249,Skjorta\n"
    b'SKU-2,"Hat ""L""",,,Hats,false,1,,\n'
)


@target("emarsys.feed", lambda: [FEED, FEED.replace(b",", b"\t"), b"\xef\xbb\xbf" + FEED])
def feed(content: bytes) -> None:
    file = FeedFile(io.BytesIO(content), {})
    for columns, malformed in file.batches():
        page = items_of(file, columns, malformed, Reading("SEK", 2, {}))
        assert page.rows == len(columns[0]) + len(malformed)
        assert page.tables["emarsys_item"].num_rows + len(page.aside) == page.rows


@target("emarsys.feed_edit", lambda: [FEED])
def feed_edit(content: bytes) -> None:
    list(FeedRows(io.BytesIO(content)))


@target("emarsys.feed_date", lambda: [b"Tue, 03 Mar 2026 10:00:00 GMT", b"Tue, 03 Mar 9999 +2400"])
def feed_date(content: bytes) -> None:
    _moment(content.decode(errors="replace"))


VIEWS = {
    "sales": (open_data_views.sales(2), ["1", "S", "2026-02-01", "1.5", "199.00", "7", "2026-02-02"]),
    "si_contacts": (open_data_views.SI_CONTACTS, ["1", "2", "3", "1"]),
    "events": (open_data_views.EXTERNAL_EVENTS, ["1", "2", "3", "2026-02-01 10:00:00", "2026-02-01"]),
    "unsubscribes": (open_data_views.UNSUBSCRIBES, ["1", "2026-02-01T10:00:00Z", "link"]),
}  # fmt: skip


def _register_views() -> None:
    for name, (view, cells) in VIEWS.items():

        def parse(content: bytes, view: Any = view) -> None:
            wide = len(view.source_columns)
            cells = [
                line.split(",")[:wide] for line in content.decode(errors="replace").splitlines()
            ]
            whole = [row for row in cells if len(row) == wide]
            columns = [pa.array([row[i] for row in whole], pa.string()) for i in range(wide)]
            if whole:
                page = view_page(view, columns, SINCE)
                early = len(whole) - page.rows  # what lies before the first day that counts
                assert early == 0 or view.since == "event_time"

        def seeds(cells: Sequence[str] = tuple(cells)) -> list[bytes]:
            line = ",".join(cells).encode()
            return [line, line + b"\n" + line]

        target(f"open_data.{name}", seeds)(parse)


_register_views()


# --- files ---------------------------------------------------------------------------------------------


class as_file:  # noqa: N801 - reads as a function
    """Gives bytes as a file for the length of a `with` block."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __enter__(self) -> Path:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "file.yaml"
        path.write_bytes(self._content)
        return path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


@target("settings", lambda: [SAMPLE.encode()])
def settings(content: bytes) -> None:
    with as_file(content) as path:
        load_settings(path, values_for(SAMPLE))


@target("suite", lambda: [Path(str(f)).read_bytes() for f in expectation_files(ROOT)])
def suite(content: bytes) -> None:
    with as_file(content) as path:
        load_checks([path])


PLAN = encoded(
    Plan("b", "r", "0", "e", NOW, NOW, (), {}, "SEK", 0, tuple(map(change, ALLOWED.values())))
)


@target("plan", lambda: [PLAN])
def plan(content: bytes) -> None:
    assert content == encoded(decoded(content))


PREFLIGHT = Preflight(
    "b", "go", Audience("segment", 1, 2, 2), NOW, NOW, NOW, (), Exclusion("audit-quarantine", 0)
)


@cache
def signed() -> bytes:
    with as_file(b"") as path:
        return write_verdict(PREFLIGHT, "pepper", path).read_bytes()


@target("verdict", lambda: [signed()])
def verdict(content: bytes) -> None:
    with as_file(content) as path:
        read_verdict(path, "pepper", "b")
    assert content == signed()
