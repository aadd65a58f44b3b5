"""The checks that no suite has any more while findings of theirs stand: told as off, with why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings.ledger import finding_table
from auditor.model.finding import SEVERITIES, Check, CheckResult

if TYPE_CHECKING:
    from collections.abc import Collection

    from auditor.findings.ledger import Ledger

TITLE = "What a check found that no suite has any more."
WHY = "No suite has this check any more; what it found before stands."


def orphans(ledger: Ledger, brand: str, known: Collection[str]) -> tuple[CheckResult, ...]:
    """Return what stands in place of the results of such checks.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        known: The ids of the checks that the suites have.
    """
    row = finding_table.c
    select = (
        sa.select(row.check_id, row.severity, row.owner)
        .where(row.brand == brand, row.state != "resolved", row.check_id.not_in(known))
        .distinct()
        .order_by(row.check_id, row.owner)
    )
    with ledger.begin() as conn:
        found = conn.execute(select).all()
    gravest = {one.check_id: one for one in sorted(found, key=lambda one: SEVERITIES.index(one[1]))}
    return tuple(
        CheckResult(
            Check(check, check.partition(".")[0], TITLE, one.severity, one.owner, needs=()),
            "off",
            reason=WHY,
        )
        for check, one in sorted(gravest.items())
    )
