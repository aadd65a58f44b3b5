"""A copy of the warehouse to work on: what is read and judged there leaves the warehouse as it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.errors import HeldError, StoreError
from auditor.faults import store_fault
from auditor.model import history
from auditor.model.tables import metadata
from auditor.private_file import replaced
from auditor.warehouse import unload
from auditor.warehouse.connect import SETTING, file_of, is_held, while_held
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
        HeldError: another process writes to the warehouse, still.
        StoreError: the warehouse cannot be read.
    """
    source, target = file_of(url), folder / NAME
    if source is None:
        return _copied(url, target)
    if source.exists():
        _copy_file(source, target)
    return Warehouse(f"duckdb:///{target}")


def _copy_file(source: Path, target: Path) -> None:
    try:
        for attempt in while_held():
            with (
                attempt,
                unchanging(source),
                source.open("rb") as read,
                replaced(target, "wb") as written,
            ):
                shutil.copyfileobj(read, written, 1 << 20)
    except (OSError, sa.exc.DBAPIError) as exc:
        kind = HeldError if is_held(exc) else StoreError
        told = store_fault(SETTING, source, exc)
        raise kind(told or f"{SETTING}: {source} cannot be copied; check the file.") from exc


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
