"""Open Data that lies in BigQuery beside the warehouse: its rows become canonical ones there, by SQL.

What `open_data` does with a page in Python is done here in GoogleSQL, to the same rows. Where SQL says
exactly the same is decided column by column, from the type that BigQuery tells: a view with a column of
another type is not read in place. Where it depends on the value, as with a text that may be blank by
Unicode, or an amount that may be too large, the few rows that SQL cannot be sure of are read by Python.

Source:
    GoogleSQL reference: conversion functions, ROUND (half away from zero), REGEXP_CONTAINS (RE2),
    DATETIME of a TIMESTAMP is in UTC (read 2026-11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.bigquery_engine import faults
from auditor.errors import IncompleteSnapshotError, TransientReadError
from auditor.model.stream import Page
from auditor.systems.emarsys import columns as read
from auditor.systems.emarsys.open_data import PAGE_ROWS, page_of
from auditor.systems.emarsys.open_data_views import PARTITION, delta_start, midnight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    from auditor.config.systems import OpenData as OpenDataSettings
    from auditor.model.stream import Beside, Told
    from auditor.systems.emarsys.columns import Read
    from auditor.systems.emarsys.open_data_views import View

    Expression = sa.ColumnElement[Any]

VISIBLE = r"^[^\x00]*[!-~\pL\pN][^\x00]*$"
"""A text that no definition of white space calls blank, without the character that is dropped."""

LARGEST = 9 * 10**18
"""Minor units of which a BIGINT surely holds as many."""


class Exact(NamedTuple):
    """What a column becomes, and for which of its values that is what Python would make of it."""

    value: Expression
    is_certain: Expression


class Plan(NamedTuple):
    """How one view is read in place.

    Attributes:
        raw: The copy of what counts in the view.
        cut: Selects it.
        exact: The canonical columns, from the copy.
        told: What BigQuery says of the select.
        loaded_since: As it was asked for.
    """

    raw: sa.TableClause
    cut: sa.Select[Any]
    exact: Mapping[str, Exact]
    told: Told
    loaded_since: datetime | None


class InPlace:
    """One view, which BigQuery can read into the warehouse by itself.

    Args:
        settings: Where the view is.
        view: What is read.
        since: The first day that counts.
        beside: The engine of the warehouse.
    """

    def __init__(self, settings: OpenDataSettings, view: View, since: date, beside: Beside) -> None:
        self._view, self._since, self._beside = view, since, beside
        self._relation = view.relation(_place(settings), settings.account)

    def plan(self, loaded_since: datetime | None = None) -> Plan | str:
        """Return how the view is read; where it cannot be read in place, why, as the end of a sentence.

        Args:
            loaded_since: Read only what came since then, with the overlap of `delta_start`.
        """
        if self._view.records is not None:
            return "it holds lists of records"
        query = self._query(loaded_since)
        told = self._beside.told(query)
        if told is None:
            return (
                "the credentials of store.warehouse may not read it, or it is not where they look"
            )
        raw = _raw(self._view)
        exact = _canonical(self._view, raw, told.types)
        if isinstance(exact, str):
            return f"its column {exact} is {told.types[exact]}"
        cut = _cut(self._view, query, told.types, self._since, loaded_since)
        return Plan(raw, cut, exact, told, loaded_since)

    def pages(self, plan: Plan) -> Iterator[Page]:
        """Yield the pages of the view, whose rows are not in them but in the warehouse already.

        Raises:
            IncompleteSnapshotError: it is larger than a statement of the warehouse may read.
            TransientReadError: reading broke off.
        """
        if plan.told.bytes_read > plan.told.most_bytes:
            raise IncompleteSnapshotError(
                f"Emarsys Open Data: reading {self._view.name} takes {plan.told.bytes_read:,} bytes; a "
                f"statement may read {plan.told.most_bytes:,} (store.warehouse: maximum_bytes_billed)."
            )
        try:
            yield from self._filled(plan)
        except _broken() as exc:
            kind = type(getattr(exc, "orig", exc)).__name__
            # `from None`: BigQuery quotes the value that it failed at.
            raise TransientReadError(
                f"Emarsys Open Data: reading {self._view.name} in BigQuery broke off ({kind})."
            ) from None

    def _query(self, loaded_since: datetime | None) -> sa.Select[Any]:
        days: sa.Select[Any] = sa.select(sa.column(PARTITION)).select_from(self._relation)
        has_partitions = self._beside.told(days) is not None
        return self._view.select(
            self._relation, self._since, loaded_since, has_partitions=has_partitions
        )

    def _filled(self, plan: Plan) -> Iterator[Page]:
        is_certain = sa.and_(*(one.is_certain for one in plan.exact.values()))
        values = [one.value.label(name) for name, one in plan.exact.items()]
        certain = sa.select(*values).where(is_certain)
        # Of one moment, and the view itself, which may be dear to read, is read once.
        with self._beside.copied(plan.raw.name, plan.cut) as count:
            inserted = self._beside.insert(self._view.table, certain) if count else 0
            yield Page({}, rows=inserted)
            if inserted == count:
                return
            doubtful = sa.select(plan.raw).where(~is_certain)
            for rows in self._beside.rows(doubtful, PAGE_ROWS):
                columns = list(zip(*rows, strict=True))
                yield page_of(self._view, columns, self._since, plan.loaded_since)


def _broken() -> tuple[type[Exception], ...]:
    return (sa.exc.DBAPIError, *faults())


def _place(settings: OpenDataSettings) -> str:
    """Return project and dataset as they stand in a statement of another project."""
    url = sa.make_url(settings.url)
    parts = (url.host, settings.dataset or url.database)
    quoted = ".".join(f"`{str(part).replace('`', '')}`" for part in parts)
    return sa.sql.quoted_name(quoted, quote=False)


def _raw(view: View) -> sa.TableClause:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in view.source_columns]
    return sa.table(f"raw_{view.table.name}", *columns)


def _canonical(view: View, raw: sa.TableClause, types: Mapping[str, str]) -> dict[str, Exact] | str:
    """Return the columns of the canonical table; where SQL cannot say one exactly, what the view calls it."""
    found = {}
    for name, (source, reader) in view.columns.items():
        made = _exact(reader, raw.c[source], types[source])
        if made is None:
            return source
        found[name] = made
    return found


def _cut(
    view: View,
    query: sa.Select[Any],
    types: Mapping[str, str],
    since: date,
    loaded_since: datetime | None,
) -> sa.Select[Any]:
    """Leave out what Python leaves out of a page: see `page_of`."""
    found = query.subquery("found")
    starts = {}
    if view.since == "event_time":
        starts["happened_at"] = midnight(since)
    if loaded_since is not None and "loaded_at" in view.columns:
        starts["loaded_at"] = delta_start(loaded_since)
    limits = []
    for name, start in starts.items():
        column = found.c[view.columns[name][0]]
        at = _moment(column, types[column.name])
        limits.append(sa.or_(at.is_(None), at >= sa.literal(start.replace(tzinfo=None))))
    return sa.select(found).where(*limits)


# --- readers --------------------------------------------------------------------------------------------


def _exact(reader: Read, column: Expression, kind: str) -> Exact | None:
    """Return what a reader of `columns` makes of a column of some type of BigQuery's."""
    if isinstance(reader, read.Scaled):
        return _scaled(column, reader.digits) if kind in ("NUMERIC", "INTEGER") else None
    made = _READERS.get((reader, kind))
    return None if made is None else made(column)


def _as_it_is(column: Expression) -> Exact:
    return Exact(column, sa.true())


def _in_utc(column: Expression) -> Exact:
    return Exact(_moment(column, "TIMESTAMP"), sa.true())


def _moment(column: Expression, kind: str) -> Expression:
    at: Expression = sa.func.datetime(column) if kind == "TIMESTAMP" else column
    return sa.type_coerce(at, sa.DateTime())


def _text(column: Expression) -> Exact:
    is_empty = column == sa.literal("", sa.Text())
    return Exact(
        sa.func.nullif(column, sa.literal("", sa.Text())),
        sa.or_(column.is_(None), is_empty, column.regexp_match(VISIBLE)),
    )


def _key(column: Expression) -> Exact:
    return Exact(column, sa.and_(column.is_not(None), column.regexp_match(VISIBLE)))


def _number(column: Expression) -> Exact:
    return Exact(sa.cast(column, sa.Text), sa.true())


def _number_key(column: Expression) -> Exact:
    return Exact(sa.cast(column, sa.Text), column.is_not(None))


def _scaled(column: Expression, digits: int) -> Exact:
    units = 10**digits
    fits = sa.func.abs(column) < LARGEST // units
    # In its own branch, so that no value overflows that is left out.
    amount = sa.case((fits, sa.cast(sa.func.round(column, digits) * units, sa.BigInteger)))
    return Exact(amount, sa.or_(column.is_(None), fits))


_READERS: dict[tuple[Read, str], Callable[[Expression], Exact]] = {
    (read.texts, "STRING"): _text,
    (read.texts, "INTEGER"): _number,
    (read.keys, "STRING"): _key,
    (read.keys, "INTEGER"): _number_key,
    (read.dates, "DATE"): _as_it_is,
    (read.moments, "TIMESTAMP"): _in_utc,
    (read.moments, "DATETIME"): _as_it_is,
    (read.flags, "BOOLEAN"): _as_it_is,
}
