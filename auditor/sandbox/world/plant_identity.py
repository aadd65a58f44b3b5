"""Planted drift of the identity suite; subjects are contacts, and orders on orphans.

What shows only by comparing with an earlier look happens after it, to people who were there then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.changes import merge_customers
from auditor.sandbox.world.channels import DUE_STATUSES
from auditor.sandbox.world.contacts import (
    EMAIL,
    FIRST_NAME,
    KEY_FIELD,
    LAST_NAME,
    contact_values,
)
from auditor.sandbox.world.moments import DAY, EARLIER, sales_since_at
from auditor.sandbox.world.people import RELAY_DOMAIN
from auditor.sandbox.world.planting import planter
from auditor.sandbox.world.sales import holders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import Contact, Order

_FIRST_DEAD_KEY = 8_000_001


@planter("identity.orphaned_by_merge", subjects="few")
def orphaned_by_merge(ground: Ground, cases: int) -> Iterator[str]:
    """Merge people into others, and leave their contacts and sales where they are."""
    gone = ground.consumers(cases, lambda person: _is_mergeable(ground, person))
    survivors = ground.consumers(cases, lambda person: _is_alone(ground, person))
    for person, survivor in zip(gone, survivors, strict=True):
        contact = ground.contact_of(person)
        merge_customers(
            ground.world, person.customers[0].id, survivor.customers[0].id, ground.between_looks()
        )
        ground.merged.append(person)
        yield str(contact.id)


@planter("identity.sales_on_orphan")
def sales_on_orphan(ground: Ground, _cases: int) -> Iterator[str]:
    """Name the orders that the merges left on their orphans."""
    for person in ground.merged:
        yield from (
            str(order.number)
            for order in ground.orders_of(person)
            if holders(ground.rows_of(order))
        )


@planter("identity.orphaned_contact")
def orphaned_contact(ground: Ground, cases: int) -> Iterator[str]:
    """Import contacts under keys that Centra never gave out."""
    for place in range(cases):
        values = contact_values(
            f"imported{place}@elsewhere.example",
            None,
            key=str(_FIRST_DEAD_KEY + place),
            name=("Åke", "Ström"),
        )
        yield str(ground.add_contact(values, ground.world.now - 90 * DAY).id)


@planter("identity.duplicate_contact", subjects="rare")
def duplicate_contact(ground: Ground, cases: int) -> Iterator[str]:
    """Give twins a second contact: one for each of their rows, under one address."""
    for person in ground.consumers(cases, lambda person: len(person.customers) > 1):
        first = ground.contact_of(person)
        other = next(row for row in person.customers if str(row.id) != first.values[KEY_FIELD])
        values = {**first.values, KEY_FIELD: str(other.id)}
        yield str(ground.add_contact(values, other.created_at).id)


@planter("identity.missing_contact")
def missing_contact(ground: Ground, cases: int) -> Iterator[str]:
    """Let newcomers in of whom Emarsys is told nothing; every second one has two rows."""
    like = next(row for row in ground.world.centra.customers if not row.is_anonymized)
    for place in range(cases):
        at, email = ground.between_looks(), f"newcomer{place}@elsewhere.example"
        oldest = ground.add_customer(like, email, at)
        oldest.is_registered = True
        if place % 2:
            ground.add_customer(like, email.upper(), at).is_registered = False
        yield f"centra:{oldest.id}"


@planter("identity.key_mismatch")
def key_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Lose the keys of contacts, or write such as Centra never gave out."""
    people = ground.consumers(cases, lambda person: bool(person.customers))
    for place, person in enumerate(people):
        contact = ground.contact_of(person)
        dead = str(_FIRST_DEAD_KEY + 500_000 + place)
        contact.values[KEY_FIELD] = dead if place % 2 else None
        yield str(contact.id)


@planter("identity.profile_mismatch")
def profile_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Let a last name, a first name or an address differ, in turn."""
    for place in range(cases):
        for person in ground.consumers(1, lambda person: _is_alone(ground, person)):
            contact = ground.contact_of(person)
            _SPOILED[place % len(_SPOILED)](ground, person, contact)
            yield str(contact.id)


def _rename(_ground: Ground, _person: Person, contact: Contact) -> None:
    contact.values[LAST_NAME] = "Efternamn"


def _lose_name(_ground: Ground, _person: Person, contact: Contact) -> None:
    contact.values[FIRST_NAME] = None


def _move(ground: Ground, person: Person, _contact: Contact) -> None:
    """Change the address in Centra alone."""
    (customer,) = person.customers
    customer.email = f"moved{customer.id}@elsewhere.example"
    customer.updated_at = max(customer.updated_at, ground.between_looks())


_SPOILED = (_rename, _lose_name, _move)


def _is_alone(ground: Ground, person: Person) -> bool:
    """Tell whether a person is one settled customer without any subscription."""
    if len(person.customers) != 1 or person.subscriptions or person.email.endswith(RELAY_DOMAIN):
        return False
    (customer,) = person.customers
    is_old = customer.created_at < ground.world.now - EARLIER
    return is_old and bool(ground.contact_of(person).values[EMAIL])


def _is_mergeable(ground: Ground, person: Person) -> bool:
    """Tell whether a merge of a person shows: by old sales that nothing else is wrong with."""
    is_old = all(row.created_at < ground.world.now - EARLIER for row in person.customers)
    orders = ground.orders_of(person)
    if len(person.customers) != 1 or not is_old or not orders or not ground.is_quiet(person):
        return False
    return any(ground.rows_of(order) for order in orders) and all(
        _is_revenue(ground, order) for order in orders
    )


def _is_revenue(ground: Ground, order: Order) -> bool:
    """Tell whether an order, if it counts in Emarsys, counts as a consumer's of the days looked at."""
    if ground.channels.of(order) != "consumer":
        return False
    is_counted = order.status in DUE_STATUSES and order.created_at >= sales_since_at(
        ground.world.now
    )
    return is_counted or not ground.rows_of(order)
