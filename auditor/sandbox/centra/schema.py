"""The schema of one tenant: the SDL beside this module less what its options take away."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from graphql import (
    REMOVE,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    visit,
)

from auditor.sandbox.centra.dates import read_int64, read_moment
from auditor.sandbox.centra.fields import FIELDS, TYPENAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import DocumentNode, GraphQLResolveInfo

    from auditor.sandbox.centra.field import Field, Request, Row, Value
    from auditor.sandbox.centra.options import CentraOptions

_UPDATE_BY = {
    "id": "updateCustomer(id: Int!",
    "customer": "updateCustomer(customer: CustomerInput!",
}

Bindings = dict[str, dict[str, "Field"]]
"""What answers each field of each type of a schema, under the names that this schema uses."""

_READERS: dict[str, Callable[[object], object]] = {
    "DateTimeTz": read_moment,
    "Int64": read_int64,
}


def tenant_schema(options: CentraOptions) -> tuple[GraphQLSchema, Bindings]:
    """Build the schema of a tenant and what answers its fields.

    Raises:
        ValueError: `options.absent` holds a name that the schema does not have.
    """
    other = "DELETED" if options.cancelled_status == "CANCELLED" else "CANCELLED"
    names = (
        ("Customer.isRegistered", options.registered_field),
        ("Customer.receivesNewsletters", options.newsletter_field),
        ("MonetaryValue.baseValue", options.base_value_field),
    )
    texts = (("updateCustomer(id: Int!", _UPDATE_BY[options.update_customer_by]),)
    return _built(options.absent | {f"OrderStatus.{other}"}, names, texts)


@lru_cache(maxsize=64)
def _built(
    absent: frozenset[str],
    names: tuple[tuple[str, str | None], ...],
    texts: tuple[tuple[str, str], ...],
) -> tuple[GraphQLSchema, Bindings]:
    text = files("auditor.sandbox.centra").joinpath("schema.graphql").read_text("utf-8")
    for old, new in texts:
        text = text.replace(old, new)
    bindings: Bindings = {type_name: dict(fields) for type_name, fields in FIELDS.items()}
    for coordinate, name in names:
        type_name, placeholder = coordinate.split(".")
        field = bindings[type_name].pop(placeholder)
        if name is None:
            absent |= {coordinate}
        else:
            text = text.replace(f"\n  {placeholder}:", f"\n  {name}:")
            bindings[type_name][name] = field
    schema = build_ast_schema(_without(parse(text), absent))
    _attach(schema, bindings)
    return schema, bindings


def _without(document: DocumentNode, absent: frozenset[str]) -> DocumentNode:
    remover = _Remover(absent)
    less: DocumentNode = visit(document, remover)
    if remover.missed:
        raise ValueError(f"not in the schema of Centra: {', '.join(sorted(remover.missed))}")
    return less


class _Remover(Visitor):
    """Remove fields, filters and enum values by their coordinates."""

    def __init__(self, absent: frozenset[str]) -> None:
        super().__init__()
        self._absent = absent
        self.missed = set(absent)

    def enter(self, node: object, *rest: Value) -> object:
        """Remove the node when it, or the field of an interface that it implements, is absent."""
        if not isinstance(
            node, (FieldDefinitionNode, InputValueDefinitionNode, EnumValueDefinitionNode)
        ):
            return None
        owner = rest[-1][-1]
        owners = [owner.name.value]
        if isinstance(owner, ObjectTypeDefinitionNode):
            owners += [interface.name.value for interface in owner.interfaces or ()]
        hits = {f"{name}.{node.name.value}" for name in owners} & self._absent
        self.missed -= hits
        return REMOVE if hits else None


def _attach(schema: GraphQLSchema, bindings: Bindings) -> None:
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLScalarType) and type_.name in _READERS:
            type_.parse_value = type_.coerce_input_value = _READERS[type_.name]  # type: ignore[method-assign,assignment]
        elif (
            isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)) and type_.name in TYPENAMES
        ):
            type_.resolve_type = _type_resolver(TYPENAMES[type_.name])
        elif isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                field.resolve = _resolver(bindings[type_.name][name])


def _resolver(field: Field) -> Callable[..., Value]:
    def resolve(source: Row, info: GraphQLResolveInfo[Request], **args: Value) -> Value:
        return field(info.context, args)(source)

    return resolve


def _type_resolver(field: Field) -> Callable[..., str]:
    def resolve(source: Row, info: GraphQLResolveInfo[Request], _type: object) -> str:
        name: str = field(info.context, {})(source)
        return name

    return resolve
