"""Bulk reading of a select as Arrow, each engine in its own way."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from auditor.warehouse import adbc, bigquery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROWS_PER_BATCH = 50_000


def batches(engine: sa.Engine, select: sa.Select[Any]) -> Iterator[pa.Table]:
    """Yield the rows of a select, at most `ROWS_PER_BATCH` at a time."""
    sql = text_of(engine, select)
    for batch in _READERS[engine.dialect.name](engine, sql):
        if batch.num_rows:
            yield pa.Table.from_batches([batch])


def at_one_moment(
    engine: sa.Engine, tables: Iterable[sa.Table]
) -> Iterator[tuple[sa.Table, pa.Table]]:
    """Yield the rows of whole tables as they stood together: a run may be writing to PostgreSQL.

    BigQuery gives each table as it stands when it is read.
    """
    if engine.dialect.name == "bigquery":
        for table in tables:
            for rows in batches(engine, sa.select(table)):
                yield table, rows
        return
    with _cursor(engine) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in tables:
            cursor.execute(text_of(engine, sa.select(table)))
            for batch in cursor.fetch_record_batch():
                if batch.num_rows:
                    yield table, pa.Table.from_batches([batch])


def text_of(engine: sa.Engine, select: sa.Select[Any]) -> str:
    """Return a select as one text, with its values in it."""
    dialect = engine.dialect
    text = str(select.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    if dialect.paramstyle not in ("format", "pyformat"):
        return text
    # Such a dialect doubles each percent sign; no parameters are left, and so nothing undoes that.
    return text.replace("%%", "%")


def _duckdb(engine: sa.Engine, sql: str) -> Iterator[pa.RecordBatch]:
    with engine.connect() as conn:
        raw: Any = conn.connection.driver_connection
        # A cursor of its own: the connection may run another statement between two batches.
        cursor = raw.cursor()
        cursor.execute(sql)
        yield from cursor.to_arrow_reader(ROWS_PER_BATCH)


def _postgresql(engine: sa.Engine, sql: str) -> Iterator[pa.RecordBatch]:
    with _cursor(engine) as cursor:
        cursor.execute(sql)
        yield from cursor.fetch_record_batch()


_READERS = {"duckdb": _duckdb, "postgresql": _postgresql, "bigquery": bigquery.batches}


@contextlib.contextmanager
def _cursor(engine: sa.Engine) -> Iterator[Any]:
    with adbc.connection(engine) as conn, conn.cursor() as cursor:
        yield cursor
