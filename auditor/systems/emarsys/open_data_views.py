"""The Open Data views that are read: their columns, and what each becomes.

Columns are named one by one, never `*`: the views grow and shrink with notice.

Source:
    Emarsys reference 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from auditor.model import tables
from auditor.systems.emarsys import columns as read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.systems.emarsys.columns import Read

SALES_MARGIN = timedelta(days=8)
"""How much earlier than the first order sales are read: returns and time zones move dates."""

EVENT_MARGIN = timedelta(days=1)
"""Engines compare times with and without zone differently; the exact cut is made after reading."""

MOMENT = sa.TIMESTAMP(timezone=True)

LOAD_OVERLAP = timedelta(days=1)
"""How much earlier than asked a delta begins: how soon a loaded row can be read is not published."""


@dataclass(frozen=True, slots=True)
class View:
    """One view and how its rows become canonical ones.

    Attributes:
        name: The view's name without the account.
        table: The canonical table that it fills.
        columns: Canonical column to the view's column and its reader, in the order of the table.
        repeats: What is done about repeated rows: `kept` where they are real, `distinct` where whole
            rows repeat, else the column that is unique.
        since: The column that limits the rows, where one does.
        loaded: The column that says when a row came, where a delta can be read by it.
    """

    name: str
    table: sa.Table
    columns: Mapping[str, tuple[str, Read]]
    repeats: Literal["kept", "distinct"] | str
    since: str | None = None
    loaded: str | None = None

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Return the view's columns in reading order."""
        return tuple(source for source, _ in self.columns.values())

    def relation(self, dataset: str, account: int) -> sa.TableClause:
        """Return the view of one account."""
        names = dict.fromkeys((*self.source_columns, *((self.loaded,) if self.loaded else ())))
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
        return sa.table(f"{self.name}_{account}", *columns, schema=dataset or None)

    def select(
        self, relation: sa.TableClause, since: date, loaded_since: datetime | None = None
    ) -> sa.Select[Any]:
        """Return the select of all rows that count, those without a limiting column included.

        Args:
            relation: The view of one account.
            since: The first day that counts.
            loaded_since: Leave out what came earlier, but for the overlap; None reads all.
        """
        if self.repeats in ("kept", "distinct"):
            query = sa.select(*(relation.c[name] for name in self.source_columns))
            query = query.distinct() if self.repeats == "distinct" else query
        else:
            # Repeated rows are copies, but their load times may differ: any value will do.
            query = sa.select(
                *(
                    relation.c[name] if name == self.repeats else sa.func.min(relation.c[name])
                    for name in self.source_columns
                )
            ).group_by(relation.c[self.repeats])
        if self.since is not None:
            query = query.where(_from(relation.c[self.since], _bound(self.since, since)))
        if self.loaded is not None and loaded_since is not None:
            bound = sa.literal(delta_start(loaded_since) - EVENT_MARGIN, MOMENT)
            query = query.where(_from(relation.c[self.loaded], bound))
        return query


def _from(column: sa.ColumnElement[Any], bound: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(column >= bound, column.is_(None))


def delta_start(loaded_since: datetime) -> datetime:
    """Return the moment from which a delta holds every row that came; older rows are not in it."""
    return loaded_since.astimezone(UTC) - LOAD_OVERLAP


def _bound(column: str, since: date) -> sa.BindParameter[Any]:
    if column == "purchase_date":
        return sa.literal(since - SALES_MARGIN, sa.Date())
    return sa.literal(midnight(since) - EVENT_MARGIN, MOMENT)


def midnight(day: date) -> datetime:
    """Return the first moment of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def sales(digits: int) -> View:
    """Return the view of what Smart Insight counted; repeated rows are real there.

    Args:
        digits: Decimals of the account's currency.
    """
    return View(
        "si_purchases",
        tables.emarsys_sale,
        {
            "order_number": ("order_id", read.texts),
            "item": ("product_external_id", read.texts),
            "purchased_on": ("purchase_date", read.dates),
            "quantity_milli": ("quantity", read.scaled(3)),
            "amount_minor": ("sales_amount", read.scaled(digits)),
            "si_contact_id": ("si_contact_id", read.texts),
            "loaded_at": ("load_date", read.moments),
        },
        repeats="kept",
        since="purchase_date",
        loaded="load_date",
    )


SI_CONTACTS = View(
    "si_contacts",
    tables.emarsys_si_contact,
    {
        "si_contact_id": ("si_contact_id", read.texts),
        "contact_id": ("contact_id", read.texts),
        "external_id": ("contact_external_id", read.texts),
        "is_generated": ("is_generated", read.flags),
    },
    repeats="distinct",
)
UNSUBSCRIBES = View(
    "email_unsubscribes",
    tables.emarsys_unsubscribe,
    {
        "contact_id": ("contact_id", read.texts),
        "happened_at": ("event_time", read.moments),
        "source": ("source", read.texts),
    },
    repeats="distinct",
    loaded="loaded_at",
)
EXTERNAL_EVENTS = View(
    "external_events",
    tables.emarsys_event,
    {
        "event_id": ("event_id", read.keys),
        "event_type_id": ("event_type_id", read.texts),
        "contact_id": ("contact_id", read.texts),
        "happened_at": ("event_time", read.moments),
        "loaded_at": ("loaded_at", read.moments),
    },
    repeats="event_id",
    since="event_time",
    loaded="loaded_at",
)
