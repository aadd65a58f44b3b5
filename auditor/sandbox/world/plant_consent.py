"""Planted drift of the consent suite; subjects are contacts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after
from auditor.sandbox.world.contacts import (
    KEY_FIELD,
    OPT_IN,
    OPTED_IN,
    OPTED_OUT,
    QUARANTINE_LIST,
    click,
    contact_values,
)
from auditor.sandbox.world.erasure import anonymise
from auditor.sandbox.world.moments import DAY, EARLIER
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.census import Person
    from auditor.sandbox.world.ground import Ground
    from auditor.sandbox.world.model import Order

_CONTAINED = 2


@planter("consent.withdrawn_but_opted_in")
def withdrawn_but_opted_in(ground: Ground, cases: int) -> Iterator[str]:
    """Withdraw in Centra, by changing the rows, a newer inactive one or none at all, and tell nobody.

    The first contacts stand on the quarantine list: their findings are contained.
    """
    people = ground.consumers(cases, lambda person: _signed_up_long_ago(ground, person))
    quarantine = next(c for c in ground.world.emarsys.lists if c.name == QUARANTINE_LIST)
    for place, person in enumerate(people):
        _WITHDRAWN[place % len(_WITHDRAWN)](ground, person)
        for customer in person.customers:
            customer.receives_newsletters = False
        contact = ground.contact_of(person)
        if place < _CONTAINED:
            quarantine.contact_ids.append(contact.id)
        yield str(contact.id)


@planter("consent.opted_in_without_evidence")
def opted_in_without_evidence(ground: Ground, cases: int) -> Iterator[str]:
    """Opt people in who never subscribed, or only asked to be told when something is in stock."""

    def fits(person: Person) -> bool:
        # An order since the earlier look would take the blame.
        seen_at = ground.world.now - EARLIER - DAY
        is_old = all(order.created_at < seen_at for order in ground.orders_of(person))
        return person.consent == "unknown" and is_old

    for person in ground.consumers(cases, fits):
        yield _set_opt_in(ground, person, OPTED_IN)


@planter("consent.opted_in_by_order")
def opted_in_by_order(ground: Ground, cases: int) -> Iterator[str]:
    """Take an order without a sign-up, and let the sync opt its buyer in."""

    def fits(person: Person) -> bool:
        return person.consent == "unknown" and bool(_consumer_order(ground, person))

    for person in ground.consumers(cases, fits):
        order = _consumer_order(ground, person)
        if order:
            ground.add_order(order, ground.between_looks())
            yield _set_opt_in(ground, person, OPTED_IN)


@planter("consent.opt_in_lost")
def opt_in_lost(ground: Ground, cases: int) -> Iterator[str]:
    """Empty the opt-in of people who subscribed and never left."""
    for person in ground.consumers(cases, lambda person: _signed_up_long_ago(ground, person)):
        yield _set_opt_in(ground, person, None)


@planter("consent.unsubscribed_but_active_in_centra")
def unsubscribed_but_active_in_centra(ground: Ground, cases: int) -> Iterator[str]:
    """Opt people out, half of them by a click, and leave their subscription in Centra active."""
    people = ground.consumers(cases, lambda person: _signed_up_long_ago(ground, person))
    for place, person in enumerate(people):
        if place % 2 == 0:
            happened_at = after(ground.rng, person.newsletter_rows[-1].created_at, 2, 48)
            contact_id = ground.contact_of(person).id
            ground.world.emarsys.unsubscribes.append(click(ground.rng, contact_id, happened_at))
        yield _set_opt_in(ground, person, OPTED_OUT)


@planter("consent.erased_but_contactable")
def erased_but_contactable(ground: Ground, cases: int) -> Iterator[str]:
    """Keep the contacts of erased customers, opted in or undecided."""
    found = ground.consumers(1, lambda person: _is_erasable(ground, person, OPTED_OUT))
    yield from (_erase(ground, person) for person in found)
    for place in range(cases - 1):
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


def _signed_up_long_ago(ground: Ground, person: Person) -> bool:
    """Tell whether somebody subscribes, by rows that an earlier look has seen."""
    seen_at = ground.world.now - EARLIER
    return person.consent == "yes" and all(r.created_at < seen_at for r in person.newsletter_rows)


def _consumer_order(ground: Ground, person: Person) -> Order | None:
    orders = (o for o in ground.orders_of(person) if ground.channels.of(o) == "consumer")
    return next(orders, None)


def _is_erasable(ground: Ground, person: Person, unless: str) -> bool:
    """Tell whether an earlier look knows the address of a person who can be erased unnoticed.

    Somebody who changed since may have another address by now, which no look has seen.
    """
    seen_at = ground.world.now - EARLIER
    is_known = all(row.updated_at < seen_at for row in person.customers)
    is_one = len(person.customers) == 1 and is_known and ground.is_quiet(person)
    return is_one and ground.contact_of(person).values[OPT_IN] != unless


def _erase(ground: Ground, person: Person) -> str:
    """Erase a customer whose contact has lost its key: only the address tells who it was."""
    contact = ground.contact_of(person)
    contact.values[KEY_FIELD] = None
    anonymise(ground.world.centra, person.customers[0], ground.between_looks())
    return str(contact.id)


def _flip(_ground: Ground, person: Person) -> None:
    for row in person.newsletter_rows:
        row.is_active = False


def _remove(ground: Ground, person: Person) -> None:
    """Remove every newsletter row: only an earlier look knows that there was one."""
    lost = {row.id for row in person.newsletter_rows}
    centra = ground.world.centra
    centra.subscriptions = [row for row in centra.subscriptions if row.id not in lost]


def _withdraw_by_new_row(ground: Ground, person: Person) -> None:
    """Add an inactive row that is newer than every other one of the person."""
    newest = person.newsletter_rows[-1]
    at = after(ground.rng, newest.created_at, 2, 24)
    ground.add_subscription(newest, at, is_active=False)


_WITHDRAWN = (_flip, _withdraw_by_new_row, _remove)


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
