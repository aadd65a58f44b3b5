"""Planted drift of the channel suite; subjects are orders, and events."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from auditor.sandbox.world.channels import is_due
from auditor.sandbox.world.events import CONFIRMED, SHIPPED, fire
from auditor.sandbox.world.moments import DAY, EVENT_WINDOW, SETTLED, sales_since_at
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.channels import Channel, Way
    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import FiredEvent, Order

_WAYS: tuple[Way, ...] = ("store", "market", "attribute", "affiliate")
_EVERY_SHIPPED = 3


@planter("channel.wholesale_in_sales")
def wholesale_in_sales(ground: Ground, cases: int) -> Iterator[str]:
    """Send wholesale orders as sales; Smart Insight makes up a contact for the buyer."""
    for order, person in ground.orders(cases, lambda order: _is_live(ground, order, "wholesale")):
        buyer = person.buyers[0]
        si_contact = ground.add_si_contact(str(buyer.id), None, order.created_at)
        ground.add_rows(ground.sale_of(order, si_contact.id))
        yield str(order.number)


@planter("channel.marketplace_in_sales", subjects="rare")
def marketplace_in_sales(ground: Ground, cases: int) -> Iterator[str]:
    """Send marketplace orders as sales, of each way to tell a marketplace in turn."""
    count = max(cases, len(_WAYS))
    for place in range(count):
        fits = partial(_is_of_way, ground, _WAYS[place % len(_WAYS)])
        yield from _send(ground, ground.orders(1, fits))


@planter("channel.internal_in_sales", subjects="rare")
def internal_in_sales(ground: Ground, cases: int) -> Iterator[str]:
    """Send internal orders as sales."""
    yield from _send(
        ground, ground.orders(cases, lambda order: _is_live(ground, order, "internal"))
    )


@planter("channel.event_for_non_consumer", subjects="few")
def event_for_non_consumer(ground: Ground, cases: int) -> Iterator[str]:
    """Fire lifecycle events for people who only bought on marketplaces or for an account."""
    people = ground.people(cases, lambda person: bool(_strange_order(ground, person)))
    for place, person in enumerate(people):
        order = _strange_order(ground, person)
        if order:
            event = _fire(ground, person, order, wants_shipped=place % _EVERY_SHIPPED == 0)
            ground.world.emarsys.fired_events.append(event)
            yield f"event:{event.event_id}"


def _send(ground: Ground, found: Iterator[tuple[Order, Person]]) -> Iterator[str]:
    for order, person in found:
        ground.add_rows(ground.sale_of(order, ground.si_contact_of(person).id))
        yield str(order.number)


def _is_live(ground: Ground, order: Order, channel: Channel) -> bool:
    """Tell whether an order of a channel would be due, were it a consumer's, and is worth money."""
    if ground.channels.of(order) != channel or not is_due(order):
        return False
    return sum(row.amount_minor for row in ground.sale_of(order, 0)) > 0


def _is_of_way(ground: Ground, way: Way, order: Order) -> bool:
    is_live = _is_live(ground, order, "marketplace")
    return is_live and ground.channels.marketplace_way(order) == way


def _strange_order(ground: Ground, person: Person) -> Order | None:
    """Return a recent order of a contact who never bought as a consumer.

    All orders of the person are placed since the first day that counts: of older ones an auditor knows
    the number only, and has to stay silent.
    """
    orders = ground.orders_of(person)
    strange = {"wholesale", "marketplace"}
    if not person.is_consumer or any(ground.channels.of(order) not in strange for order in orders):
        return None
    now = ground.world.now
    if any(order.created_at < sales_since_at(now) for order in orders):
        return None
    opening, closing = now - EVENT_WINDOW + DAY, now - SETTLED
    return next((order for order in orders if opening < order.created_at < closing), None)


def _fire(ground: Ground, person: Person, order: Order, *, wants_shipped: bool) -> FiredEvent:
    """Return the event of the order, or of its first parcel when that was wanted and is complete."""
    contact_id = ground.contact_of(person).id
    parcels = [row for row in ground.parcels_of(order) if row.is_shipped]
    if wants_shipped and parcels and parcels[0].updated_at < ground.world.now - SETTLED:
        parcel = parcels[0]
        cause = (SHIPPED, contact_id, parcel.updated_at, f"ship:{parcel.number}")
    else:
        cause = (CONFIRMED, contact_id, order.created_at, f"conf:{order.number}")
    return fire(ground.rng, *cause)
