"""Warehouses as each schema left them, as SQL that both engines take: to be upgraded by the tests.

`python -m tests.frozen_warehouses` writes that of the present schema, once its tables are settled; a
file of an earlier one never changes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from auditor.model import history
from auditor.model.tables import metadata
from auditor.warehouse.schema import SCHEMA, version_table

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "data" / "stores"
AS_OF = datetime(2026, 10, 31, 4, 30)
VERSION = {"valid_from_run": "a", "row_hash": "h1"}
ROWS: dict[str, dict[str, Any]] = {
    "snapshot_run": {"number": 1, "run": "a", "as_of": AS_OF},
    "stream_position": {
        "number": 1,
        "run": "a",
        "stream": "centra.orders",
        "mode": "full",
        "basis": "of-an-older-auditor",
        "as_of": AS_OF,
        "full_at": AS_OF,
    },
    "centra_order": {"order_number": "1", "status": "PENDING"},
    "history_centra_order": {"order_number": "1", "status": "PENDING", **VERSION},
    "history_centra_order_line": {
        "order_number": "1",
        "line_id": "1",
        "item": "PENDING",
        **VERSION,
    },
    "drift_consent": {"check_id": "consent.withdrawn_but_opted_in", "subject_key": "900"},
    "unfinished_read": {"stream": "centra.orders", "mode": "full", "basis": "b", "as_of": AS_OF},
    "unfinished_page": {"stream": "centra.orders", "number": 1, "rows": 5},
}


def declared() -> list[sa.Table]:
    """Return every table of the warehouse."""
    return [*metadata.sorted_tables, *history.metadata.sorted_tables, version_table]


def written(tables: list[sa.Table]) -> Iterator[str]:
    """Give the statements that make the tables and a few rows in them."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # DuckDB takes the same
    for table in tables:
        made = str(CreateTable(table).compile(dialect=dialect)).strip()
        yield made.replace("FLOAT", "DOUBLE PRECISION")  # what both engines take for it
        if table.name in ROWS:
            known = {k: v for k, v in ROWS[table.name].items() if k in table.columns}
            row = table.insert().values(**known)
            yield str(row.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def freeze(name: str, tables: list[sa.Table]) -> None:
    """Write the warehouse of one schema."""
    text = "".join(f"{statement};\n" for statement in written(tables))
    (FOLDER / f"warehouse_{name}.sql").write_text(text.replace(" \n", "\n").replace("\n\t", "\n "))


def frozen() -> list[str]:
    """Return the schemas that there are files of."""
    names = (path.stem.removeprefix("warehouse_") for path in FOLDER.glob("warehouse_*.sql"))
    return sorted(names)


def thaw(name: str, url: str) -> None:
    """Make the warehouse of one schema in an empty database."""
    parsed = sa.make_url(url)
    text = (FOLDER / f"warehouse_{name}.sql").read_text()
    if parsed.get_backend_name() == "duckdb":
        import duckdb

        with duckdb.connect(str(parsed.database)) as file:
            file.execute(text.replace(' COLLATE "C"', ""))  # it sorts so by itself
        return
    import psycopg

    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as server:
        server.execute(text)


if __name__ == "__main__":
    ROWS[version_table.name] = {"number": SCHEMA}
    freeze(str(SCHEMA), declared())
