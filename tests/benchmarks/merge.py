"""Puts smaller worlds into one store, so that ids, numbers and addresses stay distinct and links right.

Whatever belongs to people is moved by a stride per smaller world; what the brand has once (stores,
markets, prices, the assortment and its feed) is that of the first.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from auditor.config import load_settings
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model import tables as t
from auditor.warehouse import FinishedRead, UnfinishedRead, Warehouse
from auditor.warehouse.stage import staged
from tests.direct import whole_snapshot

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from auditor.config import Settings
    from auditor.model.snapshot import Snapshot

RUN = "run"
STRIDE = 10_000_000
"""More than any id of a smaller world is apart from the lowest of its kind."""
MOVED = {  # event and order ids are long and drawn at random: they are distinct already
    *("customer_id", "subscription_id", "buyer_id", "order_number", "line_id"),
    *("payment_id", "return_id", "shipment_id", "contact_id", "external_id", "si_contact_id"),
}
ADDRESSES = {"email", "email_key"}
SHIPMENT = "number"  # of a shipment: its order, a hyphen, a running number


def settings_in(folder: Path) -> Settings:
    """Read the settings of a world."""
    return load_settings(folder / "auditor.yaml", {"TOKEN": "none"})


def merged(folder: Path, parts: Path, shards: int, as_of: datetime) -> dict[str, int]:
    """Fill the stores of a folder with the Parquet files of its parts; return the rows of each table.

    The stores are those of its settings, in a folder `var` of its own.
    """
    settings = settings_in(folder)
    with closing(Warehouse(f"duckdb:///{warehouse_in(folder)}")) as warehouse:
        snapshot = _filled(warehouse, parts, shards, as_of)
        tables = [table for tables in t.STREAM_TABLES.values() for table in tables]
        rows = {table.name: warehouse.count(table) for table in tables}
    with closing(Ledger(f"sqlite:///{folder / 'var' / 'nordlys-ledger.sqlite'}")) as ledger:
        query.record_run(ledger, settings.brand, snapshot)
    return {name: count for name, count in rows.items() if count}


def warehouse_in(folder: Path) -> Path:
    """Return the file of a world's warehouse."""
    return folder / "var" / "nordlys.duckdb"


def _filled(warehouse: Warehouse, parts: Path, shards: int, as_of: datetime) -> Snapshot:
    for name, tables in t.STREAM_TABLES.items():
        warehouse.begin_read(UnfinishedRead(name, "full", "", as_of), tables)
        for table in tables:
            for number in range(shards if is_of_people(table) else 1):
                _insert(warehouse, table, parts / str(number) / f"{table.name}.parquet", number)
    finished = [
        FinishedRead(name, "full", "", as_of, tables, None)
        for name, tables in t.STREAM_TABLES.items()
    ]
    warehouse.publish(RUN, as_of, finished)
    return whole_snapshot(RUN, as_of)


def is_of_people(table: sa.Table) -> bool:
    """Tell whether rows of a table belong to somebody, so that each smaller world has its own."""
    return any(column.name in MOVED for column in table.columns)


def _insert(warehouse: Warehouse, table: sa.Table, file: Path, number: int) -> None:
    if not file.exists():  # a stream that the sandbox's worlds leave empty
        return
    values = ", ".join(_moved(column.name, table, number) for column in table.columns)
    names = ", ".join(column.name for column in table.columns)
    insert = (
        f"INSERT INTO {staged(table).name} ({names}) SELECT {values} FROM read_parquet('{file}')"
    )
    with warehouse.engine.begin() as conn:
        conn.exec_driver_sql(insert)


def _moved(name: str, table: sa.Table, number: int) -> str:
    """Return what a column holds in the one store, in SQL."""
    if not number:
        return name
    if name in MOVED:
        moved = f"CAST(CAST({name} AS BIGINT) + {number * STRIDE} AS VARCHAR)"
        return f"CASE WHEN {name} = '' THEN '' ELSE {moved} END"
    if name == SHIPMENT and table is t.centra_shipment:
        order = f"CAST(split_part({name}, '-', 1) AS BIGINT) + {number * STRIDE}"
        return f"CAST({order} AS VARCHAR) || '-' || split_part({name}, '-', 2)"
    if name in ADDRESSES:
        return f"replace({name}, '@', '@s{number}.')"
    return name


def shifted_subject(check: str, subject: str, number: int) -> str:
    """Return the key of a planted subject in the one store."""
    if subject.startswith("event:") or check.startswith("catalogue."):
        return subject
    kind, colon, rest = subject.rpartition(":")
    if check.startswith("audience.") and "/" in rest:
        segment, _, contact = rest.partition("/")
        return f"{segment}/{int(contact) + number * STRIDE}"
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{kind}{colon}{int(rest[:digits]) + number * STRIDE}{rest[digits:]}"
