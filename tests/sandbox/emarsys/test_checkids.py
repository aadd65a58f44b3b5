"""contact/checkids."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/contact/checkids"


def body(*values: Any, **more: Any) -> dict[str, Any]:
    return {"key_id": "3", "external_ids": list(values), **more}


def test_an_existing_key_has_its_id(site):
    assert site.post(PATH, body("ann@example.com")) == {
        "ids": {"ann@example.com": "1"},
        "errors": {},
    }


def test_a_missing_key_is_an_error_by_key_and_code(site):
    assert site.post(PATH, body("x@example.com"))["errors"] == {
        "x@example.com": {"2008": "No contact found with the external id: 3"}
    }


def test_an_inner_error_can_be_its_text_alone(make_site):
    site = make_site(checkids_errors="text")
    assert site.post(PATH, body("x@example.com"))["errors"] == {
        "x@example.com": "No contact found with the external id: 3"
    }


def test_an_ambiguous_key_is_an_error(site):
    assert "2010" in site.post(PATH, body("twin@example.com"))["errors"]["twin@example.com"]


def test_the_ids_of_an_ambiguous_key_are_listed_on_request(site):
    data = site.post(PATH, body("twin@example.com", get_multiple_ids=True))
    assert data["ids"] == {"twin@example.com": ["3", "4"]}


@pytest.mark.parametrize(("mode", "expected"), [("ambiguous", "1"), ("all", ["1"])])
def test_the_id_of_a_unique_key_stands_alone_or_in_a_list(make_site, mode, expected):
    site = make_site(multiple_ids=mode)
    data = site.post(PATH, body("ann@example.com", get_multiple_ids=True))
    assert data["ids"]["ann@example.com"] == expected


def test_a_contact_list_narrows_the_search(site):
    site.account.lists[0].contact_ids[:] = [4]
    data = site.post(PATH, body("twin@example.com", contact_list_id=10))
    assert data["ids"] == {"twin@example.com": "4"}


def test_an_unknown_contact_list_is_refused(site):
    answer = site.refused("POST", PATH, body("a", contact_list_id=11))
    assert answer == (400, 2020, "Invalid contact list id: 11")


@pytest.mark.parametrize(("mode", "expected"), [("object", {}), ("list", [])])
def test_no_errors_look_as_configured(make_site, mode, expected):
    site = make_site(empty_errors=mode)
    assert site.post(PATH, body("ann@example.com"))["errors"] == expected


def test_more_than_a_thousand_keys_are_refused(site):
    assert site.refused("POST", PATH, body(*range(1001)))[1] == 2002
