"""Deletes what is kept of plans that are done for too long; what was uploaded is never forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.correct.applying.effect import effect_table
from auditor.correct.applying.journal import UNDECIDED, plan_table, receipt_table
from auditor.findings.ledger import stored

if TYPE_CHECKING:
    from datetime import datetime


def delete_done(conn: sa.Connection, brand: str, before: datetime) -> int:
    """Delete applied plans with their receipts and effects; return how many plans.

    A plan stays as long as a change of it may have been sent and nobody knows, or is yet to show, and
    as long as it was touched since: until then it can be undone.

    Args:
        conn: In a transaction, which holds all of it.
        brand: Whose.
        before: What was last touched earlier goes; aware.
    """
    limit, plan, receipt = stored(before), plan_table.c, receipt_table.c
    touched = sa.or_(
        receipt.state.in_((*UNDECIDED, "pending")),
        receipt.intended_at >= limit,
        receipt.decided_at >= limit,
    )
    needed = sa.select(receipt.digest).where(receipt.brand == brand, touched)
    done = conn.scalars(
        sa.select(plan.digest).where(
            plan.brand == brand, plan.begun_at < limit, plan.digest.not_in(needed)
        )
    ).all()
    for digest in done:
        for table in (receipt_table, effect_table, plan_table):
            conn.execute(table.delete().where(table.c.brand == brand, table.c.digest == digest))
    return len(done)


def applied(conn: sa.Connection, brand: str) -> frozenset[str]:
    """Return the digests of the plans of which receipts are kept."""
    row = plan_table.c
    return frozenset(conn.scalars(sa.select(row.digest).where(row.brand == brand)))
