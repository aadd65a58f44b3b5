"""Bulk loading of Arrow rows, each engine in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.warehouse import adbc, bigquery

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


def append(engine: sa.Engine, pages: Mapping[sa.Table, pa.Table]) -> None:
    """Append rows to tables, all of them in one transaction where the engine has any.

    Raises:
        KeyError: a column of a table is not among its rows.
    """
    chosen = {
        table.name: rows.select([column.name for column in table.columns])
        for table, rows in pages.items()
        if rows.num_rows
    }
    if engine.dialect.name == "duckdb":
        _scan(engine, chosen)
    elif engine.dialect.name == "bigquery":
        bigquery.append(engine, chosen)
    elif chosen:
        _copy(engine, chosen)


def _scan(engine: sa.Engine, pages: Mapping[str, pa.Table]) -> None:
    with engine.begin() as conn:
        raw: Any = conn.connection.driver_connection
        for table, rows in pages.items():
            columns = ", ".join(f'"{name}"' for name in rows.column_names)
            insert = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM arrow_page"  # noqa: S608 - our own names
            raw.register("arrow_page", rows)
            conn.execute(sa.text(insert))
            # Not after a fault: the connection may be closed, and the next page takes the name over.
            raw.unregister("arrow_page")


def _copy(engine: sa.Engine, pages: Mapping[str, pa.Table]) -> None:
    # COPY on a connection of its own, which is fine: stage tables are private to the load.
    with adbc.connection(engine) as conn, conn.cursor() as cursor:
        for table, rows in pages.items():
            cursor.adbc_ingest(table, rows, mode="append")
        conn.commit()
