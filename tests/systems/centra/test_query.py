"""A query asks for what the tenant has, and for nothing else."""

from __future__ import annotations

import pytest

from auditor.errors import SchemaDriftError
from auditor.model.snapshot import Dropped
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.query import Want, droppable, selection, wants
from tests.systems.centra.fake import FakeCentra, schema_of

FULL = schema_of(FakeCentra())


def test_plain_fields_are_asked_for_as_they_are():
    assert selection(FULL, "Store", wants("id", "name")) == "id name"


def test_fields_below_a_field_stand_in_braces():
    assert selection(FULL, "Customer", wants(Want("store", wants("id")))) == "store { id }"


def test_arguments_are_written_as_they_are():
    lines = Want("lines", wants("id"), "includeFullyCancelled: true")
    assert selection(FULL, "Order", [lines]) == "lines(includeFullyCancelled: true) { id }"


def test_an_optional_field_is_left_out_where_it_is_missing():
    schema = schema_of(FakeCentra(absent=("Customer.isAnonymized",)))
    fields = wants("id", Want("isAnonymized", is_optional=True))
    assert selection(schema, "Customer", fields) == "id"


def test_a_field_that_is_left_out_is_noted_with_the_columns_that_stay_empty():
    schema, notes = schema_of(FakeCentra(absent=("Order.totals",))), Notes()
    below = (Want("shipping", fills=("o.shipping",)), Want("taxAdded", fills=("o.tax",)))
    selection(schema, "Order", wants("id", Want("totals", below, is_optional=True)), notes=notes)
    assert notes.dropped() == (Dropped("Order.totals", ("o.shipping", "o.tax")),)


def test_a_field_that_may_not_be_read_is_noted_too():
    notes = Notes()
    field = Want("brand", permissions=frozenset({"Brand:read"}), fills=("p.brand",))
    selection(FULL, "Product", wants("id", field), frozenset({"Brand:read"}), notes)
    assert notes.dropped() == (Dropped("Product.brand", ("p.brand",)),)


def test_a_missing_field_that_is_needed_is_named():
    with pytest.raises(SchemaDriftError, match=r"^Centra has no field Customer\.colour\.$"):
        selection(FULL, "Customer", wants("colour"))


def test_an_optional_field_is_left_out_with_all_that_is_needed_below_it():
    fields = wants("id", Want("store", wants("colour"), is_optional=True))
    assert selection(FULL, "Customer", fields) == "id"


def test_a_field_that_has_nothing_left_below_it_is_left_out():
    below = (Want("colour", is_optional=True),)
    assert selection(FULL, "Order", wants("id", Want("totals", below, is_optional=True))) == "id"


def test_an_optional_field_that_turns_out_to_be_a_scalar_is_left_out():
    assert (
        selection(FULL, "Store", wants("id", Want("name", wants("value"), is_optional=True)))
        == "id"
    )


def test_a_field_of_one_kind_of_order_is_asked_for_in_a_fragment():
    text = selection(FULL, "Order", wants(Want("buyer", wants("id"))))
    assert text == "... on WholesaleOrder { buyer { id } }"


def test_the_name_of_a_type_can_always_be_asked_for():
    assert selection(FULL, "Order", wants("__typename")) == "__typename"


def test_what_needs_a_lacking_permission_is_left_out():
    fields = wants("id", Want("totalOrders", permissions=frozenset({"Customer.totalOrders:read"})))
    text = selection(FULL, "Customer", fields, frozenset({"Customer.totalOrders:read"}))
    assert text == "id"


def test_permissions_that_can_be_done_without_are_found_at_any_depth():
    deep = Want("a", (Want("b", permissions=frozenset({"B:read"})),))
    assert list(droppable([deep])) == ["B:read"]
