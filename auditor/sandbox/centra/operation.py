"""One GraphQL operation, ready to be priced and executed: what it selects, fragments resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationType,
    get_directive_values,
    get_operation_ast,
    get_variable_values,
    is_abstract_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graphql import (
        DocumentNode,
        GraphQLError,
        OperationDefinitionNode,
        SelectionNode,
        SelectionSetNode,
    )

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
Fields = dict[str, list[FieldNode]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A query or mutation with its coerced variables."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    variables: Any

    @property
    def is_mutation(self) -> bool:
        """Whether it may change something."""
        return self.node.operation is OperationType.MUTATION

    def root(self) -> GraphQLObjectType | None:
        """Return the type whose fields it selects."""
        return self.schema.mutation_type if self.is_mutation else self.schema.query_type

    def root_fields(self) -> Fields:
        """Return the fields of the root by response key."""
        root = self.root()
        return self.fields(root, [self.node.selection_set]) if root else {}

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Fields:
        """Return the fields that are selected on a concrete type, by response key."""

        def applies(condition: str | None) -> bool:
            if condition is None or condition == type_.name:
                return True
            other = self.schema.type_map[condition]
            return is_abstract_type(other) and self.schema.is_sub_type(other, type_)

        fields: Fields = {}
        for node, _ in self._flat(sets, type_.name, applies, set()):
            fields.setdefault(_key(node), []).append(node)
        return fields

    def every_field(
        self, type_: Composite, sets: Iterable[SelectionSetNode]
    ) -> dict[str, list[tuple[FieldNode, str]]]:
        """Return what is selected on a type and on all types behind it, with each field's owner."""
        fields: dict[str, list[tuple[FieldNode, str]]] = {}
        for node, owner in self._flat(sets, type_.name, lambda _condition: True, set()):
            fields.setdefault(_key(node), []).append((node, owner))
        return fields

    def _flat(
        self,
        sets: Iterable[SelectionSetNode],
        owner: str,
        applies: Callable[[str | None], bool],
        visited: set[str],
    ) -> Iterator[tuple[FieldNode, str]]:
        for selection in (node for group in sets for node in group.selections):
            if not self._is_included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield selection, owner
                continue
            fragment: Any = selection
            if not isinstance(selection, InlineFragmentNode):
                name = fragment.name.value
                if name in visited:
                    continue
                visited.add(name)
                fragment = self.fragments[name]
            condition = fragment.type_condition.name.value if fragment.type_condition else None
            if applies(condition):
                yield from self._flat(
                    [fragment.selection_set], condition or owner, applies, visited
                )

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        if skip is not None and all(skip.values()):
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return include is None or all(include.values())


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def read_operation(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, variables: dict[str, Any]
) -> Operation | list[GraphQLError] | None:
    """Choose an operation of a document and coerce its variables.

    Returns:
        The operation, or the errors in its variables, or None when there is no such query: what is
        wrong then is for graphql-core to say.
    """
    node = get_operation_ast(document, name)
    if node is None or node.operation is OperationType.SUBSCRIPTION:
        return None
    coerced = get_variable_values(schema, node.variable_definitions or (), variables)
    if isinstance(coerced, list):
        return coerced
    fragments = {
        part.name.value: part
        for part in document.definitions
        if isinstance(part, FragmentDefinitionNode)
    }
    return Operation(schema, node, fragments, coerced)
