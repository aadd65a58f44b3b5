"""Delete, merge and block really happen."""

from __future__ import annotations

from typing import Any

import pytest


def test_delete_removes_the_contact(site):
    site.post("/contact/delete", {"key_id": "3", "3": ["ann@example.com"]})
    assert [c.id for c in site.account.contacts] == [2, 3, 4, 5]


def test_delete_uses_the_e_mail_by_default(site):
    assert site.post("/contact/delete", {"3": ["ann@example.com"]})["deleted_contacts"] == 1


def test_the_count_has_a_configurable_name(make_site):
    site = make_site(deleted_count="deleted")
    assert site.post("/contact/delete", {"3": ["ann@example.com"]})["deleted"] == 1


def test_a_deleted_contact_is_found_no_more(site):
    site.post("/contact/delete", {"3": ["ann@example.com"]})
    data = site.post("/contact/getdata", {"keyId": "4711", "keyValues": ["C1"]})
    assert data["result"] is False


def test_a_deleted_contact_leaves_its_lists(site):
    site.post("/contact/delete", {"3": ["ann@example.com"]})
    assert site.account.lists[0].contact_ids == [2]


def test_a_deleted_contact_leaves_its_segments(site):
    site.post("/contact/delete", {"3": ["ann@example.com"]})
    assert site.account.segments[1].contact_ids == [3]


def test_ambiguous_contacts_stay(site):
    data = site.post("/contact/delete", {"3": ["twin@example.com"]})
    assert (len(site.account.contacts), "2010" in data["errors"]["twin@example.com"]) == (5, True)


def test_a_missing_contact_is_an_error(site):
    assert (
        "2008" in site.post("/contact/delete", {"3": ["x@example.com"]})["errors"]["x@example.com"]
    )


def test_an_id_is_never_given_twice(site):
    site.post("/contact/delete", {"key_id": "4711", "4711": ["C5"]})
    data = site.post("/contact", {"key_id": "4711", "contacts": [{"4711": "C9"}]})
    assert data["ids"] == [6]


def test_a_contact_list_narrows_a_deletion(site):
    body = {"key_id": "4711", "4711": ["C1", "C3"], "contact_list_id": 10}
    assert site.post("/contact/delete", body)["deleted_contacts"] == 1


def test_more_than_a_thousand_are_refused(site):
    assert site.refused("POST", "/contact/delete", {"3": ["x"] * 1001})[1] == 1000


def merge(**more: Any) -> dict[str, Any]:
    return {"key_id": "4711", "source_key_value": "C1", "target_key_value": "C2", **more}


def test_merge_copies_the_fields_with_a_rule(site):
    site.post("/contact/merge", merge(merge_rules={"1": "overwrite"}))
    assert site.contact(2).values[1] == "Ann"


def test_merge_leaves_the_fields_without_a_rule(site):
    site.post("/contact/merge", merge(merge_rules={"1": "overwrite"}))
    assert site.contact(2).values[31] == "2"


@pytest.mark.parametrize(("flag", "left"), [(False, 5), (True, 4)])
def test_merge_deletes_the_source_only_when_told(site, flag, left):
    site.post("/contact/merge", merge(delete_source=flag))
    assert len(site.account.contacts) == left


def test_merge_refuses_a_missing_target(site):
    body = merge(target_key_value="C9")
    assert site.refused("POST", "/contact/merge", body)[:2] == (400, 2008)


def test_block_takes_no_more_than_a_thousand(site):
    assert site.refused("POST", "/blocklist", {"emails": ["x"] * 1001})[1] == 1000


@pytest.mark.parametrize("path", ["/blocklist", "/blacklist"])
def test_block_remembers_addresses_and_domains(site, path):
    site.post(path, {"emails": ["a@example.com"], "domains": ["example.org"]})
    assert site.state.blocklist == {"a@example.com", "example.org"}


def test_block_answers_what_it_took(site):
    body = {"emails": ["a@example.com"], "domains": ["example.org"]}
    assert site.post("/blocklist", body) == body
