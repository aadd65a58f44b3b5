"""What reconciling comes to as statements of one engine, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model.drift import DRIFT_TABLES, check_population, filled
from auditor.reconcile.run import _STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.reconcile.terms import Terms


class Statement(NamedTuple):
    """One statement, and the table that it fills."""

    table: str
    sql: str


def statements(terms: Terms, dialect: sa.Dialect) -> Iterator[Statement]:
    """Yield the selects of every step as inserts, with all values written out."""
    for step in _STEPS:
        for table, select in step.fills(terms):
            insert = table.insert().from_select(filled(table), select)
            yield Statement(table.name, written(insert, dialect))


def creations(terms: Terms, dialect: sa.Dialect) -> Iterator[Statement]:
    """Yield a statement for each table that reconciling fills."""
    for table in targets(terms):
        made = sa.schema.CreateTable(table)
        yield Statement(table.name, str(made.compile(dialect=dialect)).strip())


def targets(terms: Terms) -> list[sa.Table]:
    """Return the tables that reconciling fills: links, drift, populations and the bridge."""
    of_steps = [table for step in _STEPS for table, _ in step.fills(terms)]
    emptied = [table for step in _STEPS for table in step.empties]
    return list(dict.fromkeys([*of_steps, *emptied, *DRIFT_TABLES, check_population]))


def written(statement: sa.ClauseElement, dialect: sa.Dialect) -> str:
    """Return a statement as its engine takes it, with all values in it."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    # No parameters are left, and so nothing turns a doubled percent sign back into one.
    return str(compiled).replace("%%", "%")
