"""The look-ups agree with the rows, whatever was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.sandbox.emarsys.contacts import Contacts, as_key
from auditor.sandbox.world.model import Contact
from tests.sandbox.emarsys.conftest import KEY, small_account

if TYPE_CHECKING:
    from auditor.sandbox.world.model import EmarsysAccount

VALUES = st.sampled_from([None, "", "a@example.com", "A@example.com", "b@example.com", "C1"])
WRITES = st.lists(st.tuples(st.integers(1, 7), st.sampled_from([3, KEY, 1]), VALUES), max_size=20)


def scan(account: EmarsysAccount, field: int, value: str) -> set[int]:
    wanted = as_key(field, value)
    return {c.id for c in account.contacts if as_key(field, c.values.get(field)) == wanted}


@given(WRITES, st.sampled_from([3, KEY, 1]), st.sets(st.integers(1, 5), max_size=2))
def test_a_look_up_finds_what_a_scan_finds(writes, field, removed):
    account = small_account()
    contacts = Contacts(account)
    contacts.lookup(1, ["Ann"])
    for number, changed, value in writes:
        if number in contacts.by_id:
            contacts.change(contacts.by_id[number], {changed: value})
        else:
            contacts.create({changed: value})
    contacts.remove(removed)
    for value in ("a@example.com", "b@example.com", "C1"):
        assert set(contacts.lookup(field, [value])[0]) == scan(account, field, value)


def test_an_empty_value_finds_nobody(account):
    assert Contacts(account).lookup(3, [""]) == [()]


def test_change_tells_only_what_is_another_now(account):
    contacts = Contacts(account)
    assert contacts.change(contacts.by_id[1], {1: "Ann", 31: "2"}) == [31]


def test_reindexing_sees_what_was_added_from_outside(site):
    site.account.contacts.append(Contact(9, "uid9", {KEY: "C50"}))
    site.state.reindex()
    assert site.state.contacts.lookup(KEY, ["C50"]) == [(9,)]


def test_members_leave_out_who_is_gone(account):
    assert [c.id for c in Contacts(account).members([1, 99])] == [1]
