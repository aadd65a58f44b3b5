"""Columns of plain Python values as Arrow tables in the shape of a canonical table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES: dict[type[Any], pa.DataType] = {
    sa.Text: pa.string(),
    sa.Integer: pa.int32(),
    sa.BigInteger: pa.int64(),
    sa.Boolean: pa.bool_(),
    sa.Float: pa.float64(),
    sa.DateTime: pa.timestamp("us"),
    sa.Date: pa.date32(),
}


@cache
def arrow_schema(table: sa.Table) -> pa.Schema:
    """Return a table's columns as Arrow names and types; a time is UTC without zone."""
    return pa.schema([(column.name, _TYPES[type(column.type)]) for column in table.columns])


def arrow_table(table: sa.Table, columns: Mapping[str, object]) -> pa.Table:
    """Return columns, each a list of values, as an Arrow table; aware times become UTC without zone.

    Arrow itself converts an aware time to UTC where the column has no zone.

    Raises:
        KeyError: a column of the canonical table is missing.
        ValueError: a column that the table does not have, columns of different lengths, or a value
            that does not fit its column.
        TypeError, OverflowError: a value that does not fit its column.
    """
    schema = arrow_schema(table)
    if len(columns) > len(schema):
        unknown = sorted(set(columns) - set(schema.names))
        raise ValueError(f"{table.name} has no column {unknown[0]}")
    return pa.Table.from_arrays(
        [pa.array(columns[field.name], field.type) for field in schema], schema=schema
    )
