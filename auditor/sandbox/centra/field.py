"""What answers a field: bound once per query to a function from a row to a value.

Stock execution calls the bound function through a resolver and lets graphql-core complete the value;
the projection in `project.py` calls it directly. Both therefore give the same data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from auditor.sandbox.centra.dates import writer

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from auditor.sandbox.centra.event_queues import EventQueues
    from auditor.sandbox.centra.limits import Limits
    from auditor.sandbox.centra.options import CentraOptions
    from auditor.sandbox.centra.paging import Pages
    from auditor.sandbox.centra.view import View
    from auditor.sandbox.wire import Fault

Row: TypeAlias = Any
"""A row of whatever type a field belongs to: a model row, a tuple of them, or a page."""
Value: TypeAlias = Any
"""What a field answers: JSON, a row, or a list of rows."""
Getter = Callable[[Row], Value]
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What one query is answered from."""

    view: View
    options: CentraOptions
    zone: tzinfo
    now: datetime
    limits: Limits
    pages: Pages
    fault: Fault | None
    events: EventQueues
    integration: str


Field = Callable[[Request, Arguments], Getter]


def attr(name: str) -> Field:
    """Answer with an attribute of the row."""
    get = attrgetter(name)
    return lambda _request, _arguments: get


def const(value: Value) -> Field:
    """Answer the same for every row: the tenant never filled this in."""
    return lambda _request, _arguments: lambda _row: value


def plain(get: Getter) -> Field:
    """Answer with a function of the row alone."""
    return lambda _request, _arguments: get


def moment(name: str) -> Field:
    """Answer with a date, in the tenant's zone and the asked format."""
    get = attrgetter(name)

    def bind(request: Request, arguments: Arguments) -> Getter:
        write = writer(arguments.get("format"), request.zone)

        def answer(row: Row) -> str | None:
            value = get(row)
            return None if value is None else write(value)

        return answer

    return bind


def ref(name: str, table: str, key: str = "id") -> Field:
    """Answer with the row of another table that an attribute points at, or null."""
    get = attrgetter(name)

    def bind(request: Request, _arguments: Arguments) -> Getter:
        find = getattr(request.view, table).by(key).get
        return lambda row: find(get(row))

    return bind


def many(table: str, attribute: str, own: str = "id") -> Field:
    """Answer with every row of another table whose attribute points at this row."""
    get = attrgetter(own)

    def bind(request: Request, _arguments: Arguments) -> Getter:
        groups = getattr(request.view, table).groups(attribute)
        return lambda row: groups.get(get(row), [])

    return bind


def members(name: str, table: str) -> Field:
    """Answer with the rows of another table whose ids an attribute lists."""
    get = attrgetter(name)

    def bind(request: Request, _arguments: Arguments) -> Getter:
        by_id = getattr(request.view, table).by("id")
        return lambda row: [by_id[number] for number in get(row) if number in by_id]

    return bind


def at(position: int, field: Field) -> Field:
    """Answer a field of one member of a tuple."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        get = field(request, arguments)
        return lambda pair: get(pair[position])

    return bind


def then(first: Field, second: Field) -> Field:
    """Answer the second field of what the first one leads to, or null."""

    def bind(request: Request, arguments: Arguments) -> Getter:
        lead = first(request, {})
        get = second(request, arguments)

        def answer(row: Row) -> Value:
            target = lead(row)
            return None if target is None else get(target)

        return answer

    return bind


def named(attribute: str, table: str) -> Field:
    """Answer with a `(number, name)` pair for a relation that the rows hold by its name only."""
    get = attrgetter(attribute)

    def bind(request: Request, _arguments: Arguments) -> Getter:
        numbers = getattr(request.view, table).names(attribute)
        return lambda row: (numbers.get(get(row), 0), get(row)) if get(row) else None

    return bind


NAMED: dict[str, Field] = {"id": at(0, plain(lambda n: n)), "name": at(1, plain(lambda n: n))}
"""The fields of such a pair."""
