from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.expect import failing
from auditor.model import tables as t
from tests.expect.books import HEALTHY, OLD, add, built_in, case, failing_rows, judged

if TYPE_CHECKING:
    import sqlalchemy as sa

    from auditor.expect.expectation import Expectation
    from auditor.warehouse import Warehouse

CONTACT, CUSTOMER, SALE = t.emarsys_contact, t.centra_customer, t.emarsys_sale
LATER = OLD + timedelta(days=1)


def write(warehouse: Warehouse, expectation: Expectation) -> list[dict[str, Any]]:
    """Write the failing rows without asking Great Expectations first."""
    with warehouse.engine.begin() as conn:
        failing.write(conn, case(expectation))
    return failing_rows(warehouse)


def contacts(*values: object, column: str = "opt_in") -> list[dict[str, Any]]:
    return [{"contact_id": str(n), column: value} for n, value in enumerate(values)]


# --- complete, and the same as Great Expectations says


def test_more_rows_than_great_expectations_lists_all_arrive(each_warehouse):
    add(each_warehouse, CONTACT, *contacts(*[7] * 450), {"contact_id": "well", "opt_in": 1})
    check = built_in(CONTACT, "column_values_to_be_in_set", column="opt_in", value_set=[1, 2])
    result = judged(each_warehouse, check)[check.check.id]
    keys = {row["subject_key"] for row in failing_rows(each_warehouse)}
    assert (result.failed, keys) == (450, {str(n) for n in range(450)})


MAIL = r"^[^@]+@[^@]+$"
# What each built-in is given, and the values of the rows 0, 1, 2, ... of which the last named break it.
BREAKS: dict[str, tuple[dict[str, Any], str, list[Any], str]] = {
    "column_values_to_not_be_null": ({}, "opt_in", [1, None], "1"),
    "column_values_to_be_null": ({}, "opt_in", [None, 1], "1"),
    "column_values_to_be_unique": ({}, "external_id", ["a", None, None, "b", "b"], "34"),
    "column_values_to_be_in_set": ({"value_set": [1, 2]}, "opt_in", [1, None, 3], "2"),
    "column_distinct_values_to_be_in_set": ({"value_set": [1, 2]}, "opt_in", [1, None, 3], "2"),
    "column_values_to_not_be_in_set": ({"value_set": [3]}, "opt_in", [1, None, 3], "2"),
    "column_values_to_be_between": (
        {"min_value": 1, "max_value": 3},
        "opt_in",
        [1, 3, None, 0, 4],
        "34",
    ),
    "column_value_lengths_to_be_between": (
        {"min_value": 2, "max_value": 3},
        "external_id",
        ["ab", "abc", None, "a", "abcd"],
        "34",
    ),
    "column_value_lengths_to_equal": ({"value": 2}, "external_id", ["ab", None, "a"], "2"),
    "column_values_to_match_regex": (
        {"regex": MAIL},
        "email_key",
        ["a@b", None, "a", "a@b@c"],
        "23",
    ),
    "column_values_to_not_match_regex": ({"regex": MAIL}, "email_key", ["a", None, "a@b"], "2"),
    "column_values_to_match_like_pattern": (
        {"like_pattern": "a%"},
        "external_id",
        ["ab", None, "b"],
        "2",
    ),
    "column_values_to_not_match_like_pattern": (
        {"like_pattern": "a%"},
        "external_id",
        ["b", None, "ab"],
        "2",
    ),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_the_rows_are_those_that_great_expectations_counts(each_warehouse, kind):
    kwargs, column, values, broken = BREAKS[kind]
    add(each_warehouse, CONTACT, *contacts(*values, column=column))
    check = built_in(CONTACT, kind, column=column, **kwargs)
    result = judged(each_warehouse, check)[check.check.id]
    keys = "".join(row["subject_key"] for row in failing_rows(each_warehouse))
    assert (result.outcome, keys) == ("fail", broken)


def test_strict_bounds_leave_the_bounds_out(each_warehouse):
    add(each_warehouse, CONTACT, *contacts(1, 2, 3))
    strict: dict[str, Any] = {
        "min_value": 1,
        "max_value": 3,
        "strict_min": True,
        "strict_max": True,
    }
    check = built_in(CONTACT, "column_values_to_be_between", column="opt_in", **strict)
    assert judged(each_warehouse, check)[check.check.id].failed == 2


@pytest.mark.parametrize(("or_equal", "broken"), [(True, ["0"]), (False, ["0", "1"])])
def test_pairs_out_of_order_are_listed(each_warehouse, or_equal, broken):
    times = [(OLD, LATER), (OLD, OLD), (LATER, OLD), (None, OLD)]
    rows = [
        {"customer_id": str(n), "updated_at": updated, "created_at": created}
        for n, (updated, created) in enumerate(times)
    ]
    add(each_warehouse, CUSTOMER, *rows)
    check = built_in(
        CUSTOMER,
        "column_pair_values_a_to_be_greater_than_b",
        column_A="updated_at",
        column_B="created_at",
        or_equal=or_equal,
        ignore_row_if="either_value_is_missing",
    )
    result = judged(each_warehouse, check)[check.check.id]
    keys = [row["subject_key"].removeprefix("centra:") for row in failing_rows(each_warehouse)]
    assert (result.outcome, keys) == ("fail", broken)


def test_pairs_that_differ_are_listed(each_warehouse):
    add(each_warehouse, CONTACT, {"contact_id": "1", "external_id": "2"}, {"external_id": "990017"})
    pair: dict[str, Any] = {"column_A": "contact_id", "column_B": "external_id"}
    check = built_in(CONTACT, "column_pair_values_to_be_equal", **pair)
    judged(each_warehouse, check)
    assert [row["subject_key"] for row in failing_rows(each_warehouse)] == ["1"]


def test_compound_keys_that_repeat_are_listed(each_warehouse):
    add(each_warehouse, SALE, {}, {}, {"item": "SKU-2"})
    columns = ["order_number", "item"]
    check = built_in(SALE, "compound_columns_to_be_unique", column_list=columns)
    result = judged(each_warehouse, check)[check.check.id]
    keys = [row["subject_key"] for row in failing_rows(each_warehouse)]
    assert (result.outcome, keys) == ("fail", ["100017/SKU-1"])


def test_a_filter_leaves_rows_out_of_sight(each_warehouse):
    erased = [True, False, None]
    rows = [
        {"customer_id": str(n), "is_anonymized": is_so, "email_key": "x"}
        for n, is_so in enumerate(erased)
    ]
    add(each_warehouse, CUSTOMER, *rows)
    check = built_in(
        CUSTOMER,
        "column_values_to_match_regex",
        {"is_anonymized": (False, None), "status": ("ACTIVE", "INACTIVE")},
        column="email_key",
        regex=MAIL,
    )
    result = judged(each_warehouse, check)[check.check.id]
    keys = [row["subject_key"] for row in failing_rows(each_warehouse)]
    assert (result.checked, keys) == (2, ["centra:1", "centra:2"])


def test_a_built_in_without_a_predicate_leaves_one_row_about_its_stream(each_warehouse):
    add(each_warehouse, CONTACT, {}, {})
    judged(each_warehouse, built_in(CONTACT, "table_row_count_to_equal", value=5))
    (row,) = failing_rows(each_warehouse)
    assert (row["subject_kind"], row["subject_key"], row["people"]) == ("stream", "contacts", 0)


def test_a_check_that_passes_writes_nothing(warehouse):
    add(warehouse, CONTACT, {})
    judged(warehouse, built_in(CONTACT, "column_values_to_not_be_null", column="opt_in"))
    assert failing_rows(warehouse) == []


def test_what_failed_in_the_run_before_is_forgotten(warehouse):
    write(warehouse, built_in(CONTACT, "table_row_count_to_equal", value=5))
    judged(warehouse)
    assert failing_rows(warehouse) == []


# --- subjects

SUBJECTS = {
    t.centra_store: ("stream", "stores"),
    t.centra_wholesale_store: ("stream", "wholesale_stores"),
    t.centra_market: ("stream", "markets"),
    t.centra_currency: ("stream", "currencies"),
    t.centra_customer: ("contact", "centra:4711"),
    t.centra_customer_flag: ("contact", "centra:4711"),
    t.centra_keyed_consent: ("contact", "centra:4711"),
    t.centra_subscription: ("contact", "centra:subscription:31"),
    t.centra_buyer: ("contact", "centra:buyer:5"),
    t.centra_order: ("order", "100017"),
    t.centra_order_attribute: ("order", "100017"),
    t.centra_order_line: ("line", "100017/SKU-1"),
    t.centra_return: ("order", "100017"),
    t.centra_return_line: ("stream", "returns"),
    t.centra_payment: ("stream", "orders"),
    t.centra_pricelist: ("stream", "pricelists"),
    t.centra_warehouse: ("stream", "warehouses"),
    t.centra_country: ("stream", "countries"),
    t.centra_account: ("stream", "accounts"),
    t.centra_shipment: ("stream", "shipments"),
    t.centra_shipment_line: ("stream", "shipments"),
    t.centra_product: ("stream", "products"),
    t.centra_variant: ("stream", "variants"),
    t.centra_size: ("stream", "sizes"),
    t.centra_display: ("stream", "displays"),
    t.centra_display_variant: ("stream", "displays"),
    t.centra_display_market: ("stream", "displays"),
    t.centra_price: ("stream", "prices"),
    t.centra_campaign_price: ("stream", "campaign_prices"),
    t.centra_campaign_market: ("stream", "campaign_prices"),
    t.centra_lowest_price: ("stream", "lowest_prices"),
    t.centra_stock: ("stream", "stock"),
    t.emarsys_item: ("stream", "catalogue"),
    t.emarsys_item_locale: ("stream", "catalogue"),
    t.emarsys_feed: ("stream", "catalogue"),
    t.emarsys_contact: ("contact", "990017"),
    t.emarsys_quarantine: ("contact", "990017"),
    t.emarsys_event_definition: ("stream", "event_definitions"),
    t.emarsys_sale: ("line", "100017/SKU-1"),
    t.emarsys_si_contact: ("stream", "si_contacts"),
    t.emarsys_unsubscribe: ("contact", "990017"),
    t.emarsys_event: ("shipment", "event:e1"),
    t.emarsys_segment_member: ("audience", "200001/990017"),
    t.emarsys_automation_execution: ("stream", "automation_executions"),
    t.emarsys_latest_product: ("stream", "latest_products"),
}


@pytest.mark.parametrize("table", SUBJECTS, ids=lambda table: table.name)
def test_a_row_is_about_the_subject_of_its_table(warehouse, table):
    column = next(iter(HEALTHY[table]))
    add(warehouse, table, {})
    (row,) = write(warehouse, built_in(table, "column_values_to_be_null", column=column))
    assert (row["subject_kind"], row["subject_key"]) == SUBJECTS[table]


def test_every_canonical_table_has_a_subject():
    assert set(SUBJECTS) == {table for tables in t.STREAM_TABLES.values() for table in tables}


def test_a_row_without_a_key_is_about_its_stream(each_warehouse):
    add(each_warehouse, CONTACT, {"contact_id": None})
    (row,) = write(
        each_warehouse, built_in(CONTACT, "column_values_to_not_be_null", column="contact_id")
    )
    assert (row["subject_kind"], row["subject_key"]) == ("stream", "contacts")


def test_a_line_without_an_item_is_named_by_its_id(warehouse):
    add(warehouse, t.centra_order_line, {"item": None})
    (row,) = write(
        warehouse, built_in(t.centra_order_line, "column_values_to_not_be_null", column="item")
    )
    assert row["subject_key"] == "100017/1"


def test_rows_of_one_subject_are_one_row(each_warehouse):
    add(each_warehouse, CONTACT, {}, {}, {})
    (row,) = write(
        each_warehouse, built_in(CONTACT, "column_values_to_be_unique", column="contact_id")
    )
    assert (row["subject_key"], row["people"]) == ("990017", 1)


def test_a_row_names_customer_and_contact_where_its_table_does(warehouse):
    add(warehouse, t.centra_order, {})
    (row,) = write(warehouse, built_in(t.centra_order, "column_values_to_be_null", column="status"))
    assert (row["customer_id"], row["contact_id"]) == ("4711", None)


def test_a_row_says_when_its_record_came_to_be(warehouse):
    add(warehouse, t.centra_order, {})
    (row,) = write(warehouse, built_in(t.centra_order, "column_values_to_be_null", column="status"))
    assert row["occurred_at"] == OLD


# --- values


def shown(
    warehouse: Warehouse, table: sa.Table, kind: str, column: str, value: object
) -> tuple[str | None, str | None]:
    add(warehouse, table, {column: value})
    (row,) = write(warehouse, built_in(table, kind, column=column, regex="^x$", value_set=[]))
    return row["centra_value"], row["emarsys_value"]


def test_a_value_stands_on_the_side_of_its_system(each_warehouse):
    found = shown(each_warehouse, CONTACT, "column_values_to_be_null", "opt_in", 7)
    assert found == (None, "7")


def test_a_value_of_centra_stands_on_its_side(each_warehouse):
    found = shown(each_warehouse, t.centra_order, "column_values_to_be_null", "status", "LOST")
    assert found == ("LOST", None)


@pytest.mark.parametrize("column", ["email", "email_key"])
def test_an_e_mail_address_is_described_not_shown(each_warehouse, column):
    found = shown(
        each_warehouse, CONTACT, "column_values_to_match_regex", column, "eva.example.com"
    )
    assert found == (None, "not an e-mail address")


@pytest.mark.parametrize("column", ["first_name", "last_name"])
def test_a_name_is_never_shown(warehouse, column):
    found = shown(warehouse, CONTACT, "column_values_to_be_null", column, "Eva")
    assert found == (None, "not as expected")


def test_an_e_mail_address_in_any_other_column_is_not_shown(each_warehouse):
    found = shown(
        each_warehouse, CONTACT, "column_values_to_be_null", "external_id", "eva@example.com"
    )
    assert found == (None, "not as expected")


def test_a_missing_value_is_called_empty(each_warehouse):
    found = shown(each_warehouse, CONTACT, "column_values_to_not_be_null", "opt_in", None)
    assert found == (None, "empty")


def test_a_repeated_e_mail_address_is_described(warehouse):
    add(warehouse, CONTACT, {}, {"contact_id": "2"})
    rows = write(warehouse, built_in(CONTACT, "column_values_to_be_unique", column="email_key"))
    assert {row["emarsys_value"] for row in rows} == {"occurs more than once"}


def test_a_pair_is_shown_side_by_side(warehouse):
    add(warehouse, t.centra_order, {"total_minor": 5, "shipping_minor": 9})
    pair: dict[str, Any] = {"column_A": "total_minor", "column_B": "shipping_minor"}
    (row,) = write(warehouse, built_in(t.centra_order, "column_pair_values_to_be_equal", **pair))
    assert row["centra_value"] == "5 / 9"


def test_a_long_value_is_cut(warehouse):
    found = shown(warehouse, t.centra_order, "column_values_to_be_null", "status", "X" * 500)
    assert found == ("X" * 80, None)
