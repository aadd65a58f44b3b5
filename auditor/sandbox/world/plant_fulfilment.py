"""Planted drift of the fulfilment suite; subjects are shipments, events, orders and settings.

Whoever is chosen has no other parcel or order near, so that what is spoiled is beyond doubt.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, between
from auditor.sandbox.world.channels import is_due
from auditor.sandbox.world.events import CONFIRMED, SHIPPED, fire
from auditor.sandbox.world.moments import DAY, EVENT_WINDOW, SETTLED, sales_since_at
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import Order, Shipment

# So long after the oldest event, beyond the pairing window, all that fired is known.
_KNOWN_AFTER = 4 * DAY
_OF_LATE = EVENT_WINDOW + 10 * DAY
_APART, _PARCELS_APART = 2 * DAY, 8 * DAY
_UNCONFIRMED_METHOD, _LEAST_UNCONFIRMED = "Bank transfer", 5
_AGAIN_S = (0, 40)
_LATE_H = (3, 24)
# Beyond what an auditor looks at to tell how late a stream is: two weeks, and the longest delay.
_TIMED = 15 * DAY


@planter("fulfilment.missing_shipped_event", subjects="few")
def missing_shipped_event(ground: Ground, cases: int) -> Iterator[str]:
    """Lose the event of a parcel."""
    for parcel in _parcels(ground, cases):
        event = ground.event_of(parcel)
        if event:
            ground.drop_event(event)
            yield parcel.number


@planter("fulfilment.duplicate_shipped_event", subjects="few")
def duplicate_shipped_event(ground: Ground, cases: int) -> Iterator[str]:
    """Fire a parcel's event once more: at the very same instant, as a retry does, or soon after."""
    for place, parcel in enumerate(_parcels(ground, cases)):
        event = ground.event_of(parcel)
        if event:
            delay = timedelta(seconds=_AGAIN_S[place % len(_AGAIN_S)])
            again = replace(
                event,
                # Of two events of one instant, the one with the greater id is the one too many.
                event_id=f"{int(event.event_id, 16) + 1:024x}",
                fired_at=event.fired_at + delay,
                loaded_at=event.loaded_at + delay,
                trigger_id=None,
            )
            ground.world.emarsys.fired_events.append(again)
            yield f"event:{again.event_id}"


@planter("fulfilment.event_without_shipment")
def event_without_shipment(ground: Ground, cases: int) -> Iterator[str]:
    """Fire for consumers to whom nothing was sent of late, nor may be: all they ordered is recent."""
    opening = sales_since_at(ground.world.now)

    def fits(person: Person) -> bool:
        orders = ground.orders_of(person)
        kinds = {ground.channels.of(order) for order in orders}
        is_known = kinds <= {"consumer"} and all(o.created_at >= opening for o in orders)
        return is_known and not _sent(ground, person, ground.world.now - _OF_LATE)

    for person in ground.consumers(cases, fits):
        at = between(ground.rng, *_known(ground))
        event = fire(ground.rng, SHIPPED, ground.contact_of(person).id, at, "")
        event.trigger_id = None
        ground.world.emarsys.fired_events.append(event)
        yield f"event:{event.event_id}"


@planter("fulfilment.late_shipped_event", subjects="rare")
def late_shipped_event(ground: Ground, cases: int) -> Iterator[str]:
    """Let a parcel's event come hours late, so long ago that the stream as a whole is in time now.

    An earlier look has seen it, too: of a parcel that left since then, nobody knows when it did.
    """
    for parcel in _parcels(ground, cases, ground.world.now - _TIMED):
        event = ground.event_of(parcel)
        if event:
            fired_at = after(ground.rng, parcel.updated_at, *_LATE_H)
            event.loaded_at += fired_at - event.fired_at
            event.fired_at = fired_at
            yield parcel.number


@planter("fulfilment.missing_confirmation", subjects="few")
def missing_confirmation(ground: Ground, cases: int) -> Iterator[str]:
    """Lose the confirmation of an order."""
    for order in _unconfirmed(ground, cases):
        yield str(order.number)


@planter("fulfilment.trigger_status_mismatch", subjects="few")
def trigger_status_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Lose the confirmations of all orders that are paid by a method of their own."""
    payments = ground.world.centra.payments
    numbers = set()
    for order in _unconfirmed(ground, max(cases, _LEAST_UNCONFIRMED)):
        order.payment_method = _UNCONFIRMED_METHOD
        numbers.add(order.number)
    for payment in payments:
        if payment.order_number in numbers:
            payment.payment_method = _UNCONFIRMED_METHOD
    yield f"emarsys.events.confirmed:payment_method={_UNCONFIRMED_METHOD}"


@planter("fulfilment.dead_event")
def dead_event(ground: Ground, _cases: int) -> Iterator[str]:
    """Take away whatever listens to the confirmation."""
    for definition in ground.world.emarsys.event_definitions:
        if definition.id == CONFIRMED:
            definition.program_ids = ()
            yield "emarsys.events.confirmed"


def _parcels(ground: Ground, count: int, before: datetime | None = None) -> Iterator[Shipment]:
    """Hand out parcels with an event, no other of their person near."""
    closing = before or _known(ground)[1]
    parcel_of = partial(_lone_parcel, ground, closing)
    for order, _ in ground.orders(count, parcel_of):
        parcel = parcel_of(order)
        if parcel:
            yield parcel


def _lone_parcel(ground: Ground, closing: datetime, order: Order) -> Shipment | None:
    person = ground.person_of(order)
    parcels = [parcel for parcel in ground.parcels_of(order) if parcel.is_shipped]
    if person is None or person.buyers or len(parcels) != 1:
        return None
    (parcel,) = parcels
    opening, _ = _known(ground)
    left_at = parcel.shipped_at or parcel.updated_at
    if ground.event_of(parcel) is None or not opening < left_at <= parcel.updated_at < closing:
        return None
    near = [
        other
        for other in _sent(ground, person, left_at - _PARCELS_APART)
        if (other.shipped_at or other.updated_at) < parcel.updated_at + _PARCELS_APART
    ]
    return parcel if near == [parcel] else None


def _sent(ground: Ground, person: Person, since: datetime) -> list[Shipment]:
    """Return the parcels that left for somebody as a consumer, or changed, since then."""
    return [
        parcel
        for order in ground.orders_of(person)
        if ground.channels.of(order) == "consumer"
        for parcel in ground.parcels_of(order)
        if parcel.is_shipped and parcel.updated_at > since
    ]


def _unconfirmed(ground: Ground, count: int) -> Iterator[Order]:
    """Hand out confirmed orders, no other of their person near, and take the confirmation away."""
    opening, closing = _known(ground)

    def fits(order: Order) -> bool:
        person = ground.person_of(order)
        if person is None or person.buyers or not opening < order.created_at < closing:
            return False
        return ground.event_of(order) is not None and _is_alone(ground, person, order)

    for order, _ in ground.orders(count, fits):
        event = ground.event_of(order)
        if event:
            ground.drop_event(event)
            yield order


def _is_alone(ground: Ground, person: Person, order: Order) -> bool:
    near = [
        other
        for other in ground.orders_of(person)
        if is_due(other) and abs(other.created_at - order.created_at) < _APART
    ]
    return near == [order]


def _known(ground: Ground) -> tuple[datetime, datetime]:
    now = ground.world.now
    return now - EVENT_WINDOW + _KNOWN_AFTER, now - SETTLED
