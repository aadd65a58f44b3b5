"""Small SQL phrases that every topic uses and every engine understands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from auditor.model.drift import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.elements import ColumnElement

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Stands in for a time that nobody told; engines differ in what NULL is to GREATEST."""


def count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Count the rows of a group that meet a condition."""
    return sa.func.count(sa.case((condition, 1)))


def sum_of(value: ColumnElement[Any]) -> ColumnElement[int]:
    """Sum integers as BIGINT, 0 for an empty group; engines differ in the type of a bare sum."""
    return sa.cast(sa.func.coalesce(sa.func.sum(value), 0), sa.BigInteger)


def any_of(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Tell whether any row of a group meets a condition."""
    return sa.func.coalesce(sa.func.max(sa.case((condition, 1), else_=0)), 0) == 1


def the_same(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what all rows of a group say, NULL where they differ."""
    return sa.case((sa.func.min(column) == sa.func.max(column), sa.func.min(column)))


def text(value: str | None) -> ColumnElement[str]:
    """Give a literal a text type, which PostgreSQL needs to infer a column from it."""
    return sa.cast(sa.literal(value, sa.Text), sa.Text)


class row_hash(FunctionElement[int]):  # noqa: N801 - named as the SQL function it is
    """Hash values into a BIGINT; each engine in its own way, the same for equal values."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(row_hash, "duckdb")
def _duckdb(element: row_hash, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST(hash({compiler.process(element.clauses, **options)}) >> 1 AS BIGINT)"


@compiles(row_hash, "postgresql")
def _postgresql(element: row_hash, compiler: SQLCompiler, **options: object) -> str:
    values = compiler.process(element.clauses, **options)
    return f"hashtextextended(CAST(ROW({values}) AS TEXT), 0)"


@compiles(row_hash, "bigquery")
def _bigquery(element: row_hash, compiler: SQLCompiler, **options: object) -> str:
    texts = (compiler.process(sa.cast(one, sa.Text), **options) for one in element.clauses)
    return f"FARM_FINGERPRINT(ARRAY_TO_STRING([{', '.join(texts)}], '|', ''))"


@compiles(row_hash, "spark")
def _spark(element: row_hash, compiler: SQLCompiler, **options: object) -> str:
    return f"XXHASH64({compiler.process(element.clauses, **options)})"


def half_up(
    value: ColumnElement[Any], part: ColumnElement[Any], whole: ColumnElement[Any]
) -> ColumnElement[int]:
    """Return value x part / whole, rounded half up, exactly, in integers; NULL when whole is 0.

    The remainder is taken off before dividing, so that the division is exact whether an engine
    divides integers as integers, decimals or floats (up to 2**53). Nearly all parts are the whole, and
    of these nothing is computed.
    """
    divisor = sa.func.nullif(whole, 0, type_=sa.BigInteger)
    doubled = 2 * value * part + divisor
    shared = sa.cast((doubled - doubled % (2 * divisor)) / (2 * divisor), sa.BigInteger)
    return sa.case((part == divisor, value), else_=shared)


def populations(counts: Mapping[str, ColumnElement[Any]], source: sa.FromClause) -> sa.Select[Any]:
    """Turn one aggregate row (a count per check) into rows of `check_population`."""
    row = sa.select(*[count.label(f"n{i}") for i, count in enumerate(counts.values())])
    totals = row.select_from(source).cte("totals")
    ids = sa.union_all(
        *[
            sa.select(text(check).label("check_id"), sa.cast(totals.c[f"n{i}"], sa.BigInteger))
            for i, check in enumerate(counts)
        ]
    ).subquery()
    return sa.select(ids)


def drift_columns(table: sa.Table, values: Mapping[str, ColumnElement[Any]]) -> list[Any]:
    """Return what a topic's select gives a drift table, in its order: the values, else NULL.

    Raises:
        KeyError: the table lacks a column that is given.
    """
    given = {table.c[name].name: value for name, value in values.items()}
    return [
        given.get(name, sa.cast(sa.null(), table.c[name].type)).label(name)
        for name in filled(table)
    ]
