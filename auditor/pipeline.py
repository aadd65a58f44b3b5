"""The order of the stages: snapshot, reconcile, expect, findings, report. Nothing else knows it."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from auditor.errors import ConfigError, ReadError
from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.findings.lifecycle import update
from auditor.model.currency import MINOR_DIGITS
from auditor.model.finding import Audit
from auditor.model.tables import centra_currency
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import terms_of
from auditor.report.audit_json import audit_json
from auditor.report.build import PastRun, build_report
from auditor.report.write import write_report
from auditor.resources import bundled_folder, expectation_files
from auditor.snapshot.course import Terms as ReadingTerms
from auditor.snapshot.take import Progress as SnapshotProgress
from auditor.snapshot.take import Reading, take
from auditor.systems.connect import connected
from auditor.verdict import exit_code_of, verdict_of
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from auditor.config import Settings
    from auditor.expect.expectation import Expectation
    from auditor.model.finding import CheckResult, Finding, Severity
    from auditor.model.snapshot import Coverage, Snapshot
    from auditor.reconcile.terms import Terms

REPORTS = Path("reports/out")


class Progress(SnapshotProgress, Protocol):
    """Whoever wants to watch an audit."""

    def stage(self, name: str) -> None:
        """Hear which stage begins."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run needs beside its options.

    Attributes:
        folder: The folder of the settings file; a brand's own suites stand beside it.
        clock: Tells the present moment, aware and in UTC.
    """

    settings: Settings
    folder: Path
    clock: Callable[[], datetime]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """A finished audit.

    Attributes:
        json: The audit as others may rely on it.
        report: Where the report stands.
        severities: Of the findings that are open and not accepted.
    """

    audit: Audit
    json: bytes
    report: Path
    severities: frozenset[Severity]

    def exit_code(self, fail_on: Severity) -> int:
        """Return the exit code of `auditor audit`."""
        return exit_code_of(self.audit.verdict, self.severities, fail_on)


class Stages:
    """Announces each stage and keeps its wall seconds."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._progress.stage(name)
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)


def audit(run: Run, *, suites: Collection[str] = (), take_snapshot: bool = True) -> Done:
    """Run one audit from reading to report.

    Args:
        run: The brand and its surroundings.
        suites: Only these suites; every one when empty.
        take_snapshot: Whether to read both systems; otherwise the last snapshot is judged again.

    Raises:
        ConfigError: the settings name something that is not there; nothing was judged.
        RefusedError: a system refuses the credentials.
    """
    expectations = load_checks(expectation_files(run.folder))
    _require_suites(suites, {e.check.suite for e in expectations})
    stages = Stages(run.progress)
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(run.settings.store.ledger)))
        warehouse = stack.enter_context(closing(Warehouse(run.settings.store.warehouse)))
        with stages.stage("snapshot"):
            needed = _needed(expectations)
            taken = (
                _snapshot(run, ledger, warehouse, only=needed)
                if take_snapshot
                else _last(run, ledger)
            )
        with stages.stage("reconcile"):
            reconcile(warehouse, _terms(run.settings, warehouse, taken))
        with stages.stage("expect"):
            checks = judge(warehouse.engine, expectations, taken, suites=set(suites) or None)
        with stages.stage("findings"):
            audited = _findings(run, ledger, warehouse, taken, checks)
        with stages.stage("report"):
            return _report(run, ledger, replace(audited, stages=dict(stages.seconds)))


def _needed(expectations: Iterable[Expectation]) -> set[str]:
    """Return the streams that some check needs: nothing is asked of a system in vain."""
    checks = [expectation.check for expectation in expectations]
    return {"currencies"}.union(*(check.needs + check.heeds for check in checks))


def _require_suites(asked: Collection[str], known: Collection[str]) -> None:
    for name in asked:
        if name not in known:
            raise ConfigError(
                f"--suite {name}: no such suite; there are {', '.join(sorted(known))}."
            )


def snapshot(run: Run, *, full: bool = False) -> Snapshot:
    """Read both systems, what changed where that is enough, and store what was read.

    Args:
        run: The brand and its surroundings.
        full: Whether to read every stream whole.

    Raises:
        ConfigError: the settings name something that is not there.
        RefusedError: a system refuses the credentials.
    """
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(run.settings.store.ledger)))
        warehouse = stack.enter_context(closing(Warehouse(run.settings.store.warehouse)))
        run.progress.stage("snapshot")
        return _snapshot(run, ledger, warehouse, full=full)


def _snapshot(
    run: Run,
    ledger: Ledger,
    warehouse: Warehouse,
    *,
    full: bool = False,
    only: Collection[str] | None = None,
) -> Snapshot:
    settings = run.settings
    reading = Reading(
        f"{run.clock():%Y-%m-%dT%H:%M:%SZ}-{token_hex(2)}",
        warehouse,
        run.progress,
        run.clock,
        time.perf_counter,
        terms=_reading_terms(settings, full=full),
        guard=lambda line: _guarded(line, settings, ledger),
    )
    with connected(settings, run.clock, reading.halt.sleep, warehouse) as systems:
        wanted = [s for s in systems.streams if only is None or s.name in only]
        taken = take(wanted, reading)
    if any(line.system == "centra" and not line.complete for line in taken.coverage):
        # What was remembered of the API may be why; the next run asks again.
        warehouse.forget_schemas()
    query.record_run(ledger, settings.brand, taken)
    return taken


def _reading_terms(settings: Settings, *, full: bool) -> ReadingTerms:
    # Whatever may shape a row; secrets show no content here.
    basis = repr((settings.centra, settings.emarsys, settings.sales, settings.catalogue))
    sweep = settings.schedule.sweep if settings.schedule else None
    if sweep is None:
        return ReadingTerms(full, basis)
    return ReadingTerms(full, basis, lambda last, now: _has_fired(sweep, settings, last, now))


def _has_fired(cron: str, settings: Settings, last: datetime, now: datetime) -> bool:
    from apscheduler.triggers.cron import CronTrigger

    trigger = CronTrigger.from_crontab(cron, timezone=settings.timezone)
    due = trigger.get_next_fire_time(None, last + timedelta(seconds=1))
    return due is not None and bool(due <= now)


def _last(run: Run, ledger: Ledger) -> Snapshot:
    snapshot = query.last_snapshot(ledger, run.settings.brand)
    if snapshot is None:
        raise ConfigError(
            "--no-snapshot: there is no snapshot yet; run `auditor audit` without it."
        )
    return snapshot


def _guarded(line: Coverage, settings: Settings, ledger: Ledger) -> Coverage:
    """Disbelieve a stream that shrank below its guard: half the rows gone is a fault, not a fact."""
    usual = query.usual_rows(ledger, settings.brand, line.stream) if line.is_usable else None
    if usual is None or line.rows >= usual * settings.coverage.shrink_guard:
        return line
    reason = (
        f"It shrank to {line.rows} rows from usually {usual}; if that is right, lower "
        "coverage.shrink_guard for one run."
    )
    return replace(line, complete=False, reason=reason)


def _terms(settings: Settings, warehouse: Warehouse, snapshot: Snapshot) -> Terms:
    base = sa.select(centra_currency.c.code).where(centra_currency.c.is_base)
    with warehouse.engine.connect() as conn:
        currency = conn.scalar(base)
    if currency is None:
        raise ReadError("Centra's base currency was never read; run `auditor audit` again.")
    return terms_of(settings, snapshot.as_of, currency, MINOR_DIGITS[currency])


def _findings(
    run: Run,
    ledger: Ledger,
    warehouse: Warehouse,
    snapshot: Snapshot,
    checks: tuple[CheckResult, ...],
) -> Audit:
    brand = run.settings.brand
    ran = {result.check.id: result.check for result in checks if result.outcome in ("pass", "fail")}
    tally = update(
        ledger,
        warehouse,
        ran,
        brand=brand,
        run=snapshot.run,
        seen_at=snapshot.as_of.astimezone(UTC).replace(tzinfo=None),
    )
    verdict = verdict_of(snapshot.coverage, checks, query.open_severities(ledger, brand))
    return Audit(snapshot.run, brand, snapshot.as_of, verdict, snapshot.coverage, checks, tally)


def _report(run: Run, ledger: Ledger, audited: Audit) -> Done:
    def of_check(check: str) -> Iterator[Finding]:
        return query.findings(ledger, audited.brand, check=check)

    past = [row for row in query.runs(ledger, audited.brand) if row.run != audited.run]
    data = build_report(
        audited,
        of_check,
        zone=run.settings.timezone,
        history=[PastRun(row.run, row.as_of, row.verdict, row.total) for row in past],
    )
    page = write_report(
        data, REPORTS, Path(str(bundled_folder("reports/templates"))), findings=of_check
    )
    query.close_run(ledger, audited.run, audited.verdict, audited.tally)
    severities = query.open_severities(ledger, audited.brand)
    return Done(audited, audit_json(audited, page.as_posix()), page, severities)
