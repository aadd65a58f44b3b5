"""Which rows a list shows and in what order.

Source: Centra reference 2.1, 2.3 and 2.4.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from auditor.sandbox.centra.filters import FILTERS
from auditor.sandbox.centra.rules import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.sandbox.centra.field import Request, Row, Value
    from auditor.sandbox.centra.rules import Test

TABLES = {
    "Store": "stores",
    "Market": "markets",
    "Pricelist": "pricelists",
    "Warehouse": "warehouses",
    "Currency": "currencies",
    "Country": "countries",
    "Customer": "customers",
    "NewsletterSubscription": "subscriptions",
    "Account": "accounts",
    "Buyer": "buyers",
    "Order": "orders",
    "Shipment": "shipments",
    "Return": "returns",
    "Product": "products",
    "ProductVariant": "variants",
    "ProductSize": "sizes",
    "Display": "displays",
    "Price": "prices",
    "Campaign": "campaigns",
    "LowestPrice": "lowest_prices",
    "PaymentHistoryEntry": "payments",
}
"""The table of a view that holds the rows of each listed type."""

_UNIQUE = {"id", "number"}


@dataclass(frozen=True, slots=True)
class Ordering:
    """The order of a list: the attributes it sorts by, ties broken by id."""

    label: str
    attributes: tuple[str, ...]
    descending: bool

    def key(self, row: Row) -> tuple[Any, ...]:
        """Return what a row sorts by."""
        return tuple([getattr(row, name) for name in self.attributes])

    def cursor(self, row: Row) -> str:
        """Return the cursor of a row: `<sortField>:<value>` in base64.

        A value that several rows may share is followed by the row's id, so that no row is skipped.

        Source:
            Centra reference 2.1: `bnVtYmVyOjE2Ng==` is `number:166`.
        """
        values = ",".join(_written(value) for value in self.key(row))
        return base64.b64encode(f"{self.label}:{values}".encode()).decode()

    def read(self, cursor: str, row: Row) -> tuple[Any, ...]:
        """Read a cursor back; `row` is any row of the list, for the types of its values.

        Raises:
            GraphQLError: The cursor is none of this list and order.
        """
        try:
            label, _, text = base64.b64decode(cursor, validate=True).decode().partition(":")
            values = text.split(",")
            if label != self.label or len(values) != len(self.attributes):
                raise GraphQLError(f"The cursor does not belong to the sort field {self.label}.")
            return tuple(map(_reader_like, self.key(row), values))
        except (binascii.Error, ValueError) as exc:
            raise GraphQLError("The cursor is malformed.") from exc


def _written(value: Value) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _reader_like(sample: Value, text: str) -> Value:
    return datetime.fromisoformat(text) if isinstance(sample, datetime) else type(sample)(text)


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected rows, kept ascending; `slice` shows them in the asked order."""

    ascending: list[Any]
    ordering: Ordering

    def __len__(self) -> int:
        return len(self.ascending)

    def slice(self, start: int, stop: int) -> list[Any]:
        """Return the rows from one position up to another."""
        if not self.ordering.descending:
            return self.ascending[start:stop]
        end = len(self.ascending)
        return self.ascending[max(end - stop, 0) : max(end - start, 0)][::-1]

    def position(self, cursor: str, *, behind: bool) -> int:
        """Return the position of a cursor's row, or the one behind it, even if the row is gone."""
        if not self.ascending:
            return 0
        order = self.ordering
        key = order.read(cursor, self.ascending[0])
        if behind == order.descending:
            place = bisect_left(self.ascending, key, key=order.key)
        else:
            place = bisect_right(self.ascending, key, key=order.key)
        return len(self.ascending) - place if order.descending else place


def select(
    request: Request, kind: str, where: Mapping[str, Any] | None, sort: list[str] | None
) -> Selection:
    """Select the rows of a type, remembering large selections for the pages to come."""
    ordering = _ordering(kind, sort)
    given = {name: value for name, value in (where or {}).items() if value is not None}
    name = f"{kind} {ordering.attributes} {given}"
    rows = request.view.remembered(name, lambda: _selected(request, kind, given, ordering))
    return Selection(rows, ordering)


def _ordering(kind: str, sort: list[str] | None) -> Ordering:
    """Read the sort argument; orders go by number unless asked otherwise, all else by id."""
    names = sort or ["number_ASC" if kind == "Order" else "id_ASC"]
    parts = [name.rpartition("_") for name in names]
    directions = {direction for _, _, direction in parts}
    if len(directions) > 1:
        raise GraphQLError("This sandbox does not sort in both directions at once.")
    columns = [_column(field) for field, _, _ in parts]
    if not _UNIQUE & set(columns):
        columns.append("id")
    return Ordering(parts[0][0], tuple(columns), directions == {"DESC"})


def _column(field: str) -> str:
    if field == "orderDate":
        return "created_at"
    return re.sub("([A-Z])", r"_\1", field).lower()


def _selected(
    request: Request, kind: str, where: Mapping[str, Any], ordering: Ordering
) -> list[Any]:
    table = getattr(request.view, TABLES[kind])
    terms = Terms(request.view, request.zone, request.options.date_bounds)
    tests, rows = _tests(kind, where, terms), None
    positive = _positive(where)
    for name, wanted in sorted(positive.items(), key=lambda item: isinstance(item[1], dict)):
        rows = FILTERS[kind][name].narrow(name, table, wanted, terms)
        if rows is not None:
            break
    tests += _hidden(request, kind, where)
    for test in tests:
        rows = [row for row in (table.rows if rows is None else rows) if test(row)]
    return sorted(table.rows if rows is None else rows, key=_fast_key(ordering))


def _fast_key(ordering: Ordering) -> Callable[[Any], Any]:
    return attrgetter(*ordering.attributes)


def _positive(where: Mapping[str, Any]) -> dict[str, Any]:
    negated = where.get("negate") or ()
    return {
        name: wanted
        for name, wanted in where.items()
        if name not in ("negate", "notNull") and name not in negated
    }


def _tests(kind: str, where: Mapping[str, Any], terms: Terms) -> list[Test]:
    rules = FILTERS[kind]
    tests = [rules[name].test(wanted, terms) for name, wanted in _positive(where).items()]
    tests += [
        _inverted(rules[name].test(where[name], terms))
        for name in _named(where, "negate", rules)
        if name in where
    ]
    tests += [_set(rules[name].value(terms.view)) for name in _named(where, "notNull", rules)]
    return tests


def _named(where: Mapping[str, Any], argument: str, rules: Mapping[str, Any]) -> list[str]:
    names = where.get(argument) or []
    for name in names:
        if name not in rules:
            raise GraphQLError(f"{argument} does not know {name}.")
    return list(names)


def _inverted(test: Test) -> Test:
    return lambda row: not test(row)


def _set(get: Callable[[Any], Any]) -> Test:
    return lambda row: get(row) is not None


def _hidden(request: Request, kind: str, where: Mapping[str, Any]) -> list[Test]:
    """Hide what the tenant's options leave out of a list that does not ask for it.

    Source: Centra reference 4.2 and 10.
    """
    if kind != "Order":
        return []
    tests: list[Test] = []
    if request.options.hides_held_orders and "isOnHold" not in where:
        tests.append(lambda order: not order.is_on_hold)
    if request.options.hides_held_orders and "isWaitingForPayment" not in where:
        tests.append(lambda order: not order.is_waiting_for_payment)
    if request.options.hides_archived_orders and "status" not in where:
        tests.append(lambda order: order.status != "ARCHIVED")
    return tests
