"""The records of both sides that hang on a subject, as they stand in the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.explain.subject import Kind, Subject

ROWS_SHOWN = 50
"""Rows of one table; a busy customer has more events than a person reads."""

Row = dict[str, Any]

_TIMES = ("happened_at", "purchased_on", "created_at", "shipped_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Source:
    """Where records of a subject stand.

    Attributes:
        column: The column that holds one of the subject's ids.
        ids: Under which name the subject keeps those ids, where it is another.
    """

    table: sa.Table
    column: str
    ids: str | None = None

    @property
    def time(self) -> str | None:
        """The column that tells when a row came to be; None where the table has none."""
        return next((name for name in _TIMES if name in self.table.c), None)

    @property
    def system(self) -> str:
        """The side that the table belongs to: `centra` or `emarsys`."""
        return self.table.name.partition("_")[0]

    @property
    def name(self) -> str:
        """What the table holds, in words."""
        return self.table.name.partition("_")[2].replace("_", " ")

    def holds(self, subject: Subject, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Tell which rows of the table, or of its history, belong to a subject."""
        return table.c[self.column].in_(subject.ids.get(self.ids or self.column, ()))


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of one table.

    Attributes:
        rows: At most `ROWS_SHOWN`, the newest where a time tells; columns without a value are left out.
        total: How many there are.
    """

    source: Source
    rows: tuple[Row, ...]
    total: int


_PERSON = (
    Source(t.centra_customer, "customer_id"),
    Source(t.centra_subscription, "email_key"),
    Source(t.centra_customer_flag, "customer_id"),
    Source(t.centra_keyed_consent, "customer_id"),
    Source(t.centra_buyer, "email_key"),
    Source(t.centra_order, "customer_id"),
    Source(t.emarsys_contact, "contact_id"),
    Source(t.emarsys_quarantine, "contact_id"),
    Source(t.emarsys_segment_member, "contact_id"),
    Source(t.emarsys_unsubscribe, "contact_id"),
    Source(t.emarsys_si_contact, "contact_id"),
    Source(t.emarsys_sale, "si_contact_id"),
    Source(t.emarsys_event, "contact_id"),
)
SOURCES: dict[Kind, tuple[Source, ...]] = {
    "contact": _PERSON,
    "customer": _PERSON,
    "order": (
        Source(t.centra_order, "order_number"),
        Source(t.centra_order_line, "order_number"),
        Source(t.centra_order_attribute, "order_number"),
        Source(t.centra_payment, "order_number"),
        Source(t.centra_shipment, "order_number"),
        Source(t.centra_return, "order_number"),
        Source(t.centra_return_line, "return_id"),
        Source(t.emarsys_sale, "order_number"),
    ),
    "item": (
        Source(t.centra_size, "item"),
        Source(t.centra_variant, "variant_id"),
        Source(t.centra_product, "product_id"),
        Source(t.centra_display, "display_id"),
        Source(t.centra_price, "variant_id"),
        Source(t.centra_price, "product_id"),
        Source(t.centra_campaign_price, "variant_id"),
        Source(t.centra_lowest_price, "variant_id"),
        Source(t.centra_stock, "size_id"),
        Source(t.emarsys_item, "item"),
        Source(t.emarsys_item_locale, "item"),
    ),
    "shipment": (
        Source(t.centra_shipment, "shipment_id"),
        Source(t.centra_shipment_line, "shipment_id"),
        Source(t.centra_order, "order_number"),
        Source(t.emarsys_contact, "contact_id"),
        Source(t.emarsys_event, "contact_id"),
    ),
    "stream": (),  # every row of its tables is one of its records
    "config": (Source(t.emarsys_event_definition, "name"),),
}
"""What is shown of each kind, Centra first."""


def records(conn: sa.Connection, subject: Subject) -> Iterator[Records]:
    """Yield the rows of both sides that belong to a subject; tables without any are left out."""
    for source in SOURCES[subject.kind]:
        mine = source.holds(subject, source.table)
        total = conn.scalar(sa.select(sa.func.count()).select_from(source.table).where(mine)) or 0
        if total:
            rows = conn.execute(_shown(source, mine)).mappings()
            yield Records(source, tuple(_told(row) for row in rows), total)


def _shown(source: Source, mine: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select the rows that are shown: of more than there is room for the newest, in the order of their keys."""
    every = source.table.columns
    first = [] if source.time is None else [every[source.time].desc().nulls_last()]
    few = sa.select(source.table).where(mine).order_by(*first, *every).limit(ROWS_SHOWN).subquery()
    return sa.select(few).order_by(*few.c)


def _told(row: sa.RowMapping) -> Row:
    return {name: value for name, value in row.items() if value is not None}
