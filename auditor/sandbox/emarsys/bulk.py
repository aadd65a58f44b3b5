"""Fill a table with many rows, the fast way of each engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Row = tuple[Any, ...]
AMOUNT_DIGITS, AMOUNT_SCALE = 38, 9
_ZONELESS = len("2026-01-01 00:00:00.000000")


def fill(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows whose values stand in the order of the table's columns."""
    if not rows:
        return
    name = connection.dialect.identifier_preparer.format_table(table)
    if connection.dialect.name == "duckdb":
        _through_arrow(connection, table, name, rows)
    elif connection.dialect.name == "postgresql":
        _copy(connection, name, rows)
    else:
        _execute_many(connection, table, name, rows)


def _execute_many(
    connection: sa.Connection, table: sa.Table, name: str, rows: Sequence[Row]
) -> None:
    """Write times and amounts the way SQLAlchemy's SQLite types read them."""
    columns = [
        values if (write := _writer(column)) is None else _written(values, write)
        for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
    ]
    marks = ",".join("?" * len(columns))
    connection.exec_driver_sql(
        f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608 -- the name is our own table's
        list(zip(*columns, strict=True)),
    )


def _writer(column: sa.Column[Any]) -> Callable[[Any], str] | None:
    if isinstance(column.type, sa.DateTime):
        return _utc_text
    if isinstance(column.type, sa.Date | sa.Numeric):
        return str
    return None


def _written(values: Iterable[Any], write: Callable[[Any], str]) -> list[str | None]:
    return [None if value is None else write(value) for value in values]


def _utc_text(at: datetime) -> str:
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return at.isoformat(" ", "microseconds")[:_ZONELESS]


def _through_arrow(
    connection: sa.Connection, table: sa.Table, name: str, rows: Sequence[Row]
) -> None:
    import pyarrow as pa

    arrays = {}
    for column, values in zip(table.columns, zip(*rows, strict=True), strict=True):
        kind = column.type
        # Arrow guesses the type of everything else at no cost; guessing decimals takes seconds.
        known = pa.decimal128(AMOUNT_DIGITS, AMOUNT_SCALE) if isinstance(kind, sa.Numeric) else None
        arrays[column.name] = pa.array(values, known)
    raw: Any = connection.connection.driver_connection
    raw.register("sandbox_rows", pa.table(arrays))
    connection.exec_driver_sql(
        f"INSERT INTO {name} SELECT * FROM sandbox_rows"  # noqa: S608 -- the name is our own table's
    )
    raw.unregister("sandbox_rows")


def _copy(connection: sa.Connection, name: str, rows: Iterable[Row]) -> None:
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
