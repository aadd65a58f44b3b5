"""Contacts written over a real socket: every row judged, and nothing changed that was not sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import Secret, Wsse
from auditor.errors import ForbiddenWriteError, RefusedError, UnsafePlanError
from auditor.sandbox.emarsys.options import ApiUser, EmarsysOptions
from auditor.systems.emarsys.writing.contacts import (
    ContactBatch,
    ContactWrite,
    contact_batches,
    create_contacts,
    update_contacts,
)
from auditor.systems.emarsys.writing.results import Answer, RowResult, judge_by_ids
from tests.systems.emarsys.writing.conftest import running

PUT = ("PUT", "/contact")


def batch(*writes: tuple[str, dict[int, Any]], key: str = "4711") -> ContactBatch:
    return ContactBatch(key, tuple(ContactWrite(name, fields) for name, fields in writes))


def test_a_field_is_changed(live):
    assert update_contacts(live.api, batch(("C1", {31: 2}))) == (RowResult("C1", "done"),)
    assert str(live.contact(1).values[31]) == "2"


def test_only_what_is_sent_changes(one):
    before = dict(one.contact(1).values)
    update_contacts(one.api, batch(("C1", {1: "Anna"})))
    assert one.contact(1).values == before | {1: "Anna"}


def test_an_empty_value_clears_its_field(one):
    update_contacts(one.api, batch(("C1", {1: None})))
    assert not one.contact(1).values.get(1)


def test_a_contact_is_addressed_by_its_own_id(one):
    update_contacts(one.api, batch(("2", {1: "B"}), key="id"))
    assert one.contact(2).values[1] == "B"


def test_a_change_never_creates(one):
    results = update_contacts(one.api, batch(("C77", {1: "New"})))
    assert results == (RowResult("C77", "not_found", 2008),)
    assert len(one.state.contacts.by_id) == 5


def test_each_row_has_its_own_result(live):
    results = update_contacts(
        live.api, batch(("C77", {1: "x"}), ("C1", {1: "y"}), ("C2", {14: "999"}))
    )
    assert [(r.key, r.state, r.code) for r in results] == [
        ("C77", "not_found", 2008),
        ("C1", "done", None),
        ("C2", "invalid", 2007),
    ]


def test_a_key_that_two_contacts_share_is_ambiguous(one):
    results = update_contacts(one.api, batch(("twin@example.com", {31: 2}), key="3"))
    assert results == (RowResult("twin@example.com", "ambiguous", 2010),)


def test_a_key_field_that_is_none_fails_every_row(live):
    results = update_contacts(live.api, batch(("a", {1: "x"}), ("b", {1: "x"}), key="9999"))
    assert [(r.state, r.code) for r in results] == [("invalid", 2004)] * 2


def test_an_opt_in_never_leaves_the_machine(one):
    with pytest.raises(ForbiddenWriteError):
        update_contacts(one.api, batch(("C2", {31: 1})))
    assert one.sent(*PUT) == 0


def test_a_contact_is_created(live):
    assert create_contacts(live.api, batch(("C50", {3: "new@example.com"})))[0].state == "done"
    made = [c for c in live.state.contacts.by_id.values() if c.values.get(4711) == "C50"]
    assert [c.values.get(31) for c in made] == [None]


@pytest.mark.parametrize("value", [1, 2, None])
def test_a_contact_is_never_created_with_field_31(one, value):
    with pytest.raises(ForbiddenWriteError):
        create_contacts(one.api, batch(("C50", {31: value})))
    assert one.sent(*PUT) == 0


def test_a_creation_that_collides_is_sent_once_more(make_live):
    live = make_live(upsert_races=1)
    results = create_contacts(live.api, batch(("C50", {1: "x"}), ("C51", {1: "y"})))
    assert [r.state for r in results] == ["done", "done"]
    assert live.sent(*PUT) == 2


def test_a_creation_that_collides_again_is_given_up(make_live):
    live = make_live(upsert_races=2)
    results = create_contacts(live.api, batch(("C50", {1: "x"})))
    assert results == (RowResult("C50", "exists", 2009),)
    assert live.sent(*PUT) == 2


def test_the_legacy_signature_gets_through_the_lock():
    options = EmarsysOptions()
    user = options.users[0]
    auth = Wsse(username=user.wsse_username, secret=Secret(user.wsse_secret))
    with running(options, version="v2", auth=auth) as live:
        assert update_contacts(live.api, batch(("C1", {1: "x"})))[0].state == "done"


def test_a_missing_permission_is_named(make_live):
    live = make_live(users=(ApiUser(permissions=frozenset()),))
    with pytest.raises(RefusedError, match=r"contact\.update"):
        update_contacts(live.api, batch(("C1", {1: "x"})))


def test_a_passing_fault_is_waited_out(one):
    one.fail("/contact/", status=503)
    assert update_contacts(one.api, batch(("C1", {1: "x"})))[0].state == "done"


def test_a_fault_that_does_not_pass_leaves_the_rows_unknown(one):
    one.fail("/contact/", kind="cut", times=None)
    assert update_contacts(one.api, batch(("C1", {1: "x"}))) == (RowResult("C1", "unknown"),)


def test_an_answer_that_is_no_json_leaves_the_rows_unknown(one):
    one.fail("/contact/", kind="garbage")
    assert update_contacts(one.api, batch(("C1", {1: "x"})))[0].state == "unknown"


@pytest.mark.parametrize(("status", "code"), [(423, 10003), (400, 2001)])
def test_an_answer_that_says_later_took_nothing(one, status, code):
    one.fail("/contact/", status=status, body=b'{"replyCode":%d,"data":""}' % code)
    assert update_contacts(one.api, batch(("C1", {1: "x"})))[0].state == "not_taken"


@pytest.mark.parametrize(
    ("code", "state"),
    [(2005, "invalid"), (2007, "invalid"), (2010, "ambiguous"), (2020, "failed"), (1000, "failed")],
)
def test_a_refused_call_is_a_refusal_of_each_of_its_rows(one, code, state):
    one.fail("/contact/", status=400, body=b'{"replyCode":%d,"data":""}' % code)
    results = update_contacts(one.api, batch(("C1", {1: "x"}), ("C2", {1: "x"})))
    assert [(r.state, r.code) for r in results] == [(state, code)] * 2


@pytest.mark.parametrize("errors", [{}, {"errors": {}}, {"errors": []}])
@pytest.mark.parametrize("ids", [["1", 2], [1, "2"]])
def test_ids_and_errors_are_read_in_any_type(errors, ids):
    results = judge_by_ids(["a", "b"], Answer("ok", data={"ids": ids, **errors}))
    assert [r.state for r in results] == ["done", "done"]


@pytest.mark.parametrize("data", ["", None, False, [], {}, {"ids": ["1"]}, {"ids": "12"}])
def test_an_answer_that_does_not_account_for_a_row_says_nothing_about_it(data):
    results = judge_by_ids(["a", "b"], Answer("ok", data=data))
    assert [r.state for r in results] == ["unknown", "unknown"]


def test_no_call_holds_more_than_1000_rows():
    writes = [ContactWrite(f"C{number}", {31: 2}) for number in range(2001)]
    assert [len(b.writes) for b in contact_batches(4711, writes)] == [1000, 1000, 1]


def test_no_call_is_bigger_than_8_mb():
    writes = [ContactWrite(f"C{number}", {1: "x" * 3_000_000}) for number in range(4)]
    assert [len(b.writes) for b in contact_batches(4711, writes)] == [2, 2]


@settings(deadline=None)
@given(st.lists(st.text("abc", min_size=1), unique=True, max_size=30))
def test_batches_lose_and_reorder_nothing(keys):
    writes = [ContactWrite(key, {31: 2}) for key in keys]
    assert [w for b in contact_batches(4711, writes) for w in b.writes] == writes


def test_a_row_too_big_for_any_call_is_refused():
    with pytest.raises(UnsafePlanError):
        list(contact_batches(4711, [ContactWrite("C1", {1: "x" * 8_000_000})]))


def test_two_changes_of_one_contact_are_refused():
    with pytest.raises(UnsafePlanError):
        list(contact_batches(4711, [ContactWrite("C1", {1: "a"}), ContactWrite("C1", {2: "b"})]))


def test_a_change_of_the_key_itself_is_refused():
    with pytest.raises(UnsafePlanError):
        list(contact_batches(4711, [ContactWrite("C1", {4711: "C2"})]))
