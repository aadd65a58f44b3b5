"""The quarantine list, over a real socket."""

from __future__ import annotations

import pytest

from auditor.errors import ConfigError
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.systems.emarsys.writing.quarantine import (
    Members,
    add_to_quarantine,
    member_batches,
    take_off_quarantine,
)
from auditor.systems.emarsys.writing.results import RowResult
from tests.systems.emarsys.writing.conftest import running


def add(live, *keys: str, key_id: str = "id"):
    return add_to_quarantine(live.reader, live.api, Members(keys, key_id))


def take_off(live, *keys: str):
    return take_off_quarantine(live.reader, live.api, Members(keys))


def test_a_missing_list_is_made_and_filled(live):
    assert add(live, "1", "3") == (RowResult("1", "done"), RowResult("3", "done"))
    assert live.members() == [1, 3]


def test_a_list_is_made_once(one):
    add(one, "1")
    add(one, "2")
    assert one.sent("POST", "/contactlist") == 1
    assert one.members() == [1, 2]


def test_who_is_on_the_list_already_counts_as_done(one):
    add(one, "1")
    assert [r.state for r in add(one, "1", "2")] == ["done", "done"]


def test_a_contact_that_does_not_exist_is_its_own_failure(live):
    results = add(live, "99", "1")
    assert results == (RowResult("99", "not_found", 2008), RowResult("1", "done"))


def test_members_are_named_by_any_key(one):
    add(one, "C2", key_id="4711")
    assert one.members() == [2]


def test_contacts_are_taken_off(live):
    add(live, "1", "2")
    assert take_off(live, "1") == (RowResult("1", "done"),)
    assert live.members() == [2]


def test_taking_off_leaves_other_lists_alone(one):
    add(one, "1")
    take_off(one, "1")
    assert one.members("newsletter") == [1, 2]


def test_without_a_list_nobody_is_on_it(one):
    assert take_off(one, "1") == (RowResult("1", "done"),)
    assert one.members() is None


@pytest.mark.parametrize("status", [400, 500])
def test_a_list_that_somebody_else_makes_meanwhile_is_used(make_live, status):
    live = make_live(list_error_status=status)
    body = b'{"replyCode":0,"data":[]}'
    live.fail("/api/v3/contactlist?", status=200, body=body)
    live.account.lists[0].name = "audit-quarantine"
    assert add(live, "3")[0].state == "done"
    assert live.members() == [1, 2, 3]


@pytest.mark.parametrize("status", [400, 500])
def test_a_list_that_is_gone_meanwhile_is_a_failure_and_not_retried(make_live, status):
    live = make_live(list_error_status=status)
    body = b'{"replyCode":0,"data":[{"id":"77","name":"audit-quarantine"}]}'
    live.fail("/api/v3/contactlist?", status=200, body=body)
    assert add(live, "1") == (RowResult("1", "failed", 3004),)
    assert live.sent("POST", "/add") == 1


def test_a_cut_answer_is_asked_for_again(one):
    one.fail("/add", kind="cut")
    assert add(one, "1")[0].state == "done"


def test_a_fault_that_stays_leaves_the_rows_unknown(one):
    one.fail("/add", kind="cut", times=None)
    assert add(one, "1")[0].state == "unknown"


def test_without_a_name_in_the_settings_there_is_no_quarantine():
    with (
        running(EmarsysOptions(), quarantine_list=None) as live,
        pytest.raises(ConfigError, match="quarantine_list"),
    ):
        add(live, "1")


def test_no_call_holds_more_than_10000_members():
    batches = list(member_batches(str(number) for number in range(10_001)))
    assert [len(members.keys) for members in batches] == [10_000, 1]


def test_a_contact_is_named_once():
    assert list(member_batches(["1", "2", "1"])) == [Members(("1", "2"))]


@pytest.mark.parametrize(("made", "state"), [(b'{"id": 10}', "done"), (b'""', "not_taken")])
def test_a_list_that_shows_only_later_is_filled_by_the_id_it_was_given(one, made, state):
    one.fail('"external_ids":[]', status=200, body=b'{"replyCode":0,"data":' + made + b"}")
    one.fail("/api/v3/contactlist?", status=200, body=b'{"replyCode":0,"data":[]}', times=2)
    assert [r.state for r in add(one, "3")] == [state]
