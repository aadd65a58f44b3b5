"""A strategy for queries that are valid against the schema of a tenant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

VARIABLES: dict[str, Any] = {"yes": True, "no": False, "three": 3, "form": "d/m-y H:i \\a\\t U"}
HEADER = "query ($yes: Boolean!, $no: Boolean!, $three: Int, $form: String, $gone: String)"
FRAGMENT = "fragment money on MonetaryValue { formattedValue currency { ...code } value }\n"
FRAGMENT += "fragment code on Currency { code }\n"
MENTION = """mention: orders(limit: $three) @include(if: $yes) {
  createdAt(format: $form) updatedAt(format: $gone) number @skip(if: $no) grandTotal { ...money } }"""
"""Uses every variable and fragment once, as GraphQL demands of what is declared."""
ARGUMENTS: dict[str, list[str]] = {
    "format": ["$form", "$gone", '"Y"', "null"],
    "includingTax": ["$yes", "$no", "true", "false"],
    "includeFullyCancelled": ["$yes", "$no", "null"],
    "limit": ["$three", "1", "200", "null"],
    "first": ["$three", "1", "200"],
    "page": ["1", "2"],
    "sizeName": ['"large"'],
}
ROOTS_WITHOUT_DATA = {"rateLimits", "order", "events"}


@dataclass
class Writer:
    """Writes one query from what a strategy draws."""

    schema: GraphQLSchema
    draw: DrawFn
    aliases: int = field(default=0)

    def query(self) -> str:
        root = self.schema.query_type
        assert root is not None
        names = sorted(set(root.fields) - ROOTS_WITHOUT_DATA)
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        fields = " ".join(self.field(root, name, 4) for name in chosen)
        return f"{HEADER} {{ {fields} {MENTION} }}\n{FRAGMENT}"

    def selection(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        names = [name for name in sorted(type_.fields) if depth > 0 or self.is_leaf(type_, name)]
        chosen = self.draw(
            st.lists(st.sampled_from(["__typename", *names]), min_size=1, max_size=6)
        )
        parts = [self.field(type_, name, depth - 1) for name in chosen]
        if isinstance(type_, GraphQLInterfaceType) and depth > 0 and self.draw(st.booleans()):
            concrete = self.draw(st.sampled_from(self.schema.get_possible_types(type_)))
            parts.append(f"... on {concrete.name} {{ {self.selection(concrete, depth - 1)} }}")
        if type_.name == "MonetaryValue" and self.draw(st.booleans()):
            parts.append("...money")
        if self.draw(st.integers(0, 9)) == 0:
            parts.append(f"... @include(if: $no) {{ {self.selection(type_, 0)} }} __typename")
        return " ".join(parts)

    def is_leaf(self, type_: GraphQLObjectType | GraphQLInterfaceType, name: str) -> bool:
        return is_leaf_type(get_named_type(type_.fields[name].type))

    def field(self, type_: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int) -> str:
        if name == "__typename":
            return name
        arguments = self.arguments(type_.fields[name].args)
        named = get_named_type(type_.fields[name].type)
        body = ""
        if isinstance(named, (GraphQLObjectType, GraphQLInterfaceType)):
            body = f" {{ {self.selection(named, depth)} }}"
        directive = self.draw(
            st.sampled_from(["", "", "", " @skip(if: $no)", " @include(if: $yes)"])
        )
        return f"{self.alias(arguments)}{name}{arguments}{directive}{body}"

    def alias(self, arguments: str) -> str:
        """Alias a field with arguments, so that no two of them conflict."""
        if not arguments and self.draw(st.integers(0, 5)):
            return ""
        self.aliases += 1
        return f"a{self.aliases}: "

    def arguments(self, declared: dict[str, Any]) -> str:
        given = []
        for name in sorted(set(declared) & set(ARGUMENTS)):
            if self.draw(st.booleans()):
                value = self.draw(st.sampled_from(ARGUMENTS[name]))
                given.append(f"{name}: {value}")
        return f"({', '.join(given)})" if given else ""


@st.composite
def queries(draw: DrawFn, schema: GraphQLSchema) -> str:
    """Draw a query over every type that the schema reaches."""
    return Writer(schema, draw).query()
