"""contact/getdata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.options import FieldDefinition

if TYPE_CHECKING:
    from collections.abc import Sequence


PATH = "/contact/getdata"


def body(key: Any, *values: Any, fields: Sequence[Any] = ("1",)) -> dict[str, Any]:
    return {"keyId": key, "keyValues": list(values), "fields": list(fields)}


def test_a_contact_is_found_by_e_mail(site):
    assert site.post(PATH, body("3", "ann@example.com"))["result"] == [
        {"id": "1", "uid": "uid1", "1": "Ann"}
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("3", "BEA@example.COM"), (3, "bea@example.com"), ("email", "bea@example.com"),
     ("4711", "C2"), ("externalId", "C2"), ("id", 2), ("uid", "uid2")],
)  # fmt: skip
def test_every_way_to_name_a_key_finds_it(site, key, value):
    assert site.post(PATH, body(key, value))["result"][0]["1"] == "Bea"


def test_an_id_can_be_text(site):
    assert site.post(PATH, body("id", "2"))["result"][0]["1"] == "Bea"


def test_a_field_without_an_index_can_be_a_key_too(site):
    assert site.post(PATH, body("1", "Cil"))["result"][0]["id"] == "3"


def test_an_external_key_is_compared_exactly(site):
    assert site.post(PATH, body("4711", "c1"))["result"] is False


def test_the_result_is_false_when_nothing_matched(site):
    assert site.post(PATH, body("3", "x@example.com"))["result"] is False


def test_a_missing_contact_is_an_error_of_its_key(site):
    assert site.post(PATH, body("3", "x@example.com"))["errors"] == [
        {
            "key": "x@example.com",
            "errorCode": "2008",
            "errorMsg": "No contact found with the external id: 3",
        }
    ]


def test_an_ambiguous_key_is_an_error(site):
    assert site.post(PATH, body("3", "twin@example.com"))["errors"] == [
        {
            "key": "twin@example.com",
            "errorCode": "2010",
            "errorMsg": "More contacts found with the external id: 3 - twin@example.com",
        }
    ]


def test_an_empty_key_value_is_an_error(site):
    assert site.post(PATH, body("3", ""))["errors"][0]["errorCode"] == "2005"


def test_error_codes_can_be_numbers(make_site):
    site = make_site(error_codes="number")
    assert site.post(PATH, body("3", "x@example.com"))["errors"][0]["errorCode"] == 2008


def test_found_and_missing_keys_stand_side_by_side(site):
    data = site.post(PATH, body("4711", "C1", "C0"))
    assert (len(data["result"]), len(data["errors"])) == (1, 1)


@pytest.mark.parametrize(("mode", "expected"), [("object", {}), ("list", [])])
def test_no_errors_look_as_configured(make_site, mode, expected):
    site = make_site(empty_errors=mode)
    assert site.post(PATH, body("4711", "C1"))["errors"] == expected


def test_no_errors_can_be_absent(make_site):
    site = make_site(empty_errors="absent")
    assert "errors" not in site.post(PATH, body("4711", "C1"))


def test_the_id_can_be_a_number(make_site):
    site = make_site(contact_ids="number")
    assert site.post(PATH, body("4711", "C1"))["result"][0]["id"] == 1


@pytest.mark.parametrize("customer", ["C3", "C5"])
def test_an_empty_value_reads_as_null(site, customer):
    assert site.post(PATH, body("4711", customer, fields=["31"]))["result"][0]["31"] is None


def test_an_empty_value_can_read_as_empty_text(make_site):
    site = make_site(empty_values="text")
    assert site.post(PATH, body("4711", "C3", fields=["31"]))["result"][0]["31"] == ""


def test_values_are_text(site):
    assert site.post(PATH, body("4711", "C1", fields=[31]))["result"][0]["31"] == "1"


def test_a_multiple_choice_is_an_array(make_site):
    site = make_site(custom_fields=(FieldDefinition(900, "Sizes", "multichoice", "sizes"),))
    site.contact(1).values[900] = "4,7"
    assert site.post(PATH, body("id", 1, fields=[900]))["result"][0]["900"] == ["4", "7"]


@pytest.mark.parametrize("fields", [[], None])
def test_no_fields_mean_every_field(site, fields):
    row = site.post(PATH, {"keyId": "id", "keyValues": [1], "fields": fields})["result"][0]
    assert {"id", "uid", "1", "3", "31", "4711", "458"} <= set(row)


def test_fields_can_be_named_by_string_id(site):
    assert site.post(PATH, body("id", 1, fields=["optin"]))["result"][0]["31"] == "1"


def test_a_thousand_keys_are_answered(site):
    assert len(site.post(PATH, body("3", *range(1000)))["errors"]) == 1000


def test_more_are_refused(site):
    answer = site.refused("POST", PATH, body("3", *range(1001)))
    assert answer == (400, 2002, "The list of external ids exceeds the maximum size.")


def test_keys_must_be_an_array(site):
    answer = site.refused("POST", PATH, {"keyId": "3", "keyValues": "a"})
    assert answer == (400, 2003, "Invalid data format. Array expected")


def test_an_unknown_key_field_is_refused(site):
    answer = site.refused("POST", PATH, body("9999", "a"))
    assert answer == (400, 2004, "Invalid key field id: 9999")


def test_an_unknown_field_is_refused(site):
    answer = site.refused("POST", PATH, body("3", "a", fields=["9999"]))
    assert answer == (400, 2006, "Invalid field id: 9999")
