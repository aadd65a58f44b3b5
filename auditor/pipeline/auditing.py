"""One audit from reading to report."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from auditor.correct.applying.journal import WEEK, Journal
from auditor.expect.judge import judge, not_judged
from auditor.expect.suites import load_checks
from auditor.findings import incidents, query
from auditor.findings.causes import find_causes
from auditor.findings.confirmed import mark
from auditor.findings.ledger import Ledger
from auditor.findings.lifecycle import update
from auditor.findings.orphans import orphans
from auditor.model.audit import Audit
from auditor.pipeline import reading
from auditor.pipeline.confirming import (
    Confirmed,
    confirm,
    due,
    look_for_merged,
    may_be_merged,
    not_proven,
    usable_of,
)
from auditor.pipeline.judging import require_places, require_suites, terms_of_run
from auditor.pipeline.leased import leased
from auditor.pipeline.partial import judged_before, whole
from auditor.pipeline.rehearsal import fly_canary
from auditor.pipeline.reporting import keep, publish
from auditor.pipeline.run import Done, Stages
from auditor.reconcile import agreed
from auditor.reconcile.bridge import read_money
from auditor.reconcile.features import DriftFeatures
from auditor.reconcile.run import reconcile_again
from auditor.reconcile.terms import unconfigured
from auditor.report.audit_json import audit_json
from auditor.resources import expectation_files
from auditor.verdict import verdict_of
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import publish as publish_copy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from auditor.expect.expectation import Expectation
    from auditor.model.finding import CheckResult, Severity
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline.partial import Whole
    from auditor.pipeline.run import Run
    from auditor.reconcile.terms import Terms
    from auditor.snapshot.concerned import Suspect


def audit(
    run: Run,
    *,
    suites: Collection[str] = (),
    take_snapshot: bool = True,
    with_canary: bool = False,
    is_told: bool = False,
    anew: bool = False,
) -> Done:
    """Run one audit from reading to report.

    Args:
        run: The brand and its surroundings.
        suites: Only these suites; every one when empty.
        take_snapshot: Whether to read both systems; otherwise the last snapshot is judged again.
        with_canary: Whether to prove on a shadow copy that every check still finds what it is for.
        is_told: Whether `tell` follows; where this process dies before, that of a later run tells it.
        anew: Whether to judge everything, where otherwise what was touched since the last run would do.

    Raises:
        ConfigError: the settings name something that is not there; nothing was judged.
        RefusedError: a system refuses the credentials.
    """
    done = _audit(
        run,
        suites,
        take_snapshot=take_snapshot,
        with_canary=with_canary,
        is_told=is_told,
        anew=anew,
    )
    publish_copy(run.settings.store.warehouse)
    return done


def _audit(
    run: Run,
    suites: Collection[str],
    *,
    take_snapshot: bool,
    with_canary: bool,
    is_told: bool,
    anew: bool,
) -> Done:
    expectations = load_checks(expectation_files(run.folder))
    require_suites(suites, {e.check.suite for e in expectations})
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(run.settings.store.ledger)))
        run = stack.enter_context(leased(run, ledger))
        stages = Stages(run.progress)
        warehouse = stack.enter_context(closing(Warehouse(run.settings.store.warehouse)))
        with stages.stage("snapshot"):
            needed = _needed(expectations)
            taken = (
                reading.take_snapshot(run, ledger, warehouse, only=needed)
                if take_snapshot
                else reading.last_snapshot(run, ledger)
            )
        with stages.stage("reconcile"):
            terms, unlooked = _reconciled(
                run, (ledger, warehouse), taken, is_fresh=take_snapshot, anew=anew
            )
        looked = Confirmed()
        if terms is not None:
            asked = [e for e in expectations if not suites or e.check.suite in suites]
            looked = _settle(
                run,
                warehouse,
                terms,
                taken,
                due(run, ledger, warehouse, taken, asked) if take_snapshot else [],
                stages,
            )
        with stages.stage("expect"):
            checks = not_proven(
                judge(
                    warehouse.engine,
                    expectations,
                    taken,
                    suites=set(suites) or None,
                    off=unconfigured(run.settings, taken.as_of),
                ),
                unlooked,
            )
        canary = None
        if with_canary and terms is not None:
            with stages.stage("canary"):
                canary = fly_canary(warehouse, terms, taken, expectations, checks)
        with stages.stage("findings"):
            all_ = _whole(run, warehouse, taken, expectations, suites, checks)
            all_ = replace(all_, canary=canary or all_.canary, reread=looked.told or all_.reread)
            audited = _findings(run, (ledger, warehouse), terms, taken, checks, all_)
            mark(ledger, run.settings.brand, looked.marks)
        with stages.stage("report"):
            told = replace(audited, stages=dict(stages.seconds), unlooked=unlooked)
            page = publish(run, ledger, keep(run, ledger, warehouse, told, is_told=is_told))
            return _done(ledger, told, checks if suites else told.checks, page)


def _whole(
    run: Run,
    warehouse: Warehouse,
    taken: Snapshot,
    expectations: Iterable[Expectation],
    suites: Collection[str],
    judged: tuple[CheckResult, ...],
) -> Whole:
    known = [e.check for e in expectations]
    if not suites:
        return whole(judged, known, suites, None, {})
    unsaid = unconfigured(run.settings, taken.as_of)
    unjudged = not_judged(warehouse.engine, known, taken, unsaid)
    off = {one.check.id: one.reason or "" for one in unjudged if one.outcome == "off"}
    return whole(judged, known, suites, judged_before(run.settings.brand, taken.run), off)


def _done(ledger: Ledger, told: Audit, judged: tuple[CheckResult, ...], page: Path) -> Done:
    """Tell of the suites that were asked for; the record that was kept is of them all."""
    asked_for = audit_json(replace(told, checks=judged), page.as_posix())
    return Done(told, asked_for, page, _severities(ledger, told.brand, told.checks))


def _severities(ledger: Ledger, brand: str, checks: Iterable[CheckResult]) -> frozenset[Severity]:
    """Return the severities that the verdict is made of."""
    beside = [one.check.id for one in checks if not one.holds]
    return frozenset(query.open_severities(ledger, brand, beside))


def _needed(expectations: Iterable[Expectation]) -> set[str]:
    """Return the streams that some check needs: nothing is asked of a system in vain."""
    checks = [expectation.check for expectation in expectations]
    return {"currencies"}.union(*(check.needs + check.heeds for check in checks))


def _reconciled(
    run: Run, stores: tuple[Ledger, Warehouse], taken: Snapshot, *, is_fresh: bool, anew: bool
) -> tuple[Terms | None, int]:
    """Reconcile what was read; where nothing was, nothing is judged, and the base currency is unknown.

    Returns also of how many customers it is not known whether they were merged away: of a stored run as
    when it was taken.
    """
    if not any(line.is_usable for line in taken.coverage):
        return None, 0
    ledger, warehouse = stores
    require_places(run.settings, warehouse)
    undone = Journal(ledger, run.settings.brand, run.clock).undone(taken.as_of - WEEK)
    terms = replace(terms_of_run(run.settings, warehouse, taken), undone=undone)
    if is_fresh:
        unlooked = look_for_merged(run, warehouse, terms, taken)
    else:
        before = judged_before(run.settings.brand, taken.run)
        # Whoever only took a snapshot has looked nobody up.
        unlooked = before.unlooked if before else len(may_be_merged(warehouse, taken))
    reconcile_again(warehouse, terms, taken.run, usable=usable_of(taken), anew=anew)
    return terms, unlooked


def _settle(
    run: Run,
    warehouse: Warehouse,
    terms: Terms,
    taken: Snapshot,
    doubted: Sequence[Suspect],
    stages: Stages,
) -> Confirmed:
    """Read both sides of doubted findings again; of what then differs, say which side moved."""
    looked = Confirmed()
    if doubted:
        with stages.stage("reread"):
            looked = confirm(run, warehouse, terms, taken, doubted)
    with stages.stage("attribute"):
        agreed.attribute(warehouse, terms, taken.run, usable=usable_of(taken))
    return looked


def _findings(
    run: Run,
    stores: tuple[Ledger, Warehouse],
    terms: Terms | None,
    snapshot: Snapshot,
    judged: tuple[CheckResult, ...],
    all_: Whole,
) -> Audit:
    brand, (ledger, warehouse) = run.settings.brand, stores
    ran = {result.check.id: result.check for result in judged if result.outcome in ("pass", "fail")}
    at = snapshot.as_of.astimezone(UTC).replace(tzinfo=None)
    causes = find_causes(DriftFeatures(warehouse, terms), ran, brand=brand) if terms else []
    tally = update(ledger, warehouse, ran, brand=brand, run=snapshot.run, seen_at=at)
    incidents.keep(ledger, causes, ran, brand=brand, run=snapshot.run, seen_at=at)
    checks = (*all_.checks, *orphans(ledger, brand, [one.check.id for one in all_.checks]))
    severities = _severities(ledger, brand, checks)
    verdict = verdict_of(snapshot.coverage, checks, severities, all_.canary)
    audited = Audit(
        snapshot.run,
        brand,
        snapshot.as_of,
        verdict,
        snapshot.coverage,
        checks,
        tally,
        incidents=incidents.incidents(ledger, brand),
        canary=all_.canary,
        reread=all_.reread,
        standing=query.standing_severities(ledger, brand),
        suites=all_.suites,
    )
    return _with_money(audited, warehouse, snapshot)


def _with_money(audited: Audit, warehouse: Warehouse, snapshot: Snapshot) -> Audit:
    """Add the money figures, unless an order or a sale may be missing from them."""
    with warehouse.engine.connect() as conn:
        bridge, verified_share = read_money(conn, usable_of(snapshot))
    return replace(audited, bridge=bridge, verified_share=verified_share)
