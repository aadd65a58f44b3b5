"""Count the drift: one GROUP BY over each drift table, and the populations beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.drift import DRIFT_TABLES, check_population, drift_quality
from auditor.model.finding import Money

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement


@dataclass(frozen=True, slots=True)
class Tally:
    """What one check left in the drift tables.

    Attributes:
        people: None where no row says whom it reaches.
        money: None where no row has an amount, or where amounts are in several currencies, which
            have no sum.
    """

    failed: int = 0
    people: int | None = None
    money: Money | None = None
    contained: int = 0


def count_drift(conn: sa.Connection) -> dict[str, Tally]:
    """Count failing subjects, people, money and contained subjects per check."""
    parts: dict[str, list[sa.Row[Any]]] = {}
    for row in conn.execute(sa.union_all(*[_grouped(table) for table in DRIFT_TABLES])):
        parts.setdefault(row.check_id, []).append(row)
    return {check_id: _added(rows) for check_id, rows in parts.items()}


def failed_and_checked(dialect: sa.Dialect) -> str:
    """Return the SELECT that `expect_no_drift` judges: check_id, failed, checked."""
    none = sa.cast(sa.literal(0), sa.BigInteger)
    drifted = [
        sa.select(
            table.c.check_id,
            sa.cast(sa.func.count(), sa.BigInteger).label("failed"),
            none.label("checked"),
        ).group_by(table.c.check_id)
        for table in DRIFT_TABLES
        if table is not drift_quality
    ]
    population = sa.select(check_population.c.check_id, none, check_population.c.checked)
    select = sa.union_all(*drifted, population)
    return str(select.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _grouped(table: sa.Table) -> sa.Select[Any]:
    row = table.c
    priced = row.money_minor.is_not(None)
    return sa.select(
        row.check_id,
        sa.func.count().label("failed"),
        _people(table).label("people"),
        sa.func.count(sa.distinct(sa.case((priced, row.currency)))).label("currencies"),
        sa.func.max(sa.case((priced, row.currency))).label("currency"),
        _whole(sa.case((row.currency.is_not(None), row.money_minor))).label("minor"),
        sa.func.count(sa.case((row.contained, 1))).label("contained"),
    ).group_by(row.check_id)


def _people(table: sa.Table) -> ColumnElement[int]:
    """Count the people that rows reach: who stands behind several subjects is one person."""
    row = table.c
    whose = sa.func.coalesce(row.customer_id, row.contact_id, row.subject_key)
    single = sa.func.count(sa.distinct(sa.case((row.people == 1, whose))))
    crowds = sa.func.coalesce(_whole(sa.case((row.people > 1, row.people))), 0)
    return sa.case((sa.func.count(row.people) > 0, sa.cast(single + crowds, sa.BigInteger)))


def _whole(column: ColumnElement[Any]) -> ColumnElement[int]:
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def _added(rows: list[sa.Row[Any]]) -> Tally:
    people = [int(row.people) for row in rows if row.people is not None]
    priced = [row for row in rows if row.currencies]
    has_sum = sum(row.currencies for row in priced) == 1
    return Tally(
        failed=sum(row.failed for row in rows),
        people=sum(people) if people else None,
        money=Money(int(priced[0].minor), priced[0].currency) if has_sum else None,
        contained=sum(row.contained for row in rows),
    )
