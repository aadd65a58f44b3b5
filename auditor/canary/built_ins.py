"""Rows that break the shipped built-ins of Great Expectations, one way or another."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.canary.shadow import MARK
from auditor.model.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from auditor.expect.expectation import Expectation

    Row = dict[str, Any]

_FAR, _NEAR = datetime(9000, 1, 1), datetime(2000, 1, 1)  # noqa: DTZ001 - stores keep UTC without zone
_WRONG_NUMBER = -999_999_999_999


def broken_rows(expectations: Iterable[Expectation]) -> Iterator[tuple[Expectation, list[Row]]]:
    """Yield each expectation on a table with rows that break it; those of unknown kinds are left out."""
    for expectation in expectations:
        breaks = _BREAKS.get(expectation.type)
        if breaks is not None and expectation.table is not None:
            table = metadata.tables[expectation.table]
            where = {name: values[0] for name, values in expectation.where.items()}
            rows = [{**where, **row} for row in breaks(table, expectation.kwargs)]
            yield expectation, [{**dict.fromkeys(table.columns.keys()), **row} for row in rows]


def _text(table: sa.Table, column: str) -> str:
    # Its own for each column: one table's values may be the set that another's have to be in.
    return f"{MARK} {table.name}.{column}"


def _twice(table: sa.Table, kwargs: Any) -> list[Row]:  # noqa: ANN401 - what the built-in takes
    names = kwargs.get("column_list", [kwargs.get("column")])
    return [{name: _text(table, name) for name in names}] * 2


def _outside(table: sa.Table, kwargs: Any) -> list[Row]:  # noqa: ANN401 - as above
    column = table.c[kwargs["column"]]
    if kwargs.get("min_value") is not None:
        return [{column.name: kwargs["min_value"] - 1}]
    if isinstance(column.type, sa.DateTime):
        return [{column.name: _FAR}]
    if isinstance(column.type, sa.Date):
        return [{column.name: date(_FAR.year, 1, 1)}]
    return [{column.name: kwargs["max_value"] + 1}]


def _strange(table: sa.Table, kwargs: Any) -> list[Row]:  # noqa: ANN401 - as above
    column = table.c[kwargs["column"]]
    is_text = isinstance(column.type, sa.Text)
    wrong = _WRONG_NUMBER if isinstance(column.type, sa.BigInteger) else _WRONG_NUMBER // 1000
    return [{column.name: _text(table, column.name) if is_text else wrong}]


_BREAKS: dict[str, Callable[[sa.Table, Any], list[Row]]] = {
    "expect_column_values_to_not_be_null": lambda _, k: [{k["column"]: None}],
    "expect_column_values_to_be_unique": _twice,
    "expect_compound_columns_to_be_unique": _twice,
    "expect_column_values_to_be_in_set": _strange,
    "expect_column_values_to_be_between": _outside,
    "expect_column_values_to_match_regex": _strange,
    "expect_column_pair_values_a_to_be_greater_than_b": lambda _, k: [
        {k["column_A"]: _NEAR, k["column_B"]: _FAR}
    ],
}
