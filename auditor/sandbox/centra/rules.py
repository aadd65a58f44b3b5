"""How one filter of a `where` argument tests rows, and when an index spares testing them all.

Source: Centra reference 2.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import GraphQLError

from auditor.sandbox.centra.field import Getter, Row

if TYPE_CHECKING:
    from datetime import tzinfo

    from auditor.sandbox.centra.view import Table, View

Wanted: TypeAlias = Any
"""The value of a filter argument, as GraphQL coerced it."""
Narrowed: TypeAlias = "list[Any] | None"
Test = Callable[[Row], bool]
Taken = Callable[["View"], Getter]
"""What a filter compares, bound to the rows it is taken from."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What filters need to know of the tenant: its rows, its zone and how date bounds count."""

    view: View
    zone: tzinfo
    date_bounds: str

    def moment(self, value: datetime | None) -> datetime | None:
        """Place a naive input in the tenant's zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=self.zone)


def attribute(name: str) -> Taken:
    """Take the value of a filter from an attribute of the row."""
    get = attrgetter(name)
    return lambda _view: get


def nothing(_view: View) -> Getter:
    """Take no value: the world's rows never have this one, so no row matches."""
    return lambda _row: None


@dataclass(frozen=True, slots=True)
class Rule:
    """A filter over one value of a row."""

    value: Taken

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """Return the test that a row must pass."""
        get = self.value(terms.view)
        return lambda row: bool(get(row) == wanted)

    def narrow(self, _name: str, _table: Table[Any], _wanted: Wanted, _terms: Terms) -> Narrowed:
        """Return the few rows that can match, or None when no index tells."""
        return None


@dataclass(frozen=True, slots=True)
class OneOf(Rule):
    """The value is in a list; `indexed` where the rows per value are few."""

    indexed: bool = False

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        get, values = self.value(terms.view), frozenset(wanted)
        return lambda row: get(row) in values

    def narrow(self, name: str, table: Table[Any], wanted: Wanted, terms: Terms) -> Narrowed:
        """See `Rule.narrow`."""
        if not self.indexed:
            return None
        groups = table.groups(f"filter {name}", self.value(terms.view))
        return [row for value in dict.fromkeys(wanted) for row in groups.get(value, ())]


@dataclass(frozen=True, slots=True)
class AnyOf(Rule):
    """One of several values is in a list."""

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        get, values = self.value(terms.view), frozenset(wanted)
        return lambda row: not values.isdisjoint(get(row))

    def narrow(self, name: str, table: Table[Any], wanted: Wanted, terms: Terms) -> Narrowed:
        """See `Rule.narrow`."""
        groups = table.groups(f"filter {name}", self.value(terms.view), several=True)
        rows = [row for value in dict.fromkeys(wanted) for row in groups.get(value, ())]
        return list({id(row): row for row in rows}.values())


@dataclass(frozen=True, slots=True)
class Within(Rule):
    """A date lies in a `DateRange`; `column` is the attribute that is kept sorted for it."""

    column: str

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        get, low, high = self.value(terms.view), *_bounds(wanted, terms)
        takes_low = terms.date_bounds != "exclusive"
        takes_high = terms.date_bounds == "inclusive"

        def test(row: Row) -> bool:
            value = get(row)
            if value is None:
                return False
            if low is not None and (value < low or (value == low and not takes_low)):
                return False
            return high is None or value < high or (value == high and takes_high)

        return test

    def narrow(self, _name: str, table: Table[Any], wanted: Wanted, terms: Terms) -> Narrowed:
        """See `Rule.narrow`."""
        low, high = _bounds(wanted, terms)
        behind = high + timedelta(microseconds=1) if high is not None else None
        return table.between(self.column, low, behind)


def _bounds(wanted: Wanted, terms: Terms) -> tuple[datetime | None, datetime | None]:
    return terms.moment(wanted.get("from")), terms.moment(wanted.get("to"))


def within(column: str) -> Within:
    """Filter by an attribute that holds a date."""
    return Within(attribute(column), column)


@dataclass(frozen=True, slots=True)
class InRange(Rule):
    """A number lies in an `IntRange` or `FloatRange`, bounds included."""

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        get, low, high = self.value(terms.view), wanted.get("from"), wanted.get("to")

        def test(row: Row) -> bool:
            value = get(row)
            if value is None or (low is not None and value < low):
                return False
            return high is None or value <= high

        return test


@dataclass(frozen=True, slots=True)
class Matches(Rule):
    """A text equals the one key of a `StringMatch`."""

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        if list(wanted) != ["equals"]:
            raise GraphQLError("StringMatch takes exactly one key.")
        return Rule.test(self, wanted["equals"], terms)


@dataclass(frozen=True, slots=True)
class Search(Rule):
    """A text occurs in the words of a row, whatever its case."""

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        get, needle = self.value(terms.view), wanted.casefold()
        return lambda row: any(needle in str(word).casefold() for word in get(row) if word)
