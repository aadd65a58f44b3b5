"""The stream `catalogue`: a feed from a file or an address, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config.systems import CatalogueFeed
from auditor.config.values import FeedSource
from auditor.errors import ConfigError, IncompleteSnapshotError, RefusedError, TransientReadError
from auditor.systems.emarsys import csv_rows
from auditor.systems.emarsys.catalogue import read_catalogue
from auditor.systems.emarsys.feed import feed_client
from auditor.systems.emarsys.item_rows import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from auditor.model.stream import Page

HEADER = "item,title,link,image,category,available,price"
SHIRT = "SKU-1,Shirt,https://x.example/1,https://x.example/1.jpg,Men > Shirts,true,199.50"
SEK = Reading("SEK", 2, {})
STOCKED = Reading("SEK", 2, {"stock_column": "c_stock"})
URL = "https://feeds.example/emarsys.csv?token=s3cr3t"
ROUTE = "GET /emarsys.csv"


def pages(source: str, reading: Reading = SEK) -> list[Page]:
    with closing(feed_client()) as http:
        return list(read_catalogue(source, http, reading))


def table(found: Sequence[Page], name: str) -> list[dict[str, Any]]:
    return [row for page in found if name in page.tables for row in page.tables[name].to_pylist()]


def items(found: Sequence[Page]) -> list[dict[str, Any]]:
    return table(found, "emarsys_item")


def asides(found: Sequence[Page]) -> list[str]:
    return [aside.reason for page in found for aside in page.aside]


@pytest.fixture
def feed(tmp_path: Path):
    def write(*lines: str, encoding: str = "utf-8") -> str:
        path = tmp_path / "feed.csv"
        path.write_bytes("\n".join(lines).encode(encoding))
        return str(path)

    return write


def test_a_row_becomes_an_item(feed):
    assert items(pages(feed(HEADER, SHIRT))) == [
        {
            "item": "SKU-1",
            "title": "Shirt",
            "link": "https://x.example/1",
            "image": "https://x.example/1.jpg",
            "category": "Men > Shirts",
            "collection": None,
            "available": True,
            "price_minor": 19950,
            "msrp_minor": None,
            "stock": None,
            "currency": "SEK",
        }
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(feed, encoding: str):
    assert items(pages(feed(HEADER, SHIRT.replace("Shirt,", "Tröja,"), encoding=encoding)))[0][
        "title"
    ] == ("Tröja")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_delimiter_is_found_in_the_header(feed, delimiter: str):
    lines = (line.replace(",", delimiter) for line in (HEADER, SHIRT))
    assert [row["item"] for row in items(pages(feed(*lines)))] == ["SKU-1"]


def test_columns_are_told_apart_by_their_names(feed):
    header = "price,brand,available,category,image,link,title,item"
    (row,) = items(pages(feed(header, "1.00,Acme,false,C,I,L,T,SKU-9")))
    assert (row["item"], row["price_minor"], row["available"]) == ("SKU-9", 100, False)


def test_quotes_delimiters_and_line_breaks_may_stand_in_a_cell(feed):
    (row,) = items(pages(feed(HEADER, SHIRT.replace("Shirt,", '"A ""shirt"",\n blue",'))))
    assert row["title"] == 'A "shirt", blue'


def test_texts_are_plain_and_the_item_is_as_it_stands(feed):
    (row,) = items(pages(feed(HEADER, " SKU-1,Tr&ouml;ja  bl&aring;,L,I,C,TRUE,1")))
    assert (row["item"], row["title"]) == (" SKU-1", "Tröja blå")


def test_the_reference_price_is_read_where_the_feed_has_it(feed):
    rows = items(pages(feed(f"{HEADER},msrp", f"{SHIRT},250", f"{SHIRT},")))
    assert [row["msrp_minor"] for row in rows] == [25000, None]


def test_the_stock_column_is_the_one_that_the_settings_name(feed):
    (row,) = items(pages(feed(f"{HEADER},c_stock", f"{SHIRT},7"), STOCKED))
    assert row["stock"] == 7


def test_the_collection_column_is_the_one_that_the_settings_name(feed):
    named = Reading("SEK", 2, {"collection_column": "c_line"})
    (row,) = items(pages(feed(f"{HEADER},c_line", f"{SHIRT},Arkiv &amp; Outlet"), named))
    assert row["collection"] == "Arkiv & Outlet"


def test_an_item_that_stands_twice_is_two_rows(feed):
    assert len(items(pages(feed(HEADER, SHIRT, SHIRT)))) == 2


def test_localised_cells_become_rows_of_their_own(feed):
    found = pages(feed(f"{HEADER},title_sv,price_en_GB", f"{SHIRT},Skjorta,17.50", f"{SHIRT},,"))
    assert table(found, "emarsys_item_locale") == [
        {"item": "SKU-1", "locale": "sv", "name": "title", "value": "Skjorta"},
        {"item": "SKU-1", "locale": "en_GB", "name": "price", "value": "17.50"},
    ]


@pytest.mark.parametrize("header", ["zoom_image", "c_title_sv", "group_id", "title_"])
def test_another_column_is_no_locale(feed, header: str):
    assert table(pages(feed(f"{HEADER},{header}", f"{SHIRT},x")), "emarsys_item_locale") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",T,L,I,C,true,1", "the item has no id"),
        ("S,T,L,I,C,maybe,1", "available is neither true nor false"),
        ("S,T,L,I,C,true,", "the item has no price"),
        ('S,T,L,I,C,true,"1,50"', "price is no number that can be read"),
        ("S,T,L,I,C,true,NaN", "price is no number that can be read"),
        ("S,T,L,I,C,true,1_000", "price is no number that can be read"),
        ("S,T,L,I,C,true,9999999999999999", "price is no number that can be read"),
        ("S,T,L,I,C,true", "the row has another number of columns"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_alone(feed, row: str, reason: str):
    found = pages(feed(HEADER, row, SHIRT))
    assert asides(found) == [reason]
    assert [one["item"] for one in items(found)] == ["SKU-1"]
    assert sum(page.rows for page in found) == 2


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_required_column_that_is_missing_is_named(feed, column: str):
    header = HEADER.replace(column, "x", 1)
    with pytest.raises(ConfigError, match=f"emarsys.catalogue.feed: .* no column {column}\\."):
        pages(feed(header, SHIRT))


def test_a_stock_column_that_is_missing_is_named(feed):
    with pytest.raises(ConfigError, match=r"catalogue\.stock_column: .* no column c_stock"):
        pages(feed(HEADER, SHIRT), STOCKED)


def test_a_column_that_stands_twice_is_refused(feed):
    with pytest.raises(ConfigError, match="has the column price twice"):
        pages(feed(f"{HEADER},price", f"{SHIRT},1"))


def test_an_empty_file_is_an_incomplete_feed(feed):
    with pytest.raises(IncompleteSnapshotError, match="the catalogue feed is empty"):
        pages(feed(""))


def test_a_feed_without_rows_is_an_empty_catalogue(feed):
    assert items(pages(feed(HEADER, ""))) == []


def test_a_quote_that_is_never_closed_loses_no_row_in_silence(feed):
    with pytest.raises(IncompleteSnapshotError, match="no CSV file from some row on"):
        pages(feed(HEADER, SHIRT, 'SKU-2,"Shirt,L,I,C,true,1', SHIRT, SHIRT))


def test_the_feed_is_as_old_as_its_file(feed):
    path = feed(HEADER, SHIRT)
    os.utime(path, (1_772_000_000, 1_772_000_000))
    written_at = datetime.fromtimestamp(1_772_000_000, UTC).replace(tzinfo=None)
    assert table(pages(path), "emarsys_feed") == [{"written_at": written_at}]


def test_a_file_that_is_rewritten_meanwhile_is_incomplete(feed):
    path = feed(HEADER, SHIRT)
    with closing(feed_client()) as http:
        reading = read_catalogue(path, http, SEK)
        next(reading)
        os.utime(path, (1, 1))
        with pytest.raises(IncompleteSnapshotError, match="rewritten while it was read"):
            list(reading)


def test_a_file_that_is_not_there_is_named_by_its_setting(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"emarsys\.catalogue\.feed: the file cannot be opened"):
        pages(str(tmp_path / "none.csv"))


def answer(*lines: str, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, text="\n".join(lines), headers=headers)


def test_a_feed_is_fetched_from_its_address(server):
    server.on(ROUTE, answer(HEADER, SHIRT))
    assert [row["item"] for row in items(pages(URL))] == ["SKU-1"]
    (request,) = server.requests
    assert (request.url.params["token"], "authorization" in request.headers) == ("s3cr3t", False)


@pytest.mark.parametrize(
    ("told", "written_at"),
    [
        ("Sun, 01 Mar 2026 08:00:00 GMT", datetime(2026, 3, 1, 8)),
        ("Sun, 01 Mar 2026 09:00:00 +0100", datetime(2026, 3, 1, 8)),
        ("yesterday", None),
    ],
)
def test_the_feed_is_as_old_as_its_server_says(server, told: str, written_at: datetime | None):
    server.on(ROUTE, answer(HEADER, SHIRT, headers={"Last-Modified": told}))
    assert table(pages(URL), "emarsys_feed") == [{"written_at": written_at}]


def test_a_server_that_does_not_say_leaves_the_age_open(server):
    server.on(ROUTE, answer(HEADER, SHIRT))
    assert table(pages(URL), "emarsys_feed") == [{"written_at": None}]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_feed_that_is_refused_is_named_without_its_address(server, status: int):
    server.on(ROUTE, answer(status=status))
    with pytest.raises(RefusedError, match=rf"catalogue\.feed: .* HTTP {status}") as caught:
        pages(URL)
    assert "s3cr3t" not in str(caught.value)


def test_a_redirect_is_never_followed(server):
    server.on(ROUTE, answer(status=302, headers={"Location": "https://evil.example/"}))
    with pytest.raises(RefusedError, match=r"set emarsys\.catalogue\.feed to the final address"):
        pages(URL)


def test_a_server_that_is_down_for_a_moment_is_asked_again(server):
    server.on(ROUTE, answer(status=503), answer(HEADER, SHIRT))
    assert len(items(pages(URL))) == 1


def test_a_download_that_breaks_off_is_begun_anew(server):
    def cut(_request: httpx.Request) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield HEADER.encode()
            raise httpx.RemoteProtocolError("cut")

        return httpx.Response(200, content=pieces())

    server.on(ROUTE, cut, answer(HEADER, SHIRT))
    assert len(items(pages(URL))) == 1


def test_a_download_that_always_breaks_off_is_a_passing_fault(server):
    def cut(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("cut")

    server.on(ROUTE, cut)
    with pytest.raises(TransientReadError, match="The catalogue feed"):
        pages(URL)


def peak_bytes(path: str) -> int:
    with closing(feed_client()) as http:
        tracemalloc.start()
        for _ in read_catalogue(path, http, SEK):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_feed(feed, monkeypatch):
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 64 * 1024)
    small = peak_bytes(feed(HEADER, *(SHIRT for _ in range(15_000))))
    large = peak_bytes(feed(HEADER, *(SHIRT for _ in range(60_000))))
    assert large < 2.5 * small


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0&\ufeff"), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, st.booleans(), st.integers(-(10**9), 10**9)), max_size=5))
def test_every_row_that_is_written_is_read(tmp_path_factory, rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER.split(","))
    for number, (title, available, minor) in enumerate(rows):
        price = Decimal(minor).scaleb(-2)
        writer.writerow([f"S{number}", title, "L", "I", "C", str(available).lower(), f"{price:f}"])
    path = tmp_path_factory.mktemp("feed") / "feed.csv"
    path.write_bytes(out.getvalue().encode())
    read = [
        (row["title"] or "", row["available"], row["price_minor"])
        for row in items(pages(str(path)))
    ]
    assert read == [(" ".join(title.split()), *rest) for title, *rest in rows]


def test_the_stream_is_off_without_a_feed_and_counts_its_requests(server):
    from tests.systems.emarsys.test_streams import streams

    assert streams(server)["catalogue"].off == "emarsys.catalogue is not configured"
    server.on(ROUTE, answer(HEADER, SHIRT))
    stream = streams(server, catalogue=CatalogueFeed(feed=FeedSource(URL)))["catalogue"]
    assert (len(items(list(stream.read()))), stream.requests()) == (1, 1)
