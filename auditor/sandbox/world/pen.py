"""Writes what planters change, so that ids stay unique and streams in the order of their load."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.sandbox.world.contacts import KEY_FIELD
from auditor.sandbox.world.model import Contact, SiContact
from auditor.sandbox.world.moments import load_after
from auditor.sandbox.world.sales import Till

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import (
        Customer,
        FiredEvent,
        Order,
        Purchase,
        Subscription,
        World,
    )


class Pen:
    """Adds rows to both systems, and takes rows away once all drift is planted."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world = world
        self.rng = rng
        self.till = Till(world)
        self._dropped: set[int] = set()
        self._strays: list[tuple[int, int]] = []
        self._last_subscription = max((s.id for s in world.centra.subscriptions), default=0)

    def sale_of(self, order: Order, si_contact_id: int) -> list[Purchase]:
        """Return the rows that a correct integration would send for an order."""
        loaded_at = load_after(self.world.now, order.created_at)
        return self.till.rows(order, si_contact_id, loaded_at)

    def add_rows(self, rows: Iterable[Purchase]) -> None:
        """Add sales rows."""
        self.world.emarsys.purchases += rows

    def drop_rows(self, rows: Iterable[Purchase]) -> None:
        """Take sales rows away, once all drift is planted."""
        self._dropped |= {id(row) for row in rows}

    def drop_event(self, event: FiredEvent) -> None:
        """Take an event away, once all drift is planted."""
        self._dropped.add(id(event))

    def add_contact(self, values: dict[int, str | None], known_at: datetime) -> Contact:
        """Add a contact with its Smart Insight contact."""
        contacts = self.world.emarsys.contacts
        contact = Contact(
            id=contacts[-1].id + 3, uid=f"{self.rng.getrandbits(48):012x}", values=values
        )
        contacts.append(contact)
        self.add_si_contact(values[KEY_FIELD] or "", contact.id, known_at)
        return contact

    def stray(self, segment_id: int, contact: Contact) -> None:
        """Put a contact into a segment, or out of it, against its rule, once segments are drawn."""
        self._strays.append((segment_id, contact.id))

    def add_si_contact(
        self, external_id: str, contact_id: int | None, known_at: datetime
    ) -> SiContact:
        """Add a Smart Insight contact; without a contact behind it, it is a generated one."""
        rows = self.world.emarsys.si_contacts
        row = SiContact(
            id=rows[-1].id + 1,
            contact_id=contact_id,
            external_id=external_id,
            is_generated=contact_id is None,
            registered_on=known_at.date(),
            loaded_at=load_after(self.world.now, known_at),
        )
        rows.append(row)
        return row

    def add_customer(self, like: Customer, email: str, at: datetime) -> Customer:
        """Add a customer like another one under an address of its own."""
        rows = self.world.centra.customers
        row = replace(
            like,
            id=max(row.id for row in rows) + 1,
            email=email,
            total_orders=0,
            receives_newsletters=False,
            created_at=at,
            updated_at=at,
            attributes={},
        )
        rows.append(row)
        return row

    def add_order(self, like: Order, at: datetime) -> Order:
        """Add an order like another one that waits to be confirmed, so that nobody owes a sale."""
        orders = self.world.centra.orders
        lowest = max(line.id for order in orders for line in order.lines) + 1
        order = replace(
            like,
            number=max(order.number for order in orders) + 1,
            id=f"{self.rng.getrandbits(128):032x}",
            status="PENDING",
            is_on_hold=False,
            is_waiting_for_payment=False,
            created_at=at,
            updated_at=at,
            lines=[
                replace(line, id=lowest + place, returned=0)
                for place, line in enumerate(like.lines)
            ],
            attributes=dict(like.attributes),
        )
        orders.append(order)
        for customer in self.world.centra.customers:
            if customer.id == order.customer_id:
                customer.total_orders += 1
                customer.updated_at = max(customer.updated_at, at)
        return order

    def add_subscription(self, like: Subscription, at: datetime, *, is_active: bool) -> None:
        """Add a newsletter row like another one; an id is never given out again."""
        self._last_subscription += 1
        row = replace(like, id=self._last_subscription, is_active=is_active, created_at=at)
        self.world.centra.subscriptions.append(row)

    def finish(self) -> None:
        """Take away what was dropped and put the streams back into the order of their load."""
        emarsys = self.world.emarsys
        emarsys.purchases = [row for row in emarsys.purchases if id(row) not in self._dropped]
        emarsys.fired_events = [x for x in emarsys.fired_events if id(x) not in self._dropped]
        for stream in (emarsys.purchases, emarsys.fired_events, emarsys.unsubscribes):
            stream.sort(key=attrgetter("loaded_at"))

    def lead_astray(self) -> None:
        """Let members stray from the segments as they were drawn."""
        segments = {segment.id: segment for segment in self.world.emarsys.segments}
        for segment_id, contact_id in self._strays:
            members = set(segments[segment_id].contact_ids or ()) ^ {contact_id}
            segments[segment_id].contact_ids = sorted(members)
