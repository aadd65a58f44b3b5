"""The rule trace: the terms of CHECKS.md that decide a subject's verdicts, with their values.

The terms are the columns of the link tables, which reconcile fills before any check looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.explain.records import ROWS_SHOWN
from auditor.model import drift as d

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.explain.subject import Kind, Subject


@dataclass(frozen=True, slots=True)
class Term:
    """One value that a check looks at.

    Attributes:
        about: Which record it belongs to: a contact, a person, an order or one item of it.
        column: Its name in the link table.
        meaning: What it says, in words.
    """

    about: str
    column: str
    value: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class _Link:
    table: sa.Table
    column: str  # that holds one of the subject's ids
    ids: str
    label: tuple[str, ...]  # columns that tell its rows apart


_CONTACT = _Link(d.link_contact, "contact_id", "contact_id", ("contact_id",))
_PERSON = _Link(d.link_person, "email_key", "email_key", ())
_ORDER = _Link(d.link_order, "order_number", "order_number", ("order_number",))
_SALE = _Link(d.link_sale, "order_number", "order_number", ("order_number", "item"))
_ITEM_SALE = _Link(d.link_sale, "item", "item", ("order_number", "item"))
_LINKS: dict[Kind, tuple[_Link, ...]] = {
    "contact": (_CONTACT, _PERSON),
    "customer": (_PERSON, _CONTACT),
    "order": (_ORDER, _SALE),
    "item": (_ITEM_SALE,),
    "shipment": (_ORDER, _CONTACT),
}
_NAMES = {
    d.link_contact: "contact",
    d.link_person: "person",
    d.link_order: "order",
    d.link_sale: "item",
}

MEANINGS: dict[sa.Table, dict[str, str]] = {
    d.link_contact: {
        "email_key": "its normalised e-mail address",
        "opt_in": "opt-in at Emarsys: 1 yes, 2 no, empty is unknown and not mailable",
        "person": "the person in Centra it belongs to, by key and then by e-mail",
        "customer_id": "that person's oldest live customer",
        "consent": "that person's consent in Centra",
        "evidence": "what decided that consent: a newsletter row, a keyed consent or the flag",
        "evidence_at": "when it was given or taken back",
        "changed_at": "newest change of any of the person's rows; young ones are not judged",
        "erased_customer_id": "its key is a customer that Centra anonymised",
        "is_buyer": "its address is a wholesale buyer's",
        "unsubscribed_at": "newest unsubscribe in Open Data",
        "contained": "it stands on the quarantine list",
    },
    d.link_person: {
        "customer_id": "oldest live customer of this address",
        "consent": "what the evidence in Centra says: yes, no or unknown",
        "evidence": "what decided it: a newsletter row, a keyed consent or the flag",
        "evidence_at": "when it was given or taken back",
        "changed_at": "newest change of any of its rows",
    },
    d.link_order: {
        "channel": "consumer, wholesale, marketplace or internal; only the first counts as revenue",
        "status": "as Centra has it",
        "is_cancelled": "cancelled or deleted in Centra",
        "is_due": "a consumer order in a due status, not held, paid, since sales.since",
        "is_settled": "older than settle.sales, so that its absence counts",
        "customer_id": "who bought",
        "person": "the buyer's normalised e-mail address",
        "created_at": "when it was placed",
    },
    d.link_sale: {
        "lines": "order lines of the item; 0 when Centra has none",
        "sold_quantity": "units not cancelled, before returns",
        "cancelled_quantity": "units cancelled",
        "net_quantity": "units expected: less settled returns",
        "least_quantity": "units expected if returns that are still young count already",
        "net_minor": "value expected, in minor units",
        "least_minor": "value expected if young returns count already",
        "unit_minor": "what a unit price sent as line total would be",
        "untaxed_minor": "what the value without tax would be",
        "unconverted_minor": "what the value in the order's own currency would be",
        "rows": "rows in Emarsys",
        "sale_rows": "rows in Emarsys with a positive quantity",
        "quantity_milli": "thousandths of units that Emarsys counts",
        "amount_minor": "amount that Emarsys counts",
        "purchased_on": "earliest day of purchase in Emarsys",
    },
}


def trace(conn: sa.Connection, subject: Subject) -> Iterator[Term]:
    """Yield the terms of a subject, one per column that has a value."""
    for link in _LINKS[subject.kind]:
        mine = link.table.c[link.column].in_(subject.ids.get(link.ids, ()))
        select = sa.select(link.table).where(mine).order_by(*(link.table.c[n] for n in link.label))
        for row in conn.execute(select.limit(ROWS_SHOWN)).mappings():
            about = " ".join([_NAMES[link.table], *(str(row[name]) for name in link.label)])
            for column, meaning in MEANINGS[link.table].items():
                if row[column] is not None:
                    yield Term(about, column, row[column], meaning)
