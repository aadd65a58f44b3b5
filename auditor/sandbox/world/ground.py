"""The ground that drift is planted in: every record by person, and who has been used already."""

from __future__ import annotations

from collections import defaultdict
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
    sales_since_at,
)
from auditor.sandbox.world.pen import Pen
from auditor.sandbox.world.racks import Racks
from auditor.sandbox.world.scale import TooSmallError

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
        World,
    )

    # Whatever a planter looks for in a subject; anything true means that it fits.
    Fits = Callable[["T"], object]

T = TypeVar("T")


class Ground(Pen):
    """Hands out subjects, each at most once; what the planters change they write with its `Pen`.

    A person is handed out whole: whoever takes an order, a contact or a buyer takes everything that
    hangs on that person, so no two cases ever touch the same record. Items are on the `racks`.
    """

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, chance(seed, "planting"))
        self.channels = Channels(world.centra)
        self.racks = Racks(world, seed)
        self._people = census(world.centra)
        self._claimed: set[str] = set()
        self.merged: list[Person] = []  # whose customer was merged away
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
        return not self.returns_of(order) and self.is_as_sold(order)

    def is_as_sold(self, order: Order) -> bool:
        """Tell whether all of a due consumer order stands in Emarsys, whatever was taken off again."""
        if self.channels.of(order) != "consumer" or not is_due(order):
            return False
        items = [line.size_id for line in order.lines]
        if len(items) != len(set(items)) or any(line.cancelled for line in order.lines):
            return False
        sold = (row for row in self.rows_of(order) if row.quantity > 0)
        expected = {(r.item, r.quantity, r.amount_minor) for r in self.sale_of(order, 0)}
        actual = {(r.item, r.quantity, r.amount_minor) for r in sold}
        return bool(actual) and actual == expected

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
        super().finish()

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


def _too_small(found: int, wanted: int) -> TooSmallError:
    return TooSmallError(f"the world is too small: {found} subjects of {wanted} could be planted")
