"""The warehouse and the ledger: they open, can be written, and have the shape that is expected."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.doctor.result import Result, probe
from auditor.findings.ledger import Ledger
from auditor.findings.schema import REVISION, tables
from auditor.model.tables import metadata as warehouse_tables
from auditor.warehouse import Warehouse
from auditor.warehouse.copies import why_not
from auditor.warehouse.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.doctor.visit import Visit


@probe("stores.warehouse", "auditor")
def warehouse(visit: Visit) -> Iterator[Result]:
    """Open the warehouse as an audit would."""
    with closing(Warehouse(visit.settings.store.warehouse)) as store:
        found, fix = (
            store_result("warehouse", store.engine, warehouse_tables, SCHEMA),
            why_not(store.engine),
        )
    if found.state == "ok" and fix is not None:
        detail = "The warehouse opens and can be written, but no copy for notebooks can be made."
        found = Result("warn", detail, fix)
    yield found


@probe("stores.ledger", "auditor")
def ledger(visit: Visit) -> Iterator[Result]:
    """Open the ledger as an audit would."""
    with closing(Ledger(visit.settings.store.ledger)) as store:
        yield store_result("ledger", store.engine, tables(), REVISION)


def store_result(name: str, engine: sa.Engine, tables: sa.MetaData, schema: str | int) -> Result:
    """Return whether a store can be written and has every column.

    Args:
        name: The store's key in the settings.
        engine: The open store.
        tables: What it should hold.
        schema: The number of what it should hold; opening it has seen to that.
    """
    wrong = [table.name for table in tables.sorted_tables if not _has(engine, table)]
    if wrong:
        names = ", ".join(wrong)
        detail = f"store.{name} is of another version of the auditor: {names} differ."
        return Result("fail", detail, f"Move the {name} away; the next audit makes a new one.")
    if not _is_writable(engine, tables.sorted_tables[0]):
        fix = "Give the user that runs the auditor the right to write it."
        return Result("fail", f"store.{name} cannot be written.", fix)
    return Result("ok", f"The {name} opens, can be written and has every table of schema {schema}.")


def _has(engine: sa.Engine, table: sa.Table) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(table).where(sa.false())).close()
    except sa.exc.DBAPIError:
        return False
    return True


def _is_writable(engine: sa.Engine, table: sa.Table) -> bool:
    """Take the right to write and give it back: an update of no row, rolled back."""
    column = next(iter(table.columns))
    try:
        with engine.connect() as connection:
            connection.execute(sa.update(table).where(sa.false()).values({column: None}))
            connection.rollback()
    except sa.exc.DBAPIError:
        return False
    return True
