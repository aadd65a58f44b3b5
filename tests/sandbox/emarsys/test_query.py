"""contact/query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.emarsys.conftest import Site

PATH = "/contact/query/"


def ids(site: Site, terms: str) -> Any:
    result = site.get(f"{PATH}?{terms}")["result"]
    return result and [row["id"] for row in result]


def test_it_returns_one_field_and_the_id(site):
    data = site.get(f"{PATH}?return=3&4711=C1")
    assert data["result"] == [{"id": 1, "3": "ann@example.com"}]


def test_an_empty_return_gives_ids_alone(site):
    assert site.get(f"{PATH}?return=&4711=C1")["result"] == [{"id": 1}]


def test_no_return_is_refused(site):
    answer = site.refused("GET", f"{PATH}?4711=C1")
    assert answer == (400, 2014, "No field specified to return")


def test_e_mails_match_without_regard_to_case(site):
    assert ids(site, "return=1&3=BEA@EXAMPLE.COM") == [2]


def test_a_field_with_few_values_filters(site):
    assert ids(site, "return=3&31=1") == [1, 4]


@pytest.mark.parametrize(("field", "expected"), [("31", [3, 5]), ("3", [5])])
def test_an_empty_value_matches_null_and_empty(site, field, expected):
    assert ids(site, f"return=1&{field}=") == expected


def test_no_filter_means_everyone(site):
    assert ids(site, "return=3") == [1, 2, 3, 4, 5]


def test_two_filters_are_refused(site):
    assert site.refused("GET", f"{PATH}?return=3&31=1&4711=C1")[1] == 1001


def test_a_field_without_index_is_refused(site):
    assert site.refused("GET", f"{PATH}?return=3&1=Ann") == (400, 2015, "No index on column")


def test_more_fields_can_be_indexed(make_site):
    site = make_site(indexed_fields=frozenset({1}))
    assert ids(site, "return=3&1=Ann") == [1]


def test_the_key_field_can_be_without_index(make_site):
    site = make_site(key_field_indexed=False)
    assert site.refused("GET", f"{PATH}?return=3&4711=C1")[1] == 2015


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_out_of_range_is_refused(site, limit):
    assert site.refused("GET", f"{PATH}?return=3&limit={limit}") == (400, 2016, "Invalid limit")


def test_the_look_up_form_takes_a_larger_limit(site):
    assert ids(site, "return=&4711=C1&limit=1000000") == [1]


def test_limit_and_offset_cut_a_page(site):
    assert ids(site, "return=3&limit=2&offset=1") == [2, 3]


def test_a_page_beyond_the_end_has_no_result(site):
    assert ids(site, "return=3&offset=5") is False


def test_excludeempty_drops_contacts_without_the_field(site):
    assert ids(site, "return=3&excludeempty=true") == [1, 2, 3, 4]


@pytest.mark.parametrize("value", ["1", "True", "false"])
def test_only_true_is_truthy(site, value):
    assert ids(site, f"return=3&excludeempty={value}") == [1, 2, 3, 4, 5]


def test_the_order_is_stable(site):
    assert ids(site, "return=3") == ids(site, "return=3")


def test_the_order_can_be_unstable(make_site):
    site = make_site(query_unstable=True)
    assert ids(site, "return=3") == ids(site, "return=3")[::-1]


def test_an_unknown_field_is_refused(site):
    assert site.refused("GET", f"{PATH}?return=9999") == (400, 2006, "Invalid field id: 9999")
