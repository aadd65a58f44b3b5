"""What an Emarsys account holds, as plain rows.

Money is an integer in minor units of the currency beside it (JPY has no minor unit, so 1 is 1 yen).
Times are aware UTC datetimes. Rows are mutable: the server changes them when they are written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal


@dataclass(slots=True)
class Contact:
    """A contact: field values by numeric field id, as Emarsys stores them (text or None)."""

    id: int
    uid: str
    values: dict[int, str | None]


@dataclass(slots=True)
class ContactList:
    """A contact list."""

    id: int
    name: str
    created_at: datetime
    contact_ids: list[int]


@dataclass(slots=True)
class Segment:
    """A segment; `contact_ids` None means every contact of the account."""

    id: int
    name: str
    contact_ids: list[int] | None = None


@dataclass(slots=True)
class EventDefinition:
    """An external event as set up in the account, with what listens to it."""

    id: int
    name: str
    created_at: datetime
    program_ids: tuple[int, ...]


@dataclass(slots=True)
class FiredEvent:
    """One firing of an external event for one contact; loaded into Open Data at `loaded_at`."""

    event_id: str
    definition_id: int
    contact_id: int
    fired_at: datetime
    loaded_at: datetime
    trigger_id: str | None = None


@dataclass(slots=True)
class Unsubscribe:
    """A click on an unsubscribe link."""

    contact_id: int
    campaign_id: int
    happened_at: datetime
    loaded_at: datetime
    source: str


@dataclass(slots=True)
class SiContact:
    """Smart Insight's own contact row; a generated one has no Emarsys contact behind it."""

    id: int
    contact_id: int | None
    external_id: str
    is_generated: bool
    registered_on: date
    loaded_at: datetime


@dataclass(slots=True)
class Purchase:
    """One sales row that Smart Insight counted; `amount_minor` in the account's currency."""

    order_id: str
    item: str
    quantity: Decimal
    amount_minor: int
    purchased_on: date
    si_contact_id: int
    loaded_at: datetime
    product_name: str = ""


@dataclass(slots=True)
class CatalogueRow:
    """A row of the catalogue file that Emarsys pulls."""

    item: str
    title: str
    link: str
    image: str
    category: str
    available: bool
    price_minor: int
    msrp_minor: int
    stock: int
    collection: str


@dataclass(slots=True)
class EmarsysAccount:
    """Everything one Emarsys account holds.

    `key_field` is the custom external-id field. `extra_views` names the Open Data views that it has
    and other accounts have not: `automation_node_executions`, `products_latest_state`.
    `feed_written_at` is when the catalogue file was written; None where its server decides.
    """

    customer_id: int
    key_field: int
    currency: str
    currency_exponent: int
    contacts: list[Contact] = field(default_factory=list)
    lists: list[ContactList] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    event_definitions: list[EventDefinition] = field(default_factory=list)
    fired_events: list[FiredEvent] = field(default_factory=list)
    unsubscribes: list[Unsubscribe] = field(default_factory=list)
    si_contacts: list[SiContact] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    catalogue: list[CatalogueRow] = field(default_factory=list)
    extra_views: tuple[str, ...] = ()
    feed_written_at: datetime | None = None
