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
    from collections.abc import Iterator, Mapping

    from auditor.systems.emarsys.columns import Read

SALES_MARGIN = timedelta(days=8)
"""How much earlier than the first order sales are read: returns and time zones move dates."""

EVENT_MARGIN = timedelta(days=1)
"""Engines compare times with and without zone differently; the exact cut is made after reading."""

MOMENT = sa.TIMESTAMP(timezone=True)

LOAD_OVERLAP = timedelta(days=1)
"""How much earlier than asked a delta begins: how soon a loaded row can be read is not published."""

PARTITION = "partitiontime"
"""What BigQuery divides a view by, where it divides it: a filter on it is what keeps a read cheap."""


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
        newest: The column by which the newest of the rows with one unique value is the one to keep;
            None where repeated rows are copies.
        records: The column whose records become a row each, where there is one.
        is_optional: Whether an account may well be without it.
    """

    name: str
    table: sa.Table
    columns: Mapping[str, tuple[str, Read]]
    repeats: Literal["kept", "distinct"] | str
    since: str | None = None
    loaded: str | None = None
    newest: str | None = None
    records: str | None = None
    is_optional: bool = False

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Return the view's columns in reading order, a column of records once."""
        return tuple(dict.fromkeys(source for source, _ in self.columns.values()))

    def relation(self, dataset: str, account: int) -> sa.TableClause:
        """Return the view of one account."""
        extra = (one for one in (self.loaded, self.newest) if one is not None)
        names = dict.fromkeys((*self.source_columns, *extra))
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
        return sa.table(f"{self.name}_{account}", *columns, schema=dataset or None)

    def select(
        self,
        relation: sa.TableClause,
        since: date,
        loaded_since: datetime | None = None,
        *,
        has_partitions: bool = False,
        records_as_text: bool = False,
    ) -> sa.Select[Any]:
        """Return the select of all rows that count, those without a limiting column included.

        Args:
            relation: The view of one account.
            since: The first day that counts.
            loaded_since: Leave out what came earlier, but for the overlap; None reads all.
            has_partitions: Whether the view is divided by `PARTITION`.
            records_as_text: Whether records come as JSON, for BigQuery's DISTINCT takes no lists of them.
        """
        limits = tuple(self._limits(relation, since, loaded_since, has_partitions=has_partitions))
        if self.repeats == "kept":
            return sa.select(*self._named(relation)).where(*limits)
        if self.repeats == "distinct":
            named = self._named(relation, records_as_text=records_as_text)
            return sa.select(*named).distinct().where(*limits)
        if self.newest is not None:
            return self._first_of_each(relation, relation.c[self.newest].desc(), limits)
        # Repeated rows are copies, but their load times may differ: any value will do.
        columns = (
            column if name == self.repeats else sa.func.min(column).label(name)
            for name, column in zip(self.source_columns, self._named(relation), strict=True)
        )
        return sa.select(*columns).where(*limits).group_by(relation.c[self.repeats])

    def _named(
        self, relation: sa.TableClause, *, records_as_text: bool = False
    ) -> list[sa.ColumnElement[Any]]:
        if not records_as_text:
            return [relation.c[name] for name in self.source_columns]
        return [
            sa.func.to_json_string(relation.c[name]).label(name)
            if name == self.records
            else relation.c[name]
            for name in self.source_columns
        ]

    def _first_of_each(
        self,
        relation: sa.TableClause,
        order: sa.ColumnElement[Any],
        limits: tuple[sa.ColumnElement[bool], ...],
    ) -> sa.Select[Any]:
        place = sa.func.row_number().over(partition_by=relation.c[self.repeats], order_by=order)
        ranked = sa.select(*self._named(relation), place.label("place")).where(*limits).subquery()
        return sa.select(*(ranked.c[name] for name in self.source_columns)).where(
            ranked.c.place == 1
        )

    def _limits(
        self,
        relation: sa.TableClause,
        since: date,
        loaded_since: datetime | None,
        *,
        has_partitions: bool,
    ) -> Iterator[sa.ColumnElement[bool]]:
        loaded = None
        if self.loaded is not None and loaded_since is not None:
            loaded = sa.literal(delta_start(loaded_since) - EVENT_MARGIN, MOMENT)
            yield _from(relation.c[self.loaded], loaded)
        if self.since is not None:
            yield _from(relation.c[self.since], _bound(self.since, since))
        if has_partitions and (loaded is not None or self.since is not None):
            # A row lies in the partition of the day on which it came, or still waits without one.
            came = sa.literal(midnight(since) - SALES_MARGIN - EVENT_MARGIN, MOMENT)
            yield _from(sa.column(PARTITION), came if loaded is None else loaded)


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
            "quantity_milli": ("quantity", read.Scaled(3)),
            "amount_minor": ("sales_amount", read.Scaled(digits)),
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
AUTOMATION_EXECUTIONS = View(
    "automation_node_executions",
    tables.emarsys_automation_execution,
    {
        "execution_id": ("execution_id", read.texts),
        "phase": ("execution_phase", read.texts),
        "program_id": ("ac_program_id", read.texts),
        "node_id": ("node_id", read.texts),
        "happened_at": ("event_time", read.moments),
        "contact_id": ("participants", read.part("contact_id", read.texts)),
        "trigger_id": ("participants", read.part("trigger_id", read.texts)),
        "result": ("participants", read.part("execution_result", read.texts)),
    },
    repeats="distinct",
    since="event_time",
    records="participants",
    is_optional=True,
)
"""One row per participant of a node's execution."""


def latest_products(digits: int) -> View:
    """Return the view of the catalogue that is kept by a stream of products, not by a file.

    Args:
        digits: Decimals of the account's currency.

    Source:
        Emarsys reference 7: a pilot; every text and amount is a record with a `default`.
    """
    texts, amounts = read.part("default", read.texts), read.part("default", read.Scaled(digits))
    return View(
        "products_latest_state",
        tables.emarsys_latest_product,
        {
            "item": ("item_id", read.keys),
            "group_id": ("item_group_id", read.texts),
            "title": ("title", texts),
            "link": ("link", texts),
            "image": ("image", texts),
            "category": ("category", texts),
            "available": ("available", read.part("default", read.flags)),
            "price_minor": ("price", amounts),
            "msrp_minor": ("msrp", amounts),
            "currency": ("currency", texts),
            "is_paused": ("pause", read.flags),
            "changed_at": ("event_time", read.moments),
            "loaded_at": ("loaded_at", read.moments),
        },
        repeats="item_id",
        newest="loaded_at",
        is_optional=True,
    )
