from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from auditor.config.audiences import Audience, OrderCount, Rule
from auditor.config.systems import OpenData as OpenDataSettings
from auditor.config.values import StoreUrl
from auditor.errors import ConfigError, IncompleteSnapshotError
from auditor.model.tables import STREAM_TABLES
from auditor.systems.emarsys.streams import emarsys_streams
from tests.systems.emarsys.fake import (
    URL,
    ContactBase,
    FakeClock,
    FakeEmarsys,
    brand_settings,
    failure,
    ok,
)
from tests.systems.emarsys.views import ACCOUNT, make_views

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.stream import Stream

LISTS = "GET /api/v3/contactlist"
COUNT = "GET /api/v3/contactlist/330/count"
MEMBERS = "GET /api/v3/contactlist/330/contactIds"
EVENTS = "GET /api/v3/event/"


def streams(server: FakeEmarsys, **parts: Any) -> dict[str, Stream]:
    found = emarsys_streams(
        brand_settings(**parts),
        since=date(2026, 1, 10),
        account_currency="SEK",
        clock=FakeClock(),
        sleep=server.sleep,
    )
    return {stream.name: stream for stream in found}


def rows(stream: Stream) -> list[dict[str, Any]]:
    return [
        row for page in stream.read() for table in page.tables.values() for row in table.to_pylist()
    ]


def test_every_emarsys_stream_fills_its_own_table(server):
    names = [
        name for name, tables in STREAM_TABLES.items() if tables[0].name.startswith("emarsys_")
    ]
    found = streams(server)
    assert sorted(found) == sorted(names)
    assert {stream.system for stream in found.values()} == {"emarsys"}


def test_building_the_streams_sends_nothing(server):
    streams(server)
    assert server.requests == []


def test_what_is_not_configured_is_off_with_a_reason(server):
    found = streams(server, quarantine_list=None)
    assert found["quarantine"].off == "emarsys.quarantine_list is not configured"
    for name in ("sales", "si_contacts", "unsubscribes", "external_events"):
        assert found[name].off == "emarsys.open_data is not configured"
    assert list(found["sales"].read()) == []


def test_contacts_come_from_the_segment(server):
    contact: dict[str, str | None] = {"4711": "C1", "3": "a@example.com", "31": "1"}
    ContactBase({"11": contact}).serve(server)
    assert [row["contact_id"] for row in rows(streams(server)["contacts"])] == ["11"]


def test_the_quarantine_list_is_read_by_its_name(server):
    server.on(LISTS, ok([{"id": "330", "name": "audit-quarantine"}]))
    server.on(COUNT, ok(2))
    server.on(MEMBERS, ok({"value": [11, "12"], "next": None}))
    assert rows(streams(server)["quarantine"]) == [{"contact_id": "11"}, {"contact_id": "12"}]


def test_a_quarantine_list_that_nobody_made_is_complete_and_empty(server):
    server.on(LISTS, ok([{"id": "1", "name": "vip"}]))
    (page,) = streams(server)["quarantine"].read()
    assert (page.rows, page.total, page.tables["emarsys_quarantine"].num_rows) == (0, 0, 0)


def test_a_quarantine_list_that_lacks_members_is_incomplete(server):
    server.on(LISTS, ok([{"id": "330", "name": "audit-quarantine"}]))
    server.on(COUNT, ok(3))
    server.on(MEMBERS, ok({"value": [11, 12], "next": None}))
    with pytest.raises(IncompleteSnapshotError, match="the quarantine list held 2 rows of 3"):
        rows(streams(server)["quarantine"])


def test_a_contact_that_comes_twice_does_not_hide_one_that_is_not_told(server):
    following = "/contactlist/330/contactIds?$skiptoken=12&$top=2"
    server.on(LISTS, ok([{"id": "330", "name": "audit-quarantine"}]))
    server.on(COUNT, ok(4))
    server.on(
        MEMBERS, ok({"value": [11, 12], "next": following}), ok({"value": [12, 13], "next": None})
    )
    with pytest.raises(IncompleteSnapshotError, match="the quarantine list held 3 rows of 4"):
        rows(streams(server)["quarantine"])


def test_a_quarantine_list_that_may_not_be_counted_is_read(server):
    server.on(LISTS, ok([{"id": "330", "name": "audit-quarantine"}]))
    server.on(COUNT, failure(403, None))
    server.on(MEMBERS, ok({"value": [11], "next": None}))
    assert rows(streams(server)["quarantine"]) == [{"contact_id": "11"}]


def test_event_definitions_are_read(server):
    server.on(EVENTS, ok([{"id": 901, "name": "order_shipped"}]))
    assert rows(streams(server)["event_definitions"]) == [
        {"event_type_id": "901", "name": "order_shipped", "usages": None}
    ]


@pytest.mark.parametrize(
    ("answer", "usages"),
    [
        (ok({"program_ids": ["1"], "email_ids": ["2"], "interactions_program_ids": []}), 2),
        (ok({"program_ids": [], "email_ids": [], "interactions_program_ids": []}), 0),
        (failure(403, None), None),
    ],
    ids=["used", "dead", "not told"],
)
def test_a_configured_event_tells_how_much_listens_to_it(answer, usages: int | None, server):
    server.on(EVENTS, ok([{"id": 901, "name": "order_shipped"}, {"id": 902, "name": "other"}]))
    server.on("GET /api/v3/event/901/usages", answer)
    found = rows(streams(server, events={"shipped": "order_shipped"})["event_definitions"])
    assert [row["usages"] for row in found] == [usages, None]


def test_what_an_event_sets_off_is_left_out_where_it_may_not_be_asked(server):
    server.on(EVENTS, ok([{"id": 901, "name": "order_shipped"}]))
    refused, told = failure(403, None), ok({"program_ids": ["1"]})
    server.on("GET /api/v3/event/901/usages", refused, told)
    stream = streams(server, events={"shipped": "order_shipped"})["event_definitions"]
    rows(stream)
    assert [one.columns for one in stream.dropped()] == [("emarsys_event_definition.usages",)]
    assert "externalevent.usages" in " ".join(stream.notes())
    rows(stream)
    assert (stream.dropped(), stream.notes()) == ((), ())


def test_requests_are_counted_by_stream_and_over_repeated_reads(server):
    server.on(EVENTS, ok([]))
    server.on(LISTS, ok([]))
    found = streams(server)
    rows(found["event_definitions"])
    rows(found["event_definitions"])
    rows(found["quarantine"])
    assert (found["event_definitions"].requests(), found["quarantine"].requests()) == (2, 1)


def test_streams_share_one_token(server):
    server.on(EVENTS, ok([]))
    server.on(LISTS, ok([]))
    found = streams(server)
    rows(found["event_definitions"])
    rows(found["quarantine"])
    assert server.tokens == 1


def test_sales_come_from_open_data(server, tmp_path: Path):
    sale = ("100017", "2026-02-02", 71, 5, "SKU-1", "Shirt", "2026-02-01", "online", 1, 199.0)
    url = make_views(tmp_path, "sqlite", {"si_purchases": [sale]})
    open_data = OpenDataSettings(url=StoreUrl(url), account=ACCOUNT)
    (row,) = rows(streams(server, open_data=open_data)["sales"])
    assert (row["order_number"], row["amount_minor"]) == ("100017", 19900)


def test_an_unknown_account_currency_is_refused(server):
    with pytest.raises(ConfigError, match="'XXX' is no currency"):
        emarsys_streams(
            brand_settings(),
            since=date(2026, 1, 1),
            account_currency="XXX",
            clock=FakeClock(),
            sleep=server.sleep,
        )


def test_no_stream_writes(server):
    ContactBase({"11": {"4711": "C1", "3": "a@example.com", "31": "1"}}).serve(server)
    server.on(LISTS, ok([]))
    server.on(EVENTS, ok([]))
    for stream in streams(server).values():
        rows(stream)
    reading = {"contact/checkids", "contact/getdata", "export/filter", "email/getcontacts"}
    posted = {
        str(request.url).removeprefix(f"{URL}/")
        for request in server.requests
        if request.method != "GET" and str(request.url).startswith(URL)
    }
    assert posted <= reading


SIZE = "GET /api/v3/filter/7/contacts/count"
SEGMENT_PAGE = "GET /api/v3/filter/7/contacts"
RUN = "POST /api/v3/filter/7/runs"
RUN_STATUS = "GET /api/v3/filter/runs/r1"
LOYAL = Audience(segment=7, name="Loyal", rule=Rule(order_count=OrderCount(at_least=3)))


def test_without_an_audience_no_segment_is_read(server):
    assert streams(server)["segment_members"].off == "audiences is not configured"


def test_a_segment_of_one_page_is_read_without_a_run(server):
    server.on(SIZE, ok(2))
    server.on(SEGMENT_PAGE, ok([11, "12"]), ok([]))
    members = rows(streams(server, audiences=(LOYAL,))["segment_members"])
    assert members == [
        {"segment_id": "7", "contact_id": "11"},
        {"segment_id": "7", "contact_id": "12"},
    ]


def test_a_larger_segment_is_read_from_the_list_of_a_run(server, monkeypatch):
    monkeypatch.setattr("auditor.systems.emarsys.streams.PAGE", 1)
    server.on(SIZE, ok(2))
    server.on(RUN, failure(423, 10003), ok({"run_id": "r1"}))  # one run at a time: it is waited for
    server.on(RUN_STATUS, ok({"status": "done", "result": {"contact_list_id": 330}}))
    server.on(MEMBERS, ok({"value": [11, 12], "next": None}))
    members = rows(streams(server, audiences=(LOYAL,))["segment_members"])
    assert [row["contact_id"] for row in members] == ["11", "12"]


def test_a_segment_that_lacks_members_is_incomplete(server):
    server.on(SIZE, ok(3))
    server.on(SEGMENT_PAGE, ok([11, 12]), ok([]))
    with pytest.raises(IncompleteSnapshotError, match="the segment held 2 rows of 3"):
        rows(streams(server, audiences=(LOYAL,))["segment_members"])
