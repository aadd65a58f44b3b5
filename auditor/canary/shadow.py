"""Rows to plant with: people, orders and sales in which both systems agree until a plant spoils one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.model import tables as t

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import sqlalchemy as sa

    from auditor.reconcile.terms import Terms

MARK = "canary"
"""Begins every id that is made up here, so that none is a real one's."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person with a customer and a contact."""

    customer_id: str
    contact_id: str
    email: str


@dataclass
class Shadow:
    """Collects the rows that plants add.

    Attributes:
        terms: Decide how old a record must be, and in which currency a sale counts.
    """

    terms: Terms
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    _count: int = 0

    @property
    def at(self) -> datetime:
        """A moment at which everything was old enough to be judged."""
        terms = self.terms
        return min(terms.contacts_before, terms.sales_before, terms.events_before) - _DAY

    def id(self, kind: str) -> str:
        """Make an id that nothing else has."""
        self._count += 1
        return f"{MARK}-{kind}-{self._count}"

    def add(self, table: sa.Table, **values: Any) -> None:  # noqa: ANN401 - whatever the columns take
        """Add one row; columns that are not given are empty."""
        every: Mapping[str, Any] = dict.fromkeys(table.columns.keys())
        self.rows.setdefault(table, []).append({**every, **values})

    def store(self, name: str | None = None, kind: str = "DIRECT_TO_CONSUMER") -> str:
        """Add a store and return its id."""
        store_id = self.id("store")
        self.add(t.centra_store, store_id=store_id, name=name or store_id, type=kind)
        return store_id

    def person(self, opt_in: int | None = None, **customer: Any) -> Person:  # noqa: ANN401
        """Add a customer and the contact that is keyed by it."""
        person = Person(
            self.id("customer"), self.id("contact"), f"{self.id('mail')}@example.invalid"
        )
        values = {
            "store_id": self.store(),
            "status": "ACTIVE",
            "email": person.email,
            "email_key": person.email,
            "is_anonymized": False,
            "total_orders": 1,
            "created_at": self.at,
            "updated_at": self.at,
        }
        self.add(t.centra_customer, customer_id=person.customer_id, **{**values, **customer})
        self.contact(person.contact_id, person.email, opt_in, external_id=person.customer_id)
        return person

    def contact(self, contact_id: str, email: str, opt_in: int | None, **values: Any) -> None:  # noqa: ANN401
        """Add a contact with its Smart Insight contact."""
        known = {"email": email, "email_key": email, "opt_in": opt_in}
        self.add(t.emarsys_contact, contact_id=contact_id, **{**known, **values})
        si = {"si_contact_id": f"si-{contact_id}", "contact_id": contact_id, "is_generated": False}
        self.add(t.emarsys_si_contact, **si)

    def subscription(self, email: str, *, active: bool) -> None:
        """Add a newsletter row of a consumer store."""
        self.add(
            t.centra_subscription,
            subscription_id=self.id("subscription"),
            store_id=self.store(),
            email=email,
            email_key=email,
            is_active=active,
            is_product_bound=False,
            created_at=self.at,
        )

    def order(self, person: Person, *, quantity: int = 2, **order: Any) -> tuple[str, str, str]:  # noqa: ANN401
        """Add a due consumer order of one line; return its number, the item and the line's id.

        A unit is worth 10,000 minor units.
        """
        number, item, line_id = self.id("order"), self.id("item"), self.id("line")
        values = {
            "order_id": number,
            "kind": "DirectToConsumerOrder",
            "status": self.terms.due_statuses[0],
            "customer_id": person.customer_id,
            "email_key": person.email,
            "is_internal": False,
            "is_on_hold": False,
            "is_waiting_for_payment": False,
            "currency": self.terms.currency,
            "created_at": self.at,
            "updated_at": self.at,
        }
        store = {} if "store_id" in order else {"store_id": self.store()}
        self.add(t.centra_order, order_number=number, **{**values, **store, **order})
        self.add(
            t.centra_order_line,
            order_number=number,
            line_id=line_id,
            kind="ProductOrderLine",
            item=item,
            quantity=quantity,
            cancelled_quantity=0,
            value_minor=UNIT_MINOR * quantity,
            base_minor=UNIT_MINOR * quantity,
            currency=self.terms.currency,
            digits=self.terms.minor_digits,
            tax_percent=0.0,
        )
        return number, item, line_id

    def sale(
        self,
        number: str,
        item: str,
        *,
        quantity: int = 2,
        minor: int | None = None,
        si_contact_id: str | None = None,
    ) -> None:
        """Add a sales row as a correct integration sends it, unless told otherwise."""
        self.add(
            t.emarsys_sale,
            order_number=number,
            item=item,
            purchased_on=self.at.date(),
            quantity_milli=quantity * 1000,
            amount_minor=UNIT_MINOR * quantity if minor is None else minor,
            si_contact_id=si_contact_id,
            loaded_at=self.at,
        )


UNIT_MINOR = 10_000
