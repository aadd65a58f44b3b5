"""What this tenant's API has: its types, fields, arguments and enum values, by introspection.

The answer may be kept for as long as the same version of Centra answers. It is the same for every
token: what a token may not read is in the schema all the same, and refused when it is asked for.

Source:
    Centra reference 0: the API documents itself by introspection, to any valid token; every answer
    names its `appVersion`. 1.3: a missing permission shows as an error of the query alone.
"""

from __future__ import annotations

import logging
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import msgspec

from auditor.errors import SchemaDriftError
from auditor.model.not_json import NOT_JSON

if TYPE_CHECKING:
    from auditor.systems.centra.client import CentraClient

log = logging.getLogger(__name__)

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


class Memory(Protocol):
    """Keeps one text of a tenant under a name, beyond the end of the process."""

    def recall(self, tenant: str, name: str) -> str | None:
        """Return the text that was kept under a name, None where another or none was."""

    def keep(self, tenant: str, name: str, text: str) -> None:
        """Keep a text in place of any other of the tenant."""


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


def learn_schema(client: CentraClient, memory: Memory | None = None) -> Schema:
    """Ask the tenant what it has, or recall it where the same version of Centra has told it before.

    Args:
        client: Asks the tenant.
        memory: Where the answer is kept; without one it is always asked for.

    Raises:
        SchemaDriftError: the answer is no introspection.
        ReadError: as for any query.
    """
    kept = memory.recall(client.url, _name(client)) if memory and client.app_version else None
    if kept is not None:
        try:
            return _read(kept)
        except SchemaDriftError:
            log.warning("What was kept of Centra's schema is damaged; asking for it again")
    data = client.query(INTROSPECTION)
    schema = _read(data)
    if memory and client.app_version:
        memory.keep(client.url, _name(client), bytes(data).decode())
    return schema


def _name(client: CentraClient) -> str:
    """Name an answer: by who answered, and by what was asked, since auditors learn to ask more."""
    return f"{client.app_version} {sha256(INTROSPECTION.encode()).hexdigest()}"


def _read(data: msgspec.Raw | str) -> Schema:
    try:
        description = msgspec.json.decode(data, type=_Answer).schema
    except NOT_JSON as exc:
        raise SchemaDriftError("Centra does not tell its schema in the usual shape.") from exc
    return Schema(description.query_type.name, description.types)
