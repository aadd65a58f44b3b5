"""A desk where plans are made: books that are reconciled, a ledger of their findings, settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml

from auditor.config import load_settings
from auditor.correct.planning import Material, make_plan
from auditor.expect.suites import load_checks
from auditor.findings import query
from auditor.findings.lifecycle import update
from auditor.model.snapshot import Snapshot
from auditor.resources import expectation_files
from tests.reconcile.books import NOW, TERMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from auditor.config import Settings
    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Check, Finding
    from auditor.model.plan import Change, Plan, Proposal
    from auditor.reconcile.terms import Terms
    from tests.reconcile.books import Books

SETTINGS: dict[str, Any] = {
    "brand": "desk",
    "centra": {"url": "https://localhost/graphql", "token": "${TOKEN}"},
    "emarsys": {
        "url": "https://localhost/api/v3",
        "auth": {
            "type": "oauth2",
            "token_url": "https://localhost/token",
            "client_id": "u",
            "client_secret": "${TOKEN}",
        },
        "fields": {"external_id": 4711},
        "contacts": {"segment": 1},
        "events": {"shipped": "order_shipped", "confirmed": "order_confirmation"},
        "sales": {"url": "https://localhost/hapi/merchant/M", "token": "${TOKEN}"},
    },
}
RUN = "2026-11-23T05:00:00Z-desk"
CHECKS = {e.check.id: e.check for e in load_checks(expectation_files())}


def read_settings(
    folder: Path, change: Callable[[dict[str, Any]], object] | None = None
) -> Settings:
    """Return the settings of the desk, changed as asked."""
    raw = yaml.safe_load(yaml.safe_dump(SETTINGS))
    if change is not None:
        change(raw)
    file = folder / "auditor.yaml"
    file.write_text(yaml.safe_dump(raw))
    return load_settings(file, {"TOKEN": "none"})


@dataclass
class Desk:
    """Books, their findings and a brand's settings; plans are made of them."""

    books: Books
    ledger: Ledger
    settings: Settings
    records: dict[str, int] = field(default_factory=lambda: {"emarsys": 10_000, "centra": 10_000})
    sent: frozenset[tuple[str, str, str]] = frozenset()
    in_flight: frozenset[tuple[str, str, str]] = frozenset()
    run: str = RUN
    seen_at: datetime = NOW
    terms: Terms = TERMS
    shuffled: Callable[[list[Finding]], list[Finding]] = list

    def audit(self, *suites: str) -> None:
        """Reconcile the books and keep what differs as findings of the run, of these suites or of all."""
        self.books.suites = frozenset(suites) or None
        self.books.drift(self.terms)
        self.keep()

    def keep(self, checks: Mapping[str, Check] = CHECKS) -> None:
        """Keep what the drift tables hold as findings of the run, in which these checks ran."""
        update(
            self.ledger,
            self.books.warehouse,
            checks,
            brand="desk",
            run=self.run,
            seen_at=self.seen_at,
        )

    def plan(self, **asked: Any) -> tuple[Plan, list[Proposal]]:
        """Make the plan of what the ledger holds."""
        with self.books.warehouse.engine.connect() as conn:
            return make_plan(self._material(conn), **asked)

    def _material(self, conn: sa.Connection) -> Material:
        def findings_of(check: str) -> Iterator[Finding]:
            return iter(
                self.shuffled(list(query.findings(self.ledger, "desk", query.Only(check=check))))
            )

        return Material(
            checks=CHECKS.values(),
            findings_of=findings_of,
            conn=conn,
            snapshot=Snapshot(RUN, NOW.replace(tzinfo=UTC), ()),
            settings=self.settings,
            terms=self.terms,
            records=self.records,
            expectations="e",
            tool="0",
            sent=self.sent,
            in_flight=self.in_flight,
        )

    def changes(self, check: str) -> list[Change]:
        """Return the changes that a plan of one check holds."""
        plan, _ = self.plan(only_check=check)
        return list(plan.changes)

    def proposals(self, check: str) -> list[dict[str, str]]:
        """Return the rows that are proposed for one check."""
        _, proposals = self.plan(only_check=check)
        return [one.row for one in proposals]

    def reasons(self, check: str) -> list[str]:
        """Return why findings of one check are left."""
        plan, _ = self.plan(only_check=check)
        return [one.reason for one in plan.withheld]

    def with_settings(self, settings: Settings) -> Desk:
        """Return the same desk under other settings."""
        return replace(self, settings=settings)
