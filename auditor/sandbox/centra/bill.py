"""What a query costs and which permissions it needs, told from its text alone.

Source: Centra reference 1.3 and 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_argument_values,
    get_named_type,
)

from auditor.sandbox.centra.permissions import needed

if TYPE_CHECKING:
    from graphql import FieldNode, GraphQLField, SelectionSetNode

    from auditor.sandbox.centra.operation import Composite, Operation

_UNSPECIFIED = 10
_ROOT_DEFAULT = 20
_EXPENSIVE = 2
_MUTATION = 100


@dataclass(slots=True)
class Bill:
    """The complexity of an operation, how many mutations it holds and, by permission, the first field that needs it."""

    complexity: int = 0
    mutations: int = 0
    needs: dict[str, tuple[FieldNode, list[str]]] = field(default_factory=dict)

    def denials(self, granted: frozenset[str] | None) -> list[GraphQLError]:
        """Return an error per permission that is needed and not granted.

        Source:
            Centra reference 2.8.
        """
        if granted is None:
            return []
        return [
            GraphQLError(
                f"You need {permission} permission to access {node.name.value}.",
                node,
                path=path,
                extensions={"category": "authorization"},
            )
            for permission, (node, path) in self.needs.items()
            if permission not in granted
        ]


def bill(operation: Operation) -> Bill:
    """Price an operation."""
    total = Bill()
    root = operation.root()
    if root is not None:
        clerk = _Clerk(operation, total)
        total.complexity = clerk.selected(root, [operation.node.selection_set], [])
    if operation.is_mutation:
        total.mutations = len(operation.root_fields())
        total.complexity += _MUTATION * total.mutations
    return total


class _Clerk:
    """Walks a query once, adding up costs and collecting permissions."""

    def __init__(self, operation: Operation, total: Bill) -> None:
        self._operation, self._total = operation, total

    def selected(
        self, type_: Composite, sets: list[SelectionSetNode], path: list[str], rows: int = 1
    ) -> int:
        """Price what is selected on a type; `rows` is the size of the connection it stands for."""
        cost = 0
        for key, nodes in self._operation.every_field(type_, sets).items():
            owner = nodes[0][1]
            if not nodes[0][0].name.value.startswith("__"):
                fields = [node for node, _ in nodes]
                cost += self._field(owner, fields, [*path, key], rows)
        return cost

    def _field(self, owner: str, nodes: list[FieldNode], path: list[str], rows: int) -> int:
        name = nodes[0].name.value
        definition = self._definition(owner, name)
        named = get_named_type(definition.type)
        for permission in needed(owner, name, named.name):
            self._total.needs.setdefault(permission, (nodes[0], path))
        if not isinstance(named, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)):
            return _EXPENSIVE if _is_expensive(owner, name) else 0
        size = self._size(definition, nodes[0], is_root=len(path) == 1)
        sets = [node.selection_set for node in nodes if node.selection_set]
        if named.name.endswith("Connection"):
            return self.selected(named, sets, path, size)
        if owner.endswith("Connection") and name == "edges":
            return rows * self.selected(named, sets, path)
        return size * (1 + self.selected(named, sets, path))

    def _definition(self, owner: str, name: str) -> GraphQLField:
        type_: Any = self._operation.schema.type_map[owner]
        definition: GraphQLField = type_.fields[name]
        return definition

    def _size(self, definition: GraphQLField, node: FieldNode, *, is_root: bool) -> int:
        """Return how many objects a field is priced for: the asked size, else a default."""
        sizes = [name for name in ("limit", "first", "last") if name in definition.args]
        if sizes:
            asked = get_argument_values(definition, node, self._operation.variables)
            given = [asked[name] for name in sizes if asked.get(name) is not None]
            return max(given[0], 0) if given else _ROOT_DEFAULT if is_root else _UNSPECIFIED
        return _UNSPECIFIED if _is_list(definition) else 1


def _is_list(definition: GraphQLField) -> bool:
    type_ = definition.type
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)


def _is_expensive(owner: str, name: str) -> bool:
    """Tell whether a scalar costs points: stock quantities other than free to allocate do."""
    return owner in ("Stock", "StockTotals") and name != "freeToAllocateQuantity"
