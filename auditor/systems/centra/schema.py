"""What this tenant's API has: its types, fields, arguments and enum values, by introspection.

Source:
    Centra reference 0: the API documents itself by introspection, to any valid token.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from auditor.errors import SchemaDriftError

if TYPE_CHECKING:
    from auditor.systems.centra.client import CentraClient

_TYPE = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
INTROSPECTION = f"""query Introspection {{ __schema {{ queryType {{ name }} types {{
  name
  fields(includeDeprecated: true) {{
    name
    args {{ name defaultValue type {{ {_TYPE} }} }}
    type {{ {_TYPE} }}
  }}
  inputFields {{ name }}
  enumValues(includeDeprecated: true) {{ name }}
  possibleTypes {{ name }}
}} }} }}"""


class TypeRef(msgspec.Struct, frozen=True, rename="camel"):
    """A type as a field or argument names it, wrapped in lists and non-nulls."""

    kind: str
    name: str | None = None
    of_type: TypeRef | None = None

    @property
    def inner(self) -> str:
        """Return the name of the type inside all wrappings."""
        return self.of_type.inner if self.of_type else self.name or ""


class Named(msgspec.Struct, frozen=True):
    """Anything of which only the name matters."""

    name: str


class Argument(msgspec.Struct, frozen=True, rename="camel"):
    """An argument of a field."""

    name: str
    type: TypeRef
    default_value: str | None = None


class Field(msgspec.Struct, frozen=True):
    """A field of a type."""

    name: str
    type: TypeRef
    args: tuple[Argument, ...] = ()

    def argument(self, name: str) -> Argument | None:
        """Return one of its arguments."""
        return next((argument for argument in self.args if argument.name == name), None)


class Type(msgspec.Struct, rename="camel", dict=True):
    """A type of the schema; what a kind of type does not have is null."""

    name: str
    fields: tuple[Field, ...] | None = None
    input_fields: tuple[Named, ...] | None = None
    enum_values: tuple[Named, ...] | None = None
    possible_types: tuple[Named, ...] | None = None

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Return the fields by name."""
        return {field.name: field for field in self.fields or ()}


class _Description(msgspec.Struct, rename="camel"):
    query_type: Named
    types: tuple[Type, ...]


class _Answer(msgspec.Struct):
    schema: _Description = msgspec.field(name="__schema")


class Schema:
    """Answers what the tenant has, by the names that its API uses."""

    def __init__(self, query_type: str, types: tuple[Type, ...]) -> None:
        self.query_type = query_type
        self._types = {type_.name: type_ for type_ in types}

    def field(self, type_name: str, name: str) -> Field | None:
        """Return a field of a type, None where there is none."""
        found = self._types.get(type_name)
        return found.by_name.get(name) if found else None

    def root(self, name: str) -> Field | None:
        """Return a root field, None where the tenant has none of that name."""
        return self.field(self.query_type, name)

    def owners(self, type_name: str, name: str) -> list[str]:
        """Return the types behind an interface that have a field, all of them in the same type.

        GraphQL refuses a query that asks for one name in two types at once.
        """
        found = self._types.get(type_name)
        possible = [entry.name for entry in (found.possible_types if found else None) or ()]
        fields = {owner: self.field(owner, name) for owner in possible}
        have = {owner: field for owner, field in fields.items() if field is not None}
        first = next(iter(have.values()), None)
        return [owner for owner, field in have.items() if first and field.type == first.type]

    def has_input(self, type_name: str, name: str) -> bool:
        """Return whether an input type has a field."""
        found = self._types.get(type_name)
        return found is not None and name in {entry.name for entry in found.input_fields or ()}

    def values(self, type_name: str) -> tuple[str, ...]:
        """Return the values of an enum, none where it is unknown."""
        found = self._types.get(type_name)
        return tuple(entry.name for entry in (found.enum_values if found else None) or ())


def learn_schema(client: CentraClient) -> Schema:
    """Ask the tenant what it has.

    Raises:
        SchemaDriftError: the answer is no introspection.
        ReadError: as for any query.
    """
    data = client.query(INTROSPECTION)
    try:
        description = msgspec.json.decode(data, type=_Answer).schema
    except msgspec.DecodeError as exc:
        raise SchemaDriftError("Centra does not tell its schema in the usual shape.") from exc
    return Schema(description.query_type.name, description.types)
