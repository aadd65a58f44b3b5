"""Judge the checks: which can run, what Great Expectations says, and what a failure amounts to."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.expect import failing, kept, parameters, rows, tally
from auditor.expect.at_hand import at_hand
from auditor.expect.expectation import NO_DRIFT, Case
from auditor.model.drift import drift_quality
from auditor.model.finding import CheckResult
from auditor.put_off import put_off

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from types import ModuleType

    import sqlalchemy as sa

    from auditor.expect.at_hand import AtHand
    from auditor.expect.expectation import Expectation
    from auditor.model.finding import Check
    from auditor.model.snapshot import Snapshot

    Keep = Callable[[str, str], None]

DRIFT = "drift"
"""The name under which the verdicts on all drift checks are kept; others go by their table."""


def judge(
    engine: sa.Engine,
    expectations: Iterable[Expectation],
    snapshot: Snapshot,
    *,
    suites: Collection[str] | None = None,
    off: Mapping[str, str] | None = None,
    keep: Keep | None = None,
) -> tuple[CheckResult, ...]:
    """Judge what reconcile left in the drift tables, and the canonical tables themselves.

    A check whose source is not configured is off, as is one that compares with an earlier reading
    where there is none yet; one whose stream was not read to its end is skipped, and one that crashed
    is an error: none of them passes.

    Frame:
        drift_quality: refilled with the complete failing rows of the built-ins that fail.

    Args:
        engine: The warehouse, after reconcile.
        expectations: What `load_checks` read.
        snapshot: What was read, and how completely.
        suites: Suites to judge, all when None; checks of others are left out of the answer.
        off: Suites and checks that the settings give nothing to judge by, each with the reason.
        keep: Takes each validation result: a name, and JSON text without personal data.
    """
    chosen = [e for e in expectations if suites is None or e.check.suite in suites]
    with engine.connect() as conn:
        hand = at_hand(conn, [e.check for e in chosen], snapshot, off or {})
    answers: dict[str, CheckResult | None] = {
        e.check.id: _without_judging(e.check, hand) for e in chosen
    }
    due = [e for e in chosen if answers[e.check.id] is None]
    with engine.begin() as conn:
        conn.execute(drift_quality.delete())
        values = parameters.values(conn, due, snapshot)
    if due:
        cases = [Case(e, e.filled(values)) for e in due]
        results = _run(engine, cases, snapshot, keep)
        for case in cases:
            results[case.id] = _with_rows(engine, case, results[case.id])
        answers |= _answers(engine, cases, results)
    return tuple(answer for answer in answers.values() if answer is not None)


def not_judged(
    engine: sa.Engine, checks: Collection[Check], snapshot: Snapshot, off: Mapping[str, str]
) -> list[CheckResult]:
    """Return the results of the checks that say nothing of a snapshot: off, whoever asks, or skipped.

    Args:
        engine: The warehouse.
        checks: Which to look at.
        snapshot: What was read.
        off: As for `judge`.
    """
    with engine.connect() as conn:
        hand = at_hand(conn, checks, snapshot, off)
    found = (_without_judging(check, hand) for check in checks)
    return [result for result in found if result is not None]


def _without_judging(check: Check, hand: AtHand) -> CheckResult | None:
    reason = hand.why_off(check)
    if reason is not None:
        return CheckResult(check, "off", reason=reason)
    reason = hand.why_skipped(check)
    return None if reason is None else CheckResult(check, "skipped", reason=reason)


def _run(
    engine: sa.Engine, cases: Sequence[Case], snapshot: Snapshot, keep: Keep | None
) -> dict[str, kept.Result]:
    results: dict[str, kept.Result] = {}
    with engine.connect() as conn:
        court = _great_expectations().Court(conn.execution_options(isolation_level="AUTOCOMMIT"))
        for table in dict.fromkeys(case.expectation.table for case in cases):
            part = [case for case in cases if case.expectation.table == table]
            if table is None:
                found = court.judge(DRIFT, part, select=tally.failed_and_checked(engine.dialect))
            else:
                found = court.judge(table, part)
            results |= found
            if keep is not None:
                keep(table or DRIFT, kept.as_json(table or DRIFT, found.values(), snapshot))
    return results


def _great_expectations() -> ModuleType:
    with warnings.catch_warnings():
        # It imports a deprecated module of the standard library, which nobody here can change.
        warnings.simplefilter("ignore", DeprecationWarning)
        put_off(
            "scipy", "stats"
        )  # a third of the time, for one expectation that hardly any suite has
        from auditor.expect import run
    return run


def _with_rows(engine: sa.Engine, case: Case, result: kept.Result) -> kept.Result:
    if case.expectation.type == NO_DRIFT or result.success or result.crash:
        return result
    try:
        with engine.begin() as conn:
            failing.write(conn, case)
    except Exception as exc:  # noqa: BLE001 - one check; without its rows it is no verdict
        return replace(result, crash=type(exc).__name__)
    return result


def _answers(
    engine: sa.Engine, cases: Sequence[Case], results: dict[str, kept.Result]
) -> dict[str, CheckResult]:
    with engine.connect() as conn:
        tallies = tally.count_drift(conn)
        checked = {c.id: _checked(conn, c, results[c.id]) for c in cases}
    return {
        case.id: _answer(case, results[case.id], checked[case.id], tallies.get(case.id))
        for case in cases
    }


def _checked(conn: sa.Connection, case: Case, result: kept.Result) -> int:
    if result.crash or result.checked is not None:
        return result.checked or 0
    return rows.count_rows(conn, case.expectation)


def _answer(
    case: Case, result: kept.Result, checked: int, drifted: tally.Tally | None
) -> CheckResult:
    check = case.expectation.check
    if result.crash:
        return CheckResult(check, "error", reason=result.crash)
    drift = drifted or tally.Tally()
    return CheckResult(
        check,
        "pass" if result.success else "fail",
        checked=checked,
        failed=drift.failed,
        people=drift.people,
        money=drift.money,
        contained=drift.contained,
    )
