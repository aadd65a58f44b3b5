"""Judges copies: the canary's, in which drift is planted, and stored runs."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from auditor.archive import Archive
from auditor.backtest.compare import Comparison, Subject, compare, found_in
from auditor.backtest.restore import restore, without
from auditor.canary.flight import take_off, take_off_alone, together, unforgiving
from auditor.canary.shadow import Shadow
from auditor.errors import ConfigError, StoreError
from auditor.expect.judge import judge
from auditor.expect.suites import load_checks
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.drift import link_stream
from auditor.model.finding import CheckResult
from auditor.pipeline.judging import require_places, require_suites, terms_of_run
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import unconfigured
from auditor.resources import expectation_files
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from auditor.canary.flight import Flight
    from auditor.expect.expectation import Expectation
    from auditor.model.audit import Canary, StreamLag
    from auditor.model.snapshot import Snapshot
    from auditor.pipeline.run import Done, Run
    from auditor.reconcile.terms import Terms


EVERY_RUN = 10_000
NOT_RESTORED = {
    "freshness.correction_undone": "Which corrections had been made by then is not restored."
}


def fly_canary(
    warehouse: Warehouse,
    terms: Terms,
    taken: Snapshot,
    expectations: Iterable[Expectation],
    checks: Collection[CheckResult],
) -> Canary:
    """Let the canary fly: plant a case of every check into copies, and judge the copies."""
    judged = {result.check.suite for result in checks}
    silent = {r.check.id for r in checks if r.outcome not in ("pass", "fail")}
    shipped = [e for e in load_checks(expectation_files()) if e.check.suite in judged]
    asked = [e for e in unforgiving(expectations) if e.check.id not in silent]
    every = {e.check.id for e in shipped} | {result.check.id for result in checks}
    with _shadow() as shadow, _shadow() as bare:
        flights = (
            take_off(warehouse, shadow, Shadow(terms), shipped, silent),
            take_off_alone(bare, Shadow(terms), shipped, silent),
        )
        told = together(_flown(flight, asked, taken) for flight in flights)
        unasked = every.difference(*(flight.owed for flight in flights))
        return replace(told, unasked=tuple(sorted(unasked)))


def _flown(flight: Flight, expectations: Collection[Expectation], taken: Snapshot) -> Canary:
    suites = {check.partition(".")[0] for check in flight.subjects}
    suites |= {e.check.suite for e in flight.built_ins}
    if not suites:
        return flight.answer(())
    reconcile(flight.shadow, flight.copy.terms, suites=suites)
    flight.spoil()
    return flight.answer(judge(flight.shadow.engine, expectations, taken, suites=suites))


@contextmanager
def _shadow() -> Iterator[Warehouse]:
    """Open an empty warehouse that is gone afterwards."""
    with (
        TemporaryDirectory(prefix="auditor-") as folder,
        closing(Warehouse(f"duckdb:///{folder}/shadow.duckdb")) as shadow,
    ):
        yield shadow


def backtest(run: Run, of: str, *, suites: Collection[str] = ()) -> Comparison:
    """Judge a stored run again, under the present expectations; the stores stay as they are.

    Args:
        run: The brand and its surroundings.
        of: The id of the stored run.
        suites: Only these suites; every one when empty.

    Raises:
        ConfigError: there is no such run, or no such suite.
    """
    expectations = load_checks(expectation_files(run.folder))
    require_suites(suites, {e.check.suite for e in expectations})
    settings = run.settings
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(settings.store.ledger)))
        warehouse = stack.enter_context(closing(Warehouse(settings.store.warehouse)))
        shadow = stack.enter_context(_shadow())
        stored = _stored(run, ledger, of, option="--run")
        require_places(settings, warehouse)
        run.progress.stage("restore")
        taken = without(stored, restore(warehouse, shadow, stored))
        learn(shadow, _lags_before(ledger, settings.brand, stored))
        run.progress.stage("reconcile")
        reconcile(shadow, terms_of_run(settings, shadow, taken), suites=set(suites) or None)
        run.progress.stage("expect")
        off = unconfigured(settings, taken.as_of)
        judged = judge(shadow.engine, expectations, taken, suites=set(suites) or None, off=off)
        checks = tuple(map(without_past, judged))
        before = query.open_at(ledger, settings.brand, stored.as_of)
        return compare(of, {Subject(*row) for row in before}, found_in(shadow), checks)


def without_past(result: CheckResult) -> CheckResult:
    """Return the result of a check on a stored run: off, where what it goes by is not restored."""
    if result.check.id not in NOT_RESTORED:
        return result
    return CheckResult(result.check, "off", reason=NOT_RESTORED[result.check.id])


def learn(shadow: Warehouse, lags: Iterable[StreamLag]) -> None:
    """Write down, as a run finds it, how late each stream was in the run before."""
    rows = [{"stream": one.stream, "lag_p95_s": one.p95_s} for one in lags]
    with shadow.engine.begin() as conn:
        if rows:
            conn.execute(link_stream.insert(), rows)


def _lags_before(ledger: Ledger, brand: str, stored: Snapshot) -> tuple[StreamLag, ...]:
    """Return what the run before a stored one had measured; nothing where nothing is kept of it."""
    known = query.runs(ledger, brand, limit=EVERY_RUN)
    earlier = next((past for past in known if past.as_of < stored.as_of), None)
    if earlier is None:
        return ()
    with suppress(StoreError):
        return Archive(brand).record(earlier.run).lags
    return ()


def _stored(run: Run, ledger: Ledger, of: str, *, option: str) -> Snapshot:
    stored = query.stored_snapshot(ledger, run.settings.brand, of)
    if stored is None:
        raise ConfigError(f"{option} {of}: there is no such run; the report's index lists them.")
    return stored


def require_run(run: Run, since: str) -> None:
    """Refuse a run to compare with that is not there, before an audit is made for it.

    Raises:
        ConfigError: there is no such run.
    """
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        _stored(run, ledger, since, option="--since")


def changes_since(run: Run, done: Done, since: str) -> Comparison:
    """Compare what stands open after an audit with what stood open after an earlier run.

    Raises:
        ConfigError: there is no such run.
    """
    brand, audited = run.settings.brand, done.audit
    with closing(Ledger(run.settings.store.ledger)) as ledger:
        stored = _stored(run, ledger, since, option="--since")
        before, now = (query.open_at(ledger, brand, at) for at in (stored.as_of, audited.as_of))
    of_before, of_now = ({Subject(*row) for row in found} for found in (before, now))
    return compare(since, of_before, of_now, audited.checks)
