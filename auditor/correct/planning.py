"""From findings to a plan: remedies asked batch by batch, then policy, caps and the law.

A plan can never write. It is a function of the findings, the snapshot and the settings: whatever order
they come in, the same bytes follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace as with_values

from auditor.correct.applying.batches import targets_of
from auditor.correct.caps import Usage, over_cap
from auditor.correct.facts import AT_ONCE, Facts
from auditor.correct.law import require_lawful
from auditor.correct.listing import lines_of
from auditor.correct.remedies import REMEDIES, Case, Left
from auditor.model.finding import SEVERITIES
from auditor.model.plan import (
    PLANNED,
    Change,
    ContactFields,
    NewContact,
    Plan,
    Proposal,
    Withheld,
    in_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    import sqlalchemy as sa

    from auditor.config import Settings
    from auditor.correct.remedies import Outcome
    from auditor.model.finding import Check, Finding, RemedyClass
    from auditor.model.plan import Request
    from auditor.model.snapshot import Snapshot
    from auditor.reconcile.terms import Terms

CAPPED = "over its cap (corrections.caps)"
BY_POLICY = "corrections.policy says that it is not corrected"
ACCEPTED = "accepted, or held back already"
UNSEEN = "the last audit could not judge it"
MADE = "corrected already; the next audit tells whether it helped"
TWICE = "another change of this plan does the same"
NEVER_SENT = frozenset(
    {
        *("erase_worklist", "propose_opt_in", "orphan_worklist", "duplicate_worklist"),
        *("compensation_file", "reattribution_file"),
    }
)
"""Remedies that are for people, whatever the policy says."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a plan is made of.

    Attributes:
        checks: Every check, with its remedy and class.
        findings_of: Gives the open findings of a check, the gravest first.
        conn: Of the warehouse, which holds the snapshot.
        snapshot: The newest one.
        terms: What it was judged by.
        records: How many records each system has, which shares are shares of.
        items: Rows of the catalogue feed.
        sent: Sales lines that were sent already.
        in_flight: Those that the snapshot may not show yet.
        made: Changes of this snapshot's findings that were made already, or may have been.
    """

    checks: Iterable[Check]
    findings_of: Callable[[str], Iterator[Finding]]
    conn: sa.Connection
    snapshot: Snapshot
    settings: Settings
    terms: Terms
    records: Mapping[str, int]
    expectations: str
    tool: str
    items: int = 0
    sent: Collection[tuple[str, str, str]] = field(default_factory=frozenset)
    in_flight: Collection[tuple[str, str, str]] = field(default_factory=frozenset)
    made: Collection[str] = field(default_factory=frozenset)


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    changes: dict[str, Change] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    withheld: dict[tuple[str, str], int] = field(default_factory=dict)
    streams: set[str] = field(default_factory=set)
    _kinds: dict[str, str] = field(default_factory=dict)

    def take(self, changes: Iterable[Change]) -> None:
        """Hold these changes."""
        for change in changes:
            self.changes[change.id] = change
            self._kinds |= dict.fromkeys(_aims(change.request), change.kind)

    def does(self, change: Change) -> bool:
        """Tell whether a change that is held does the same, and is made whenever this one would be.

        Applied, the second would find it done, and count as superseded.
        """
        kinds = [self._kinds[aim] for aim in _aims(change.request) if aim in self._kinds]
        return "auto" in kinds or (bool(kinds) and change.kind == "confirm")

    def leave(self, remedy: str, reason: str) -> None:
        """Count a finding that is left."""
        key = (remedy, reason)
        self.withheld[key] = self.withheld.get(key, 0) + 1


def make_plan(
    material: Material,
    *,
    only_check: str | None = None,
    owner: str | None = None,
    most: int | None = None,
) -> tuple[Plan, list[Proposal]]:
    """Return the plan, without its files, and what it proposes.

    Args:
        material: What it is made of.
        only_check: Only findings of this check.
        owner: Only findings of this owner.
        most: At most so many changes, the gravest.

    Raises:
        ForbiddenWriteError: a remedy came up with what is never sent.
    """
    draft = Draft()
    room = _Room(material, most)
    for check in sorted(material.checks, key=_gravest_first):
        if check.remedy is None or (only_check is not None and check.id != only_check):
            continue
        _plan_check(check, material, owner, draft, room)
    changes = in_order(draft.changes.values())
    require_lawful(changes, material.settings)
    snapshot, settings = material.snapshot, material.settings
    plan = Plan(
        brand=settings.brand,
        run=snapshot.run,
        tool=material.tool,
        expectations=material.expectations,
        as_of=snapshot.as_of,
        expires_at=snapshot.as_of + settings.corrections.expiry,
        streams=tuple(sorted(draft.streams)),
        records=dict(sorted(material.records.items())),
        currency=material.terms.currency,
        items=material.items,
        changes=changes,
        proposed=len(draft.proposals),
        withheld=tuple(
            Withheld(remedy, count, reason)
            for (remedy, reason), count in sorted(draft.withheld.items())
        ),
    )
    return plan, draft.proposals


def class_of(check: Check, settings: Settings) -> RemedyClass:
    """Return the class of a check's remedy: the brand's policy before the expectation's word.

    Source:
        DESIGN 4 (`corrections.policy`); CHECKS.md: a missing order is `auto` where a repeated upload
        replaces.
    """
    sales, usual = settings.emarsys.sales, check.remedy_class
    if check.id == "sales.missing_order" and sales is not None and sales.semantics == "replace":
        usual = "auto"
    return class_under(str(check.remedy), usual, settings)


def class_under(remedy: str, usual: RemedyClass, settings: Settings) -> RemedyClass:
    """Return the class of a remedy under a brand's policy; what is for people is never sent."""
    chosen = settings.corrections.policy.get(remedy, usual)
    return "propose" if _is_for_people(remedy, settings) and chosen in PLANNED else chosen


def _is_for_people(remedy: str, settings: Settings) -> bool:
    """Tell whether a remedy is never sent by this brand's auditor, whatever its policy says.

    The catalogue is pushed only where `emarsys.catalogue.push` says so.
    """
    catalogue = settings.emarsys.catalogue
    is_pushed = catalogue is not None and catalogue.push
    return remedy in NEVER_SENT or (remedy == "push_catalogue" and not is_pushed)


def _gravest_first(check: Check) -> tuple[int, str]:
    return -SEVERITIES.index(check.severity), check.id


def _plan_check(
    check: Check, material: Material, owner: str | None, draft: Draft, room: _Room
) -> None:
    remedy, kind = str(check.remedy), class_of(check, material.settings)
    asked = (f for f in material.findings_of(check.id) if owner is None or f.owner == owner)
    while batch := tuple(islice(asked, AT_ONCE)):
        if kind == "none":
            for _ in batch:
                draft.leave(remedy, BY_POLICY)
            continue
        facts = Facts(material.conn, batch, material.terms)
        for finding in batch:
            if finding.state == "accepted" or finding.contained:
                draft.leave(remedy, ACCEPTED)
                continue
            if not _is_judged(finding, material.snapshot):
                draft.leave(remedy, UNSEEN)
                continue
            case = Case(
                finding=finding,
                remedy=remedy,
                kind=kind,
                facts=facts,
                settings=material.settings,
                as_of=material.snapshot.as_of,
                currency=material.terms.currency,
                sent=material.sent,
                in_flight=material.in_flight,
            )
            outcomes = _ambiguous(case) if finding.remedy is None else REMEDIES[remedy](case)
            _place(case, _not_made(material, list(outcomes)), check, draft, room)


def _is_judged(finding: Finding, snapshot: Snapshot) -> bool:
    """Tell whether the snapshot showed a finding.

    What an audit wrote that was killed is its successor's to tell, under the successor's name, although
    that one may not have judged it.
    """
    return finding.run == snapshot.run and finding.last_seen == snapshot.as_of


def _not_made(material: Material, outcomes: list[Outcome]) -> list[Outcome]:
    """Leave the changes that an earlier plan of this snapshot has made."""
    return [
        Left(MADE) if isinstance(one, Change) and one.id in material.made else one
        for one in outcomes
    ]


def _ambiguous(case: Case) -> Iterator[Outcome]:
    yield case.proposal(
        contact_id=case.finding.contact_id or "",
        customer_id=case.finding.customer_id or "",
        do=f"decide which is right: {case.finding.cause or 'there are two answers'}",
    )


def _place(case: Case, outcomes: list[Outcome], check: Check, draft: Draft, room: _Room) -> None:
    """Put what a remedy said where it belongs; of the changes of one finding all are taken or none."""
    changes = [one for one in outcomes if isinstance(one, Change)]
    draft.proposals += [one for one in outcomes if isinstance(one, Proposal)]
    for reason in {one.reason for one in outcomes if isinstance(one, Left)}:
        draft.leave(case.remedy, reason)
    if not changes:
        return
    if case.kind == "propose":
        draft.proposals += [_as_proposal(case, change) for change in changes]
        return
    changes = [one for one in changes if not draft.does(one)]
    if not changes:
        draft.leave(case.remedy, TWICE)
    elif not room.takes(case.remedy, changes):
        draft.leave(case.remedy, CAPPED)
    else:
        draft.take(changes)
        draft.streams |= {*check.needs}


def _aims(request: Request) -> set[str]:
    """Return what two requests share that do the same: all, and of new contacts the key or the e-mail.

    Why a contact is opted out makes no difference: it is opted out once.
    """
    if isinstance(request, NewContact):
        return targets_of(request)
    if isinstance(request, ContactFields):
        request = with_values(request, consent=None)
    return {msgspec.json.encode(request, order="sorted").decode()}


def _as_proposal(case: Case, change: Change) -> Proposal:
    """Return a change for a person to make, in words."""
    names = case.settings.emarsys.field_names
    lines = lines_of(
        change.request, lambda field, value: f"{names.get(field, field)} = {value or 'nothing'}"
    )
    return case.proposal(
        contact_id=case.finding.contact_id or "",
        customer_id=case.finding.customer_id or "",
        do="; ".join(lines),
    )


class _Room:
    """How much of each remedy a plan may still hold."""

    def __init__(self, material: Material, most: int | None) -> None:
        self._material, self._most = material, most
        self._used: dict[str, Usage] = {}

    def takes(self, remedy: str, changes: list[Change]) -> bool:
        """Tell whether the changes of one more finding fit under the caps, and count them if so."""
        total = sum(used.changes for used in self._used.values()) + len(changes)
        if self._most is not None and total > self._most:
            return False
        wanted = self._used.get(remedy, Usage()).with_finding(changes)
        material = self._material
        if over_cap(remedy, wanted, material.settings, material.records, material.terms.currency):
            return False
        self._used[remedy] = wanted
        return True
