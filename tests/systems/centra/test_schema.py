"""Introspection tells what a tenant has."""

from __future__ import annotations

import httpx
import pytest

from auditor.errors import SchemaDriftError
from auditor.systems.centra.schema import Argument, Field, Schema, Type, TypeRef, learn_schema
from tests.systems.centra.fake import FakeCentra, client_of, schema_of


def leaf(name: str) -> TypeRef:
    return TypeRef("SCALAR", name)


def test_a_field_that_is_there_is_found():
    found = schema_of(FakeCentra()).field("Customer", "store")
    assert found is not None
    assert found.type.inner == "Store"


def test_a_field_that_is_missing_is_not_found():
    schema = schema_of(FakeCentra(absent=("Customer.isAnonymized",)))
    assert schema.field("Customer", "isAnonymized") is None


def test_a_type_that_is_missing_has_no_fields():
    assert schema_of(FakeCentra()).field("Spaceship", "id") is None


def test_a_root_list_is_found():
    assert schema_of(FakeCentra()).root("customers") is not None


def test_an_argument_is_found():
    found = schema_of(FakeCentra()).root("customers")
    assert found is not None
    assert found.argument("where") == Argument(
        "where", TypeRef("NON_NULL", None, TypeRef("OBJECT", "CustomerFilter"))
    )


def test_the_values_of_an_enum_are_known():
    assert schema_of(FakeCentra()).values("OrderSort") == ("id_ASC", "number_ASC")


def test_an_unknown_enum_has_no_values():
    assert schema_of(FakeCentra()).values("Mood") == ()


def test_the_fields_of_a_filter_are_known():
    schema = schema_of(FakeCentra())
    assert schema.has_input("OrderFilter", "isOnHold")
    assert not schema.has_input("OrderFilter", "isLate")


def test_owners_are_the_types_behind_an_interface_that_have_a_field():
    assert schema_of(FakeCentra()).owners("Order", "customer") == ["DirectToConsumerOrder"]


def test_owners_agree_on_the_type_of_the_field():
    kinds = {"Choice": leaf("String"), "Note": leaf("String"), "Flag": leaf("Boolean")}
    types = [Type(name, fields=(Field("value", type_),)) for name, type_ in kinds.items()]
    interface = Type("Element", fields=(), possible_types=tuple(types))  # type: ignore[arg-type]
    schema = Schema("Query", (interface, *types))
    assert schema.owners("Element", "value") == ["Choice", "Note"]


@pytest.mark.parametrize("data", [{}, {"__schema": {"types": []}}, {"__schema": None}])
def test_an_answer_that_is_no_introspection_is_drift(data: object):
    limits = httpx.Response(200, json={"data": {"rateLimits": []}})
    fake = FakeCentra(replies=[limits, httpx.Response(200, json={"data": data})])
    with pytest.raises(SchemaDriftError, match="does not tell its schema"):
        learn_schema(client_of(fake))
