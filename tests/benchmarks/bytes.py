"""How many bytes a row of each table takes, and how many an audit reads, counted as BigQuery bills them.

A value counts as its type says: 8 bytes a number or time, 1 a truth value, 2 and its length a text, 0 where it
is NULL. A statement is billed for the columns that it names, once for each time it names their table. Prints
one JSON object, then a table; with `--contacts` and `--lines` also what a brand of that size would come to.

Source:
    BigQuery pricing, data size calculation (read 2026-11). That a table which is named twice counts twice
    is the careful reading: it may well count once.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from auditor.findings.ledger import Ledger
from auditor.model import history
from auditor.model.tables import STREAM_TABLES, metadata
from auditor.pipeline import Run
from auditor.pipeline.judging import terms_of_run
from auditor.pipeline.reading import last_snapshot
from auditor.sandbox.world import Scale
from auditor.warehouse import Warehouse
from tests.dialects.everything import judging_by
from tests.distributed.__main__ import stored
from tests.distributed.audited import NOW, audited
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterable

PEOPLE = (
    "customer",
    "contact",
    "subscription",
    "person",
    "consent",
    "member",
    "unsubscribe",
    "link_gone",
    "bought",
    "identity",
)
ORDERS = (
    "order",
    "sale",
    "payment",
    "return",
    "shipment",
    "event",
    "execution",
    "verdict",
    "purchase",
    "fulfilment",
    "agreed_value",
    "unit_mark",
)
"""Words in the names of tables that grow with contacts, and with order lines; all others are taken as they are."""


def grows_with(table: str) -> str:
    """Return what a table grows with: contacts, lines or nothing."""
    if "definition" in table:
        return "nothing"
    if any(word in table for word in PEOPLE):
        return "contacts"
    return "lines" if any(word in table for word in ORDERS) else "nothing"


class Size:
    """One table: its rows, its bytes by column, and its bytes as Parquet."""

    def __init__(self, rows: int, columns: dict[str, int], parquet: int) -> None:
        self.rows, self.columns, self.parquet = rows, columns, parquet

    @property
    def logical(self) -> int:
        """Bytes of all columns."""
        return sum(self.columns.values())


def sizes(conn: sa.Connection, folder: Path) -> dict[str, Size]:
    """Measure every table of a warehouse in a DuckDB file that has rows."""
    found = {}
    for table in (*metadata.sorted_tables, *history.metadata.sorted_tables):
        count, *widths = conn.execute(
            sa.select(sa.func.count(), *(_width(column) for column in table.columns))
        ).one()
        if count:
            file = folder / f"{table.name}.parquet"
            how = "FORMAT parquet, COMPRESSION zstd"
            conn.execute(sa.text(f"COPY \"{table.name}\" TO '{file}' ({how})"))
            columns = dict(zip(table.columns.keys(), map(int, widths), strict=True))
            found[table.name] = Size(count, columns, file.stat().st_size)
    return found


def _width(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.Text):
        return sa.func.coalesce(sa.func.sum(2 + sa.func.strlen(column)), 0)
    return sa.func.count(column) * (1 if isinstance(column.type, sa.Boolean) else 8)


def columns_read(sql: str) -> Counter[tuple[str, str]]:
    """Count how often a statement reads each column of each table; names that a WITH makes are among them."""
    found: Counter[tuple[str, str]] = Counter()
    for tree in sqlglot.parse(sql, dialect="bigquery"):
        if tree is None:
            continue
        target = tree.this.find(exp.Table) if isinstance(tree, exp.Insert) else None
        tables = [one for one in tree.find_all(exp.Table) if one is not target]
        named = Counter((one.alias_or_name, one.name) for one in tables)
        wanted: dict[str, set[str]] = {}
        for column in tree.find_all(exp.Column):
            wanted.setdefault(column.table, set()).add(column.name)
        for (alias, table), times in named.items():
            for name in wanted.get(alias, ()):
                found[table, name] += times
    return found


def bytes_read(statements: Iterable[str], known: dict[str, Size]) -> tuple[dict[str, int], ...]:
    """Return the bytes that statements read, by table: each mention counted, and each statement once."""
    every: Counter[str] = Counter()
    once: Counter[str] = Counter()
    for sql in statements:
        for (table, column), times in columns_read(sql).items():
            width = known[table].columns.get(column, 0) if table in known else 0
            every[table] += times * width
            once[table] += width
    return dict(every), dict(once)


def publishing(known: dict[str, Size]) -> dict[str, int]:
    """Return the bytes that publishing a night's changes reads: what has a history whole, and that twice."""
    total = {}
    for tables in STREAM_TABLES.values():
        for table in tables:
            past = known.get(f"history_{table.name}")
            if table.name in known:
                total[table.name] = known[table.name].logical
            if past is not None:
                total[f"history_{table.name}"] = 2 * past.logical
    return total


def measured(customers: int) -> dict[str, Any]:
    """Audit a world of so many customers and measure what it leaves and asks."""
    with tempfile.TemporaryDirectory(prefix="auditor-bytes-") as name:
        folder = Path(name)
        os.chdir(folder)
        settings = stored(customers, folder)
        gc.collect()
        audited(settings, folder)
        with closing(Warehouse(settings.store.warehouse)) as warehouse:
            with closing(Ledger(settings.store.ledger)) as ledger:
                run = Run(settings, folder, lambda: NOW, Silent())
                terms = terms_of_run(settings, warehouse, last_snapshot(run, ledger))
            with warehouse.engine.connect() as conn:
                known = sizes(conn, folder)
        os.chdir("/")
    judged, once = bytes_read(judging_by(terms, "bigquery"), known)
    published = publishing(known)
    return {
        "customers": customers,
        "tables": {
            name: {
                "rows": size.rows,
                "grows_with": grows_with(name),
                "bytes_per_row": round(size.logical / size.rows, 1),
                "parquet_per_row": round(size.parquet / size.rows, 1),
                "judging_per_row": round(judged.get(name, 0) / size.rows, 1),
                "judging_once_per_row": round(once.get(name, 0) / size.rows, 1),
                "publishing_per_row": round(published.get(name, 0) / size.rows, 1),
            }
            for name, size in known.items()
        },
    }


KINDS = (
    "bytes_per_row",
    "parquet_per_row",
    "judging_per_row",
    "judging_once_per_row",
    "publishing_per_row",
)


def at(result: dict[str, Any], contacts: int, lines: int) -> dict[str, Any]:
    """Return what a brand of so many contacts and order lines comes to, in rows and bytes."""
    tables = result["tables"]
    times = {
        "contacts": contacts / tables["emarsys_contact"]["rows"],
        "lines": lines / tables["centra_order_line"]["rows"],
        "nothing": 1.0,
    }
    rows = {name: round(one["rows"] * times[one["grows_with"]]) for name, one in tables.items()}
    sums = {
        kind: round(sum(rows[name] * one[kind] for name, one in tables.items())) for kind in KINDS
    }
    return {"contacts": contacts, "lines": lines, "rows": rows, **sums}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=Scale.M.customers)
    parser.add_argument("--contacts", type=int, default=50_000_000)
    parser.add_argument("--lines", type=int, default=500_000_000)
    asked = parser.parse_args()
    result = measured(asked.customers)
    large = at(result, asked.contacts, asked.lines)
    sys.stdout.write(json.dumps({**result, "large": large}, indent=1) + "\n")
    for name, one in sorted(result["tables"].items()):
        line = [f"{one[k]:>10,}" for k in one if k.endswith("per_row")]
        sys.stdout.write(f"{name:<34}{one['grows_with']:>9}{one['rows']:>11,}{''.join(line)}\n")


if __name__ == "__main__":
    main()
