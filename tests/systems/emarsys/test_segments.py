from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.errors import (
    ConfigError,
    IncompleteSnapshotError,
    SchemaDriftError,
    TransientReadError,
)
from auditor.systems.emarsys.segments import (
    Segment,
    SegmentRun,
    finished_run,
    is_in_segment,
    run_members,
    run_status,
    segment,
    segment_members,
    segment_size,
    segments,
    start_run,
)
from tests.systems.emarsys.fake import failure, ok

if TYPE_CHECKING:
    from auditor.systems.emarsys.client import CoreApi

SEGMENTS = "GET /api/v3/filter"
SEGMENT = "GET /api/v3/filter/7"
COUNT = "GET /api/v3/filter/7/contacts/count"
MEMBERS = "GET /api/v3/filter/7/contacts"
MEMBER = "GET /api/v3/filter/7/contacts/11"
RUN = "POST /api/v3/filter/7/runs"
STATUS = "GET /api/v3/filter/runs/r1"
LIST = "GET /api/v3/contactlist/330/contactIds"
NEXT = "/contactlist/330/contactIds?$skiptoken=2&$top=2"
DONE = {"contact_list_id": 900, "user_count": 3, "opt_in_count": "2", "duration": 5}


def test_segments_are_listed_whatever_their_ids_are_written_as(server, api: CoreApi):
    server.on(SEGMENTS, ok([{"id": 7, "name": "VIP", "type": "standard"}, {"id": "8"}]))
    assert segments(api) == [Segment("7", "VIP", "standard"), Segment("8", "", "")]


def test_a_segment_without_an_id_is_drift(server, api: CoreApi):
    server.on(SEGMENTS, ok([{"name": "VIP"}]))
    with pytest.raises(SchemaDriftError, match="has a segment without an id"):
        segments(api)


def test_one_segment_is_shown(server, api: CoreApi):
    server.on(SEGMENT, ok({"id": "7", "name": "VIP", "type": "combined"}))
    assert segment(api, 7) == Segment("7", "VIP", "combined")


def test_a_segment_that_is_being_evaluated_is_waited_for(server, api: CoreApi):
    server.on(COUNT, failure(202, 10001), failure(202, 10001), ok("12"))
    assert segment_size(api, 7) == 12
    assert len(server.slept) == 2


def test_a_size_that_is_no_number_is_drift(server, api: CoreApi):
    server.on(COUNT, ok([]))
    with pytest.raises(SchemaDriftError, match="is no number"):
        segment_size(api, 7)


@pytest.mark.parametrize(("status", "code"), [(404, 10002), (400, 10001)])
@pytest.mark.parametrize("call", [segment, segment_size, start_run], ids=lambda f: f.__name__)
def test_a_segment_that_nobody_made_is_named(server, api: CoreApi, call, status: int, code: int):
    for route in (SEGMENT, COUNT, RUN):
        server.on(route, failure(status, code))
    with pytest.raises(ConfigError, match="the account has no segment 7"):
        call(api, 7)


def test_members_are_paged_by_what_came_until_nothing_comes(server, api: CoreApi):
    server.on(MEMBERS, ok(["1", 2]), ok([{"id": 3}]), ok([]))
    assert list(segment_members(api, 7)) == [["1", "2"], ["3"]]
    assert [request.url.params["offset"] for request in server.sent(MEMBERS)] == ["0", "2", "3"]


def test_a_page_that_repeats_is_an_incomplete_segment(server, api: CoreApi):
    server.on(MEMBERS, ok([1, 2]))
    with pytest.raises(IncompleteSnapshotError, match="a page without anybody new"):
        list(segment_members(api, 7))


def test_pages_that_take_turns_are_an_incomplete_segment(server, api: CoreApi):
    server.on(MEMBERS, ok([1]), ok([2]), ok([1]))
    with pytest.raises(IncompleteSnapshotError, match="a page without anybody new"):
        list(segment_members(api, 7))


def test_a_member_that_comes_twice_does_not_stand_for_one_that_was_lost(server, api: CoreApi):
    server.on(COUNT, ok(4))
    server.on(MEMBERS, ok([1, 2]), ok([2, 3]), ok([]))
    with pytest.raises(IncompleteSnapshotError, match="the segment held 3 rows of 4"):
        list(segment_members(api, 7))


def test_a_member_that_comes_twice_is_given_once(server, api: CoreApi):
    server.on(COUNT, ok(3))
    server.on(MEMBERS, ok([1, 2]), ok([2, 3]), ok([]))
    assert [one for ids in segment_members(api, 7) for one in ids] == ["1", "2", "3"]


def test_a_run_whose_list_repeats_a_member_lacks_another(server, api: CoreApi):
    server.on(LIST, ok({"value": [1, 2], "next": NEXT}), ok({"value": [2, 3], "next": None}))
    with pytest.raises(IncompleteSnapshotError, match="the segment run held 3 rows of 4"):
        list(run_members(api, SegmentRun("r1", "done", "330", members=4)))


@pytest.mark.parametrize("data", [{"a": 1}, [None], [{"name": 1}], 7], ids=repr)
def test_members_of_another_shape_are_drift(server, api: CoreApi, data: object):
    server.on(MEMBERS, ok(data))
    with pytest.raises(SchemaDriftError, match="is no list of contacts"):
        list(segment_members(api, 7))


def test_an_id_of_thousands_of_digits_is_an_id_like_any_other(server, api: CoreApi):
    server.on(COUNT, ok(1))
    server.on(MEMBERS, ok(["9" * 5000]), ok([]))
    assert [len(ids) for ids in segment_members(api, 7)] == [1]


@pytest.mark.parametrize("answer", [True, False])
def test_one_contact_is_in_a_segment_or_not(server, api: CoreApi, answer: bool):
    server.on(MEMBER, ok(answer))
    assert is_in_segment(api, 7, 11) is answer


def test_a_membership_that_is_not_told_is_drift(server, api: CoreApi):
    server.on(MEMBER, ok(""))
    with pytest.raises(SchemaDriftError, match="neither true nor false"):
        is_in_segment(api, 7, 11)


def test_a_run_waits_for_the_one_that_is_under_way(server, api: CoreApi):
    server.on(RUN, failure(423, 10003), failure(423, 10003), ok({"run_id": "r1"}))
    assert start_run(api, 7) == "r1"
    assert len(server.slept) == 2


def test_a_run_without_an_id_is_drift(server, api: CoreApi):
    server.on(RUN, ok({"status": "waiting"}))
    with pytest.raises(SchemaDriftError, match="has no run id"):
        start_run(api, 7)


def test_a_run_is_polled_until_it_is_done(server, api: CoreApi):
    waiting = ok({"run_id": "r1", "status": "waiting"})
    server.on(STATUS, waiting, waiting, ok({"run_id": "r1", "status": "done", "result": DONE}))
    assert finished_run(api, "r1") == SegmentRun("r1", "done", "900", 3, 2)
    assert len(server.slept) == 2


def test_the_state_of_a_run_can_be_asked_for_once(server, api: CoreApi):
    server.on(STATUS, ok({"run_id": "r1", "status": "waiting"}))
    assert run_status(api, "r1") == SegmentRun("r1", "waiting")
    assert server.slept == []


def test_a_run_that_failed_in_emarsys_may_be_tried_again(server, api: CoreApi):
    server.on(STATUS, ok({"run_id": "r1", "status": "error"}))
    with pytest.raises(TransientReadError, match="failed in Emarsys"):
        finished_run(api, "r1")


def test_a_run_that_never_ends_is_given_up(server, api: CoreApi):
    server.on(STATUS, ok({"run_id": "r1", "status": "waiting"}))
    with pytest.raises(TransientReadError, match="does not get ready"):
        finished_run(api, "r1")
    assert sum(server.slept) >= 6 * 3600


def test_a_run_that_is_not_known_any_more_says_so(server, api: CoreApi):
    server.on(STATUS, failure(404, 10008))
    with pytest.raises(ConfigError, match="start another"):
        finished_run(api, "r1")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({"status": "paused"}, "a state that the auditor does not know"),
        ({"status": "done", "result": {}}, "has no list"),
        ({"status": "done"}, "has no list"),
    ],
)
def test_a_run_of_another_shape_is_drift(server, api: CoreApi, data: object, what: str):
    server.on(STATUS, ok(data))
    with pytest.raises(SchemaDriftError, match=what):
        finished_run(api, "r1")
