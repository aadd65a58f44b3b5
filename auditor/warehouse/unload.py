"""Bulk reading of a select as Arrow, each engine in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

ROWS_PER_BATCH = 50_000


def batches(engine: sa.Engine, select: sa.Select[Any]) -> Iterator[pa.Table]:
    """Yield the rows of a select, at most `ROWS_PER_BATCH` at a time."""
    compiled = select.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
    # No parameters are left, and so nothing turns a doubled percent sign back into one.
    sql = str(compiled).replace("%%", "%")
    read = _duckdb if engine.dialect.name == "duckdb" else _postgresql
    for batch in read(engine, sql):
        if batch.num_rows:
            yield pa.Table.from_batches([batch])


def _duckdb(engine: sa.Engine, sql: str) -> Iterator[pa.RecordBatch]:
    with engine.connect() as conn:
        raw: Any = conn.connection.driver_connection
        # A cursor of its own: the connection may run another statement between two batches.
        cursor = raw.cursor()
        cursor.execute(sql)
        yield from cursor.to_arrow_reader(ROWS_PER_BATCH)


def _postgresql(engine: sa.Engine, sql: str) -> Iterator[pa.RecordBatch]:
    from adbc_driver_postgresql import dbapi

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with dbapi.connect(address) as conn, conn.cursor() as cursor:
        cursor.execute(sql)
        yield from cursor.fetch_record_batch()
