"""The life cycle: new, ongoing, worse, regressed, resolved, accepted.

Everything is a statement over sets: what this run observed is staged, then merged. A check that did
not run (error, skipped, off) resolves nothing: absence of a row is no proof without a complete read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings.ledger import (
    VALUES,
    finding_table,
    history_table,
    observed_table,
    run_table,
    stored,
)
from auditor.findings.observe import ROWS_PER_STATEMENT, observed
from auditor.model.drift import DRIFT_TABLES
from auditor.model.finding import NEWS, SEVERITIES, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Check
    from auditor.warehouse import Warehouse

OPEN = ("new", "ongoing", "worse", "regressed")

_RANK = {name: position for position, name in enumerate(SEVERITIES)}
_KEPT = ("fingerprint", "brand", "check_id", "subject_kind", "subject_key", "first_seen")
_REFRESHED = tuple(c.name for c in observed_table.columns if c.name not in _KEPT)
NO_WAIVER: dict[str, None] = {
    column.name: None for column in finding_table.columns if column.name.startswith("accepted_")
}
"""What a finding that is not accepted holds in the columns of its waiver."""


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
    with ledger.begin_result() as conn:
        conn.execute(observed_table.delete())
        for table in DRIFT_TABLES:
            with warehouse.drift_rows(table) as rows:
                found = observed(rows, checks, brand=brand, run=run, seen_at=seen_at)
                _insert(conn, found)
        _take_over(conn, brand, run)
        _merge(conn, seen_at)
        _resolve(conn, brand, run, checks, seen_at)
        _reopen(conn, brand, seen_at)
        tally = _tally(conn, brand, run)
        conn.execute(observed_table.delete())
        return tally


def _take_over(conn: sa.Connection, brand: str, run: str) -> None:
    """Make this run's own what an audit wrote that never came to a verdict, because it was killed.

    Nobody has heard of it: what is new there is new here, and what is resolved there is told here.
    """
    row = run_table.c
    broken = sa.select(row.run).where(row.brand == brand, row.verdict.is_(None), row.run != run)
    theirs = (finding_table.c.brand == brand) & finding_table.c.run.in_(broken)
    conn.execute(finding_table.update().where(theirs).values(run=run))


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
    match, state = known.fingerprint == seen.fingerprint, _next_state(seen_at)
    _remember(conn, state, seen_at)
    # A waiver lasts as long as the state it brought.
    waiver = {name: sa.case((state == "accepted", known[name])) for name in NO_WAIVER}
    refreshed = {name: seen[name] for name in _REFRESHED}
    conn.execute(finding_table.update().where(match).values(state=state, **refreshed, **waiver))
    names = [column.name for column in observed_table.columns]
    unknown = sa.select(sa.literal("new"), *[seen[name] for name in names]).where(
        ~sa.exists().where(match).correlate(observed_table)
    )
    conn.execute(finding_table.insert().from_select(["state", *names], unknown))


def _next_state(seen_at: datetime) -> ColumnElement[str]:
    """Say in which state a known finding is that was seen; judging a run again changes nothing."""
    known, seen = finding_table.c, observed_table.c
    is_accepted = (known.state == "accepted") & (
        known.accepted_until.is_(None) | (known.accepted_until > seen_at)
    )
    again = (known.run == seen.run) & known.state.in_(OPEN)
    last = (known.severity, known.people, known.money_minor)
    accepted = (known.accepted_severity, known.accepted_people, known.accepted_minor)
    return sa.case(
        (known.state == "resolved", "regressed"),
        (
            is_accepted & (_grew(*map(sa.func.coalesce, accepted, last)) | _is_other_money()),
            "worse",
        ),
        (is_accepted, "accepted"),
        (_grew(*last), "worse"),
        (again, known.state),
        else_="ongoing",
    )


def _grew(
    severity: ColumnElement[str], people: ColumnElement[int], minor: ColumnElement[int | None]
) -> ColumnElement[bool]:
    """Tell whether what is seen is graver, or reaches further, than it was."""
    seen = observed_table.c
    return sa.or_(
        sa.case(_RANK, value=seen.severity) > sa.case(_RANK, value=severity),
        seen.people > people,
        sa.func.coalesce(seen.money_minor, 0) > sa.func.coalesce(minor, 0),
    )


def _is_other_money() -> ColumnElement[bool]:
    """Tell whether what is seen is worth something in another currency: it cannot be compared."""
    known, seen = finding_table.c, observed_table.c
    is_worth = sa.func.coalesce(seen.money_minor, 0) != 0
    return is_worth & seen.currency.is_distinct_from(known.currency)


def _remember(conn: sa.Connection, state: ColumnElement[str], seen_at: datetime) -> None:
    """Write down the values of what is new, back, or not as it was."""
    known, seen = finding_table.c, observed_table.c
    changed = [seen[name].is_distinct_from(known[name]) for name in VALUES]
    fresh = sa.select(
        seen.fingerprint,
        seen.run,
        sa.literal(seen_at),
        sa.case((known.fingerprint.is_(None), "new"), else_=state),
        *[seen[name] for name in VALUES],
    ).select_from(observed_table.outerjoin(finding_table, known.fingerprint == seen.fingerprint))
    conn.execute(
        _into_history(
            fresh.where(sa.or_(known.state.is_(None), known.state == "resolved", *changed))
        )
    )


def _into_history(select: sa.Select[Any]) -> sa.Insert:
    return history_table.insert().from_select([c.name for c in history_table.columns], select)


def _resolve(
    conn: sa.Connection, brand: str, run: str, checks: Collection[str], seen_at: datetime
) -> None:
    known = finding_table.c
    gone = sa.and_(
        known.brand == brand,
        known.state != "resolved",
        known.check_id.in_(checks),
        ~sa.exists().where(observed_table.c.fingerprint == known.fingerprint),
    )
    last = [known[name] for name in VALUES]
    said = (known.fingerprint, sa.literal(run), sa.literal(seen_at), sa.literal("resolved"))
    conn.execute(_into_history(sa.select(*said, *last).where(gone)))
    conn.execute(
        finding_table.update()
        .where(gone)
        .values(state="resolved", run=run, confirmed=None, **NO_WAIVER)
    )


def _reopen(conn: sa.Connection, brand: str, seen_at: datetime) -> None:
    """End the waivers whose date has come, also of checks that did not run."""
    row = finding_table.c
    lapsed = (row.brand == brand) & (row.state == "accepted") & (row.accepted_until <= seen_at)
    conn.execute(finding_table.update().where(lapsed).values(state="ongoing", **NO_WAIVER))


def tallies(ledger: Ledger, brand: str, run: str) -> dict[str, Tally]:
    """Return how the findings of each check stand after a run, by its id; those it left alone are absent."""
    row = finding_table.c
    select = (
        sa.select(row.check_id, row.state, row.run, sa.func.count())
        .where(row.brand == brand, sa.or_(row.state != "resolved", row.run == run))
        .group_by(row.check_id, row.state, row.run)
        .order_by(row.check_id)
    )
    counts: dict[str, list[tuple[str, bool, int]]] = {}
    with ledger.begin() as conn:
        for check, state, by, count in conn.execute(select):
            counts.setdefault(check, []).append((state, by == run, int(count)))
    return {check: _tally_of(rows) for check, rows in counts.items()}


def changed_between(
    ledger: Ledger, brand: str, after: datetime, before: datetime
) -> dict[str, int]:
    """Return how many findings of each check came, grew, returned or went in the audits between two moments.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        after: Aware; what an audit of this very moment saw is left out.
        before: Likewise.
    """
    row, past, run = finding_table.c, history_table.c, run_table.c
    select = (
        sa.select(row.check_id, sa.func.count(sa.distinct(row.fingerprint)))
        .select_from(
            finding_table.join(history_table, row.fingerprint == past.fingerprint).join(
                run_table, past.run == run.run
            )
        )
        # What a run saw that never came to a verdict is the next one's own.
        .where(row.brand == brand, run.verdict.is_not(None), past.state.in_(NEWS))
        .where(past.seen_at > stored(after), past.seen_at < stored(before))
        .group_by(row.check_id)
        .order_by(row.check_id)
    )
    with ledger.begin() as conn:
        return {check: int(count) for check, count in conn.execute(select)}


def _tally(conn: sa.Connection, brand: str, run: str) -> Tally:
    row = finding_table.c
    select = sa.select(row.state, row.run, sa.func.count()).where(row.brand == brand)
    rows = conn.execute(select.group_by(row.state, row.run))
    return _tally_of((state, by == run, int(count)) for state, by, count in rows)


def _tally_of(rows: Iterable[tuple[str, bool, int]]) -> Tally:
    """Add up findings, given as state, whether the run touched them, and how many."""
    touched: Counter[str] = Counter()
    standing: Counter[str] = Counter()
    for state, is_touched, count in rows:
        if is_touched:
            touched[state] += count
        if state != "resolved":
            standing[state] += count
    total = standing.total()
    fresh = {name: touched[name] for name in ("new", "worse", "regressed")}
    fresh["accepted"] = standing["accepted"]
    # What a skipped check left open is neither confirmed nor gone: it goes on.
    ongoing = total - sum(fresh.values())
    return Tally(total=total, ongoing=ongoing, resolved=touched["resolved"], **fresh)
