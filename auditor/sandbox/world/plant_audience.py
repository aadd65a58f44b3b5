"""Planted drift of the audience suite; subjects are members of segments, and contacts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from auditor.sandbox.world.audiences import ASLEEP, LIFETIME_VALUE, Purse, audiences
from auditor.sandbox.world.channels import is_due
from auditor.sandbox.world.moments import DAY
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.audiences import Audience
    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import Order


_LACKING = (LIFETIME_VALUE, ASLEEP)
"""Segments that lose a member where the world has one to lose; into the others somebody strays."""


@planter("audience.membership_mismatch", subjects="few")
def membership_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Keep people out whom a rule describes, and let others stray in, of each audience in turn."""
    declared = audiences(ground.world)
    for place in range(max(cases, len(declared))):
        audience = declared[place % len(declared)]
        ways = (True, False) if audience.id in _LACKING else (False, True)
        wishes = [partial(_is_clear, ground, audience, belongs=way) for way in ways]
        contact = ground.contact_of(ground.consumer(*wishes))
        ground.stray(audience.id, contact)
        yield f"{audience.id}/{contact.id}"


@planter("audience.inflated_value", subjects="rare")
def inflated_value(ground: Ground, cases: int) -> Iterator[str]:
    """Send orders that are no revenue yet: on hold, pending, or waiting for their payment."""
    for order, person in ground.orders(cases, partial(_is_early, ground)):
        contact = ground.contact_of(person)
        ground.add_rows(ground.sale_of(order, ground.si_contact_of(person).id))
        yield str(contact.id)


def _is_clear(ground: Ground, audience: Audience, person: Person, *, belongs: bool) -> bool:
    """Tell whether a rule is beyond doubt for somebody, also if the last order moved by days.

    Nothing that the person ordered is young, returned, or from before the first day that counts.
    """
    orders = ground.orders_of(person)
    due = [o for o in orders if ground.channels.of(o) == "consumer" and is_due(o)]
    if not person.customers or not all(map(ground.is_settled, orders)):
        return False
    if not all(map(ground.is_plain, due)):
        return False
    purse = _purse(ground, due)
    days = (purse.last_on - 2 * DAY, purse.last_on + 2 * DAY) if purse.last_on else (None,)
    return all(audience.holds(replace(purse, last_on=day)) is belongs for day in days)


def _purse(ground: Ground, orders: list[Order]) -> Purse:
    purse = Purse(orders=len(orders))
    purse.last_on = max((order.created_at.date() for order in orders), default=None)
    for order in orders:
        for row in ground.rows_of(order):
            purse.value_minor += row.amount_minor
            purse.units[row.item] += int(row.quantity)
    return purse


def _is_early(ground: Ground, order: Order) -> bool:
    """Tell whether a consumer order is worth money and not due, and nothing of it was sent."""
    if ground.channels.of(order) != "consumer" or order.status == "CANCELLED" or is_due(order):
        return False
    worth = sum(row.amount_minor for row in ground.sale_of(order, 0))
    return worth > 0 and not ground.rows_of(order)
