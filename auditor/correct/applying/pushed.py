"""What was pushed of the catalogue since an audit, in whatever plans: a later push must hold it, too.

A push is the feed with some cells set, and the feed knows of none of them. A push that left out what
another plan of the same audit has set would take it back. The receipts name the changes; what they set
stands in the files of their plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.correct.applying.journal import MADE, UNDECIDED, plan_table, receipt_table
from auditor.errors import StalePlanError, UnsafePlanError
from auditor.model.plan import CatalogueCells, decoded, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.findings.ledger import Ledger
    from auditor.model.plan import Change, Plan

PUSHES = frozenset({"push_catalogue"})
"""Remedies whose requests replace a whole, with what others have sent."""


@dataclass(frozen=True, slots=True)
class Push:
    """A change that was pushed, or may have been.

    Attributes:
        digest: Of its plan.
        path: Where the file of its plan stood when it was applied.
    """

    digest: str
    path: str
    change: str


def pushed(ledger: Ledger, plan: Plan, digest: str) -> list[Change]:
    """Return what was pushed, or may have been, since the audit of a plan; the last push comes last.

    Args:
        ledger: Where receipts are kept.
        plan: The plan that is applied, which may have pushed some of it itself.
        digest: Of its file.

    Raises:
        UnsafePlanError: the file of another plan is gone or was changed.
    """
    changes = {digest: _by_id(plan)}
    made: list[Change] = []
    for one in _pushes(ledger, plan):
        if one.digest not in changes:
            changes[one.digest] = _by_id(_plan_of(one))
        made.append(changes[one.digest][one.change])
    return made


def lost(ledger: Ledger, plan: Plan, digest: str) -> str | None:
    """Say why a plan that pushes the catalogue would take back what others have pushed; None if not."""
    if not any(isinstance(one.request, CatalogueCells) for one in plan.changes):
        return None
    try:
        pushed(ledger, plan, digest)
    except UnsafePlanError as exc:
        return str(exc)
    return None


def _pushes(ledger: Ledger, plan: Plan) -> list[Push]:
    receipt, applied = receipt_table.c, plan_table.c
    of_plan = sa.and_(applied.brand == receipt.brand, applied.digest == receipt.digest)
    select = (
        sa.select(receipt.digest, applied.path, receipt.change_id)
        .join_from(receipt_table, plan_table, of_plan)
        .where(
            receipt.brand == plan.brand,
            receipt.run == plan.run,
            receipt.remedy.in_(PUSHES),
            receipt.state.in_((*MADE, *UNDECIDED)),
        )
        .order_by(receipt.intended_at, receipt.digest, receipt.change_id)
    )
    with ledger.begin() as conn:
        return [Push(*found) for found in conn.execute(select)]


def _plan_of(push: Push) -> Plan:
    """Read the plan of a push from where it stood when it was applied."""
    try:
        content = Path(push.path).read_bytes()
        if digest_of(content) == push.digest:
            return decoded(content)
    except (OSError, StalePlanError):
        pass
    raise UnsafePlanError(
        f"{push.path}: this plan has pushed cells of the catalogue since the audit, and its file is "
        "gone or was changed; a push without them would take them back: audit again and make a new plan."
    )


def _by_id(plan: Plan) -> Mapping[str, Change]:
    return {change.id: change for change in plan.changes}
