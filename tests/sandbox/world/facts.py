"""A world's rows, indexed for the laws. Nothing here uses the generator's own code, only its rows."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.sandbox.world.model import Contact, Customer, Order, Purchase, Return, World

DUE = {"CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED"}
SETTLE_SALES = timedelta(hours=26)
SETTLE_EVENTS = timedelta(hours=2)


def normal(email: str) -> str:
    return unicodedata.normalize("NFC", email.strip()).lower()


class Facts:
    """What the laws need to know about a world and its brand, and about the world before its drift."""

    def __init__(self, world: World, settings: dict[str, Any], before: Facts | None = None) -> None:
        self.world = world
        self.before = before or self
        self.now = world.now
        self.settings = settings
        self.fields = settings["emarsys"]["fields"]
        self.since: date = settings["sales"]["since"]
        centra, emarsys = world.centra, world.emarsys
        self.live = {c.id: c for c in centra.customers if not c.is_anonymized}
        self.erased = {c.id for c in centra.customers if c.is_anonymized}
        self.customers_of: dict[str, list[Customer]] = defaultdict(list)
        for customer in self.live.values():
            self.customers_of[normal(customer.email)].append(customer)
        self.subscriptions_of = defaultdict(list)
        for subscription in centra.subscriptions:
            self.subscriptions_of[normal(subscription.email)].append(subscription)
        self.buyer_emails = {normal(buyer.email) for buyer in centra.buyers}
        self.buyers = {buyer.id: buyer for buyer in centra.buyers}
        self.persons = {*self.customers_of, *self.subscriptions_of}
        self.orders = {str(order.number): order for order in centra.orders}
        self.sku = {size.id: size.sku for size in centra.sizes}
        self.exponent = {currency.code: currency.exponent for currency in centra.currencies}
        self.unsubscribed = {row.contact_id for row in emarsys.unsubscribes}
        self.contacts = {contact.id: contact for contact in emarsys.contacts}
        self.si = {row.id: row for row in emarsys.si_contacts}
        self.rows_of: dict[str, list[Purchase]] = defaultdict(list)
        for row in emarsys.purchases:
            self.rows_of[row.order_id].append(row)
        self.returns_of: dict[int, list[Return]] = defaultdict(list)
        for back in centra.returns:
            self.returns_of[back.order_number].append(back)
        self.store_type = {store.id: store.type for store in centra.stores}
        self.store_name = {store.id: store.name for store in centra.stores}
        self.market_name = {market.id: market.name for market in centra.markets}

    def field(self, contact: Contact, name: str) -> str | None:
        return contact.values[self.fields[name]]

    def person_of_contact(self, contact: Contact) -> str | None:
        """The normalised e-mail of the linked person: by key, then by e-mail."""
        key = self.field(contact, "external_id")
        if key and int(key) in self.live:
            return normal(self.live[int(key)].email)
        email = normal(self.field(contact, "email") or "")
        return email if email in self.persons else None

    def person_of_order(self, order: Order) -> str | None:
        if order.buyer_id is not None:
            return normal(self.buyers[order.buyer_id].email)
        customer = self.live.get(order.customer_id or 0)
        return normal(customer.email) if customer else None

    def survivor(self, key: str | None) -> int | None:
        """The customer who has the orders of one that was there before and is not now."""
        was = self.before.live.get(int(key or 0))
        if was is None or was.id in self.live or was.id in self.erased:
            return None
        moved = [n for n, order in self.before.orders.items() if order.customer_id == was.id]
        heirs = {self.orders[number].customer_id for number in moved} - {was.id}
        return next(iter(heirs), None)

    def erased_by_email(self, contact: Contact) -> bool:
        """Whether somebody with the contact's e-mail was there before and is erased now."""
        email = normal(self.field(contact, "email") or "")
        known = {normal(self.before.live[n].email) for n in self.erased & self.before.live.keys()}
        return email in known and email not in self.persons

    def consent(self, person: str) -> str:
        """Consent as the rows tell it; where every row there was is gone, it was withdrawn."""
        told = self._told(person)
        was_told = self.before is not self and self.before.consent(person) != "unknown"
        return "no" if told == "unknown" and was_told else told

    def _told(self, person: str) -> str:
        """Tri-state consent: rows with a product never count; a newer active row undoes a no."""
        rows = [
            row
            for row in self.subscriptions_of.get(person, [])
            if row.variant_id is None and row.size_id is None
        ]
        active = [row.created_at for row in rows if row.is_active]
        inactive = [row.created_at for row in rows if not row.is_active]
        if inactive and not any(moment > max(inactive) for moment in active):
            return "no"
        return "yes" if active else "unknown"

    def channel(self, order: Order) -> str:
        if self.store_type[order.store_id] != "DIRECT_TO_CONSUMER":
            return "wholesale"
        places = self.settings["centra"]["marketplaces"]
        marks = (
            self.store_name[order.store_id] in places["stores"],
            self.market_name[order.market_id] in places["markets"],
            any(order.attributes.get(k) in values for k, values in places["attributes"].items()),
            order.affiliate in places["affiliates"],
        )
        if any(marks):
            return "marketplace"
        return "internal" if order.is_internal else "consumer"

    def is_due(self, order: Order) -> bool:
        return (
            self.channel(order) == "consumer"
            and order.status in DUE
            and not order.is_on_hold
            and not order.is_waiting_for_payment
            and order.created_at.date() >= self.since
        )

    def is_settled(self, order: Order) -> bool:
        return self.now - max(order.created_at, order.updated_at) > SETTLE_SALES
