"""The contacts in Emarsys: exactly one per live person, with the opt-in that Centra proves."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.audiences import Purse, audiences, purses
from auditor.sandbox.world.census import census, normal
from auditor.sandbox.world.chance import between, chance, lucky, pick
from auditor.sandbox.world.model import (
    Contact,
    ContactList,
    EmarsysAccount,
    Segment,
    SiContact,
    Unsubscribe,
)
from auditor.sandbox.world.moments import load_after
from auditor.sandbox.world.people import respell
from auditor.sandbox.world.tenant import BASE_CURRENCY, COUNTRY_CHOICES, CURRENCY_EXPONENTS

if TYPE_CHECKING:
    from datetime import date, datetime
    from random import Random

    from auditor.sandbox.world.census import Census, Person
    from auditor.sandbox.world.model import Customer, World

# Source: Emarsys reference 3.11 for the system fields; the custom key field is the account's own.
FIRST_NAME, LAST_NAME, EMAIL, COUNTRY, OPT_IN, KEY_FIELD = 1, 2, 3, 14, 31, 4711
OPTED_IN, OPTED_OUT = "1", "2"
ACCOUNT_ID = 123456789
QUARANTINE_LIST = "audit-quarantine"
ALL_CONTACTS, SUBSCRIBERS, SWEDES = 100001, 100002, 100003

_FIRST_CONTACT_ID, _FIRST_SI_CONTACT_ID = 90_000_001, 500_001
_OPT_IN_OF = {"yes": OPTED_IN, "no": OPTED_OUT, "unknown": None}
_TWIN_KEYED = 0.3
_LOADED = timedelta(hours=36)


@dataclass(slots=True)
class AddressBook:
    """Finds the contacts of persons and customers without going through the account again."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    si_contacts: dict[str, SiContact] = field(default_factory=dict)


def empty_account() -> EmarsysAccount:
    """Return an account that holds nothing yet."""
    return EmarsysAccount(
        customer_id=ACCOUNT_ID,
        key_field=KEY_FIELD,
        currency=BASE_CURRENCY,
        currency_exponent=CURRENCY_EXPONENTS[BASE_CURRENCY],
    )


def create_contacts(world: World, seed: int, people: Census) -> AddressBook:
    """Create a contact and a Smart Insight contact for every person who is a consumer."""
    rng, keys = chance(seed, "contacts"), chance(seed, "contact keys")
    book = AddressBook()
    emarsys = world.emarsys
    for email, person in people.people.items():
        if not person.is_consumer:
            continue
        place = len(emarsys.contacts)
        contact = Contact(
            id=_FIRST_CONTACT_ID + 3 * place,
            uid=f"{rng.getrandbits(48):012x}",
            values=_values(rng, person, _keyed_by(keys, person)),
        )
        si_contact = SiContact(
            id=_FIRST_SI_CONTACT_ID + place,
            contact_id=contact.id,
            external_id=contact.values[KEY_FIELD] or "",
            is_generated=False,
            registered_on=_known_since(person),
            loaded_at=load_after(world.now, world.now - _LOADED),
        )
        emarsys.contacts.append(contact)
        emarsys.si_contacts.append(si_contact)
        book.contacts[email] = contact
        book.si_contacts[email] = si_contact
    return book


def record_unsubscribes(world: World, seed: int, people: Census, book: AddressBook) -> None:
    """Give half of those who withdrew the click in a mail that made Centra's row inactive."""
    rng = chance(seed, "unsubscribes")
    latest = world.now - timedelta(days=2)
    for email, person in people.people.items():
        if person.consent == "no" and lucky(rng, 0.5):
            happened_at = between(rng, person.newsletter_rows[-1].created_at, latest)
            world.emarsys.unsubscribes.append(
                click(rng, book.contacts[email].id, happened_at),
            )
    world.emarsys.unsubscribes.sort(key=lambda row: row.loaded_at)


def click(rng: Random, contact_id: int, happened_at: datetime) -> Unsubscribe:
    """Return an unsubscribe of a contact."""
    return Unsubscribe(
        contact_id=contact_id,
        campaign_id=rng.randrange(60_001, 60_040),
        happened_at=happened_at,
        loaded_at=happened_at + timedelta(minutes=rng.randrange(5, 50)),
        source=rng.choice(("unsubscribe", "list_unsubscribe")),
    )


def keep_lists(world: World) -> None:
    """Set up the lists; the quarantine list is empty."""
    created_at = world.now - timedelta(days=400)
    some = [contact.id for contact in world.emarsys.contacts[::50]]
    world.emarsys.lists = [
        ContactList(700_001, QUARANTINE_LIST, created_at, []),
        ContactList(700_002, "VIP evening Stockholm", created_at, some),
        ContactList(700_003, "Newsletter seed list", created_at, some[:5]),
    ]


def draw_segments(world: World) -> None:
    """Set the segments to what their rules give now."""
    contacts = world.emarsys.contacts
    sweden = COUNTRY_CHOICES["SE"]
    people = census(world.centra)
    bought = purses(world, people)
    owners = {contact.id: owner_of(contact, people) for contact in contacts}
    bought_by = {key: bought.get(one.email, Purse()) for key, one in owners.items() if one}
    world.emarsys.segments = [
        Segment(ALL_CONTACTS, "All contacts"),
        Segment(
            SUBSCRIBERS,
            "Newsletter subscribers",
            [c.id for c in contacts if c.values[OPT_IN] == OPTED_IN],
        ),
        Segment(SWEDES, "Sweden", [c.id for c in contacts if c.values[COUNTRY] == sweden]),
        *(
            Segment(one.id, one.name, [key for key, purse in bought_by.items() if one.holds(purse)])
            for one in audiences(world)
        ),
    ]


def owner_of(contact: Contact, people: Census) -> Person | None:
    """Return the person of a contact: by its key, then by its e-mail; None when it has none."""
    key, email = contact.values[KEY_FIELD], contact.values[EMAIL]
    by_key = people.by_customer.get(int(key)) if key else None
    return by_key or people.people.get(normal(email or ""))


def _keyed_by(rng: Random, person: Person) -> Customer | None:
    """Return the customer that keys a contact; now and then another row than the usual one."""
    return (
        pick(rng, person.customers)
        if lucky(rng, _TWIN_KEYED) and person.customers
        else person.key_customer
    )


def _values(rng: Random, person: Person, customer: Customer | None) -> dict[int, str | None]:
    opt_in = _OPT_IN_OF[person.consent]
    if customer is None:
        country = COUNTRY_CHOICES[person.subscriptions[0].country]
        return contact_values(_import(rng, person.email), opt_in, country=country)
    return contact_values(
        _import(rng, person.email),
        opt_in,
        key=str(customer.id),
        name=(customer.first_name, customer.last_name),
        country=COUNTRY_CHOICES[customer.country],
    )


def contact_values(
    email: str,
    opt_in: str | None,
    *,
    key: str | None = None,
    name: tuple[str, str] | None = None,
    country: str | None = None,
) -> dict[int, str | None]:
    """Return the field values of a contact."""
    first_name, last_name = name or (None, None)
    return {
        FIRST_NAME: first_name,
        LAST_NAME: last_name,
        EMAIL: email,
        COUNTRY: country,
        OPT_IN: opt_in,
        KEY_FIELD: key,
    }


def _import(rng: Random, email: str) -> str:
    """Return an address as the feed left it: re-spelled, or with its accents taken apart."""
    apart = unicodedata.normalize("NFD", email)
    return apart if normal(apart) == email != apart else respell(rng, email)


def _known_since(person: Person) -> date:
    moments = [row.created_at for row in person.customers]
    moments += [row.created_at for row in person.subscriptions]
    return min(moments).date()
