"""Planted drift of the consent suite; subjects are contacts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after
from auditor.sandbox.world.contacts import (
    OPT_IN,
    OPTED_IN,
    OPTED_OUT,
    QUARANTINE_LIST,
    click,
    contact_values,
)
from auditor.sandbox.world.model import Subscription
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.ground import Ground

_CONTAINED = 2


@planter("consent.withdrawn_but_opted_in")
def withdrawn_but_opted_in(ground: Ground, cases: int) -> Iterator[str]:
    """Withdraw in Centra, by changing the rows or by a newer inactive one, and tell nobody.

    The first contacts stand on the quarantine list: their findings are contained.
    """
    people = ground.consumers(cases, lambda person: person.consent == "yes")
    quarantine = next(c for c in ground.world.emarsys.lists if c.name == QUARANTINE_LIST)
    for place, person in enumerate(people):
        if place % 2:
            _withdraw_by_new_row(ground, person)
        else:
            for row in person.newsletter_rows:
                row.is_active = False
        for customer in person.customers:
            customer.receives_newsletters = False
        contact = ground.contact_of(person)
        if place < _CONTAINED:
            quarantine.contact_ids.append(contact.id)
        yield str(contact.id)


@planter("consent.opted_in_without_evidence")
def opted_in_without_evidence(ground: Ground, cases: int) -> Iterator[str]:
    """Opt people in who never subscribed, or only asked to be told when something is in stock."""
    for person in ground.consumers(cases, lambda person: person.consent == "unknown"):
        yield _set_opt_in(ground, person, OPTED_IN)


@planter("consent.opt_in_lost")
def opt_in_lost(ground: Ground, cases: int) -> Iterator[str]:
    """Empty the opt-in of people who subscribed and never left."""
    for person in ground.consumers(cases, lambda person: person.consent == "yes"):
        yield _set_opt_in(ground, person, None)


@planter("consent.unsubscribed_but_active_in_centra")
def unsubscribed_but_active_in_centra(ground: Ground, cases: int) -> Iterator[str]:
    """Opt people out, half of them by a click, and leave their subscription in Centra active."""
    people = ground.consumers(cases, lambda person: person.consent == "yes")
    for place, person in enumerate(people):
        if place % 2 == 0:
            happened_at = after(ground.rng, person.newsletter_rows[-1].created_at, 2, 48)
            contact_id = ground.contact_of(person).id
            ground.world.emarsys.unsubscribes.append(click(ground.rng, contact_id, happened_at))
        yield _set_opt_in(ground, person, OPTED_OUT)


@planter("consent.erased_but_contactable")
def erased_but_contactable(ground: Ground, cases: int) -> Iterator[str]:
    """Keep the contacts of erased customers, opted in or undecided."""
    for place in range(cases):
        yield _keep_erased(ground, None if place % 2 else OPTED_IN)


@planter("consent.erased_but_present")
def erased_but_present(ground: Ground, cases: int) -> Iterator[str]:
    """Keep the contacts of erased customers, opted out."""
    for _ in range(cases):
        yield _keep_erased(ground, OPTED_OUT)


@planter("consent.buyer_opted_in")
def buyer_opted_in(ground: Ground, cases: int) -> Iterator[str]:
    """Import wholesale buyers as newsletter readers."""
    for person in ground.people(cases, lambda person: not person.is_consumer):
        buyer = person.buyers[0]
        values = contact_values(buyer.email, OPTED_IN, name=(buyer.first_name, buyer.last_name))
        yield str(ground.add_contact(values, buyer.created_at).id)


@planter("consent.opt_in_unknown_person")
def opt_in_unknown_person(ground: Ground, cases: int) -> Iterator[str]:
    """Opt in people whom Centra has never seen."""
    for place in range(cases):
        values = contact_values(_strange_address(ground, f"reader{place}"), OPTED_IN)
        yield str(ground.add_contact(values, ground.world.now - timedelta(days=90)).id)


def _set_opt_in(ground: Ground, person: Person, value: str | None) -> str:
    contact = ground.contact_of(person)
    contact.values[OPT_IN] = value
    return str(contact.id)


def _withdraw_by_new_row(ground: Ground, person: Person) -> None:
    """Add an inactive row that is newer than every other one of the person."""
    newest = person.newsletter_rows[-1]
    rows = ground.world.centra.subscriptions
    rows.append(
        Subscription(
            id=rows[-1].id + 1,
            store_id=newest.store_id,
            email=person.email,
            is_active=False,
            country=newest.country,
            created_at=after(ground.rng, newest.created_at, 2, 24),
        )
    )


def _keep_erased(ground: Ground, opt_in: str | None) -> str:
    """Add the contact that an erased customer still has, under the address Centra forgot."""
    (customer,) = ground.erased(1)
    values = contact_values(
        _strange_address(ground, f"former{customer.id}"),
        opt_in,
        key=str(customer.id),
        name=("Åke", "Ström"),
    )
    return str(ground.add_contact(values, customer.created_at).id)


def _strange_address(ground: Ground, local: str) -> str:
    """Return an address that Centra has never seen."""
    address = f"{local}@elsewhere.example"
    if ground.knows(address):
        msg = f"{address} is known already"
        raise ValueError(msg)
    return address
