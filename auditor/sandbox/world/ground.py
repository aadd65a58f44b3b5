"""The ground that drift is planted in: every record by person, and who has been used already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from auditor.sandbox.world.census import census, normal
from auditor.sandbox.world.chance import between, chance
from auditor.sandbox.world.channels import Channels, is_due
from auditor.sandbox.world.contacts import EMAIL, KEY_FIELD
from auditor.sandbox.world.model import Contact, Order, SiContact
from auditor.sandbox.world.moments import (
    DAY,
    EARLIER,
    EVENT_WINDOW,
    SETTLED,
    load_after,
    sales_since_at,
)
from auditor.sandbox.world.racks import Racks
from auditor.sandbox.world.sales import Till

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.model import (
        Customer,
        FiredEvent,
        Purchase,
        Return,
        Shipment,
        Subscription,
        World,
    )

    # Whatever a planter looks for in a subject; anything true means that it fits.
    Fits = Callable[["T"], object]

T = TypeVar("T")


class Ground:
    """Hands out subjects, each at most once, and writes what the planters change.

    A person is handed out whole: whoever takes an order, a contact or a buyer takes everything that
    hangs on that person, so no two cases ever touch the same record. Items are on the `racks`.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = chance(seed, "planting")
        self.till = Till(world)
        self.channels = Channels(world.centra)
        self.racks = Racks(world, seed)
        self._people = census(world.centra)
        self._claimed: set[str] = set()
        self._dropped: set[int] = set()
        self._last_subscription = max((s.id for s in world.centra.subscriptions), default=0)
        self.merged: list[Person] = []  # whose customer was merged away
        self._strays: list[tuple[int, int]] = []
        self._index()
        self._shuffle(seed)

    def _index(self) -> None:
        """Find the contact, orders and sales rows of every person, and what hangs on an order."""
        emarsys, centra = self.world.emarsys, self.world.centra
        self._contacts: dict[str, Contact] = {}
        for contact in emarsys.contacts:
            self._contacts[self._owner(contact).email] = contact
        self._si_contacts = {row.contact_id: row for row in emarsys.si_contacts}
        self._rows: dict[str, list[Purchase]] = defaultdict(list)
        for row in emarsys.purchases:
            self._rows[row.order_id].append(row)
        self._orders: dict[str, list[Order]] = defaultdict(list)
        for order in centra.orders:
            person = self.person_of(order)
            if person:
                self._orders[person.email].append(order)
        self._parcels: dict[int, list[Shipment]] = defaultdict(list)
        for parcel in centra.shipments:
            self._parcels[parcel.order_number].append(parcel)
        self._events = {row.trigger_id: row for row in emarsys.fired_events}
        self._returns: dict[int, list[Return]] = defaultdict(list)
        for back in centra.returns:
            self._returns[back.order_number].append(back)

    def _shuffle(self, seed: int) -> None:
        """Put people, orders and erased customers into the order in which they are handed out."""
        rng = chance(seed, "planting order")
        self._lots = list(self._people.people.values())
        self._order_lots = list(self.world.centra.orders)
        settled = self.world.now - SETTLED
        self._erased = [
            row
            for row in self.world.centra.customers
            if row.is_anonymized and row.updated_at < settled
        ]
        for pool in (self._lots, self._order_lots, self._erased):
            rng.shuffle(pool)

    def _owner(self, contact: Contact) -> Person:
        key = contact.values[KEY_FIELD]
        if key:
            return self._people.by_customer[int(key)]
        return self._people.person(contact.values[EMAIL] or "")

    # --- what belongs to whom -------------------------------------------------------------------

    def person_of(self, order: Order) -> Person | None:
        """Return who placed an order; None once that customer is anonymised."""
        if order.buyer_id is not None:
            return self._people.by_buyer[order.buyer_id]
        return self._people.by_customer.get(order.customer_id or 0)

    def contact_of(self, person: Person) -> Contact:
        """Return a consumer's contact."""
        return self._contacts[person.email]

    def si_contact_of(self, person: Person) -> SiContact:
        """Return a consumer's Smart Insight contact."""
        return self._si_contacts[self.contact_of(person).id]

    def orders_of(self, person: Person) -> list[Order]:
        """Return everything that a person ordered, as a consumer or as a buyer."""
        return self._orders.get(person.email, [])

    def rows_of(self, order: Order) -> list[Purchase]:
        """Return the sales rows of an order."""
        return self._rows.get(str(order.number), [])

    def parcels_of(self, order: Order) -> list[Shipment]:
        """Return the shipments of an order."""
        return self._parcels.get(order.number, [])

    def returns_of(self, order: Order) -> list[Return]:
        """Return the returns of an order."""
        return self._returns.get(order.number, [])

    def event_of(self, cause: Order | Shipment) -> FiredEvent | None:
        """Return what fired for an order or a shipment; None when nothing did."""
        kind = "conf" if isinstance(cause, Order) else "ship"
        return self._events.get(f"{kind}:{cause.number}")

    # --- handing out ----------------------------------------------------------------------------

    def people(self, count: int, fits: Fits[Person]) -> Iterator[Person]:
        """Hand out so many people who fit."""
        return self._hand_out(count, self._lots, fits, _itself)

    def consumers(self, count: int, fits: Fits[Person]) -> Iterator[Person]:
        """Hand out so many settled people who have a contact, buy for no account, and fit."""
        return self.people(count, lambda person: self._is_shopper(person) and fits(person))

    def consumer(self, *wishes: Fits[Person]) -> Person:
        """Hand out one of them: who fits the first of the wishes that anybody fits."""
        for wish in wishes:
            found = self._pick(1, filter(self._is_shopper, self._lots), wish, _itself)
            person = next(found, None)
            if person is not None:
                return person
        raise _too_small(0, 1)

    def _is_shopper(self, person: Person) -> bool:
        return person.is_consumer and not person.buyers and self._is_settled(person)

    def orders(self, count: int, fits: Fits[Order]) -> Iterator[tuple[Order, Person]]:
        """Hand out so many settled orders that fit, each with its person."""
        found = self._hand_out(
            count, self._order_lots, lambda o: self.is_settled(o) and fits(o), self.person_of
        )
        for order in found:
            person = self.person_of(order)
            if person:
                yield order, person

    def sold_orders(self, count: int, fits: Fits[Order]) -> Iterator[tuple[Order, Person]]:
        """Hand out so many plain consumer orders whose sale stands in Emarsys to the last unit."""
        return self.orders(count, lambda order: self.is_plain(order) and fits(order))

    def erased(self, count: int) -> list[Customer]:
        """Hand out so many anonymised customers."""
        taken, self._erased = self._erased[:count], self._erased[count:]
        _check(len(taken), count)
        return taken

    def _hand_out(
        self,
        count: int,
        pool: Iterable[T],
        fits: Fits[T],
        owner: Callable[[T], Person | None],
    ) -> Iterator[T]:
        taken = 0
        for subject in self._pick(count, pool, fits, owner):
            taken += 1
            yield subject
        _check(taken, count)

    def _pick(
        self,
        count: int,
        pool: Iterable[T],
        fits: Fits[T],
        owner: Callable[[T], Person | None],
    ) -> Iterator[T]:
        """Take so many subjects who fit, or as many as there are."""
        taken = 0
        for subject in pool:
            if taken == count:
                return
            person = owner(subject)
            if person and self._is_free(person) and fits(subject):
                self._claimed |= _keys(person)
                taken += 1
                yield subject

    def _is_free(self, person: Person) -> bool:
        return self._claimed.isdisjoint(_keys(person))

    def _is_settled(self, person: Person) -> bool:
        """Tell whether no row of a person changed within a day: then nobody owes them anything."""
        latest = self.world.now - DAY
        return all(row.updated_at < latest for row in person.customers)

    # --- what an order must be like -------------------------------------------------------------

    def is_settled(self, order: Order) -> bool:
        """Tell whether an order is younger than the sales that are sent and older than settle."""
        now = self.world.now
        opening = sales_since_at(now) + DAY
        return order.created_at >= opening and order.updated_at <= now - SETTLED

    def is_plain(self, order: Order) -> bool:
        """Tell whether a due consumer order has nothing that could explain a difference away."""
        if self.channels.of(order) != "consumer" or not is_due(order) or self.returns_of(order):
            return False
        items = [line.size_id for line in order.lines]
        if len(items) != len(set(items)) or any(line.cancelled for line in order.lines):
            return False
        expected = {(r.item, r.quantity, r.amount_minor) for r in self.sale_of(order, 0)}
        actual = {(r.item, r.quantity, r.amount_minor) for r in self.rows_of(order)}
        return bool(actual) and actual == expected

    # --- writing --------------------------------------------------------------------------------

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

    def between_looks(self) -> datetime:
        """Return a moment after an auditor's earlier look that is old enough to be judged now."""
        now = self.world.now
        return between(self.rng, now - EARLIER + DAY, now - SETTLED)

    def is_quiet(self, person: Person) -> bool:
        """Tell whether a person bought nothing for longer than events are looked at."""
        closing = self.world.now - EVENT_WINDOW - 7 * DAY
        return all(order.updated_at < closing for order in self.orders_of(person))

    def finish(self) -> None:
        """Take away what was dropped and put the streams back into the order of their load."""
        self.racks.finish()
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

    def knows(self, email: str) -> bool:
        """Tell whether Centra has ever seen an address."""
        return normal(email) in self._people.people


def _keys(person: Person) -> set[str]:
    """Return what taking a person takes: the address and the accounts bought for."""
    return {person.email} | {f"account {buyer.account_id}" for buyer in person.buyers}


def _itself(person: Person) -> Person:
    return person


def _check(found: int, wanted: int) -> None:
    if found < wanted:
        raise _too_small(found, wanted)


def _too_small(found: int, wanted: int) -> ValueError:
    return ValueError(f"the world is too small: {found} subjects of {wanted} could be planted")
