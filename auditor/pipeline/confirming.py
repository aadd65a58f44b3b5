"""Reads both sides of new critical findings again before they are raised."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.errors import ConfigError, ReadError
from auditor.findings import query
from auditor.model.audit import Reread
from auditor.reconcile.run import reconcile_again
from auditor.snapshot.concerned import left_behind, suspects
from auditor.snapshot.reread import Again, Seen, read_customers, reread
from auditor.systems.points import opened_points

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from auditor.expect.expectation import Expectation
    from auditor.findings.ledger import Ledger
    from auditor.model.finding import CheckResult
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline.run import Run
    from auditor.reconcile.terms import Terms
    from auditor.snapshot.concerned import Suspect
    from auditor.warehouse import Warehouse

log = logging.getLogger(__name__)

_OF_MERGES = ("identity.orphaned_by_merge", "identity.sales_on_orphan")
"""The checks that find what a merge left behind, once it is known of the customer."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a second look has shown.

    Attributes:
        told: The count of it; None where nothing was due.
        marks: By check and subject of what was due, whether it was borne out.
    """

    told: Reread | None = None
    marks: Mapping[tuple[str, str], bool] = field(default_factory=dict)


def due(
    run: Run,
    ledger: Ledger,
    warehouse: Warehouse,
    taken: Snapshot,
    expectations: Iterable[Expectation],
) -> list[Suspect]:
    """Return the critical findings about one contact or order that would be raised for the first time."""
    usable = usable_of(taken)
    checks = {
        e.check.id
        for e in expectations
        if e.check.severity == "critical" and e.table is None and set(e.check.needs) <= usable
    }
    if not (checks and run.settings.coverage.reread):
        return []
    known = query.open_subjects(ledger, run.settings.brand, checks)
    return [one for one in suspects(warehouse.engine, checks) if (one.check, one.key) not in known]


def may_be_merged(warehouse: Warehouse, taken: Snapshot) -> list[str]:
    """Return the customers who have to be looked up; a sweep needs no look, and nobody can be missed by it."""
    line = taken.line("customers")
    if line is None or line.mode != "incremental":
        return []
    if not {"customers", "orders"} <= usable_of(taken):
        return []
    with warehouse.engine.connect() as conn:
        return left_behind(conn)


def look_for_merged(run: Run, warehouse: Warehouse, terms: Terms, taken: Snapshot) -> int:
    """Look up the customers whose orders moved to somebody else since the last sweep.

    An incremental reading does not tell who is gone; a sweep and a look at the one customer do.
    Returns of how many it is not known.

    Source:
        CHECKS.md, Terms, "Merged away"; Centra reference 3.2.
    """
    moved = may_be_merged(warehouse, taken)
    if not moved:
        return 0
    again = _again(run, warehouse, usable_of(taken), taken)
    try:
        with opened_points(run.settings, terms.currency, run.clock, warehouse) as points:
            return read_customers(points, again, moved)
    except (ReadError, ConfigError) as exc:
        log.warning("%d customers are not looked up: %s", len(moved), exc)
        return len(moved)


def not_proven(checks: Iterable[CheckResult], unlooked: int) -> tuple[CheckResult, ...]:
    """Let no check of merges pass while it is not known of some customers whether they were merged away.

    What such a check did find stands.
    """
    if not unlooked:
        return tuple(checks)
    who = "1 customer" if unlooked == 1 else f"{unlooked} customers"
    reason = f"{who} whose orders are another's now could not be looked up in Centra."
    return tuple(
        replace(one, outcome="skipped", reason=reason)
        if one.check.id in _OF_MERGES and one.outcome == "pass"
        else one
        for one in checks
    )


def confirm(
    run: Run, warehouse: Warehouse, terms: Terms, taken: Snapshot, some: Sequence[Suspect]
) -> Confirmed:
    """Read both sides of some findings again, reconcile anew what changed, and say what stands.

    What could not be read again stands as it was found.
    """
    again = _again(run, warehouse, usable_of(taken), taken)
    seen, requests = _read(run, terms, again, some)
    if seen.changed:
        reconcile_again(warehouse, terms, taken.run, usable=usable_of(taken))
    looked_at = {(one.kind, one.key) for one in seen.suspects}
    before = {(one.check, one.key) for one in some}
    after = suspects(warehouse.engine, {one.check for one in some})
    marks = {
        (one.check, one.key): (one.kind, one.key) in looked_at
        for one in after
        if (one.check, one.key) in before or (one.kind, one.key) in looked_at
    }
    late = sum((one.check, one.key) not in marks for one in seen.suspects)
    confirmed = sum(marks.values())
    told = Reread(confirmed, late, len(marks) - confirmed, requests, seen.reason)
    return Confirmed(told, marks)


def _again(run: Run, warehouse: Warehouse, usable: Collection[str], taken: Snapshot) -> Again:
    privacy, calls = run.settings.privacy, run.settings.coverage.reread
    pepper = privacy.pepper.reveal() if privacy.pepper else None
    return Again(taken.run, warehouse, usable, calls, pepper)


def _read(run: Run, terms: Terms, again: Again, some: Sequence[Suspect]) -> tuple[Seen, int]:
    """Read again as far as both systems answer."""
    with ExitStack() as stack:
        try:
            points = stack.enter_context(
                opened_points(run.settings, terms.currency, run.clock, again.warehouse)
            )
        except (ReadError, ConfigError) as exc:
            return Seen(reason=str(exc)), 0
        seen = reread(points, again, some)
        return seen, points.requests


def usable_of(taken: Snapshot) -> set[str]:
    """Return the streams from which a missing record may be concluded."""
    return {line.stream for line in taken.coverage if line.is_usable}
