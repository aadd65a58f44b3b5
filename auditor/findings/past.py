"""The findings of one run: those of the newest as they stand now, those of an earlier one as they stood then."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.archive import Archive
from auditor.errors import ConfigError
from auditor.findings import query
from auditor.findings.ledger import VALUES, finding_table, history_table, run_table
from auditor.model.finding import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Finding


def findings_of_run(
    ledger: Ledger,
    brand: str,
    run: str,
    *,
    check: str | None = None,
    state: str | None = None,
    limit: int | None = None,
) -> Iterator[Finding]:
    """Yield what a run found or saw resolved, the gravest and dearest first.

    The ledger holds each finding as the newest run left it. An earlier run is told from what was kept of
    it, and what it saw resolved from the history.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        run: The run's id.
        check: Only those of this check.
        state: Only those in this state.
        limit: At most this many.

    Raises:
        ConfigError: there is no such run, or none of it was judged.
        StoreError: nothing is kept of it.
    """
    newest = [past.run for past in query.runs(ledger, brand, limit=1)]
    _require_run(ledger, brand, run, is_any=bool(newest))
    if [run] == newest:
        return query.findings(ledger, brand, run=run, check=check, state=state, limit=limit)
    found = (
        one
        for one in _earlier(ledger, brand, run)
        if check in (None, one.check) and state in (None, one.state)
    )
    return islice(found, limit)


def known_checks(ledger: Ledger, brand: str) -> set[str]:
    """Return the ids of the checks that ever found something, also of those that are no more."""
    row = finding_table.c
    with ledger.begin() as conn:
        select = sa.select(row.check_id).where(row.brand == brand).distinct()
        return set(conn.execute(select).scalars())


def _require_run(ledger: Ledger, brand: str, run: str, *, is_any: bool) -> None:
    row = run_table.c
    select = sa.select(row.verdict).where(row.brand == brand, row.run == run)
    with ledger.begin() as conn:
        found = conn.execute(select).first()
    if not is_any:
        raise ConfigError(f"--run {run}: nothing was audited yet; run `auditor audit` first.")
    if found is None:
        raise ConfigError(f"--run {run}: there is no such run; the report's index lists them.")
    if found.verdict is None:
        raise ConfigError(f"--run {run}: it was read and never judged, and has no findings.")


def _earlier(ledger: Ledger, brand: str, run: str) -> Iterator[Finding]:
    batches = Archive(brand).findings(run)
    stood = (query.finding_of(row) for batch in batches for row in batch.to_pylist())
    found = (one for one in stood if one.run == run)
    return heapq.merge(found, _resolved(ledger, brand, run), key=_exposure)


def _resolved(ledger: Ledger, brand: str, run: str) -> list[Finding]:
    """Return what a run saw resolved, with the values that it had then."""
    row, past = finding_table.c, history_table.c
    select = (
        sa.select(finding_table, past.seen_at)
        .add_columns(*[past[name].label(f"then_{name}") for name in VALUES])
        .select_from(finding_table.join(history_table, row.fingerprint == past.fingerprint))
        .where(row.brand == brand, past.run == run, past.state == "resolved")
    )
    with ledger.begin() as conn:
        found = {
            one["fingerprint"]: _as_it_was(one, run) for one in conn.execute(select).mappings()
        }
    return sorted(found.values(), key=_exposure)


def _as_it_was(row: sa.RowMapping, run: str) -> Finding:
    then = {name: row[f"then_{name}"] for name in VALUES}
    now = {**row, **then, "state": "resolved", "run": run, "confirmed": None}
    one = query.finding_of({**now, "accepted_until": None, "accepted_reason": None})
    return replace(one, last_seen=min(one.last_seen, query.aware(row["seen_at"])))


def _exposure(finding: Finding) -> tuple[int, str, int, str]:
    minor = finding.money.minor if finding.money else 0
    return -SEVERITIES.index(finding.severity), finding.check, -minor, finding.subject_key
