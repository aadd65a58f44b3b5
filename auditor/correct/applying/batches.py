"""Which changes go together: by kind, first one, then ten, then a tenth, then the rest.

Source:
    DESIGN 8, 5.
"""

# No `from __future__ import annotations` here: singledispatch reads these annotations.

from collections.abc import Iterator, Sequence
from functools import singledispatch
from itertools import groupby

from auditor.model.plan import (
    CatalogueCells,
    Change,
    ContactFields,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    SalesLines,
)
from auditor.systems.text import email_key

CANARY, FEW, SHARE = 1, 10, 10


def by_kind(changes: Sequence[Change]) -> Iterator[tuple[type, list[Change]]]:
    """Yield the changes of each kind of request, in the order of the plan."""
    for kind, some in groupby(changes, key=lambda change: type(change.request)):
        yield kind, list(some)


def steps(count: int) -> Iterator[int]:
    """Yield how many changes each step takes: one, ten, a tenth of all, the rest."""
    left = count
    for wanted in (CANARY, FEW, -(-count // SHARE), count):
        size = min(wanted, left)
        if size:
            yield size
        left -= size


def batches(changes: Sequence[Change], at_once: int) -> Iterator[list[Change]]:
    """Yield changes of one kind in batches: each within one step, none with two changes of one target.

    Args:
        changes: All of one kind.
        at_once: How many one call may hold.
    """
    start = 0
    for size in steps(len(changes)):
        yield from _apart(changes[start : start + size], at_once)
        start += size


def _apart(changes: Sequence[Change], at_once: int) -> Iterator[list[Change]]:
    batch: list[Change] = []
    taken: set[str] = set()
    for change in changes:
        targets = targets_of(change.request)
        if len(batch) == at_once or taken & targets:
            yield batch
            batch, taken = [], set()
        batch.append(change)
        taken |= targets
    if batch:
        yield batch


@singledispatch
def targets_of(request: object) -> set[str]:
    """Return what a request changes, so that no call holds two changes of the same."""
    raise TypeError(type(request).__name__)


@targets_of.register
def _(request: ContactFields) -> set[str]:
    return {request.contact_id}


@targets_of.register
def _(request: ListMember) -> set[str]:
    return {request.contact_id}


@targets_of.register
def _(request: NewsletterFlag) -> set[str]:
    return {*request.customers}


@targets_of.register
def _(request: NewContact) -> set[str]:
    email = email_key(str(request.set.get(request.email_field) or request.key))
    return {f"key {request.key}", f"e-mail {email}"}


@targets_of.register
def _(request: CatalogueCells) -> set[str]:
    return {f"{request.item} {column}" for column in request.set}


@targets_of.register
def _(request: EventFiring) -> set[str]:
    return {request.trigger_id}


@targets_of.register
def _(request: SalesLines) -> set[str]:
    return {f"{request.order}/{line.item}/{line.cause}" for line in request.lines}
