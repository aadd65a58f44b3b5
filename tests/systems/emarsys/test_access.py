from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from auditor.config import Secret, Wsse
from auditor.config.systems import CatalogueFeed
from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import FeedSource, StoreUrl
from auditor.errors import ConfigError, RefusedError
from auditor.systems.emarsys.access import check_access
from tests.systems.emarsys.fake import FakeClock, FakeEmarsys, brand_settings, failure, ok
from tests.systems.emarsys.views import ACCOUNT, make_views

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIELDS = "GET /api/v3/field/translate/en"
EVENTS = "GET /api/v3/event/"


@pytest.fixture
def account(server: FakeEmarsys) -> FakeEmarsys:
    server.on(FIELDS, ok([{"id": n, "name": f"F{n}"} for n in (1, 2, 3, 31, 4711)]))
    server.on(EVENTS, ok([{"id": "901", "name": "order_shipped"}]))
    return server


def check(server: FakeEmarsys, **parts: Any) -> None:
    check_access(
        brand_settings(**parts), account_currency="SEK", clock=FakeClock(), sleep=server.sleep
    )


def test_an_account_with_everything_passes(account, tmp_path: Path):
    url = make_views(tmp_path, "sqlite", {})
    open_data = OpenDataSettings(url=StoreUrl(url), account=ACCOUNT)
    check(account, events={"shipped": "order_shipped"}, open_data=open_data)


def test_one_call_is_enough_without_events(account):
    check(account)
    assert [request.url.path for request in account.requests] == [
        "/oauth2/token",
        "/api/v3/field/translate/en",
    ]


def test_wsse_is_used_with_a_warning_about_its_end(account, caplog):
    check(account, auth=Wsse(username="acme001", secret=Secret("s")))
    assert "Emarsys ends WSSE on 2026-12-31" in caplog.text


def test_a_field_that_is_not_there_names_the_setting(account):
    sentence = r"^emarsys\.fields\.opt_in: the account has no field 31999; take the number from"
    with pytest.raises(ConfigError, match=sentence):
        check(account, fields={"external_id": 4711, "opt_in": 31999})


def test_an_event_that_is_not_there_names_the_setting(account):
    sentence = r"^emarsys\.events\.shipped: the account has no external event 'parcel_sent'; "
    with pytest.raises(ConfigError, match=sentence):
        check(account, events={"shipped": "parcel_sent"})


def test_a_view_that_is_not_there_names_the_setting(account, tmp_path: Path):
    url = make_views(tmp_path, "sqlite", {}, leave_out=["external_events"])
    open_data = OpenDataSettings(url=StoreUrl(url), account=ACCOUNT)
    with pytest.raises(ConfigError, match=r"^emarsys\.open_data: no view external_events"):
        check(account, open_data=open_data)


def test_open_data_that_is_busy_stops_nothing_else(account, tmp_path: Path):
    url = make_views(tmp_path, "sqlite", {})
    open_data = OpenDataSettings(url=StoreUrl(f"{url}?timeout=0"), account=ACCOUNT)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        check(account, open_data=open_data)


def test_a_dead_token_is_refused_at_once(account):
    account.on(FIELDS, failure(401, 1))
    with pytest.raises(RefusedError, match=r"emarsys\.auth"):
        check(account)


def test_a_missing_permission_is_named(account):
    account.on(FIELDS, failure(403, None))
    with pytest.raises(RefusedError, match=r"permission field\.list"):
        check(account)


def test_a_wrong_address_is_named(server):
    server.on(FIELDS, httpx.Response(404, html="<h1>Not found</h1>"))
    with pytest.raises(RefusedError, match=r"check emarsys\.url"):
        check(server)


FEED = CatalogueFeed(feed=FeedSource("https://feeds.example/emarsys.csv"))
FEED_ROUTE = "GET /emarsys.csv"
HEADER = "item,title,link,image,category,available,price\n"


def test_a_feed_with_its_columns_passes_and_is_not_read_to_its_end(account):
    sent = []

    def endless(_request: httpx.Request) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield HEADER.encode()
            for number in range(10_000):
                sent.append(number)
                yield b"x" * 1024

        return httpx.Response(200, content=pieces())

    account.on(FEED_ROUTE, endless)
    check(account, catalogue=FEED)
    assert 0 < len(sent) < 200


def test_a_feed_without_a_column_names_the_setting(account):
    account.on(FEED_ROUTE, httpx.Response(200, text=HEADER.replace("image,", "")))
    with pytest.raises(ConfigError, match=r"^emarsys\.catalogue\.feed: .* no column image"):
        check(account, catalogue=FEED)


def test_a_feed_that_is_refused_names_the_setting(account):
    account.on(FEED_ROUTE, httpx.Response(404))
    with pytest.raises(RefusedError, match=r"^emarsys\.catalogue\.feed: .* HTTP 404"):
        check(account, catalogue=FEED)


def test_a_feed_file_that_is_not_there_names_the_setting(account, tmp_path: Path):
    missing = CatalogueFeed(feed=FeedSource(str(tmp_path / "none.csv")))
    with pytest.raises(ConfigError, match=r"^emarsys\.catalogue\.feed: the file cannot be opened"):
        check(account, catalogue=missing)


@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(200)], ids=["away", "empty"]
)
def test_a_feed_that_is_away_for_a_moment_stops_nothing(account, answer: httpx.Response):
    account.on(FEED_ROUTE, answer)
    check(account, catalogue=FEED)


def test_a_feed_file_with_its_columns_passes(account, tmp_path: Path):
    path = tmp_path / "feed.csv"
    path.write_text(HEADER)
    check(account, catalogue=CatalogueFeed(feed=FeedSource(str(path))))
