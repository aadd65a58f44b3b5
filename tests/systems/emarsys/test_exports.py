from __future__ import annotations

import io
from typing import TYPE_CHECKING

import httpx
import pytest

from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    SchemaDriftError,
    TransientReadError,
)
from auditor.systems.emarsys.exports import (
    Audience,
    audience_size,
    download_export,
    start_export,
    wait_for_export,
)
from tests.systems.emarsys.fake import body_of, failure, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.systems.emarsys.client import CoreApi

SEGMENT = Audience("segment", 100001)
LIST = Audience("list", 330)
OF_SEGMENT = "POST /api/v3/export/filter"
OF_LIST = "POST /api/v3/email/getcontacts"
STATUS = "GET /api/v3/export/98"
DATA = "GET /api/v3/export/98/data"


def test_a_segment_is_exported_for_download(server, api: CoreApi):
    server.on(OF_SEGMENT, ok({"id": 98}))
    assert start_export(api, SEGMENT, [4711, 3, 31]) == "98"
    assert body_of(server.sent(OF_SEGMENT)[0]) == {
        "distribution_method": "local",
        "filter": 100001,
        "contact_fields": [4711, 3, 31],
        "delimiter": ",",
        "add_field_names_header": 1,
        "language": "en",
    }


def test_a_list_is_exported_by_its_own_call(server, api: CoreApi):
    server.on(OF_LIST, ok({"id": "98"}))
    assert start_export(api, LIST, [3]) == "98"
    assert body_of(server.sent(OF_LIST)[0])["contactlist"] == 330


def test_an_identical_export_is_waited_for(server, api: CoreApi):
    server.on(OF_SEGMENT, failure(400, 4001), failure(400, 4001), ok({"id": 99}))
    assert start_export(api, SEGMENT, [3]) == "99"
    assert len(server.slept) == 2
    assert server.slept == sorted(server.slept)


@pytest.mark.parametrize(
    ("audience", "status", "code"),
    [
        (SEGMENT, 404, 10002),
        (SEGMENT, 400, 10001),
        (LIST, 404, 3006),
        (LIST, 400, 3006),
        (LIST, 400, 3004),
        (LIST, 500, 3004),
    ],
    ids=str,
)
def test_an_audience_that_is_not_there_names_the_setting(
    server, api: CoreApi, audience: Audience, status: int, code: int
):
    server.on(OF_SEGMENT, failure(status, code))
    server.on(OF_LIST, failure(status, code))
    sentence = (
        rf"emarsys\.contacts\.{audience.kind}: the account has no {audience.kind} {audience.id}\."
    )
    with pytest.raises(ConfigError, match=sentence):
        start_export(api, audience, [3])


def test_an_export_without_an_id_is_drift(server, api: CoreApi):
    server.on(OF_SEGMENT, ok(""))
    with pytest.raises(SchemaDriftError, match="export/filter has no export id"):
        start_export(api, SEGMENT, [3])


@pytest.mark.parametrize("end", ["ready", "done"])
def test_an_export_is_waited_for_through_its_states(server, api: CoreApi, end: str):
    states = ["scheduled", "in progress", "in progress", end]
    server.on(STATUS, *(ok({"id": "98", "status": s, "file_name": None}) for s in states))
    wait_for_export(api, "98")
    assert len(server.slept) == 3
    assert server.slept == sorted(server.slept)


def test_an_export_that_fails_in_emarsys_is_a_passing_fault(server, api: CoreApi):
    server.on(STATUS, ok({"id": "98", "status": "error"}))
    with pytest.raises(TransientReadError, match="failed in Emarsys"):
        wait_for_export(api, "98")


def test_an_unknown_state_is_drift(server, api: CoreApi):
    server.on(STATUS, ok({"id": "98", "status": "parked"}))
    with pytest.raises(SchemaDriftError, match="a state that the auditor does not know"):
        wait_for_export(api, "98")


def test_an_export_that_takes_hours_is_given_up(server, api: CoreApi):
    server.on(STATUS, ok({"id": "98", "status": "in progress"}))
    with pytest.raises(TransientReadError, match="export does not get ready"):
        wait_for_export(api, "98")
    assert sum(server.slept) >= 7200


def test_the_file_is_downloaded_and_rewound(server, api: CoreApi):
    server.on(DATA, httpx.Response(200, content=b"a,b\n1,2\n"))
    file = io.BytesIO()
    download_export(api, "98", file)
    assert file.read() == b"a,b\n1,2\n"


def cut(_: httpx.Request) -> httpx.Response:
    def half() -> Iterator[bytes]:
        yield b"a,b\n1,2\n3,"
        raise httpx.RemoteProtocolError("peer closed connection")

    return httpx.Response(200, content=half())


def test_a_download_that_breaks_off_is_begun_anew(server, api: CoreApi):
    server.on(DATA, cut, httpx.Response(200, content=b"a,b\n1,2\n"))
    file = io.BytesIO()
    download_export(api, "98", file)
    assert file.read() == b"a,b\n1,2\n"


def test_a_download_that_keeps_breaking_off_is_a_passing_fault(server, api: CoreApi):
    server.on(DATA, cut)
    with pytest.raises(TransientReadError, match="cut short"):
        download_export(api, "98", io.BytesIO())
    assert len(server.sent(DATA)) == 3


def test_a_file_that_is_gone_is_not_asked_for_again(server, api: CoreApi):
    server.on(DATA, failure(410, 4003))
    with pytest.raises(IncompleteSnapshotError, match="does not keep the exported file"):
        download_export(api, "98", io.BytesIO())
    assert len(server.sent(DATA)) == 1


def test_the_size_of_a_segment_is_waited_for(server, api: CoreApi):
    server.on("GET /api/v3/filter/100001/contacts/count", failure(202, 10001), ok(17))
    assert audience_size(api, SEGMENT) == 17


def test_a_size_that_takes_long_is_done_without(server, api: CoreApi):
    server.on("GET /api/v3/filter/100001/contacts/count", failure(202, 10001))
    assert audience_size(api, SEGMENT) is None


def test_the_size_of_a_list_is_its_member_count(server, api: CoreApi):
    server.on("GET /api/v3/contactlist/330/count", ok(17))
    assert audience_size(api, LIST) == 17
