"""What no run of the auditor may ever ask of a system, read off the log of the servers.

It shares nothing with the lock that stops such requests: what one of them misses, the other sees.

Source:
    DESIGN 8.6; Emarsys reference 3, 9 and 11; Centra reference 8.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import graphql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.sandbox.wire import LoggedRequest

READING_POSTS = (
    r"contact/(getdata|checkids|getchanges|getregistrations|getcontacthistory)",
    r"export/filter",
    r"email/(getcontacts|getresponses|responses|getlaunchesofemail|getdeliverystatus)",
    r"filter/\d+/(single_)?runs",
)
WRITES = (
    r"PUT contact",
    r"POST contactlist",
    r"POST contactlist/\d+/(add|delete)",
    r"POST event/\d+/trigger",
)
ELSEWHERE = (
    r"POST /oauth2/token",
    r"POST /hapi/merchant/[^/]+/(sales-data|catalog)/api",
    r"POST /sandbox/.*",
    r"(GET|HEAD|OPTIONS) .*",
)
CENTRA_PLUMBING = frozenset({"confirmEvents", "setEventListeners"})
"""Mutations that change nothing of a person or an order. Source: Centra reference 7."""


def forbidden_calls(rows: Iterable[LoggedRequest]) -> list[str]:
    """Return a sentence for each request that must not have been made."""
    return [
        f"{row.method} {row.path}: {what}"
        for row in rows
        for what in (_of_centra(row) if row.system == "centra" else _of_emarsys(row))
    ]


def _of_emarsys(row: LoggedRequest) -> Iterator[str]:
    path = re.sub(r"/+", "/", unquote(unquote(row.path)).strip()).rstrip("/")
    call = re.match(r"/api/v[23]/(.*)", path)
    if call is None:
        if not _matches(ELSEWHERE, f"{row.method} {path}"):
            yield "not a call of the auditor"
    elif row.method in ("GET", "HEAD"):
        if "delete" in path.lower():
            yield "a look that deletes"
    elif not (
        (row.method == "POST" and _matches(READING_POSTS, call[1]))
        or _matches(WRITES, f"{row.method} {call[1]}")
    ):
        yield "neither reads nor is one of the few writes"
    yield from _of_body(row)


def _of_body(row: LoggedRequest) -> Iterator[str]:
    try:
        body = json.loads(row.body)
    except ValueError:
        return
    fields = list(_values_of(body, {"31", "optin"}))
    if any(value in (1, "1", True) or str(value).lower() == "true" for value in fields):
        yield "opts in"
    if fields and "create_if_not_exists=1" in row.query:
        yield "creates a contact with field 31"


def _of_centra(row: LoggedRequest) -> Iterator[str]:
    if b"mutation" not in row.body:
        return
    try:
        body = json.loads(row.body)
        document = graphql.parse(body["query"])
    except (ValueError, KeyError, TypeError, graphql.GraphQLError):
        return  # what cannot be read cannot be carried out
    variables = body.get("variables") or {}
    for definition in document.definitions:
        if (
            isinstance(definition, graphql.OperationDefinitionNode)
            and definition.operation is graphql.OperationType.MUTATION
        ):
            for field in definition.selection_set.selections:
                yield from _of_mutation(field, variables)


def _of_mutation(field: graphql.SelectionNode, variables: dict[str, Any]) -> Iterator[str]:
    if not isinstance(field, graphql.FieldNode):
        yield "a mutation that hides in a fragment"
        return
    name = field.name.value
    if name in CENTRA_PLUMBING:
        return
    sent = {
        one.name.value: graphql.value_from_ast_untyped(one.value, variables)
        for one in field.arguments or ()
    }
    if name != "updateCustomer" or sent.get("input") != {"receiveNewsletters": False}:
        yield f"the mutation {name} does more than end a newsletter"


def _values_of(value: Any, names: set[str]) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if str(name).strip().lower() in names:
                yield inner
            yield from _values_of(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from _values_of(inner, names)


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in patterns)
