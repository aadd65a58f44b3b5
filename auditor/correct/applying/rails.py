"""The rails: what must hold before the first request of a plan, and what before every single one.

Each rail is one function that raises. A plan that is refused sends nothing.

Source:
    DESIGN 8, 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from auditor.correct.caps import Usage, over_cap
from auditor.correct.law import require_lawful
from auditor.correct.planning import CAPPED, class_under
from auditor.errors import StalePlanError, StoppedError, UnsafePlanError
from auditor.model.plan import PLANNED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from auditor.config import Settings
    from auditor.model.finding import RemedyClass
    from auditor.model.plan import Change, Plan

AGAIN = "audit again and make a new plan"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plan that somebody wants applied, and what its rails look at.

    Attributes:
        digest: Of the plan's file.
        approved: The digest that came with the approval; None for a rehearsal, which sends nothing.
        now: The time, aware.
        read_since: Streams that a newer run has read to their end.
        halted: Why nothing may be written, None where it may.
        expectations: The digest of those that are in force; None where nobody asks.
        lost: Why it would take back what other plans have pushed; None where it would not.
    """

    plan: Plan
    digest: str
    approved: str | None
    settings: Settings
    now: datetime
    read_since: Collection[str] = ()
    halted: str | None = None
    expectations: str | None = None
    lost: str | None = None


Function = TypeVar("Function")

RAILS: dict[str, Callable[[Attempt], None]] = {}
"""Every rail of a plan by its name, in the order in which they are asked."""


def require_safe(attempt: Attempt) -> None:
    """Return when a plan may be applied now.

    Raises:
        UnsafePlanError: it may not; the message says what to do.
    """
    for holds in RAILS.values():
        holds(attempt)


def _named(rails: dict[str, Function], name: str) -> Callable[[Function], Function]:
    """Put a function among these rails."""

    def register(function: Function) -> Function:
        rails[name] = function
        return function

    return register


@_named(RAILS, "digest")
def _digest(attempt: Attempt) -> None:
    if attempt.approved is not None and attempt.approved != attempt.digest:
        raise StalePlanError(
            "--digest is not that of this plan: it was changed, or another one was approved. "
            f"The plan has {attempt.digest}; look at it before you approve it."
        )


@_named(RAILS, "brand")
def _brand(attempt: Attempt) -> None:
    if attempt.plan.brand != attempt.settings.brand:
        raise StalePlanError(
            f"The plan is one of {attempt.plan.brand}, the settings are those of "
            f"{attempt.settings.brand}; give the settings of the plan with --config."
        )


@_named(RAILS, "expiry")
def _expiry(attempt: Attempt) -> None:
    if attempt.now >= attempt.plan.expires_at:
        raise StalePlanError(
            f"The plan expired at {attempt.plan.expires_at:%Y-%m-%d %H:%M} UTC "
            f"(corrections.expiry); {AGAIN}."
        )


@_named(RAILS, "expectations")
def _expectations(attempt: Attempt) -> None:
    was = (
        attempt.plan.expectations
    )  # none for a plan that holds back whom an audience may not reach
    if was and attempt.expectations not in (None, was):
        raise StalePlanError(f"The expectations were changed since the plan was made; {AGAIN}.")


@_named(RAILS, "snapshot")
def _snapshot(attempt: Attempt) -> None:
    newer = sorted(set(attempt.plan.streams) & set(attempt.read_since))
    if newer:
        raise StalePlanError(
            f"The plan is superseded: {', '.join(newer)} were read again since; make a new plan."
        )


@_named(RAILS, "pushes")
def _pushes(attempt: Attempt) -> None:
    if attempt.lost is not None:
        raise UnsafePlanError(attempt.lost)


@_named(RAILS, "class")
def _class(attempt: Attempt) -> None:
    for change in attempt.plan.changes:
        if class_now(change, attempt.settings) not in PLANNED:
            raise UnsafePlanError(
                f"The plan holds {change.remedy}, which is for people (corrections.policy); "
                "make a new plan."
            )


@_named(RAILS, "caps")
def _caps(attempt: Attempt) -> None:
    plan, used = attempt.plan, dict[str, Usage]()
    for changes in _by_finding(plan.changes):
        remedy = changes[0].remedy
        used[remedy] = used.get(remedy, Usage()).with_finding(changes)
        over = over_cap(remedy, used[remedy], attempt.settings, plan.records, plan.currency)
        if over is not None:
            raise UnsafePlanError(
                f"The plan is over the cap {over} of {remedy} (corrections.caps); "
                "raise it, or make a smaller plan with --max."
            )


@_named(RAILS, "empty_side")
def _empty_side(attempt: Attempt) -> None:
    for system, count in attempt.plan.records.items():
        if count == 0:
            raise UnsafePlanError(
                f"The plan was made while {system} showed no records at all; {AGAIN}."
            )


@_named(RAILS, "direction")
def _direction(attempt: Attempt) -> None:
    require_lawful(attempt.plan.changes, attempt.settings)


@_named(RAILS, "meanwhile")
def _meanwhile(attempt: Attempt) -> None:
    """Ask beforehand what is asked again before every request."""
    require_now(Moment(attempt.settings, attempt.now, attempt.halted))


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment before a request, and what its rails look at.

    Attributes:
        now: The time, aware.
        halted: Why nothing may be written, None where it may.
        renew: Goes on being the only writer, or raises.
    """

    settings: Settings
    now: datetime
    halted: str | None = None
    renew: Callable[[], None] = lambda: None


MEANWHILE: dict[str, Callable[[Moment], None]] = {}
"""Every rail of a request by its name, in the order in which they are asked."""


def require_now(moment: Moment) -> None:
    """Return when a request may be sent at this moment.

    Raises:
        StoppedError: it may not; the message says why.
    """
    for holds in MEANWHILE.values():
        holds(moment)


@_named(MEANWHILE, "halt")
def _halt(moment: Moment) -> None:
    if moment.halted is not None:
        raise StoppedError(f"Corrections are stopped: {moment.halted}.")


@_named(MEANWHILE, "freeze")
def _freeze(moment: Moment) -> None:
    today = moment.now.astimezone(moment.settings.timezone).date()
    for freeze in moment.settings.corrections.freeze:
        if freeze.from_ <= today <= freeze.to:
            raise StoppedError(
                f"Corrections are frozen from {freeze.from_} to {freeze.to} (corrections.freeze)."
            )


@_named(MEANWHILE, "window")
def _window(moment: Moment) -> None:
    window, zone = moment.settings.corrections.window, moment.settings.timezone
    if window is not None and not window.holds(moment.now.astimezone(zone).time()):
        raise StoppedError(
            f"Corrections are made from {window.replace('-', ' to ')} {zone.key} alone "
            "(corrections.window); apply the plan then."
        )


@_named(MEANWHILE, "lease")
def _lease(moment: Moment) -> None:
    moment.renew()


def class_now(change: Change, settings: Settings) -> RemedyClass:
    """Return the class of a change as the settings are now."""
    return class_under(change.remedy, change.kind, settings)


def unattended(plan: Plan, settings: Settings) -> tuple[list[Change], list[Change]]:
    """Return what is made while nobody watches, all of it of class auto, and what is held.

    Held is a remedy of which there is more than its cap: that is what a fault upstream looks like, and an
    opt-out cannot be taken back. A person who has looked at the plan may apply what it holds.
    """
    auto = [change for change in plan.changes if class_now(change, settings) == "auto"]
    more = {one.remedy for one in plan.withheld if one.reason == CAPPED}
    made = [change for change in auto if change.remedy not in more]
    return made, [change for change in auto if change.remedy in more]


def _by_finding(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Return the changes of each finding and remedy, whose people and money count once."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.origin.finding, change.remedy), []).append(change)
    return groups.values()
