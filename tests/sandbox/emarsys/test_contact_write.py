"""PUT and POST of contacts: what changes, what is answered, and what fails row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.options import FieldDefinition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.emarsys.conftest import Site

UPSERT = "/contact/?create_if_not_exists=1"


def batch(*rows: Any, key: Any = "4711", **more: Any) -> dict[str, Any]:
    return {"key_id": key, "contacts": list(rows), **more}


def test_an_update_changes_the_field_sent(site):
    site.put("/contact/", batch({"4711": "C1", "31": 2}))
    assert site.contact(1).values[31] == "2"


def test_an_update_leaves_every_other_field(site):
    before = dict(site.contact(1).values)
    site.put("/contact/", batch({"4711": "C1", "31": 2}))
    assert {**site.contact(1).values, 31: "1"} == before


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_value_clears(site, empty):
    site.put("/contact/", batch({"4711": "C1", "1": empty}))
    assert site.contact(1).values[1] is None


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_opt_in_clears(site, empty):
    site.put("/contact/", batch({"4711": "C1", "31": empty}))
    assert site.contact(1).values[31] is None


def test_the_id_of_an_existing_contact_is_text(site):
    assert site.put(UPSERT, batch({"4711": "C1", "31": 2}))["ids"] == ["1"]


def test_the_id_of_a_created_contact_is_a_number(site):
    assert site.put(UPSERT, batch({"4711": "C9", "1": "New"}))["ids"] == [6]


def test_a_created_contact_is_in_the_account(site):
    site.put(UPSERT, batch({"4711": "C9", "1": "New"}))
    assert site.account.contacts[-1].values == {4711: "C9", 1: "New"}


def test_a_created_contact_is_found_by_its_new_key(site):
    site.put(UPSERT, batch({"4711": "C9", "3": "New@Example.com"}))
    data = site.post("/contact/getdata", {"keyId": "3", "keyValues": ["new@example.com"]})
    assert data["result"][0]["4711"] == "C9"


def test_a_changed_e_mail_is_found_by_the_new_address(site):
    site.put("/contact/", batch({"4711": "C1", "3": "other@example.com"}))
    data = site.post("/contact/checkids", {"key_id": 3, "external_ids": ["other@example.com"]})
    assert data["ids"] == {"other@example.com": "1"}


def test_a_changed_e_mail_is_no_longer_found_by_the_old_one(site):
    site.put("/contact/", batch({"4711": "C1", "3": "other@example.com"}))
    data = site.post("/contact/checkids", {"key_id": 3, "external_ids": ["ann@example.com"]})
    assert data["ids"] == {}


def test_changing_one_twin_leaves_the_other_unique(site):
    site.put("/contact/", batch({"4711": "C3", "3": "third@example.com"}))
    data = site.post("/contact/checkids", {"key_id": 3, "external_ids": ["twin@example.com"]})
    assert data["ids"] == {"twin@example.com": "4"}


def test_two_contacts_may_come_to_share_an_address(site):
    data = site.put(UPSERT, batch({"4711": "C9", "3": "ann@example.com"}))
    assert data["ids"] == [6]


def test_without_the_flag_a_missing_key_is_an_error(site):
    assert site.put("/contact/", batch({"4711": "C9", "31": 2})) == {
        "ids": [],
        "errors": {"C9": {"2008": "No contact found with the external id: 4711"}},
    }


def test_an_ambiguous_key_is_an_error(site):
    data = site.put(UPSERT, batch({"3": "twin@example.com", "31": 2}, key="3"))
    text = "More contacts found with the external id: 3 - twin@example.com"
    assert data["errors"] == {"twin@example.com": {"2010": text}}


def test_an_ambiguous_key_changes_nobody(site):
    site.put(UPSERT, batch({"3": "twin@example.com", "31": 2}, key="3"))
    assert [site.contact(3).values[31], site.contact(4).values[31]] == [None, "1"]


def test_a_row_without_its_key_is_an_error_without_key(site):
    data = site.put(UPSERT, batch({"31": 2}))
    assert data["errors"] == {"<NO_KEY_ID>": {"2004": "Invalid key field id: 4711"}}


def test_an_empty_key_is_an_error(site):
    data = site.put(UPSERT, batch({"4711": "", "31": 2}))
    assert data["errors"] == {"": {"2005": "No value provided for key field: 4711"}}


def test_creating_by_a_key_that_is_no_address_is_an_error(site):
    data = site.put(UPSERT, batch({"3": "no address"}, key="3"))
    assert data["errors"] == {"no address": {"2005": "Invalid key field value: no address"}}


def test_an_unknown_field_is_an_error_of_its_row(site):
    data = site.put(UPSERT, batch({"4711": "C1", "9999": "x"}))
    assert data["errors"] == {"C1": {"2006": "Invalid field id: 9999"}}


@pytest.mark.parametrize("value", [3, 0, "true", "yes", "True"])
def test_opt_in_takes_only_its_choices(site, value):
    data = site.put(UPSERT, batch({"4711": "C1", "31": value}))
    assert data["errors"] == {"C1": {"2007": "Invalid choice id for field id: 31"}}


def test_opt_in_takes_no_boolean(site):
    data = site.put(UPSERT, batch({"4711": "C1", "31": True}))
    assert "2007" in data["errors"]["C1"]


@pytest.mark.parametrize("value", [1, 2])
def test_opt_in_takes_its_choices_as_numbers(site, value):
    site.put(UPSERT, batch({"4711": "C3", "31": value}))
    assert site.contact(3).values[31] == str(value)


def test_opt_in_takes_its_choices_as_text(site):
    site.put(UPSERT, batch({"4711": "C3", "31": "2"}))
    assert site.contact(3).values[31] == "2"


def test_an_unknown_country_choice_is_an_error(site):
    data = site.put(UPSERT, batch({"4711": "C1", "14": 9999}))
    assert data["errors"] == {"C1": {"2007": "Invalid choice id for field id: 14"}}


def test_a_choice_field_whose_choices_are_unknown_takes_any_id(site):
    site.put(UPSERT, batch({"4711": "C1", "46": 2}))
    assert site.contact(1).values[46] == "2"


@pytest.mark.parametrize("value", ["2026-02-30", "01.02.2026", "20260201"])
def test_a_date_must_be_a_date(site, value):
    data = site.put(UPSERT, batch({"4711": "C1", "4": value}))
    assert data["errors"] == {"C1": {"2007": "Invalid date format for field id: 4"}}


def test_an_array_for_a_single_value_is_an_error(site):
    data = site.put(UPSERT, batch({"4711": "C1", "1": ["a"]}))
    text = "Invalid data format for field id: 1. Scalar expected."
    assert data["errors"] == {"C1": {"2007": text}}


@pytest.fixture
def sizes(make_site: Callable[..., Site]) -> Site:
    choices = ((1, "S"), (2, "M"))
    return make_site(custom_fields=(FieldDefinition(900, "Sizes", "multichoice", "s", choices),))


def test_a_multiple_choice_is_replaced_as_a_whole(sizes):
    sizes.contact(1).values[900] = "1"
    sizes.put(UPSERT, batch({"4711": "C1", "900": [2]}))
    assert sizes.contact(1).values[900] == "2"


def test_a_multiple_choice_must_be_an_array(sizes):
    data = sizes.put(UPSERT, batch({"4711": "C1", "900": 2}))
    text = "Invalid data format for field id: 900. Array expected"
    assert data["errors"] == {"C1": {"2007": text}}


def test_a_multiple_choice_takes_only_its_choices(sizes):
    data = sizes.put(UPSERT, batch({"4711": "C1", "900": [9]}))
    assert data["errors"] == {"C1": {"2007": "Invalid choice id for field id: 900"}}


def test_a_date_is_stored_as_sent(site):
    site.put(UPSERT, batch({"4711": "C1", "4": "2000-02-29"}))
    assert site.contact(1).values[4] == "2000-02-29"


def test_a_failing_row_changes_nothing_of_itself(site):
    site.put(UPSERT, batch({"4711": "C1", "1": "Changed", "31": "yes"}))
    assert site.contact(1).values[1] == "Ann"


def test_a_failing_row_does_not_stop_the_others(site):
    data = site.put(UPSERT, batch({"4711": "C1", "31": "yes"}, {"4711": "C2", "31": 1}))
    assert (data["ids"], list(data["errors"])) == (["2"], ["C1"])


@pytest.mark.parametrize(("mode", "expected"), [("object", {}), ("list", [])])
def test_no_errors_look_as_configured(make_site, mode, expected):
    site = make_site(empty_errors=mode)
    assert site.put(UPSERT, batch({"4711": "C1", "31": 2}))["errors"] == expected


def test_no_errors_can_be_absent(make_site):
    site = make_site(empty_errors="absent")
    assert site.put(UPSERT, batch({"4711": "C1", "31": 2})) == {"ids": ["1"]}


def test_the_internal_id_can_be_the_key_of_an_update(site):
    site.put(UPSERT, batch({"id": 1, "31": 2}, key="id"))
    assert site.contact(1).values[31] == "2"


def test_the_internal_id_never_creates(site):
    assert "2008" in site.put(UPSERT, batch({"id": 99}, key="id"))["errors"]["99"]


def test_the_race_answers_that_the_contact_exists(make_site):
    site = make_site(upsert_races=1)
    data = site.put(UPSERT, batch({"4711": "C9"}))
    text = "Contact with the external id already exists: 4711"
    assert data["errors"] == {"C9": {"2009": text}}


def test_the_race_creates_nothing(make_site):
    site = make_site(upsert_races=1)
    site.put(UPSERT, batch({"4711": "C9"}))
    assert len(site.account.contacts) == 5


def test_after_the_race_a_second_try_creates(make_site):
    site = make_site(upsert_races=1)
    site.put(UPSERT, batch({"4711": "C9"}))
    assert site.put(UPSERT, batch({"4711": "C9"}))["ids"] == [6]


def test_a_contact_list_takes_everybody_identified(site):
    site.put(UPSERT, batch({"4711": "C3"}, {"4711": "C9"}, contact_list_id=10))
    assert site.account.lists[0].contact_ids == [1, 2, 3, 6]


def test_an_unknown_contact_list_is_refused(site):
    answer = site.refused("PUT", UPSERT, batch({"4711": "C3"}, contact_list_id=11))
    assert answer == (400, 2020, "Invalid contact list id: 11")


def test_an_unknown_key_field_is_refused(site):
    answer = site.refused("PUT", UPSERT, batch({"9999": "C3"}, key="9999"))
    assert answer == (400, 2004, "Invalid key field id: 9999")


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_more_than_a_thousand_rows_are_refused(site, method):
    answer = site.refused(method, "/contact", batch(*[{"4711": "C1"}] * 1001))
    assert answer == (400, 1000, "The request exceeded the maximum batch size of 1,000")


def test_rows_must_be_objects(site):
    assert site.refused("PUT", UPSERT, batch("C1"))[1] == 2003


def test_the_single_form_updates(site):
    site.put("/contact", {"key_id": "4711", "4711": "C1", "31": 2})
    assert site.contact(1).values[31] == "2"


def test_the_single_form_answers_one_id(site):
    assert site.put("/contact", {"key_id": "4711", "4711": "C1", "31": 2}) == {"id": "1"}


def test_the_single_form_refuses_a_missing_contact(site):
    answer = site.refused("PUT", "/contact", {"key_id": "4711", "4711": "C9", "31": 2})
    assert answer == (400, 2008, "No contact found with the external id: 4711 - C9.")


def test_the_single_form_refuses_a_wrong_value(site):
    answer = site.refused("PUT", "/contact", {"key_id": "4711", "4711": "C1", "31": "yes"})
    assert answer == (400, 2007, "Invalid choice id for field id: 31")


def test_create_answers_numbers(site):
    assert site.post("/contact", batch({"4711": "C8"}, {"4711": "C9"}))["ids"] == [6, 7]


def test_create_answers_successes_only(site):
    data = site.post("/contact", batch({"4711": "C1"}, {"4711": "C9"}))
    text = "Contact with the external id already exists: 4711"
    assert data == {"ids": [6], "errors": {"C1": {"2009": text}}}


def test_create_changes_no_existing_contact(site):
    site.post("/contact", batch({"4711": "C1", "1": "Changed"}))
    assert site.contact(1).values[1] == "Ann"


def test_create_takes_a_source(site):
    assert site.post("/contact", batch({"4711": "C9", "source_id": "1234"}))["ids"] == [6]


def test_single_create_answers_one_id(site):
    assert site.post("/contact", {"key_id": "4711", "4711": "C9"}) == {"id": 6}


def test_single_create_refuses_an_existing_contact(site):
    answer = site.refused("POST", "/contact", {"key_id": "4711", "4711": "C1"})
    assert answer == (400, 2009, "Contact with external id: 4711 already exists.")


def test_create_refuses_the_internal_id_as_key(site):
    answer = site.refused("POST", "/contact", batch({"id": 9}, key="id"))
    assert answer == (400, 2004, "Cannot use internal ID as key on contact creation.")


def test_create_refuses_the_internal_id_as_value(site):
    answer = site.refused("POST", "/contact", batch({"4711": "C9", "uid": "x"}))
    assert answer == (400, 2007, "Cannot set `id` or `uid` on contact creation")
