"""A plan as a person reads it before approving it: line by line, like a diff."""

# No `from __future__ import annotations` here: singledispatch reads these annotations.

from collections.abc import Callable, Iterator, Mapping
from functools import singledispatch
from typing import TypeAlias

from auditor.hostile import clipped, visible
from auditor.model.currency import MINOR_DIGITS
from auditor.model.plan import (
    CatalogueCells,
    Change,
    ContactFields,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    Plan,
    SalesLines,
)
from auditor.systems.emarsys.writing.sales import exact

Shown: TypeAlias = Callable[[str, object], str]
"""Shows a contact field, by its id, with its value or what stands for it."""

WIDTH = 60


def listing(
    plan: Plan,
    names: Mapping[str, str],
    personal: Callable[[str, object], object],
    most: int | None = None,
) -> Iterator[str]:
    """Yield the lines of a plan: each change with what goes and what comes, then what is left out.

    Args:
        plan: What is listed.
        names: Our names of contact fields by their ids.
        personal: Hides the value of a named field when it is personal.
        most: At most so many changes; the rest is counted.
    """

    def told(field: str, value: object) -> str:
        name = names.get(field, f"field {field}")
        return f"{name} = {personal(name, value)}"

    shown = plan.changes if most is None else plan.changes[:most]
    for change in shown:
        yield f"{change.kind:<8}{change.origin.check}  {_subject(change)}  [{change.remedy}]"
        for line in lines_of(change.request, told):
            yield f"    {clipped(visible(line), 2 * WIDTH)}"
    if len(shown) < len(plan.changes):
        yield f"... and {len(plan.changes) - len(shown)} more changes, all of them in the file"
    for file in plan.proposals:
        yield f"propose {file.remedy:<24}{file.rows:>7} rows  {file.path}"
    for one in plan.withheld:
        yield f"left    {one.remedy:<24}{one.findings:>7} findings: {one.reason}"


def totals(plan: Plan) -> Iterator[str]:
    """Yield what a plan adds up to: per class and system, the changes, the people and the money."""
    groups: dict[tuple[str, str], dict[str, Change]] = {}
    counts: dict[tuple[str, str], int] = {}
    for change in plan.changes:
        key = (change.kind, change.system)
        groups.setdefault(key, {})[change.origin.finding] = change
        counts[key] = counts.get(key, 0) + 1
    for (kind, system), by_finding in sorted(groups.items()):
        stakes = [change.stake for change in by_finding.values()]
        people = sum(stake.people for stake in stakes)
        line = (
            f"{kind:<8}{system:<8}{_counted(counts[kind, system], 'change', width=7)}"
            f", {_counted(people, 'person', 'people')}"
        )
        money: dict[str, int] = {}
        for stake in stakes:
            if stake.currency is not None:
                money[stake.currency] = money.get(stake.currency, 0) + (stake.minor or 0)
        told = ", ".join(_amount(minor, code) for code, minor in sorted(money.items()))
        yield f"{line}{', ' if told else ''}{told}"


def _counted(number: int, one: str, more: str | None = None, width: int = 0) -> str:
    return f"{number:>{width}} {one if number == 1 else more or f'{one}s'}"


def _subject(change: Change) -> str:
    return visible(f"{change.origin.kind} {change.origin.key}")


@singledispatch
def lines_of(request: object, _shown: Shown) -> Iterator[str]:
    """Yield what a request would change, line by line, with `-` before what goes and `+` before what comes."""
    raise TypeError(type(request).__name__)


@lines_of.register
def _(request: ContactFields, shown: Shown) -> Iterator[str]:
    for field, value in sorted(request.set.items()):
        yield f"- {shown(field, request.expect.get(field))}"
        yield f"+ {shown(field, value)}"


@lines_of.register
def _(request: NewContact, shown: Shown) -> Iterator[str]:
    yield f"+ contact with {shown(request.key_field, request.key)}, without an opt-in"
    yield from (f"+ {shown(field, value)}" for field, value in sorted(request.set.items()))


@lines_of.register
def _(request: ListMember, _shown: Shown) -> Iterator[str]:
    sign, word = ("+", "on") if request.is_on else ("-", "off")
    yield f"{sign} contact {request.contact_id} {word} the list {request.list_name}"


@lines_of.register
def _(request: NewsletterFlag, _shown: Shown) -> Iterator[str]:
    for customer in request.customers:
        yield f"- Centra customer {customer} receives newsletters"


@lines_of.register
def _(request: CatalogueCells, _shown: Shown) -> Iterator[str]:
    for column, value in sorted(request.set.items()):
        yield f"- {column} = {request.expect.get(column) or 'nothing'}"
        yield f"+ {column} = {value}"


@lines_of.register
def _(request: SalesLines, _shown: Shown) -> Iterator[str]:
    for line in request.lines:
        quantity = f"{line.quantity_milli / 1000:g}"
        amount = _amount(line.amount_minor, request.currency, request.digits)
        yield f"+ {line.cause}: item {line.item}, {quantity} units, {amount}"


def _amount(minor: int, currency: str, digits: int | None = None) -> str:
    """Return an amount as it is written, with the decimals of the currency unless others are given."""
    digits = MINOR_DIGITS.get(currency) if digits is None else digits
    if digits is None:
        return f"{minor} minor units of {currency}"
    return f"{exact(minor, digits)} {currency}"


@lines_of.register
def _(request: EventFiring, _shown: Shown) -> Iterator[str]:
    yield f"+ event {request.event} for contact {request.contact_id}, {request.trigger_id}"
