"""Rows to plant with: people, orders and sales in which both systems agree until a plant spoils one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.model import tables as t
from auditor.model.history import HISTORY, snapshot_run, stream_position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import sqlalchemy as sa

    from auditor.reconcile.terms import Terms

MARK = "canary"
"""Begins every id that is made up here, so that none is a real one's."""

FIRST_RUN, SECOND_RUN = f"{MARK}-run-1", f"{MARK}-run-2"
REMEMBERED = ("customers", "newsletter_subscriptions", "orders", "contacts")
"""The streams of which checks ask what an earlier run saw."""

_DAY, _HOUR, _MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


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
        terms: Decide how old a record must be, and in which currency a sale counts. A plant may
            replace what stands for a setting, where the setting itself is what a check judges.
    """

    terms: Terms
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    _count: int = 0
    _event_types: dict[str, str] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """A moment at which everything was old enough to be judged."""
        terms = self.terms
        people = min(terms.contacts_before, terms.sales_before, terms.events_before)
        return min(people, terms.catalogue_before) - _DAY

    @property
    def is_keyed(self) -> bool:
        """Whether contacts name their customer; else only their e-mail links them."""
        return self.terms.key == "external_id"

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
        email = f"{self.id('mail')}@example.invalid"
        person = Person(self.customer(email, **customer), self.id("contact"), email)
        self.contact(person.contact_id, email, opt_in, external_id=person.customer_id)
        return person

    def customer(self, address: str, **customer: Any) -> str:  # noqa: ANN401
        """Add a customer without a contact and return its id."""
        customer_id = self.id("customer")
        values = {
            "store_id": self.store(),
            "status": "ACTIVE",
            "email": address,
            "email_key": address,
            "is_anonymized": False,
            "total_orders": 1,
            "created_at": self.at,
            "updated_at": self.at,
        }
        self.add(t.centra_customer, customer_id=customer_id, **{**values, **customer})
        return customer_id

    def contact(self, contact_id: str, email: str, opt_in: int | None, **values: Any) -> None:  # noqa: ANN401
        """Add a contact with its Smart Insight contact."""
        known = {"email": email, "email_key": email, "opt_in": opt_in}
        self.add(t.emarsys_contact, contact_id=contact_id, **{**known, **values})
        si = {"si_contact_id": f"si-{contact_id}", "contact_id": contact_id, "is_generated": False}
        self.add(t.emarsys_si_contact, **si)

    def subscription(self, email: str, *, active: bool) -> None:
        """Add a newsletter row of a consumer store whose rows count."""
        counted = self.terms.consent_stores or (None,)
        self.add(
            t.centra_subscription,
            subscription_id=self.id("subscription"),
            store_id=self.store(counted[0]),
            email=email,
            email_key=email,
            is_active=active,
            is_product_bound=False,
            created_at=self.at,
        )

    def order(
        self,
        person: Person,
        *,
        quantity: int = 2,
        is_confirmed: bool = True,
        **order: Any,  # noqa: ANN401
    ) -> tuple[str, str, str]:
        """Add a due consumer order of one line; return its number, the item and the line's id.

        A unit is worth 10,000 minor units. The event that confirms it has fired, unless told otherwise.
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
        if is_confirmed and self.terms.confirmed_event is not None:
            placed_at = order.get("created_at", self.at)
            self.event(person.contact_id, self.terms.confirmed_event, placed_at + _MOMENT)
        return number, item, line_id

    def event(self, contact_id: str, name: str, happened_at: datetime) -> str:
        """Let an event fire for a contact and return its id.

        One that fired for nobody stands long before it: only from then on are events known.
        """
        if not self._event_types:
            windows = max(self.terms.pairing_window, self.terms.confirmation_window)
            self._fire(None, self.id("event-type"), self.at - windows - _DAY)
        if name not in self._event_types:
            self._event_types[name] = self.id("event-type")
            kind = {"event_type_id": self._event_types[name], "name": name}
            self.add(t.emarsys_event_definition, **kind)
        return self._fire(contact_id, self._event_types[name], happened_at)

    def _fire(self, contact_id: str | None, kind: str, happened_at: datetime) -> str:
        event_id = self.id("event")
        at = {"happened_at": happened_at, "loaded_at": happened_at}
        self.add(
            t.emarsys_event, event_id=event_id, event_type_id=kind, contact_id=contact_id, **at
        )
        return event_id

    def sale(
        self,
        number: str,
        item: str,
        *,
        quantity: int = 2,
        minor: int | None = None,
        **sale: Any,  # noqa: ANN401
    ) -> None:
        """Add a sales row as a correct integration sends it, unless told otherwise."""
        values = {
            "purchased_on": self.at.date(),
            "quantity_milli": quantity * 1000,
            "amount_minor": UNIT_MINOR * quantity if minor is None else minor,
            "loaded_at": self.at,
        }
        self.add(t.emarsys_sale, order_number=number, item=item, **{**values, **sale})

    def shipment(self, person: Person) -> str:
        """Add a parcel of a consumer order, without its event, and return its number."""
        order_number, item, line_id = self.order(person)
        self.sale(order_number, item)
        shipment_id = self.id("shipment")
        self.add(
            t.centra_shipment,
            shipment_id=shipment_id,
            kind="DirectToConsumerShipment",
            number=f"{order_number}-1",
            order_number=order_number,
            is_shipped=True,
            shipped_at=self.at,
            created_at=self.at,
            updated_at=self.at,
        )
        self.add(t.centra_shipment_line, shipment_id=shipment_id, line_id=line_id, quantity=2)
        return f"{order_number}-1"

    def before(self, table: sa.Table, **values: Any) -> None:  # noqa: ANN401
        """Add a version of a row that an earlier run saw, and a later one saw changed or gone."""
        self._remember()
        self.add(HISTORY[table.name], valid_from_run=FIRST_RUN, valid_to_run=SECOND_RUN, **values)

    def since_then(self, table: sa.Table, **values: Any) -> None:  # noqa: ANN401
        """Add the version of a row that holds since the later run."""
        self.add(HISTORY[table.name], valid_from_run=SECOND_RUN, **values)

    def _remember(self) -> None:
        """Let two runs have been, an hour before and after the moment of everything else."""
        if snapshot_run in self.rows:
            return
        for number, run in enumerate((FIRST_RUN, SECOND_RUN), start=-1):  # the brand's begin with 1
            as_of = self.at + (2 * number + 1) * _HOUR
            at = {"number": number, "run": run, "as_of": as_of}
            self.add(snapshot_run, **at)
            for stream in REMEMBERED:
                self.add(stream_position, stream=stream, mode="full", full_at=as_of, **at)


UNIT_MINOR = 10_000
