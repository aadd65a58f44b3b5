"""What a remedy is: one function from a finding, and what is known about it, to what is done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from auditor.model.plan import Change, Origin, Proposal, Stake, change_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime
    from typing import Literal

    import sqlalchemy as sa

    from auditor.config import Settings
    from auditor.correct.facts import Facts
    from auditor.model.finding import Finding, RemedyClass
    from auditor.model.plan import Request


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that is left as it is, and why."""

    reason: str


Outcome: TypeAlias = Change | Proposal | Left


@dataclass(frozen=True, slots=True)
class Case:
    """One finding on the desk of a remedy.

    Attributes:
        finding: What was found.
        remedy: The name of the remedy.
        kind: Its class, by expectation and policy.
        facts: What the warehouse knows.
        settings: The brand's.
        as_of: When the snapshot began, aware.
        currency: Centra's base currency.
        sent: Sales lines that were sent already, as (order, item, cause).
        in_flight: Those that the snapshot may not show yet.
    """

    finding: Finding
    remedy: str
    kind: RemedyClass
    facts: Facts
    settings: Settings
    as_of: datetime
    currency: str
    sent: Collection[tuple[str, str, str]] = field(default_factory=frozenset)
    in_flight: Collection[tuple[str, str, str]] = field(default_factory=frozenset)

    @property
    def contact(self) -> sa.RowMapping | None:
        """Return the finding's contact, None where the snapshot has none."""
        return self.facts.contacts.get(self.finding.contact_id or "")

    def field(self, name: str) -> str:
        """Return the id of a mapped contact field, as text."""
        return str(self.settings.emarsys.fields[name])

    @property
    def key_field(self) -> str:
        """Return the field that contacts are matched by, as text."""
        return self.field(self.settings.emarsys.key)

    def change(
        self,
        request: Request,
        *,
        undo: Request | None = None,
        why_no_undo: str | None = None,
        system: Literal["centra", "emarsys"] = "emarsys",
    ) -> Change:
        """Return a change that mends this finding."""
        return Change(
            id=change_id(self.finding.fingerprint, request),
            origin=self._origin,
            remedy=self.remedy,
            kind="auto" if self.kind == "auto" else "confirm",
            system=system,
            request=request,
            stake=self._stake,
            undo=undo,
            why_no_undo=why_no_undo,
        )

    def proposal(self, **row: str) -> Proposal:
        """Return something for a person to do about this finding."""
        return Proposal(self._origin, self.remedy, row, self._stake)

    @property
    def _origin(self) -> Origin:
        one = self.finding
        return Origin(
            one.fingerprint, one.check, one.subject_kind, one.subject_key, one.owner, one.severity
        )

    @property
    def _stake(self) -> Stake:
        money = self.finding.money
        return Stake(
            self.finding.people,
            None if money is None else money.minor,
            None if money is None else money.currency,
        )


class Remedy(Protocol):
    """Yields what is done about a finding: changes, proposals, or why nothing is."""

    def __call__(self, case: Case) -> Iterator[Outcome]:
        """Look at one finding."""


REMEDIES: dict[str, Remedy] = {}
"""Every remedy by its name, as the expectations name it."""

Function = TypeVar("Function", bound=Remedy)


def remedy(name: str) -> Callable[[Function], Function]:
    """Make a function the remedy of this name."""

    def register(function: Function) -> Function:
        REMEDIES[name] = function
        return function

    return register


GONE = Left("the record is not in the snapshot any more")
