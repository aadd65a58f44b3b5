"""What a plan was to mend, what it did mend, and what an audit since says; kept for every plan.

Source:
    DESIGN 1 (verify: resolved, persisting, new).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.correct.applying.journal import MADE, in_parts
from auditor.findings.ledger import finding_table, stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from auditor.correct.applying.journal import Receipt
    from auditor.findings.ledger import Ledger
    from auditor.model.plan import Plan

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
    made = _made(plan, receipts)
    findings: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for change in plan.changes:
        findings.setdefault(change.origin.check, set()).add(change.origin.finding)
        keys.setdefault(change.origin.check, set()).add(change.origin.key)
    with ledger.begin() as conn:
        effects = []
        for check, some in sorted(findings.items()):
            effect = Effect(check, len(some), len(some & made))
            if is_audited:
                effect = _since(conn, plan, effect, some, keys[check])
            effects.append(effect)
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


def _since(
    conn: sa.Connection, plan: Plan, effect: Effect, findings: set[str], keys: Collection[str]
) -> Effect:
    """Add what an audit since says of the findings, and of their records."""
    held = _open(conn, findings)
    contained = sum(held.values())
    return replace(
        effect,
        resolved=len(findings) - len(held),
        contained=contained,
        persisting=len(held) - contained,
        new=_new(conn, plan, keys, findings),
    )


def _open(conn: sa.Connection, findings: Collection[str]) -> dict[str, bool]:
    """Return the findings that are open, and whether each is contained."""
    row = finding_table.c
    return {
        found[0]: found[1]
        for part in in_parts(sorted(findings))
        for found in conn.execute(
            sa.select(row.fingerprint, row.contained).where(
                row.fingerprint.in_(part), row.state != "resolved"
            )
        )
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
        {"brand": brand, "digest": digest, "measured_at": stored(at), "check_id": one.check}
        | {name: value for name, value in asdict(one).items() if name != "check"}
        for one in effects
    ]
    if rows:
        conn.execute(effect_table.insert(), rows)
