"""Every row of two warehouses in DuckDB files, each against the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def differences(ours: Path, theirs: Path, tables: Iterable[str]) -> dict[str, dict[str, int]]:
    """Count the rows of each table, and those that one file has and the other has not.

    A row that stands twice must stand twice in the other.
    """
    with duckdb.connect() as conn:
        conn.execute(f"ATTACH '{ours}' AS ours (READ_ONLY)")
        conn.execute(f"ATTACH '{theirs}' AS theirs (READ_ONLY)")
        return {table: _of(conn, table) for table in tables}


def _of(conn: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    sides = [f'FROM {side}."{table}"' for side in ("ours", "theirs")]
    missing, more = (
        _count(conn, f"FROM ({one} EXCEPT ALL {other})") for one, other in (sides, sides[::-1])
    )
    return {"rows": _count(conn, sides[0]), "differ": missing + more}


def _count(conn: duckdb.DuckDBPyConnection, source: str) -> int:
    (number,) = conn.execute(f"SELECT count(*) {source}").fetchone() or (0,)
    return int(number)
