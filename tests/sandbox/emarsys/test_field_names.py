"""Fields and choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.emarsys.options import FieldDefinition

if TYPE_CHECKING:
    from tests.sandbox.emarsys.conftest import Site


def fields(site: Site, language: str = "en") -> dict[int, dict[str, Any]]:
    return {field["id"]: field for field in site.get(f"/field/translate/{language}")}


def test_a_system_field_has_the_vendors_shape(site):
    assert fields(site)[14] == {
        "id": 14,
        "name": "Country",
        "application_type": "singlechoice",
        "string_id": "country",
    }


@pytest.mark.parametrize(("number", "name"), [(3, "email"), (31, "optin"), (46, "salutation")])
def test_system_fields_have_their_string_ids(site, number, name):
    assert fields(site)[number]["string_id"] == name


def test_the_key_field_of_the_account_is_listed(site):
    assert fields(site)[4711]["string_id"] == "externalId"


def test_custom_fields_are_listed(make_site):
    site = make_site(custom_fields=(FieldDefinition(900, "Shoe size", "shorttext", "shoe"),))
    assert fields(site)[900]["name"] == "Shoe size"


def test_names_follow_the_language(site):
    assert fields(site, "de")[1]["name"] == "Vorname"


def test_names_without_translation_stay_english(site):
    assert fields(site, "sv")[1]["name"] == "First Name"


@pytest.mark.parametrize("path", ["/field/translate/english", "/field/31/choice/translate/x1"])
def test_a_wrong_language_is_refused(site, path):
    assert site.refused("GET", path) == (400, 1002, "Invalid language code")


def test_opt_in_has_two_choices(site):
    assert site.get("/field/31/choice/translate/en") == [
        {"id": "1", "choice": "True", "bit_position": None},
        {"id": "2", "choice": "False", "bit_position": None},
    ]


def test_country_choices_are_emarsys_own(site):
    choices = {c["choice"]: c["id"] for c in site.get("/field/14/choice/translate/en")}
    assert (choices["Sweden"], choices["Germany"]) == ("167", "65")


def test_country_choices_are_an_option(make_site):
    site = make_site(country_choices=((1, "Atlantis"),))
    assert [c["choice"] for c in site.get("/field/14/choice/translate/en")] == ["Atlantis"]


def test_a_text_field_has_no_choices(site):
    assert site.get("/field/1/choice/translate/en") == []


def test_an_unknown_field_is_refused(site):
    answer = site.refused("GET", "/field/9999/choice/translate/en")
    assert answer == (400, 1007, "No such field: 9999.")
