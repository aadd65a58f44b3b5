"""The way back: a plan of what would take back the changes of another, made of its receipts.

It is a plan like any other: it is approved by its own digest, passes the same rails, and expects to find
what was set. An opt-out has no way back, whoever asks.

Source:
    DESIGN 8, 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor.correct.applying.journal import MADE, UNDECIDED
from auditor.model.plan import Change, Withheld, change_id, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from auditor.correct.applying.journal import Receipt
    from auditor.model.plan import Plan

FOR_GOOD = "it cannot be taken back"
UNKNOWN = "nobody knows yet whether it was made; `auditor verify` finds out"
UNSEEN = "it does not show yet; once `auditor verify` has seen it, it can be taken back"


def undo_plan(
    plan: Plan, receipts: Mapping[str, Receipt], *, now: datetime, expiry: timedelta
) -> Plan:
    """Return the plan that takes back what was verified, without what has no way back.

    Args:
        plan: What was applied.
        receipts: What became of its changes.
        now: The time, aware; the expiry of the undo counts from it.
        expiry: How long a plan may be applied.
    """
    changes: list[Change] = []
    lasting: dict[tuple[str, str], int] = {}
    for change in plan.changes:
        receipt = receipts.get(change.id)
        if receipt is None or receipt.state not in (*MADE, *UNDECIDED):
            continue
        if change.undo is not None and receipt.state == "verified":
            changes.append(_taken_back(change))
            continue
        reason = _why_lasting(change, receipt)
        lasting[change.remedy, reason] = lasting.get((change.remedy, reason), 0) + 1
    return replace(
        plan,
        as_of=now,
        expires_at=now + expiry,
        changes=in_order(changes),
        proposals=(),
        proposed=0,
        withheld=tuple(
            Withheld(remedy, count, reason) for (remedy, reason), count in sorted(lasting.items())
        ),
    )


def _why_lasting(change: Change, receipt: Receipt) -> str:
    if change.undo is None:
        return change.why_no_undo or FOR_GOOD
    return UNKNOWN if receipt.state in UNDECIDED else UNSEEN


def _taken_back(change: Change) -> Change:
    assert change.undo is not None  # noqa: S101 - asked for by the caller
    return replace(
        change,
        id=change_id(change.origin.finding, change.undo),
        kind="confirm",
        request=change.undo,
        undo=change.request,
    )
