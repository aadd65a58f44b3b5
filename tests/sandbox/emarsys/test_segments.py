"""Segments and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.emarsys.conftest import Site

WAITING = (423, 10003, "The admin already running a segment. Please wait until it is finished.")
MISSING = (404, 10002, "The segment specified does not exist.")


def test_segments_are_listed_with_numeric_ids(site):
    told = [(s["id"], s["name"], s["type"]) for s in site.get("/filter")]
    assert told == [(100, "everyone", "standard"), (101, "some", "standard")]


def test_one_segment_can_be_read(site):
    assert site.get("/filter/101")["name"] == "some"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/filter/9"),
        ("GET", "/filter/9/contacts"),
        ("GET", "/filter/9/contacts/count"),
        ("GET", "/filter/9/contacts/1"),
        ("GET", "/filter/9/delete"),
        ("POST", "/filter/9/runs"),
    ],
)
def test_an_unknown_segment_is_refused(site, method, path):
    assert site.refused(method, path, {}) == MISSING


@pytest.mark.parametrize(("segment", "size"), [(100, 5), (101, 2)])
def test_the_count_is_a_number(site, segment, size):
    assert site.get(f"/filter/{segment}/contacts/count") == size


@pytest.mark.parametrize("path", ["/filter/100/contacts/count", "/filter/100/contacts"])
def test_the_first_call_can_find_the_segment_being_evaluated(make_site, path):
    site = make_site(count_first="evaluating")
    assert site.refused("GET", path) == (202, 10001, "The segment is currently evaluated.")


def test_the_second_call_answers(make_site):
    site = make_site(count_first="evaluating")
    site.call("GET", "/filter/100/contacts/count")
    assert site.get("/filter/100/contacts/count") == 5


def test_members_are_ids(site):
    assert site.get("/filter/101/contacts") == ["1", "3"]


def test_members_can_be_objects(make_site):
    site = make_site(segment_members="objects")
    assert site.get("/filter/101/contacts") == [{"id": "1"}, {"id": "3"}]


def test_members_come_in_pages(site):
    assert site.get("/filter/100/contacts?limit=2&offset=1") == ["2", "3"]


def test_too_large_a_limit_is_refused(site):
    answer = site.refused("GET", "/filter/100/contacts?limit=1000000")
    assert answer == (400, 10001, "Limit must be less than 1000000.")


def test_a_limit_that_is_no_number_is_refused(site):
    answer = site.refused("GET", "/filter/100/contacts?limit=many")
    assert answer == (400, 10001, "Invalid value for limit: many")


@pytest.mark.parametrize(("contact", "expected"), [(1, True), (2, False), (99, False)])
def test_one_contact_can_be_looked_up(site, contact, expected):
    assert site.get(f"/filter/101/contacts/{contact}") is expected


@pytest.mark.parametrize(("contact", "expected"), [(2, True), (99, False)])
def test_everybody_who_exists_is_in_the_segment_of_all(site, contact, expected):
    assert site.get(f"/filter/100/contacts/{contact}") is expected


def test_a_get_deletes_the_segment(site):
    site.get("/filter/101/delete")
    assert [s.id for s in site.account.segments] == [100]


def run(site: Site, segment: int = 101) -> Any:
    return site.post(f"/filter/{segment}/runs", {})["run_id"]


def done(site: Site, segment: int = 101) -> Any:
    number = run(site, segment)
    site.clock.advance(seconds=60)
    return site.get(f"/filter/runs/{number}")["result"]


def test_a_run_starts_waiting(site):
    assert site.post("/filter/101/runs", {})["status"] == "waiting"


def test_a_run_is_done_after_some_polls(site):
    number = run(site)
    told = [site.get(f"/filter/runs/{number}")["status"] for _ in range(3)]
    assert told == ["waiting", "waiting", "done"]


def test_the_number_of_polls_is_an_option(make_site):
    site = make_site(run_polls=0)
    assert site.get(f"/filter/runs/{run(site)}")["status"] == "done"


def test_by_clock_alone_polling_does_not_help(make_site):
    site = make_site(run_polls=None)
    number = run(site)
    told = {site.get(f"/filter/runs/{number}")["status"] for _ in range(5)}
    assert told == {"waiting"}


def test_the_duration_is_an_option(make_site):
    site = make_site(run_polls=None, run_duration_s=10)
    number = run(site)
    site.clock.advance(seconds=10)
    assert site.get(f"/filter/runs/{number}")["status"] == "done"


def test_a_waiting_run_has_no_result(site):
    assert "result" not in site.get(f"/filter/runs/{run(site)}")


def test_a_run_can_fail(make_site):
    site = make_site(run_end="error", run_polls=0)
    number = run(site)
    assert site.get(f"/filter/runs/{number}") == {"run_id": number, "status": "error"}


def test_a_run_counts_contacts_and_opt_ins(site):
    result = done(site, 100)
    assert (result["user_count"], result["opt_in_count"]) == (5, 2)


def test_a_second_run_has_to_wait(site):
    run(site, 100)
    assert site.refused("POST", "/filter/101/runs", {}) == WAITING


def test_a_run_can_follow_a_finished_one(site):
    done(site, 100)
    assert site.call("POST", "/filter/101/runs", {}).status_code == 200


def test_an_unknown_run_is_refused(site):
    answer = site.refused("GET", "/filter/runs/nothing")
    assert answer == (404, 10008, "The segment run specified does not exist.")


def test_the_result_is_a_list_of_the_members(site):
    number = done(site)["contact_list_id"]
    assert site.get(f"/contactlist/{number}/contactIds")["value"] == [1, 3]


def test_the_result_is_not_among_the_lists_of_the_account(site):
    done(site)
    assert [entry["id"] for entry in site.get("/contactlist")] == ["10"]


def test_the_result_cannot_be_read_before_the_end(site):
    finished = done(site)["contact_list_id"]
    run(site)
    assert site.refused("GET", f"/contactlist/{finished + 1}/count")[1] == 3006


def test_the_result_lives_twelve_hours(site):
    number = done(site)["contact_list_id"]
    site.clock.advance(hours=12)
    site.log_in()
    assert site.refused("GET", f"/contactlist/{number}/count")[1] == 3006


def test_its_lifetime_is_an_option(make_site):
    site = make_site(run_list_lifetime_s=90)
    number = done(site)["contact_list_id"]
    site.clock.advance(seconds=29)
    assert site.get(f"/contactlist/{number}/count") == 2
