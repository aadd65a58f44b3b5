"""Queries that ask only for what the tenant has.

A selection names the wanted fields once. What the reference marks as inferred or unknown is optional:
it is left out where the tenant lacks it. A field that only some types behind an interface have is asked
for in a fragment on each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import SchemaDriftError
from auditor.model.snapshot import Dropped
from auditor.systems.centra.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.systems.centra.schema import Schema


@dataclass(frozen=True, slots=True)
class Want:
    """A field to ask for.

    Attributes:
        name: Its name in the API.
        fields: What to ask for below it.
        args: Arguments as GraphQL text.
        is_optional: Whether the auditor can do without it.
        permissions: Those whose lack it is left out for; none means that it has to be read.
        fills: The canonical columns that are empty without it, as `table.column`; those of the fields
            below it go with it.
    """

    name: str
    fields: tuple[Want, ...] = ()
    args: str = ""
    is_optional: bool = False
    permissions: frozenset[str] = frozenset()
    fills: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column that is empty without it."""
        return (*self.fills, *(name for field in self.fields for name in field.columns))


def wants(*fields: str | Want) -> tuple[Want, ...]:
    """Return a selection; a plain name is a field that has to be there."""
    return tuple(Want(field) if isinstance(field, str) else field for field in fields)


def if_granted(name: str, fields: tuple[Want, ...], permission: str, fills: str) -> Want:
    """Return a field that is left out where the tenant lacks it, or the token a permission."""
    return Want(name, fields, is_optional=True, permissions=frozenset({permission}), fills=(fills,))


def droppable(fields: Iterable[Want]) -> Iterator[str]:
    """Yield the permissions that a selection can do without."""
    for field in fields:
        yield from field.permissions
        yield from droppable(field.fields)


def selection(
    schema: Schema,
    type_name: str,
    fields: Iterable[Want],
    without: frozenset[str] = frozenset(),
    notes: Notes | None = None,
) -> str:
    """Return a selection as GraphQL text.

    Args:
        schema: What the tenant has.
        type_name: The type that the fields are of.
        fields: The wanted fields.
        without: Permissions that the token lacks.
        notes: Hears what is left out.

    Raises:
        SchemaDriftError: the tenant lacks a field that the auditor cannot do without.
    """
    return _Writer(schema, without, notes or Notes()).selection(type_name, fields)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes selections for one tenant and one token."""

    schema: Schema
    without: frozenset[str]
    notes: Notes

    def selection(self, type_name: str, fields: Iterable[Want]) -> str:
        """Return the fields of a type."""
        parts = []
        for field in fields:
            name = f"{type_name}.{field.name}"
            dropped = Dropped(name, field.columns)
            if field.permissions & self.without:
                lacking = " and ".join(sorted(field.permissions & self.without))
                self.notes.drop(dropped, f"{name} was not read; grant {lacking} to the token.")
                continue
            try:
                parts.append(self._part(type_name, field))
            except SchemaDriftError as exc:
                if not field.is_optional:
                    raise
                self.notes.drop(dropped, f"{exc}")
        return " ".join(parts)

    def _part(self, type_name: str, field: Want) -> str:
        if field.name == "__typename" or self.schema.field(type_name, field.name):
            return self._text(type_name, field)
        owners = self.schema.owners(type_name, field.name)
        if not owners:
            raise SchemaDriftError(f"Centra has no field {type_name}.{field.name}.")
        return " ".join(f"... on {owner} {{ {self._text(owner, field)} }}" for owner in owners)

    def _text(self, type_name: str, field: Want) -> str:
        head = f"{field.name}({field.args})" if field.args else field.name
        found = self.schema.field(type_name, field.name)
        if not field.fields or found is None:
            return head
        below = self.selection(found.type.inner, field.fields)
        if not below:
            raise SchemaDriftError(f"Centra has nothing to ask for below {type_name}.{field.name}.")
        return f"{head} {{ {below} }}"
