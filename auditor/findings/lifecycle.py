"""The life cycle: new, ongoing, worse, regressed, resolved, accepted.

Everything is a statement over sets: what this run observed is staged, then merged. A check that did
not run (error, skipped, off) resolves nothing: absence of a row is no proof without a complete read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings.ledger import finding_table, observed_table
from auditor.findings.observe import ROWS_PER_STATEMENT, observed
from auditor.model.drift import DRIFT_TABLES
from auditor.model.finding import SEVERITIES, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Check
    from auditor.warehouse import Warehouse

OPEN = ("new", "ongoing", "worse", "regressed")

_REFRESHED = (
    "severity",
    "owner",
    "customer_id",
    "contact_id",
    "centra",
    "emarsys",
    "people",
    "money_minor",
    "currency",
    "cause",
    "remedy",
    "contained",
    "occurred_at",
    "last_seen",
    "run",
)


def update(
    ledger: Ledger,
    warehouse: Warehouse,
    checks: Mapping[str, Check],
    *,
    brand: str,
    run: str,
    seen_at: datetime,
) -> Tally:
    """Merge what this run found into the ledger, in one transaction.

    Args:
        ledger: Where findings live.
        warehouse: Where the drift tables stand.
        checks: The checks that ran (outcome pass or fail) in this run, by id.
        brand: Part of every fingerprint.
        run: The run's id.
        seen_at: When the snapshot began, naive UTC.
    """
    with ledger.begin() as conn:
        conn.execute(observed_table.delete())
        for table in DRIFT_TABLES:
            with warehouse.drift_rows(table) as rows:
                found = observed(rows.mappings(), checks, brand=brand, run=run, seen_at=seen_at)
                _insert(conn, found)
        _merge(conn, seen_at)
        _resolve(conn, brand, run, checks)
        tally = _tally(conn, brand, run)
        conn.execute(observed_table.delete())
        return tally


def _insert(conn: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_PER_STATEMENT:
            conn.execute(observed_table.insert(), batch)
            batch = []
    if batch:
        conn.execute(observed_table.insert(), batch)


def _merge(conn: sa.Connection, seen_at: datetime) -> None:
    known, seen = finding_table.c, observed_table.c
    match = known.fingerprint == seen.fingerprint
    rank = {name: position for position, name in enumerate(SEVERITIES)}
    grew = (
        (sa.case(rank, value=seen.severity) > sa.case(rank, value=known.severity))
        | (sa.func.coalesce(seen.money_minor, 0) > sa.func.coalesce(known.money_minor, 0))
        | (seen.people > known.people)
    )
    is_accepted = (known.state == "accepted") & (
        known.accepted_until.is_(None) | (known.accepted_until > seen_at)
    )
    state = sa.case(
        (known.state == "resolved", "regressed"),
        (grew, "worse"),
        (is_accepted, "accepted"),
        else_="ongoing",
    )
    conn.execute(
        finding_table.update()
        .where(match)
        .values(state=state, **{name: seen[name] for name in _REFRESHED})
    )
    names = [column.name for column in observed_table.columns]
    unknown = sa.select(sa.literal("new"), *[seen[name] for name in names]).where(
        ~sa.exists().where(match).correlate(observed_table)
    )
    conn.execute(finding_table.insert().from_select(["state", *names], unknown))


def _resolve(conn: sa.Connection, brand: str, run: str, checks: Collection[str]) -> None:
    known = finding_table.c
    gone = ~sa.exists().where(observed_table.c.fingerprint == known.fingerprint)
    conn.execute(
        finding_table.update()
        .where(known.brand == brand, known.state != "resolved", known.check_id.in_(checks), gone)
        .values(state="resolved", run=run)
    )


def _tally(conn: sa.Connection, brand: str, run: str) -> Tally:
    row = finding_table.c
    by_state = sa.select(row.state, sa.func.count()).where(row.brand == brand).group_by(row.state)
    touched = _counts(conn, by_state.where(row.run == run))
    total = sum(_counts(conn, by_state.where(row.state != "resolved")).values())
    fresh = {name: touched.get(name, 0) for name in ("new", "worse", "regressed", "accepted")}
    # What a skipped check left open is neither confirmed nor gone: it goes on.
    ongoing = total - sum(fresh.values())
    return Tally(total=total, ongoing=ongoing, resolved=touched.get("resolved", 0), **fresh)


def _counts(conn: sa.Connection, select: sa.Select[Any]) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in conn.execute(select)}
