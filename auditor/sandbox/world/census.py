"""Who is one person: Centra's rows grouped by e-mail, and what they say about consent."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from auditor.sandbox.world.model import Buyer, CentraTenant, Customer, Subscription

Consent = Literal["yes", "no", "unknown"]


@dataclass(slots=True)
class Person:
    """Every Centra row of one e-mail address. Anonymised rows belong to nobody."""

    email: str
    customers: list[Customer] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    buyers: list[Buyer] = field(default_factory=list)

    @property
    def is_consumer(self) -> bool:
        """Whether this is more than a wholesale buyer."""
        return bool(self.customers or self.subscriptions)

    @property
    def newsletter_rows(self) -> list[Subscription]:
        """The subscriptions that say something about consent, oldest first.

        Source:
            Centra reference 3.3: a row with a variant or size is a back-in-stock request.
        """
        rows = [s for s in self.subscriptions if s.variant_id is None and s.size_id is None]
        return sorted(rows, key=attrgetter("created_at"))

    @property
    def consent(self) -> Consent:
        """What Centra knows; the newest newsletter row decides."""
        rows = self.newsletter_rows
        if not rows:
            return "unknown"
        return "yes" if rows[-1].is_active else "no"

    @property
    def key_customer(self) -> Customer | None:
        """The customer that the contact is keyed by: the registered one, else the oldest."""
        if not self.customers:
            return None
        return min(self.customers, key=lambda c: (not c.is_registered, c.created_at, c.id))


@dataclass(slots=True)
class Census:
    """All persons by normalised e-mail, and the person of each customer and buyer row."""

    people: dict[str, Person] = field(default_factory=dict)
    by_customer: dict[int, Person] = field(default_factory=dict)
    by_buyer: dict[int, Person] = field(default_factory=dict)

    def person(self, email: str) -> Person:
        """Return the person behind an address, however it is spelled; a new one if unknown."""
        key = normal(email)
        found = self.people.get(key)
        if found is None:
            found = self.people[key] = Person(key)
        return found


def normal(email: str) -> str:
    """Return the spelling of an address that both systems agree on."""
    return unicodedata.normalize("NFC", email.strip()).lower()


def census(centra: CentraTenant) -> Census:
    """Group a tenant's customers, subscriptions and buyers into persons."""
    found = Census()
    for customer in centra.customers:
        if not customer.is_anonymized:
            person = found.person(customer.email)
            person.customers.append(customer)
            found.by_customer[customer.id] = person
    for subscription in centra.subscriptions:
        found.person(subscription.email).subscriptions.append(subscription)
    for buyer in centra.buyers:
        person = found.person(buyer.email)
        person.buyers.append(buyer)
        found.by_buyer[buyer.id] = person
    return found
