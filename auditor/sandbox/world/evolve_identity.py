"""Who people are changes too: a new e-mail address, twins united; Emarsys follows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.census import census, normal
from auditor.sandbox.world.chance import pick
from auditor.sandbox.world.changes import merge_customers
from auditor.sandbox.world.contacts import EMAIL, KEY_FIELD
from auditor.sandbox.world.evolve_people import contacts_by_person
from auditor.sandbox.world.people import RELAY_DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.model import Contact, World
    from auditor.sandbox.world.span import Span

_MOVES, _MERGES = 0.0005, 0.0005


def change_identities(span: Span) -> None:
    """Let people take a new address, and twins be merged into one of their rows."""
    world, contacts = span.world, contacts_by_person(span.world)
    people = [person for person in census(world.centra).people.values() if _is_consumer(person)]
    total = len(world.centra.customers)
    rng = span.rng("moves")
    alone = [p for p in people if len(p.customers) == 1 and not p.subscriptions]
    for person in _some(rng, alone, span.count(rng, total, _MOVES)):
        _move(span, rng, person, contacts[person.email])
    rng = span.rng("merges")
    twins = [p for p in people if len(p.customers) > 1]
    for person in _some(rng, twins, span.count(rng, total, _MERGES)):
        _unite(span, rng, person, contacts[person.email])


def _is_consumer(person: Person) -> bool:
    is_relay = person.email.endswith(RELAY_DOMAIN)
    return bool(person.customers) and not person.buyers and not is_relay


def _some(rng: Random, people: list[Person], count: int) -> Iterator[Person]:
    """Yield so many people, each once, while there are any."""
    for _ in range(min(count, len(people))):
        yield people.pop(rng.randrange(len(people)))


def _move(span: Span, rng: Random, person: Person, contact: Contact) -> None:
    """Give a person without subscriptions a new address on both sides."""
    (customer,) = person.customers
    local, domain = normal(customer.email).split("@")
    address = f"{local}.{customer.id}@new.{domain}"
    customer.email, contact.values[EMAIL] = address, address
    customer.updated_at = max(customer.updated_at, span.moment(rng))


def _unite(span: Span, rng: Random, person: Person, contact: Contact) -> None:
    """Merge the row that the contact is keyed by into another one, which takes the contact over."""
    gone = next(row for row in person.customers if str(row.id) == contact.values[KEY_FIELD])
    survivor = pick(rng, [row for row in person.customers if row is not gone])
    at = span.moment(rng, max(row.created_at for row in person.customers))
    merge_customers(span.world, gone.id, survivor.id, at)
    contact.values[KEY_FIELD] = str(survivor.id)
    _rekey(span.world, contact)


def _rekey(world: World, contact: Contact) -> None:
    for row in world.emarsys.si_contacts:
        if row.contact_id == contact.id:
            row.external_id = contact.values[KEY_FIELD] or ""
