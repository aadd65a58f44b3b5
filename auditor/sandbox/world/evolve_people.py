"""People who come, sign up, withdraw or change their name; Emarsys follows at once.

Those who move to another address, and twins that a clerk unites, stand in `evolve_identity.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.census import Person, census, normal
from auditor.sandbox.world.chance import lucky, pick
from auditor.sandbox.world.contacts import (
    EMAIL,
    KEY_FIELD,
    LAST_NAME,
    OPT_IN,
    OPTED_IN,
    OPTED_OUT,
    click,
    contact_values,
)
from auditor.sandbox.world.model import Contact, Customer, SiContact, Subscription
from auditor.sandbox.world.names import PEOPLE
from auditor.sandbox.world.people import RELAY_DOMAIN, Naming, respell
from auditor.sandbox.world.tenant import COUNTRY_CHOICES, RETAIL, shop_of

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.world.census import Census
    from auditor.sandbox.world.model import World
    from auditor.sandbox.world.people import Shopper
    from auditor.sandbox.world.span import Span

_NEWCOMERS, _SIGN_UPS, _SUBSCRIBERS = 0.003, 0.002, 0.001
_WITHDRAWALS, _MARRIAGES = 0.001, 0.001
_CLICKED, _FLIPPED, _REGISTERED = 0.5, 0.5, 0.6
_HOUR = timedelta(hours=1)


def meet_people(span: Span) -> None:
    """Let people come, sign up, withdraw and change."""
    circle = _Circle(span, census(span.world.centra), contacts_by_person(span.world))
    circle.welcome()
    circle.sign_up()
    circle.withdraw()
    circle.rename()


def contacts_by_person(world: World) -> dict[str, Contact]:
    """Return the contact of every person by normalised address, found by key, then by e-mail."""
    emails = {str(row.id): normal(row.email) for row in world.centra.customers}
    return {
        emails.get(row.values[KEY_FIELD] or "") or normal(row.values[EMAIL] or ""): row
        for row in world.emarsys.contacts
    }


@dataclass(slots=True)
class _Circle:
    """The people of a world during one span."""

    span: Span
    people: Census
    contacts: dict[str, Contact]

    def welcome(self) -> None:
        """Let new customers in, and people who only subscribe."""
        span, rng = self.span, self.span.rng("newcomers")
        naming = Naming(rng, self.people.people)
        customers = span.world.centra.customers
        number = max((row.id for row in customers), default=0)
        for place in range(span.count(rng, len(customers), _NEWCOMERS)):
            shopper = naming.shopper("registered" if lucky(rng, _REGISTERED) else "guest")
            row = _customer(
                shopper, number + 1 + place, span.moment(rng), respell(rng, shopper.email)
            )
            customers.append(row)
            name = (row.first_name, row.last_name)
            self._contact(shopper, row.created_at, key=str(row.id), name=name)
        for _ in range(span.count(rng, len(customers), _SUBSCRIBERS)):
            shopper = naming.shopper("subscriber")
            at = span.moment(rng)
            self._subscribe(shopper.email, shopper.country, at, is_active=True)
            self._contact(shopper, at).values[OPT_IN] = OPTED_IN

    def sign_up(self) -> None:
        """Let people subscribe of whom nothing was known."""
        rng = self.span.rng("sign-ups")
        unknown = [
            person
            for person in self._consumers("unknown")
            if person.customers and not person.email.endswith(RELAY_DOMAIN)
        ]
        for _ in range(self.span.count(rng, len(self.people.people), _SIGN_UPS)):
            if unknown:
                person = unknown.pop(rng.randrange(len(unknown)))
                at = self.span.moment(rng)
                country = person.customers[0].country
                self._subscribe(respell(rng, person.email), country, at, is_active=True)
                self._decide(person, at, OPTED_IN)

    def withdraw(self) -> None:
        """Let people withdraw, some of them by a click in a mail."""
        rng = self.span.rng("withdrawals")
        willing = self._consumers("yes")
        for _ in range(self.span.count(rng, len(self.people.people), _WITHDRAWALS)):
            if not willing:
                return
            person = willing.pop(rng.randrange(len(willing)))
            newest, at = person.newsletter_rows[-1], self.span.moment(rng)
            if lucky(rng, _FLIPPED):
                newest.is_active = False
            else:
                at = max(at, newest.created_at + timedelta(seconds=1))
                self._subscribe(newest.email, newest.country, at, is_active=False)
            self._decide(person, at, OPTED_OUT)
            if lucky(rng, _CLICKED):
                row = click(rng, self.contacts[person.email].id, at)
                row.loaded_at = min(row.loaded_at, self.span.end)
                self.span.world.emarsys.unsubscribes.append(row)

    def rename(self) -> None:
        """Let people change their last name; their contacts follow."""
        rng = self.span.rng("names")
        customers = [c for p in self._consumers(None) if len(p.customers) == 1 for c in p.customers]
        for _ in range(self.span.count(rng, len(customers), _MARRIAGES)):
            customer = pick(rng, customers)
            customer.last_name = rng.choice(PEOPLE[customer.country][1])
            customer.updated_at = max(customer.updated_at, self.span.moment(rng))
            self.contacts[normal(customer.email)].values[LAST_NAME] = customer.last_name

    def _consumers(self, consent: str | None) -> list[Person]:
        return [
            person
            for person in self.people.people.values()
            if person.is_consumer and (consent is None or person.consent == consent)
        ]

    def _subscribe(self, email: str, country: str, at: datetime, *, is_active: bool) -> None:
        rows = self.span.world.centra.subscriptions
        number = max((row.id for row in rows), default=0) + 1
        rows.append(Subscription(number, RETAIL, email, is_active, country, at))

    def _decide(self, person: Person, at: datetime, opt_in: str) -> None:
        """Write a decision down on both sides."""
        self.contacts[person.email].values[OPT_IN] = opt_in
        for customer in person.customers:
            customer.receives_newsletters = opt_in == OPTED_IN
            customer.updated_at = max(customer.updated_at, at)

    def _contact(
        self,
        shopper: Shopper,
        at: datetime,
        *,
        key: str | None = None,
        name: tuple[str, str] | None = None,
    ) -> Contact:
        emarsys = self.span.world.emarsys
        rng = self.span.rng(f"contact/{shopper.email}")
        country = COUNTRY_CHOICES[shopper.country]
        contact = Contact(
            id=max(row.id for row in emarsys.contacts) + 3,
            uid=f"{rng.getrandbits(48):012x}",
            values=contact_values(shopper.email, None, key=key, name=name, country=country),
        )
        emarsys.contacts.append(contact)
        emarsys.si_contacts.append(
            SiContact(
                id=max(row.id for row in emarsys.si_contacts) + 1,
                contact_id=contact.id,
                external_id=key or "",
                is_generated=False,
                registered_on=at.date(),
                loaded_at=min(at + _HOUR, self.span.end),
            )
        )
        self.contacts[shopper.email] = contact
        return contact


def _customer(shopper: Shopper, number: int, at: datetime, email: str) -> Customer:
    return Customer(
        id=number,
        store_id=RETAIL,
        status="ACTIVE",
        email=email,
        first_name=shopper.first_name,
        last_name=shopper.last_name,
        country=shopper.country,
        market_id=shop_of(RETAIL, shopper.country).market_id,
        is_registered=shopper.kind == "registered",
        is_anonymized=False,
        receives_newsletters=False,
        created_at=at,
        updated_at=at,
    )
