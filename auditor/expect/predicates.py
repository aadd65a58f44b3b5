"""Which rows break a built-in, as SQL: Great Expectations lists at most 200 of them.

Each predicate says the same as the built-in of its name, NULLs included: a value that is missing
breaks only `not_be_null`. A built-in that is not here still passes or fails; its rows are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

Rows = sa.FromClause
Kwargs = Mapping[str, Any]
Predicate = Callable[[Rows, Kwargs], sa.ColumnElement[bool]]


def find(expectation_type: str) -> Predicate | None:
    """Return the predicate of a built-in, None when there is none."""
    return _PREDICATES.get(expectation_type)


def _column(rows: Rows, kwargs: Kwargs) -> sa.ColumnElement[Any]:
    return rows.c[kwargs["column"]]


def _repeated(rows: Rows, names: list[str]) -> sa.ColumnElement[bool]:
    columns = [rows.c[name] for name in names]
    again = sa.select(*columns).group_by(*columns).having(sa.func.count() > 1)
    return sa.tuple_(*columns).in_(again) if len(columns) > 1 else columns[0].in_(again)


def _outside(value: sa.ColumnElement[Any], kwargs: Kwargs) -> sa.ColumnElement[bool]:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    sides = []
    if low is not None:
        sides.append(value <= low if kwargs.get("strict_min") else value < low)
    if high is not None:
        sides.append(value >= high if kwargs.get("strict_max") else value > high)
    return sa.or_(sa.false(), *sides)


def _not_greater(rows: Rows, kwargs: Kwargs) -> sa.ColumnElement[bool]:
    a, b = rows.c[kwargs["column_A"]], rows.c[kwargs["column_B"]]
    return a < b if kwargs.get("or_equal") else a <= b


_PREDICATES: dict[str, Predicate] = {
    "expect_column_values_to_not_be_null": lambda r, k: _column(r, k).is_(None),
    "expect_column_values_to_be_null": lambda r, k: _column(r, k).is_not(None),
    "expect_column_values_to_be_unique": lambda r, k: _repeated(r, [k["column"]]),
    "expect_compound_columns_to_be_unique": lambda r, k: _repeated(r, k["column_list"]),
    "expect_column_values_to_be_in_set": lambda r, k: _column(r, k).not_in(k["value_set"]),
    "expect_column_distinct_values_to_be_in_set": lambda r, k: _column(r, k).not_in(k["value_set"]),
    "expect_column_values_to_not_be_in_set": lambda r, k: _column(r, k).in_(k["value_set"]),
    "expect_column_values_to_be_between": lambda r, k: _outside(_column(r, k), k),
    "expect_column_value_lengths_to_be_between": lambda r, k: _outside(
        sa.func.length(_column(r, k)), k
    ),
    "expect_column_value_lengths_to_equal": lambda r, k: (
        sa.func.length(_column(r, k)) != k["value"]
    ),
    "expect_column_values_to_match_regex": lambda r, k: ~_column(r, k).regexp_match(k["regex"]),
    "expect_column_values_to_not_match_regex": lambda r, k: _column(r, k).regexp_match(k["regex"]),
    "expect_column_values_to_match_like_pattern": lambda r, k: _column(r, k).not_like(
        k["like_pattern"]
    ),
    "expect_column_values_to_not_match_like_pattern": lambda r, k: _column(r, k).like(
        k["like_pattern"]
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
    "expect_column_pair_values_to_be_equal": lambda r, k: r.c[k["column_A"]] != r.c[k["column_B"]],
}
