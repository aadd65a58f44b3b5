"""The fake tenant behind its endpoint: tokens, prices of queries, and their execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError, execute_sync, parse, validate

from auditor.sandbox.centra.bill import Bill, bill
from auditor.sandbox.centra.event_queues import EventQueues
from auditor.sandbox.centra.field import Request
from auditor.sandbox.centra.limits import Limits, retry_after
from auditor.sandbox.centra.operation import Operation, read_operation
from auditor.sandbox.centra.paging import Pages
from auditor.sandbox.centra.project import project
from auditor.sandbox.centra.schema import tenant_schema
from auditor.sandbox.centra.shifting import shift
from auditor.sandbox.centra.view import Restriction, View, lengths

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from graphql import DocumentNode, GraphQLSchema

    from auditor.sandbox.centra.options import CentraOptions, Token
    from auditor.sandbox.wire import Fault
    from auditor.sandbox.world.model import CentraTenant


@dataclass(frozen=True, slots=True)
class Query:
    """What a client sent."""

    text: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets; `body` is JSON to be, or text."""

    body: dict[str, Any] | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class CentraServer:
    """One tenant as its API shows it.

    The server reads the tenant's rows live, but finds them through indexes. After rows were changed
    from outside (dates, ids, or what they point at), call `refresh`; added and removed rows are
    noticed by themselves.
    """

    def __init__(
        self, tenant: CentraTenant, options: CentraOptions, clock: Callable[[], datetime]
    ) -> None:
        self.options = options
        self.schema, self._bindings = tenant_schema(options)
        self._tenant, self._clock = tenant, clock
        self._zone = ZoneInfo(options.timezone)
        self._limits = Limits(options.rate_plan, clock())
        self._pages = Pages()
        self._events = EventQueues(tenant, is_generating=options.generates_events)
        self._views: dict[Restriction, View] = {}

    def refresh(self) -> None:
        """Forget every index and queue events, because rows were changed."""
        self._views.clear()
        self._events.emit(self._clock())

    def token(self, value: str) -> Token | None:
        """Return the token of that value, unless it has expired."""
        for token in self.options.tokens:
            is_alive = token.expires_at is None or self._clock() < token.expires_at
            if token.value == value and is_alive:
                return token
        return None

    def answer(self, token: Token, query: Query, fault: Fault | None = None) -> Answer:
        """Price a query, take its price from the buckets and execute it."""
        document, errors = _read_document(self.schema, query.text)
        operation = (
            read_operation(self.schema, document, query.operation_name, query.variables)
            if document is not None
            else errors
        )
        price, refused = _priced(operation)
        now = self._clock()
        costs = {
            "REQUEST_COUNT": 1,
            "QUERY_COMPLEXITY": price.complexity,
            "MUTATION_COUNT": price.mutations,
        }
        ready_at = self._limits.take(costs, now)
        if ready_at is not None:
            return self._limited(ready_at, now)
        if document is None or refused:
            return Answer(self._body({"errors": refused}, price))
        denials = price.denials(token.permissions)
        if denials:
            return Answer(
                self._body({"errors": denials}, price), self.options.permission_error_status
            )
        if fault is not None and fault.kind == "shift":
            shift(self._tenant, _root_names(operation), fault.rows)
        request = self._request(token, now, fault)
        result = self._execute(document, query, operation, request)
        if fault is not None and fault.kind == "partial":
            result = {**result, "errors": [*result.get("errors", ()), _broken(operation)]}
        return Answer(self._body(result, price))

    def stock(self, token: Token, query: Query) -> dict[str, Any]:
        """Execute a query by graphql-core alone, without limits: the measure of the fast way."""
        request = self._request(token, self._clock(), None)
        return self._stock(parse(query.text), query, request)

    def _execute(
        self, document: DocumentNode, query: Query, operation: object, request: Request
    ) -> dict[str, Any]:
        if isinstance(operation, Operation) and operation.is_mutation:
            result = self._stock(document, query, request)
            self.refresh()
            return result
        if not isinstance(operation, Operation) or _introspects(operation):
            return self._stock(document, query, request)
        try:
            return {"data": project(operation, self._bindings, request)}
        except Exception:  # noqa: BLE001 - graphql-core then says what is wrong, and where
            return self._stock(document, query, request)

    def _stock(self, document: DocumentNode, query: Query, request: Request) -> dict[str, Any]:
        result = execute_sync(
            self.schema,
            document,
            context_value=request,
            variable_values=query.variables,
            operation_name=query.operation_name,
        )
        body: dict[str, Any] = {"data": result.data}
        return {"errors": result.errors, **body} if result.errors else body

    def _request(self, token: Token, now: datetime, fault: Fault | None) -> Request:
        view = self._view(Restriction.of(token))
        return Request(
            view=view,
            options=self.options,
            zone=self._zone,
            now=now,
            limits=self._limits,
            pages=self._pages,
            fault=fault,
            events=self._events,
            integration=token.integration,
        )

    def _view(self, restriction: Restriction) -> View:
        view = self._views.get(restriction)
        if view is None or view.sizes_of_lists != lengths(self._tenant):
            view = self._views[restriction] = View(self._tenant, restriction)
        return view

    def _limited(self, ready_at: datetime, now: datetime) -> Answer:
        header = retry_after(self.options.retry_after, ready_at, now)
        message = "Too Many Requests"
        body = (
            {"errors": [{"message": message}]} if self.options.limited_body == "json" else message
        )
        return Answer(body, 429, {"Retry-After": header})

    def _body(self, result: dict[str, Any], price: Bill) -> dict[str, Any]:
        body = dict(result)
        if "errors" in body:
            body["errors"] = [error.formatted for error in body["errors"]]
        body["extensions"] = {
            "complexity": price.complexity,
            "permissionsUsed": list(price.needs),
            "appVersion": self.options.app_version,
        }
        return body


@lru_cache(maxsize=1024)
def _read_document(
    schema: GraphQLSchema, text: str
) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """Read a query once for all tenants of the same schema: to validate it takes longer than to answer."""
    try:
        document = parse(text)
    except GraphQLError as exc:
        return None, [exc]
    errors = validate(schema, document)
    return (None, errors) if errors else (document, [])


def _priced(operation: Operation | list[GraphQLError] | None) -> tuple[Bill, list[GraphQLError]]:
    """Return the price of an operation, or the errors that keep it from having one."""
    if isinstance(operation, list):
        return Bill(), operation
    if operation is None:
        return Bill(), []
    try:
        return bill(operation), []
    except GraphQLError as exc:
        return Bill(), [exc]


def _root_names(operation: object) -> set[str]:
    if not isinstance(operation, Operation):
        return set()
    return {nodes[0].name.value for nodes in operation.root_fields().values()}


def _introspects(operation: Operation) -> bool:
    return bool(_root_names(operation) & {"__schema", "__type"})


def _broken(operation: object) -> GraphQLError:
    keys = list(operation.root_fields()) if isinstance(operation, Operation) else []
    return GraphQLError("Internal server error", path=list(keys[:1]))
