"""Contact lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.emarsys.conftest import Site


def members(*values: Any, **more: Any) -> dict[str, Any]:
    return {"key_id": "4711", "external_ids": list(values), **more}


def test_lists_have_text_ids_and_vienna_times(site):
    assert site.get("/contactlist") == [
        {"id": "10", "name": "newsletter", "created": "2026-03-10 10:00:00", "type": 0}
    ]


def test_create_answers_a_number(site):
    assert site.post("/contactlist", members(name="new")) == {"id": 11, "errors": {}}


def test_create_takes_members(site):
    site.post("/contactlist", members("C1", "C5", name="new"))
    assert site.account.lists[1].contact_ids == [1, 5]


def test_create_needs_no_members(site):
    site.post("/contactlist", {"name": "new"})
    assert site.account.lists[1].contact_ids == []


def test_create_tells_which_members_are_missing(site):
    data = site.post("/contactlist", members("C1", "C0", name="new"))
    assert data["errors"] == {"C0": {"2008": "No contact found with the external id: 4711"}}


def test_create_needs_a_name(site):
    answer = site.refused("POST", "/contactlist", members())
    assert answer == (400, 3001, "List name is not set.")


def test_names_are_unique(site):
    answer = site.refused("POST", "/contactlist", members(name="newsletter"))
    assert answer == (400, 3005, "Contact list with the requested name already exists.")


def test_list_errors_can_be_500(make_site):
    site = make_site(list_error_status=500)
    assert site.refused("POST", "/contactlist", members(name="newsletter"))[0] == 500


def test_add_counts_the_new_members(site):
    assert site.post("/contactlist/10/add", members("C1", "C3"))["inserted_contacts"] == 1


def test_add_keeps_the_old_members(site):
    site.post("/contactlist/10/add", members("C1", "C3"))
    assert site.account.lists[0].contact_ids == [1, 2, 3]


def test_add_tells_missing_contacts(site):
    errors = site.post("/contactlist/10/add", members("C0", "C3"))["errors"]
    assert errors == {"C0": {"2008": "No contact found with the external id: 4711"}}


def test_add_takes_the_internal_id(site):
    site.post("/contactlist/10/add", members(3, key_id="id"))
    assert site.account.lists[0].contact_ids == [1, 2, 3]


@pytest.mark.parametrize(("mode", "expected"), [("object", {}), ("list", [])])
def test_no_errors_look_as_configured(make_site, mode, expected):
    site = make_site(empty_errors=mode)
    assert site.post("/contactlist/10/add", members("C3"))["errors"] == expected


def test_delete_takes_members_out(site):
    site.post("/contactlist/10/delete", members("C1"))
    assert site.account.lists[0].contact_ids == [2]


def test_delete_counts_actual_members(site):
    assert site.post("/contactlist/10/delete", members("C1", "C3"))["deleted_contacts"] == 1


def test_delete_keeps_the_contacts(site):
    site.post("/contactlist/10/delete", members("C1"))
    assert len(site.account.contacts) == 5


def test_replace_replaces(site):
    site.post("/contactlist/10/replace", members("C4"))
    assert site.account.lists[0].contact_ids == [4]


def test_deletelist_deletes_the_list(site):
    site.post("/contactlist/10/deletelist", {})
    assert site.account.lists == []


@pytest.mark.parametrize("action", ["add", "delete", "replace"])
def test_more_than_ten_thousand_are_refused(site, action):
    answer = site.refused("POST", f"/contactlist/10/{action}", members(*range(10_001)))
    assert answer == (400, 3002, "The list of external IDs exceeds the maximum size.")


@pytest.mark.parametrize("action", ["add", "delete", "replace"])
def test_members_must_be_an_array(site, action):
    body = {"key_id": "4711", "external_ids": "C1"}
    answer = site.refused("POST", f"/contactlist/10/{action}", body)
    assert answer == (400, 3003, "Invalid datatype for the list of external IDs. Array expected.")


@pytest.mark.parametrize("action", ["add", "delete", "replace", "deletelist"])
def test_changing_an_unknown_list_is_refused(site, action):
    answer = site.refused("POST", f"/contactlist/99/{action}", members())
    assert answer == (400, 3004, "Invalid contact list id: 99")


@pytest.mark.parametrize("path", ["count", "contactIds", "contacts/1"])
def test_reading_an_unknown_list_is_refused(site, path):
    answer = site.refused("GET", f"/contactlist/99/{path}")
    assert answer == (400, 3006, "No contact list found with the specified ID.")


def test_an_unknown_list_can_be_404(make_site):
    site = make_site(missing_list_status=404)
    assert site.refused("GET", "/contactlist/99/count")[0] == 404


@pytest.mark.parametrize(("contact", "expected"), [(1, True), (3, False)])
def test_one_contact_can_be_looked_up(site, contact, expected):
    assert site.get(f"/contactlist/10/contacts/{contact}") is expected


@pytest.fixture
def full(site: Site) -> Site:
    site.account.lists[0].contact_ids[:] = [5, 3, 1, 4, 2]
    return site


def test_a_page_links_to_the_next_relatively(full):
    assert full.get("/contactlist/10/contactIds?$top=2&$skiptoken=0") == {
        "value": [1, 2],
        "next": "/contactlist/10/contactIds?$skiptoken=2&$top=2",
    }


def pages(site: Site, path: str) -> Iterator[list[int]]:
    while path:
        answer = site.get(path)
        yield answer["value"]
        path = answer["next"]


def test_following_the_links_reads_every_id_once(full):
    found = list(pages(full, "/contactlist/10/contactIds?$top=2"))
    assert found == [[1, 2], [3, 4], [5]]


def test_a_page_can_be_smaller_than_asked(make_site):
    site = make_site(list_page_size=1)
    assert list(pages(site, "/contactlist/10/contactIds?$top=2")) == [[1], [2]]


def test_the_last_page_links_nowhere(full):
    assert full.get("/contactlist/10/contactIds?$top=5")["next"] is None


def test_an_empty_list_has_an_empty_page(site):
    site.account.lists[0].contact_ids.clear()
    assert site.get("/contactlist/10/contactIds") == {"value": [], "next": None}


def test_a_page_can_come_without_the_envelope(make_site):
    site = make_site(contact_ids_wrapped=False)
    answer = site.call("GET", "/contactlist/10/contactIds").json()
    assert answer == {"value": [1, 2], "next": None}


@pytest.mark.parametrize("top", ["many", "0", "-1"])
def test_top_must_be_a_number(site, top):
    answer = site.refused("GET", f"/contactlist/10/contactIds?$top={top}")
    assert answer == (400, 10001, "Invalid data format for $top. Integer expected.")


def test_top_has_a_maximum(site):
    answer = site.refused("GET", "/contactlist/10/contactIds?$top=100001")
    assert answer == (400, 10001, "$top must be less than 100000")
