"""External events: what is set up, and what fired for shipments and orders of the last weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import chance
from auditor.sandbox.world.channels import Channels, is_due
from auditor.sandbox.world.model import EventDefinition, FiredEvent
from auditor.sandbox.world.moments import EVENT_WINDOW

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.census import Census
    from auditor.sandbox.world.contacts import AddressBook
    from auditor.sandbox.world.model import World

SHIPPED, CONFIRMED, UNUSED = 3101, 3102, 3103
EVENT_NAMES = {SHIPPED: "order_shipped", CONFIRMED: "order_confirmation", UNUSED: "welcome_2019"}
_EVERY_SLOW, _SLOW, _SLOW_IS_LOADED = 97, timedelta(minutes=110), timedelta(hours=3)
_PROGRAMS = {SHIPPED: (8801,), CONFIRMED: (8802, 8803), UNUSED: ()}


def define_events(world: World) -> None:
    """Set up the account's events; nothing listens to the unused one."""
    created_at = world.now - timedelta(days=700)
    world.emarsys.event_definitions = [
        EventDefinition(number, name, created_at, _PROGRAMS[number])
        for number, name in EVENT_NAMES.items()
    ]


def fire_events(world: World, seed: int, people: Census, book: AddressBook) -> None:
    """Fire one event per completed consumer shipment and one per due consumer order."""
    channels = Channels(world.centra)
    rng = chance(seed, "events")
    fired = []
    opening = world.now - EVENT_WINDOW
    contacts: dict[int, int] = {}
    for order in world.centra.orders:
        if channels.of(order) != "consumer" or order.customer_id not in people.by_customer:
            continue
        contacts[order.number] = book.contacts[people.by_customer[order.customer_id].email].id
        if order.created_at >= opening and is_due(order):
            contact_id = contacts[order.number]
            fired.append(fire(rng, CONFIRMED, contact_id, order.created_at, f"conf:{order.number}"))
    for parcel in world.centra.shipments:
        contact = contacts.get(parcel.order_number)
        if contact and parcel.is_shipped and parcel.updated_at >= opening:
            event = fire(rng, SHIPPED, contact, parcel.updated_at, f"ship:{parcel.number}")
            if parcel.id % _EVERY_SLOW == 0 and world.now - parcel.updated_at > _SLOW_IS_LOADED:
                _delay(event, parcel.updated_at + _SLOW)
            fired.append(event)
    world.emarsys.fired_events = sorted(
        (event for event in fired if event.loaded_at <= world.now),
        key=lambda event: event.loaded_at,
    )


def _delay(event: FiredEvent, least: datetime) -> None:
    """Let an event fire up to nine minutes after a moment: slowly, but within two hours."""
    late = least + (event.fired_at - least) % timedelta(minutes=9)
    event.loaded_at += late - event.fired_at
    event.fired_at = late


def fire(
    rng: Random, definition_id: int, contact_id: int, cause_at: datetime, trigger_id: str
) -> FiredEvent:
    """Return an event that fired within the hour after its cause."""
    fired_at = cause_at + timedelta(seconds=rng.randrange(60, 2_400))
    return FiredEvent(
        event_id=f"{rng.getrandbits(96):024x}",
        definition_id=definition_id,
        contact_id=contact_id,
        fired_at=fired_at,
        loaded_at=fired_at + timedelta(seconds=rng.randrange(120, 1_000)),
        trigger_id=trigger_id,
    )
