from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from auditor.config.settings import Consent
from auditor.systems.emarsys import contact_rows as module
from auditor.systems.emarsys.contact_rows import (
    Rows,
    asked_fields,
    contact_rows_of_data,
)
from tests.systems.emarsys.fake import brand_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = {"external_id": 4711, "email": 3, "opt_in": 31, "first_name": 1, "last_name": 2}


def contact_rows(columns: Mapping[str, Sequence[str | None]]) -> Rows:
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return module.contact_rows(arrays)


def test_fields_are_asked_for_in_a_fixed_order():
    shuffled = {"first_name": 1, "opt_in": 31, "external_id": 4711, "last_name": 2, "email": 3}
    assert list(asked_fields(brand_settings(fields=shuffled)).items()) == list(FIELDS.items())


def test_an_account_without_a_key_field_is_asked_without_it():
    assert "external_id" not in asked_fields(brand_settings(key="email", fields={}))


def test_where_a_sign_up_came_from_is_asked_for_where_it_may_be_evidence():
    settings = brand_settings(consent=Consent(emarsys_sources=(17,)))
    assert asked_fields(settings) == FIELDS | {"source_id": 33, "form_id": 34}


@pytest.mark.parametrize(
    ("mark", "opt_in"),
    [
        ("True", 1),
        ("False", 2),
        ("", None),
        (None, None),
        ("1", 1),
        ("2", 2),
        ("TRUE", 1),
        (" false ", 2),
    ],
    ids=repr,
)
def test_opt_in_keeps_three_states(mark: str | None, opt_in: int | None):
    rows = contact_rows({"email": ["a@example.com"], "opt_in": [mark]})
    assert rows.table.column("opt_in").to_pylist() == [opt_in]
    assert rows.aside == ()


def test_another_opt_in_is_set_aside_and_never_guessed():
    rows = contact_rows({"email": ["a@example.com", "b@example.com"], "opt_in": ["Oui", "True"]})
    assert rows.table.column("email").to_pylist() == ["b@example.com"]
    (aside,) = rows.aside
    assert "opt-in is none of" in aside.reason
    assert json.loads(aside.content) == {"email": "a@example.com", "opt_in": "Oui"}


def test_empty_cells_are_null():
    columns = {"email": [""], "external_id": [""], "first_name": [" "], "last_name": [""]}
    (row,) = contact_rows(columns).table.to_pylist()
    assert set(row.values()) == {None}


def test_the_raw_address_stands_beside_its_key():
    (row,) = contact_rows({"email": [" Ann@Example.COM"]}).table.to_pylist()
    assert (row["email"], row["email_key"]) == (" Ann@Example.COM", "ann@example.com")


def test_columns_that_were_not_read_are_null():
    (row,) = contact_rows({"email": ["a@example.com"]}).table.to_pylist()
    assert (row["contact_id"], row["external_id"], row["first_name"]) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "opt_in"), [("1", 1), (1, 1), ("2", 2), (None, None), ("", None)], ids=repr
)
def test_getdata_gives_opt_in_as_text_number_or_nothing(value: object, opt_in: int | None):
    found = {
        "id": 12,
        "uid": "u",
        "3": "a@example.com",
        "31": value,
        "4711": "C1",
        "1": "",
        "2": None,
    }
    (row,) = contact_rows_of_data([found], FIELDS).table.to_pylist()
    assert row == {
        "contact_id": "12",
        "external_id": "C1",
        "email": "a@example.com",
        "email_key": "a@example.com",
        "first_name": None,
        "last_name": None,
        "opt_in": opt_in,
        "source_id": None,
        "form_id": None,
        "email_hash": None,
    }
