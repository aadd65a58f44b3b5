"""The findings of one run: those of the newest as they stand now, those of an earlier one as they stood then.

And which checks and owners may be asked for: those of the suites, and those that a finding has.
"""

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
from auditor.findings.lifecycle import OPEN
from auditor.model.finding import SEVERITIES
from auditor.prose import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Finding


def findings_of_run(
    ledger: Ledger,
    brand: str,
    run: str,
    only: query.Only = query.Only(),  # noqa: B008 - a tuple, which nobody changes
    *,
    limit: int | None = None,
) -> Iterator[Finding]:
    """Yield what a run found or saw resolved, the gravest and dearest first.

    The ledger holds each finding as the newest run left it, also one that is not judged yet, or died. An
    earlier run is told from what was kept of it, and what it saw resolved from the history.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        run: The run's id.
        only: Which of them.
        limit: At most this many.

    Raises:
        ConfigError: there is no such run, or none of it was judged.
        StoreError: nothing is kept of it.
    """
    newest = [past.run for past in query.runs(ledger, brand, limit=1)]
    _require_run(ledger, brand, run, is_any=bool(newest))
    if [run] == newest and not _is_overtaken(ledger, brand):
        return query.findings(ledger, brand, only, run=run, limit=limit)
    return islice(filter(only.has, _earlier(ledger, brand, run)), limit)


def require_check(ledger: Ledger, brand: str, check: str | None, listed: Iterable[str]) -> None:
    """Return when there is such a check, or none is asked for.

    Args:
        ledger: Where findings live; it knows the checks that are no more, too.
        brand: Whose findings.
        check: What `--check` names.
        listed: The checks of the suites.

    Raises:
        ConfigError: there is not; the message names one that is close.
    """
    known = {*listed, *_found(ledger, brand, finding_table.c.check_id)} if check else ()
    if check is not None and check not in known:
        hint = _meant(check, known) or "the report lists every check."
        raise ConfigError(f"--check {check}: no such check; {hint}")


def require_owner(
    ledger: Ledger, brand: str, owner: str | None, listed: Iterable[str]
) -> tuple[str, ...]:
    """Return the owners of open findings; that asked for may have none, but must be an owner.

    Args:
        ledger: Where findings live.
        brand: Whose findings.
        owner: What `--owner` names; None where nobody is asked for.
        listed: The owners of the checks of the suites.

    Raises:
        ConfigError: there is no such owner; the message names those that there are.
    """
    row = finding_table.c
    owners = tuple(sorted(_found(ledger, brand, row.owner, row.state.in_((*OPEN, "accepted")))))
    if owner is not None and owner not in {*listed, *owners}:
        hint = _meant(owner, {*listed, *owners}) or f"there are {', '.join(owners) or 'none'}."
        raise ConfigError(f"--owner {owner}: no open finding has this owner; {hint}")
    return owners


def _meant(name: str, known: Collection[str]) -> str | None:
    close = nearest(name, sorted(known))
    return f"did you mean {close}?" if close else None


def _found(
    ledger: Ledger, brand: str, column: sa.Column[str], *which: sa.ColumnElement[bool]
) -> set[str]:
    """Return the values of a column of a brand's findings."""
    select = sa.select(column).where(finding_table.c.brand == brand, *which).distinct()
    with ledger.begin() as conn:
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


def _is_overtaken(ledger: Ledger, brand: str) -> bool:
    """Tell whether a run without a verdict has touched findings: it is under way, or was killed."""
    row, past = finding_table.c, run_table.c
    unjudged = sa.select(past.run).where(past.brand == brand, past.verdict.is_(None))
    touched = sa.select(row.run).where(row.brand == brand, row.run.in_(unjudged)).limit(1)
    with ledger.begin() as conn:
        return conn.execute(touched).first() is not None


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
