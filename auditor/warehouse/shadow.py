"""A copy of the warehouse to work on: what is read and judged there leaves the warehouse as it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.errors import StoreError
from auditor.model import history
from auditor.model.tables import metadata
from auditor.private_file import replaced
from auditor.warehouse import unload
from auditor.warehouse.connect import file_of
from auditor.warehouse.publish import unchanging
from auditor.warehouse.store import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

NAME = "shadow.duckdb"


def shadow_of(url: str, folder: Path) -> Warehouse:
    """Copy a warehouse into a file of a folder, which is to be thrown away, and open the copy.

    Args:
        url: The warehouse's; no connection to it is open in this process.
        folder: Where the copy goes; it is private.

    Raises:
        StoreError: the warehouse is being written to, or cannot be read.
    """
    source, target = file_of(url), folder / NAME
    if source is None:
        return _copied(url, target)
    if source.exists():
        try:
            with unchanging(source), source.open("rb") as read, replaced(target, "wb") as written:
                shutil.copyfileobj(read, written, 1 << 20)
        except (OSError, sa.exc.DBAPIError) as exc:
            raise StoreError(
                f"store.warehouse: {source} cannot be copied; another process may be writing to it."
            ) from exc
    return Warehouse(f"duckdb:///{target}")


def _copied(url: str, target: Path) -> Warehouse:
    """Copy table by table, from an engine that has no file."""
    original, shadow = Warehouse(url), Warehouse(f"duckdb:///{target}")
    try:
        tables = (*metadata.sorted_tables, *history.metadata.sorted_tables)
        for table, rows in unload.at_one_moment(original.engine, tables):
            shadow.append({table: rows})
    finally:
        original.close()
    return shadow
