from __future__ import annotations

from contextlib import closing

import httpx
import pytest

from auditor.config.systems import READING_CALLS
from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    ReadError,
    RefusedError,
    SchemaDriftError,
    TransientReadError,
)
from auditor.systems.emarsys.client import (
    CoreApi,
    api_opener,
    pauses,
    rate_wait_s,
    require_all,
    spare_wait_s,
    unless_refused,
)
from auditor.systems.emarsys.envelope import Endpoint
from auditor.systems.emarsys.events import event_names
from tests.systems.emarsys.fake import NOW, FakeClock, emarsys_settings, failure, ok
from tests.systems.emarsys.writing.test_reading_cannot_write import endpoints

SIZE = Endpoint("GET", "filter/{}/contacts/count", "segment.contact.count")
FILE = Endpoint("GET", "export/{}/data", "export.download", frozenset({(404, 4005)}))
SIZE_ROUTE = "GET /api/v3/filter/7/contacts/count"
FILE_ROUTE = "GET /api/v3/export/9/data"


def test_a_get_says_that_it_is_json_too(server, api: CoreApi):
    server.on(SIZE_ROUTE, ok(5))
    assert api.call(SIZE, 7) == 5
    assert server.sent(SIZE_ROUTE)[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(("status", "code"), [(202, 10001), (423, 10003), (400, 2001)])
def test_an_answer_that_is_not_ready_is_asked_for_again(
    server, api: CoreApi, status: int, code: int
):
    server.on(SIZE_ROUTE, failure(status, code), failure(status, code), ok(5))
    assert api.call(SIZE, 7) == 5
    assert len(server.slept) == 2


def test_pauses_grow_up_to_a_limit():
    waits = list(pauses(600))
    assert waits == sorted(waits)
    assert (waits[0] < 1, waits[-1], 600 <= sum(waits) <= 630) == (True, 30.0, True)


def test_an_answer_that_never_gets_ready_is_a_passing_fault(server, api: CoreApi):
    server.on(SIZE_ROUTE, failure(202, 10001))
    with pytest.raises(TransientReadError, match="contacts/count does not get ready"):
        api.call(SIZE, 7, patience_s=60)
    assert sum(server.slept) >= 60


def test_a_server_error_is_tried_again(server, api: CoreApi):
    server.on(SIZE_ROUTE, failure(500, 1), failure(503, None), ok(5))
    assert api.call(SIZE, 7) == 5


def test_an_id_cannot_leave_its_place_in_the_path(server, api: CoreApi):
    with pytest.raises(RefusedError):
        api.call(SIZE, "7/delete?x=")
    assert server.requests[-1].url.raw_path == b"/api/v3/filter/7%2Fdelete%3Fx%3D/contacts/count"


def test_only_the_endpoint_that_may_be_elsewhere_is_asked_for_under_v2(server, api: CoreApi):
    moved = Endpoint("GET", "contactlist/{}/contactIds", "x", has_v2_path=True)
    server.on("GET /api/v2/contactlist/7/contactIds", ok({"value": []}))
    server.on("GET /api/v2/filter/7/contacts/count", ok(5))
    assert api.call(moved, 7) == {"value": []}
    with pytest.raises(RefusedError, match=r"check emarsys\.url"):
        api.call(SIZE, 7)


def test_a_call_can_be_given_a_version_of_its_own(server, clock: FakeClock):
    settings = emarsys_settings(versions={"segment.contact.count": "v2"})
    server.on("GET /api/v2/filter/7/contacts/count", ok(5))
    server.on("GET /api/v3/event/", ok([]))
    with closing(api_opener(settings, clock=clock, sleep=server.sleep)()) as api:
        assert (api.call(SIZE, 7), event_names(api)) == (5, {})


def test_every_call_that_reads_can_be_given_one():
    assert sorted(one.permission for one in endpoints()) == sorted(READING_CALLS)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 403])
def test_the_id_of_a_request_that_failed_is_logged(server, api: CoreApi, caplog, status: int):
    answer = failure(status, None)
    answer.headers["X-Emarsys-Request-Id"] = "r-17"
    server.on(SIZE_ROUTE, answer)
    with pytest.raises(ReadError):
        api.call(SIZE, 7)
    assert "request id r-17" in caplog.text


def test_a_download_waits_until_the_file_is_there(server, api: CoreApi):
    server.on(FILE_ROUTE, failure(404, 4005), httpx.Response(200, content=b"a,b\n"))
    with api.download(FILE, 9) as pieces:
        assert b"".join(pieces) == b"a,b\n"
    assert len(server.slept) == 1


def test_a_download_that_is_refused_is_judged_like_a_call(server, api: CoreApi):
    server.on(FILE_ROUTE, failure(403, None))
    with pytest.raises(RefusedError, match=r"permission export\.download"), api.download(FILE, 9):
        pass


def test_a_download_of_another_status_is_drift(server, api: CoreApi):
    server.on(FILE_ROUTE, failure(404, 4004))
    with pytest.raises(SchemaDriftError, match="reply code 4004"), api.download(FILE, 9):
        pass


def test_a_download_that_never_gets_ready_is_a_passing_fault(server, api: CoreApi):
    server.on(FILE_ROUTE, failure(404, 4005))
    with pytest.raises(TransientReadError, match="does not get ready"), api.download(FILE, 9):
        pass


def limited(reset: str | None) -> httpx.Response:
    return httpx.Response(429, headers={} if reset is None else {"X-RateLimit-Reset": reset})


@pytest.mark.parametrize(
    ("reset", "wait_s"),
    [
        (str(int(NOW.timestamp()) + 20), 20.0),
        (None, 60.0),
        ("soon", 60.0),
        (str(int(NOW.timestamp()) - 300), 60.0),
        (str(int(NOW.timestamp()) + 3000), 60.0),
    ],
    ids=["until-reset", "no-header", "no-number", "past", "far"],
)
def test_a_rate_limit_is_waited_out(reset: str | None, wait_s: float):
    assert rate_wait_s(limited(reset), FakeClock()) == wait_s


@pytest.mark.parametrize(
    ("remaining", "reset_s", "wait_s"),
    [
        ("21", 20, 0.0),
        ("20", 20, 20.0),
        ("0", 20, 20.0),
        ("0", -5, 0.0),
        ("0", 3000, 0.0),
        ("", 20, 0.0),
    ],
)
def test_the_last_of_the_rate_is_left_to_others(remaining: str, reset_s: int, wait_s: float):
    left = {"X-RateLimit-Limit": "1000", "X-Ratelimit-Remaining": remaining}
    reset = {"X-RateLimit-Reset": str(int(NOW.timestamp()) + reset_s)}
    assert spare_wait_s(httpx.Response(200, headers={**left, **reset}), FakeClock()) == wait_s


def test_a_call_waits_for_the_next_window_where_the_rate_is_nearly_used(server, api: CoreApi):
    scarce = ok(5)
    scarce.headers.update(
        {
            "X-RateLimit-Limit": "1000",
            "X-RateLimit-Remaining": "3",
            "X-RateLimit-Reset": str(int(NOW.timestamp()) + 20),
        }
    )
    server.on(SIZE_ROUTE, scarce, ok(5))
    for _ in range(3):
        api.call(SIZE, 7)
    assert server.slept == [20.0]


def test_an_overloaded_server_names_no_pause():
    assert rate_wait_s(httpx.Response(503), FakeClock()) is None


def test_a_request_over_the_rate_is_sent_again(server, api: CoreApi):
    server.on(SIZE_ROUTE, failure(429, 7003), ok(5))
    assert api.call(SIZE, 7) == 5


def test_plain_http_is_refused_for_the_api(clock: FakeClock, server):
    with pytest.raises(ConfigError, match=r"emarsys\.url: plain http is refused"):
        api_opener(emarsys_settings(url="http://api.example/v3"), clock=clock, sleep=server.sleep)


def test_a_count_without_permission_is_no_count():
    def refused() -> int:
        raise RefusedError("no")

    assert unless_refused(refused) is None
    assert unless_refused(lambda: 3) == 3


@pytest.mark.parametrize(
    ("read", "before", "after"),
    [(10, 10, 10), (10, 9, 12), (12, 10, 10), (3, None, 10), (3, 10, None), (10, 12, 10)],
)
def test_enough_rows_are_complete(read: int, before: int | None, after: int | None):
    require_all("the export", read, before, after)


def test_missing_rows_are_incomplete():
    with pytest.raises(IncompleteSnapshotError, match="the export held 9 rows of 10"):
        require_all("the export", 9, 12, 10)
