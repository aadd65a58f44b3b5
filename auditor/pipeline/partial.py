"""An audit of some suites: what it did not judge stays as it was, and is never taken for agreement."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.archive import Archive
from auditor.errors import StoreError
from auditor.model.finding import NOT_ASKED, CheckResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from auditor.model.audit import Audit, Canary, Reread
    from auditor.model.finding import Check


@dataclass(frozen=True, slots=True)
class Whole:
    """A run as a whole, of which some suites were judged now.

    Attributes:
        checks: Every check: those judged now, those that were judged on this snapshot before, and the
            others, which are off.
        suites: Those that were judged on this snapshot, now or before; empty where all were.
        canary: The newest that flew over this snapshot.
        reread: What reading again came to when this snapshot was judged first.
    """

    checks: tuple[CheckResult, ...]
    suites: tuple[str, ...] = ()
    canary: Canary | None = None
    reread: Reread | None = None


def whole(
    judged: tuple[CheckResult, ...],
    known: Iterable[Check],
    suites: Collection[str],
    before: Audit | None,
    off: Mapping[str, str],
) -> Whole:
    """Put what was judged now into what a run came to before.

    Judging some suites of a stored run again must not cost the rest of its record: those results are of
    the same snapshot, and hold.

    Args:
        judged: The results of the suites that were asked for.
        known: Every check, in the order of the suites.
        suites: Those that were asked for; every one when empty.
        before: What the run came to before, None where it was not judged yet.
        off: Checks that would be off in any case, each with the reason.
    """
    if not suites:
        return Whole(judged)
    checks = list(known)
    kept = {} if before is None else {one.check.id: one for one in before.checks}
    now = {one.check.id: one for one in judged}
    results = tuple(
        now.get(check.id)
        or kept.get(check.id)
        or CheckResult(check, "off", reason=off.get(check.id, NOT_ASKED))
        for check in checks
    )
    every = {check.suite for check in checks}
    earlier = set() if before is None else set(before.suites) or every
    done = every & {*suites, *earlier}
    return Whole(
        results,
        () if done == every else tuple(sorted(done)),
        None if before is None else before.canary,
        None if before is None else before.reread,
    )


def judged_before(brand: str, run: str) -> Audit | None:
    """Return what is kept of a run that was judged already, None where nothing is."""
    with suppress(StoreError):
        return Archive(brand).record(run).audit
    return None
