"""Deletes what the ledger holds of runs and findings that are over for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.findings.ledger import finding_table, history_table, incident_table, run_table, stored

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

NEWEST = 10
"""Runs that stay however old they are: the next one compares itself with them."""


class Over(NamedTuple):
    """What was deleted.

    Attributes:
        oldest: When the oldest run that is left began, in UTC without a zone; None without any.
    """

    runs: int
    findings: int
    history: int
    incidents: int
    oldest: datetime | None


def delete_over(
    conn: sa.Connection, brand: str, before: datetime, needed: Collection[str] = ()
) -> Over:
    """Delete runs, findings that were resolved, values that findings had, and incidents.

    What stands, accepted or not, stays; so does, of its earlier values, the newest of before the limit:
    it is what it was at the oldest run that is left. And so does the newest return, since when it stands.

    Args:
        conn: In a transaction, which holds all of it.
        brand: Whose.
        before: What is older goes; aware.
        needed: Runs that have yet to be told.
    """
    limit, finding = stored(before), finding_table.c
    runs = _delete_runs(conn, brand, limit, needed)
    # When it went stands in its history alone: `last_seen` is when it was last there.
    moved = sa.select(history_table.c.fingerprint).where(history_table.c.seen_at >= limit)
    is_over = (
        (finding.brand == brand)
        & (finding.state == "resolved")
        & (finding.last_seen < limit)
        & finding.fingerprint.not_in(moved)
    )
    over = sa.select(finding.fingerprint).where(is_over)
    history = _delete(conn, history_table, history_table.c.fingerprint.in_(over))
    findings = _delete(conn, finding_table, is_over)
    history += _delete_values(conn, brand, limit)
    row = incident_table.c
    named = sa.select(finding.incident).where(finding.brand == brand, finding.incident.is_not(None))
    incidents = _delete(
        conn,
        incident_table,
        (row.brand == brand)
        & (row.findings == 0)
        & (row.last_seen < limit)
        & row.incident.not_in(named),
    )
    oldest = conn.scalar(
        sa.select(sa.func.min(run_table.c.as_of)).where(run_table.c.brand == brand)
    )
    return Over(runs, findings, history, incidents, oldest)


def _delete_runs(conn: sa.Connection, brand: str, limit: datetime, needed: Collection[str]) -> int:
    row = run_table.c
    newest = sa.select(row.run).where(row.brand == brand).order_by(row.as_of.desc()).limit(NEWEST)
    # Complete readings, and audits that died, come to no verdict: with these alone nothing is compared.
    judged = newest.where(row.verdict.is_not(None))
    kept = {*conn.scalars(newest), *conn.scalars(judged), *needed}
    old = (row.brand == brand) & (row.as_of < limit) & row.run.not_in(kept)
    return _delete(conn, run_table, old)


def _delete_values(conn: sa.Connection, brand: str, limit: datetime) -> int:
    """Delete the values of findings that were followed by others before the limit, too."""
    row, later = history_table.c, history_table.alias("later").c
    theirs = sa.select(finding_table.c.fingerprint).where(finding_table.c.brand == brand)
    is_return = later.state == "regressed"
    newest = (
        sa.select(later.fingerprint, sa.func.max(later.seen_at).label("seen_at"))
        .add_columns(sa.func.max(sa.case((is_return, later.seen_at))).label("returned_at"))
        .where(later.seen_at < limit)
        .group_by(later.fingerprint)
        .subquery("newest")
    )
    is_followed = sa.exists().where(
        newest.c.fingerprint == row.fingerprint,
        row.seen_at < newest.c.seen_at,
        (row.state != "regressed") | (row.seen_at < newest.c.returned_at),
    )
    return _delete(
        conn, history_table, (row.seen_at < limit) & row.fingerprint.in_(theirs) & is_followed
    )


def _delete(conn: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return conn.execute(table.delete().where(which)).rowcount
