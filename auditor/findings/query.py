"""Read findings and runs back from the ledger."""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from auditor.findings.ledger import finding_table, history_table, run_table, stored
from auditor.findings.lifecycle import OPEN
from auditor.model.audit import PastRun
from auditor.model.finding import Finding, Money
from auditor.model.snapshot import Coverage, Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.findings.ledger import Ledger
    from auditor.model.audit import Audit
    from auditor.model.finding import Severity, State

    Row = sa.RowMapping | Mapping[str, Any]


class Only(NamedTuple):
    """Which findings are asked for; what is None is left open.

    Attributes:
        severity: As the finding stands, and not as its check would have it.
    """

    check: str | None = None
    state: str | None = None
    owner: str | None = None
    severity: str | None = None

    def has(self, finding: Finding) -> bool:
        """Tell whether a finding is among them."""
        of_it = Only(finding.check, finding.state, finding.owner, finding.severity)
        return all(wanted in (None, found) for wanted, found in zip(self, of_it, strict=True))


def findings(
    ledger: Ledger,
    brand: str,
    only: Only = Only(),  # noqa: B008 - a tuple, which nobody changes
    *,
    run: str | None = None,
    limit: int | None = None,
) -> Iterator[Finding]:
    """Yield findings, the gravest and dearest first; open ones unless a state or run is given.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        only: Which; those of no state asked for are every open one, accepted ones included.
        run: Only those that no later run touched than this; of an earlier one, see `past`.
        limit: At most this many.
    """
    row = finding_table.c
    select = sa.select(finding_table).where(row.brand == brand)
    if run is not None:
        select = select.where(row.run == run)
    elif only.state is None:
        select = select.where(row.state.in_((*OPEN, "accepted")))
    columns = (row.check_id, row.state, row.owner, row.severity)
    for column, wanted in zip(columns, only, strict=True):
        if wanted is not None:
            select = select.where(column == wanted)
    with ledger.begin() as conn:
        for found in conn.execute(select.order_by(*gravest_first()).limit(limit)).mappings():
            yield finding_of(found)


def gravest_first() -> tuple[ColumnElement[Any], ...]:
    """Return the order in which findings are told: the gravest and dearest first, check by check."""
    row = finding_table.c
    gravity = sa.case({"critical": 0, "warning": 1}, value=row.severity, else_=2)
    dearest = sa.func.coalesce(row.money_minor, 0).desc()
    return gravity, row.check_id, dearest, row.subject_key


class PastValue(NamedTuple):
    """What a finding was from one run on: it came, returned, went, or a value changed.

    Attributes:
        state: `new`, `worse`, `regressed`, `resolved`, `accepted`, or `ongoing` for mere change.
    """

    run: str
    seen_at: datetime
    state: State
    severity: Severity
    people: int
    money: Money | None
    centra: dict[str, Any] | None
    emarsys: dict[str, Any] | None
    cause: str | None


def history(ledger: Ledger, fingerprint: str) -> list[PastValue]:
    """Return the values a finding had, oldest first."""
    row = history_table.c
    select = sa.select(history_table).where(row.fingerprint == fingerprint).order_by(row.seen_at)
    with ledger.begin() as conn:
        return [
            PastValue(
                past["run"],
                aware(past["seen_at"]),
                past["state"],
                past["severity"],
                past["people"],
                money_of(past),
                _side(past["centra"]),
                _side(past["emarsys"]),
                past["cause"],
            )
            for past in conn.execute(select).mappings()
        ]


def open_at(ledger: Ledger, brand: str, seen_at: datetime) -> set[tuple[str, str, str]]:
    """Return what stood open, accepted or not, right after a run: check, subject kind and key.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        seen_at: When that run's snapshot began, aware.
    """
    row, past = finding_table.c, history_table.c
    moment = stored(seen_at)
    position = sa.func.row_number().over(
        partition_by=past.fingerprint, order_by=(past.seen_at.desc(), past.state == "resolved")
    )
    last = (
        sa.select(past.fingerprint, past.state, position.label("position"))
        .where(past.seen_at <= moment)
        .subquery()
    )
    select = (
        sa.select(row.check_id, row.subject_kind, row.subject_key)
        .select_from(finding_table.join(last, row.fingerprint == last.c.fingerprint))
        .where(row.brand == brand, last.c.position == 1, last.c.state != "resolved")
    )
    with ledger.begin() as conn:
        return {(found[0], found[1], found[2]) for found in conn.execute(select)}


def open_subjects(ledger: Ledger, brand: str, checks: Collection[str]) -> set[tuple[str, str]]:
    """Return what stands open now, accepted or not, under some checks: check and subject key."""
    row = finding_table.c
    select = sa.select(row.check_id, row.subject_key).where(
        row.brand == brand, row.check_id.in_(checks), row.state != "resolved"
    )
    with ledger.begin() as conn:
        return {(found[0], found[1]) for found in conn.execute(select)}


def stored_snapshot(ledger: Ledger, brand: str, run: str) -> Snapshot | None:
    """Return the snapshot of a run, None when the brand has no such run."""
    row = run_table.c
    with ledger.begin() as conn:
        select = sa.select(run_table).where(row.brand == brand, row.run == run)
        found = conn.execute(select).mappings().first()
    return None if found is None else _snapshot(found)


def finding_of(row: Row) -> Finding:
    """Read one row of the ledger, or one that was kept of it."""
    return Finding(
        fingerprint=row["fingerprint"],
        check=row["check_id"],
        severity=row["severity"],
        state=row["state"],
        owner=row["owner"],
        subject_kind=row["subject_kind"],
        subject_key=row["subject_key"],
        customer_id=row["customer_id"],
        contact_id=row["contact_id"],
        centra=_side(row["centra"]),
        emarsys=_side(row["emarsys"]),
        first_seen=aware(row["first_seen"]),
        last_seen=aware(row["last_seen"]),
        run=row["run"],
        people=row["people"],
        money=money_of(row),
        cause=row["cause"],
        remedy=row["remedy"],
        contained=row["contained"],
        occurred_at=_told(row["occurred_at"]),
        moved_by=row["moved_by"] or "unknown",
        moved_at=_told(row["since"]),
        agreed=_side(row["agreed"]),
        incident=row["incident"],
        accepted_until=_told(row["accepted_until"]),
        accepted_reason=row["accepted_reason"],
        confirmed=row["confirmed"],
    )


def _side(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text)


def money_of(row: Row) -> Money | None:
    """Read what a row of the ledger is worth; None where no sum is known."""
    minor = row["money_minor"]
    return None if minor is None else Money(minor, row["currency"])


def aware(moment: datetime) -> datetime:
    """Say of a moment of the ledger, which keeps UTC without a zone, that it is UTC."""
    return moment.replace(tzinfo=UTC)


def _told(moment: datetime | None) -> datetime | None:
    return None if moment is None else aware(moment)


def record_run(ledger: Ledger, brand: str, snapshot: Snapshot) -> None:
    """Write a run down once its snapshot stands; the verdict follows with `close_run`."""
    with ledger.begin_result() as conn:
        conn.execute(
            run_table.insert().values(
                run=snapshot.run,
                brand=brand,
                as_of=stored(snapshot.as_of),
                coverage=msgspec.json.encode(snapshot.coverage).decode(),
            )
        )


def close_run(ledger: Ledger, audit: Audit) -> None:
    """Write down what a run came to."""
    tally = audit.tally
    values = {
        "verdict": audit.verdict,
        "total": tally.total,
        "new": tally.new,
        "resolved": tally.resolved,
        "open": msgspec.json.encode(dict(audit.standing)).decode(),
    }
    with ledger.begin_result() as conn:
        conn.execute(run_table.update().where(run_table.c.run == audit.run).values(values))


def last_snapshot(ledger: Ledger, brand: str) -> Snapshot | None:
    """Return the newest snapshot of a brand, None before the first."""
    row = run_table.c
    newest = sa.select(run_table).where(row.brand == brand).order_by(row.as_of.desc()).limit(1)
    with ledger.begin() as conn:
        found = conn.execute(newest).mappings().first()
    return None if found is None else _snapshot(found)


def streams_read_since(ledger: Ledger, brand: str, moment: datetime) -> frozenset[str]:
    """Return the streams that a run which began after a moment has read to their end.

    Args:
        ledger: Where runs live.
        brand: Whose runs.
        moment: Aware.
    """
    row = run_table.c
    newer = sa.select(row.coverage).where(row.brand == brand, row.as_of > stored(moment))
    with ledger.begin() as conn:
        found = conn.execute(newer).scalars().all()
    return frozenset(
        line.stream
        for text in found
        for line in msgspec.json.decode(text, type=tuple[Coverage, ...])
        if line.is_usable
    )


def _snapshot(row: sa.RowMapping) -> Snapshot:
    coverage = msgspec.json.decode(row["coverage"], type=tuple[Coverage, ...])
    return Snapshot(row["run"], aware(row["as_of"]), coverage)


def usual_rows(ledger: Ledger, brand: str, stream: str, runs: int = 7) -> int | None:
    """Return the median row count of a stream over its newest complete reads, None without any."""
    row = run_table.c
    # Of all runs: were it only of the newest, what was not believed for a week would be believed then.
    newest = sa.select(row.coverage).where(row.brand == brand).order_by(row.as_of.desc())
    with ledger.begin() as conn:
        usable = (
            line.rows
            for text in conn.execute(newest).scalars()
            for line in msgspec.json.decode(text, type=tuple[Coverage, ...])
            if line.stream == stream and line.is_usable
        )
        counts = sorted(islice(usable, runs))
    return counts[len(counts) // 2] if counts else None


def open_severities(ledger: Ledger, brand: str, but: Collection[str] = ()) -> dict[Severity, int]:
    """Return how many findings are open and not accepted, by severity; those of some checks left out."""
    row = finding_table.c
    return _by_severity(ledger, brand, row.state.in_(OPEN) & row.check_id.not_in(but))


def standing_severities(ledger: Ledger, brand: str) -> dict[Severity, int]:
    """Return how many findings stand, accepted ones included, by severity."""
    return _by_severity(ledger, brand, finding_table.c.state != "resolved")


def _by_severity(ledger: Ledger, brand: str, which: ColumnElement[bool]) -> dict[Severity, int]:
    row = finding_table.c
    select = (
        sa.select(row.severity, sa.func.count())
        .where(row.brand == brand, which)
        .group_by(row.severity)
        .order_by(row.severity)
    )
    with ledger.begin() as conn:
        return {found[0]: int(found[1]) for found in conn.execute(select)}


def runs(ledger: Ledger, brand: str, limit: int = 60) -> list[PastRun]:
    """Return the newest runs that came to a verdict, newest first."""
    row = run_table.c
    select = (
        sa.select(row.run, row.as_of, row.verdict, row.total, row.new, row.resolved, row.open)
        .where(row.brand == brand, row.verdict.is_not(None))
        .order_by(row.as_of.desc(), row.run.desc())
        .limit(limit)
    )
    with ledger.begin() as conn:
        return [
            PastRun(found[0], aware(found[1]), *found[2:6], severities=_tally(found[6]))
            for found in conn.execute(select)
        ]


def _tally(text: str | None) -> dict[Severity, int]:
    return {} if text is None else msgspec.json.decode(text)
