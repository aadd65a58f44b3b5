"""A brand audited day after day, from hand-made drift tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.findings.ledger import finding_table, run_table
from auditor.findings.lifecycle import update
from auditor.findings.query import history
from auditor.findings.waivers import accept
from auditor.model.drift import drift_consent
from auditor.model.finding import Check, Tally, fingerprint

if TYPE_CHECKING:
    from auditor.findings.ledger import Ledger
    from auditor.warehouse import Warehouse

CHECK = Check(
    id="consent.withdrawn_but_opted_in",
    suite="consent",
    title="People who withdrew are opted in.",
    severity="critical",
    owner="crm",
    needs=(),
)
CHECKS = {CHECK.id: CHECK}
START = datetime(2026, 11, 1)


class Days:
    """A brand audited day after day."""

    def __init__(self, ledger: Ledger, warehouse: Warehouse) -> None:
        self.ledger, self.warehouse, self.day = ledger, warehouse, 0

    def audit(self, *subjects: str, checks: dict[str, Check] | None = None, **values: Any) -> Tally:
        self.day += 1
        return self.judge(*subjects, checks=checks, **values)

    def judge(self, *subjects: str, checks: dict[str, Check] | None = None, **values: Any) -> Tally:
        """Judge the day's snapshot, perhaps once more."""
        row = {"check_id": CHECK.id, "subject_kind": "contact", "people": 1, "contained": False}
        with self.warehouse.engine.begin() as conn:
            conn.execute(drift_consent.delete())
            if subjects:
                rows = [{"subject_key": subject, **row, **values} for subject in subjects]
                conn.execute(drift_consent.insert(), rows)
        return update(
            self.ledger,
            self.warehouse,
            CHECKS if checks is None else checks,
            brand="nordlys",
            run=f"run-{self.day}",
            seen_at=START + timedelta(days=self.day),
        )

    def end(self, *runs: str) -> None:
        """Let runs come to a verdict."""
        rest = {"brand": "nordlys", "as_of": START, "verdict": "critical", "coverage": "[]"}
        with self.ledger.begin() as conn:
            conn.execute(run_table.insert(), [{"run": run, **rest} for run in runs])

    def states(self) -> dict[str, str]:
        with self.ledger.begin() as conn:
            rows = conn.execute(sa.select(finding_table.c.subject_key, finding_table.c.state))
            return {row.subject_key: row.state for row in rows}

    def accept(self, subject: str, until: datetime) -> None:
        accept(
            self.ledger,
            "nordlys",
            fingerprint("nordlys", CHECK.id, subject)[:8],
            until=until.replace(tzinfo=UTC),
            reason="known",
        )

    def history(self, subject: str) -> list[tuple[str, str]]:
        past = history(self.ledger, fingerprint("nordlys", CHECK.id, subject))
        return [(value.run, value.state) for value in past]
