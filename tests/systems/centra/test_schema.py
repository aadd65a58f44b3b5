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


class Notebook:
    """Keeps the newest answer of each tenant."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str, str]] = {}

    def recall(self, tenant: str, name: str) -> str | None:
        kept = self.texts.get(tenant, ("", ""))
        return kept[1] if kept[0] == name else None

    def keep(self, tenant: str, name: str, text: str) -> None:
        self.texts[tenant] = (name, text)


class Versioned(FakeCentra):
    """A tenant that says which version of Centra it runs on."""

    version = "v1"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = super().__call__(request).json()
        extensions = {**body.get("extensions", {}), "appVersion": self.version}
        return httpx.Response(200, json={**body, "extensions": extensions})

    @property
    def told(self) -> int:
        return sum("__schema" in text for text in self.queries)


def learned(fake: FakeCentra, notebook: Notebook) -> Schema:
    """Learn what a tenant has as a new process does."""
    client = client_of(fake)
    client.check_access()
    return learn_schema(client, notebook)


def test_a_version_that_told_its_schema_is_not_asked_again():
    fake, notebook = Versioned(), Notebook()
    for _ in range(2):
        assert learned(fake, notebook).root("customers") is not None
    assert fake.told == 1


def test_another_version_is_asked_anew():
    fake, notebook = Versioned(), Notebook()
    learned(fake, notebook)
    fake.version = "v2"
    learned(fake, notebook)
    assert fake.told == 2


@pytest.mark.parametrize("damage", ["", "{}", '{"__schema":', "null"])
def test_a_damaged_memory_is_ignored(damage: str):
    fake, notebook = Versioned(), Notebook()
    learned(fake, notebook)
    notebook.texts = {tenant: (name, damage) for tenant, (name, _) in notebook.texts.items()}
    assert learned(fake, notebook).root("customers") is not None
    assert fake.told == 2


def test_a_tenant_that_names_no_version_is_asked_each_time():
    fake, notebook = Versioned(), Notebook()
    fake.version = ""
    for _ in range(2):
        learned(fake, notebook)
    assert (fake.told, notebook.texts) == (2, {})


@pytest.mark.parametrize("data", [{}, {"__schema": {"types": []}}, {"__schema": None}])
def test_an_answer_that_is_no_introspection_is_drift(data: object):
    limits = httpx.Response(200, json={"data": {"rateLimits": []}})
    fake = FakeCentra(replies=[limits, httpx.Response(200, json={"data": data})])
    with pytest.raises(SchemaDriftError, match="does not tell its schema"):
        learn_schema(client_of(fake))
