"""Open Data views in a file: SQLite with its loose types, DuckDB with its strict ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ACCOUNT = 123456789
SALES = (
    "order_id {s}, load_date {ts}, si_contact_id {i}, si_product_id {i}, product_external_id {s}, "
    "product_name {s}, purchase_date {d}, channel {s}, quantity {n}, sales_amount {n}"
)
VIEWS = {
    "si_purchases": SALES,
    "si_contacts": "si_contact_id {i}, contact_id {i}, contact_external_id {s}, is_generated {b}",
    "email_unsubscribes": "contact_id {i}, event_time {ts}, source {s}, loaded_at {ts}",
    "external_events": (
        "contact_id {i}, event_id {s}, event_time {ts}, event_type_id {i}, customer_id {i}, "
        "loaded_at {ts}"
    ),
}
EXTRA = {
    "automation_node_executions": (
        "ac_program_id {i}, node_id {s}, execution_phase {s}, execution_id {s}, event_time {ts}, "
        "participants {participants}, partitiontime {ts}"
    ),
    "products_latest_state": (
        "item_id {s}, item_group_id {s}, title {text}, link {text}, image {text}, category {text}, "
        "available {flag}, price {amount}, msrp {amount}, currency {text}, pause {b}, "
        "event_time {ts}, loaded_at {ts}"
    ),
}
"""Views that an account may be without; they are made where rows are given for them."""

TYPES = {
    "sqlite": {
        "s": "TEXT",
        "ts": "TEXT",
        "i": "INTEGER",
        "d": "TEXT",
        "n": "REAL",
        "b": "INTEGER",
        **dict.fromkeys(("participants", "text", "flag", "amount"), "TEXT"),
    },
    "duckdb": {
        "s": "VARCHAR",
        "ts": "TIMESTAMPTZ",
        "i": "BIGINT",
        "d": "DATE",
        "n": "DECIMAL(18,4)",
        "b": "BOOLEAN",
        "participants": "STRUCT(contact_id BIGINT, trigger_id VARCHAR, execution_result VARCHAR)[]",
        "text": 'STRUCT("default" VARCHAR)',
        "flag": 'STRUCT("default" BOOLEAN)',
        "amount": 'STRUCT("default" DECIMAL(18,4))',
    },
}

Rows = dict[str, "Sequence[Sequence[object]]"]


def make_views(folder: Path, engine: str, rows: Rows, *, leave_out: Sequence[str] = ()) -> str:
    """Create the views with these rows and return their address."""
    path = folder / f"open data.{engine}"
    statements = [
        f"CREATE TABLE {name}_{ACCOUNT} ({columns.format(**TYPES[engine])})"
        for name, columns in (VIEWS | {n: c for n, c in EXTRA.items() if n in rows}).items()
        if name not in leave_out
    ]
    if engine == "sqlite":
        with closing(sqlite3.connect(path)) as lite:
            _fill(lite, statements, rows)
            lite.commit()
    else:
        with duckdb.connect(path) as duck:
            duck.execute("SET TimeZone = 'UTC'")
            _fill(duck, statements, rows)
    return f"{engine}:///{path}"


def _fill(
    connection: sqlite3.Connection | duckdb.DuckDBPyConnection, statements: list[str], rows: Rows
) -> None:
    for statement in statements:
        connection.execute(statement)
    for name, values in rows.items():
        marks = ", ".join("?" * len(values[0]))
        connection.executemany(f"INSERT INTO {name}_{ACCOUNT} VALUES ({marks})", values)
