"""What a plan was to mend, what it did mend, and what an audit since says; kept for every plan.

Source:
    DESIGN 1 (verify: resolved, persisting, new).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.correct.applying.journal import MADE, in_parts
from auditor.findings.ledger import finding_table, stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from auditor.correct.applying.journal import Receipt
    from auditor.findings.ledger import Ledger
    from auditor.model.plan import Plan

metadata = sa.MetaData()

effect_table = sa.Table(
    "effect",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("check_id", Text, primary_key=True),
    Column("predicted", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("resolved", Integer),  # NULL before an audit since
    Column("contained", Integer),
    Column("persisting", Integer),
    Column("new", Integer),
    Column("measured_at", DateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan did about one check, counted in findings.

    Attributes:
        predicted: Findings that the plan was to mend.
        made: Those of which every change was made.
        resolved: Those that an audit since shows no more; None before one.
        contained: Those that it still shows, and that are held back from every campaign.
        persisting: Those that it still shows, and that are not.
        new: Findings about the same records that came since.
    """

    check: str
    predicted: int
    made: int
    resolved: int | None = None
    contained: int | None = None
    persisting: int | None = None
    new: int | None = None


def measure(
    ledger: Ledger,
    plan: Plan,
    digest: str,
    receipts: Mapping[str, Receipt],
    *,
    is_audited: bool,
    at: datetime,
) -> list[Effect]:
    """Count and keep what a plan did, check by check.

    Args:
        ledger: Where findings live, and the effect is kept.
        plan: The plan.
        digest: Of its file.
        receipts: What became of its changes.
        is_audited: Whether a run since has judged the records.
        at: The time now, aware.
    """
    metadata.create_all(ledger.engine)
    made = _made(plan, receipts)
    findings: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for change in plan.changes:
        findings.setdefault(change.origin.check, set()).add(change.origin.finding)
        keys.setdefault(change.origin.check, set()).add(change.origin.key)
    with ledger.begin() as conn:
        every = {one for some in findings.values() for one in some}
        persisting, contained = (
            _open(conn, every, is_contained=False),
            _open(conn, every, is_contained=True),
        )
        effects = [
            Effect(
                check,
                len(some),
                len(some & made),
                len(some - persisting - contained) if is_audited else None,
                len(some & contained) if is_audited else None,
                len(some & persisting) if is_audited else None,
                _new(conn, plan, keys[check], some) if is_audited else None,
            )
            for check, some in sorted(findings.items())
        ]
        _keep(conn, plan.brand, digest, effects, at)
    return effects


def _made(plan: Plan, receipts: Mapping[str, Receipt]) -> set[str]:
    """Return the findings of which every change was made."""
    whole: dict[str, bool] = {}
    for change in plan.changes:
        receipt = receipts.get(change.id)
        is_made = receipt is not None and receipt.state in MADE
        whole[change.origin.finding] = whole.get(change.origin.finding, True) and is_made
    return {finding for finding, is_made in whole.items() if is_made}


def _open(conn: sa.Connection, findings: Collection[str], *, is_contained: bool) -> set[str]:
    row = finding_table.c
    return {
        found
        for part in in_parts(sorted(findings))
        for found in conn.execute(
            sa.select(row.fingerprint).where(
                row.fingerprint.in_(part),
                row.state != "resolved",
                row.contained == sa.literal(is_contained),
            )
        ).scalars()
    }


def _new(conn: sa.Connection, plan: Plan, keys: Collection[str], known: Collection[str]) -> int:
    """Count the findings about the same records that came after the plan."""
    row = finding_table.c
    return sum(
        found not in known
        for part in in_parts(sorted(keys))
        for found in conn.execute(
            sa.select(row.fingerprint).where(
                row.brand == plan.brand,
                row.subject_key.in_(part),
                row.state != "resolved",
                row.first_seen > stored(plan.as_of),
            )
        ).scalars()
    )


def _keep(
    conn: sa.Connection, brand: str, digest: str, effects: Iterable[Effect], at: datetime
) -> None:
    mine = sa.and_(effect_table.c.brand == brand, effect_table.c.digest == digest)
    conn.execute(sa.delete(effect_table).where(mine))
    rows = [
        {
            "brand": brand,
            "digest": digest,
            "check_id": one.check,
            "predicted": one.predicted,
            "made": one.made,
            "resolved": one.resolved,
            "contained": one.contained,
            "persisting": one.persisting,
            "new": one.new,
            "measured_at": stored(at),
        }
        for one in effects
    ]
    if rows:
        conn.execute(effect_table.insert(), rows)
