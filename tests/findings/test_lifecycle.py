"""A problem keeps one identity from the run that finds it to the run that sees it gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.findings.ledger import Ledger, finding_table
from auditor.findings.lifecycle import update
from auditor.findings.query import findings
from auditor.model.drift import drift_consent
from auditor.model.finding import Check, Tally, fingerprint
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        row = {"check_id": CHECK.id, "subject_kind": "contact", "people": 1, "contained": False}
        with self.warehouse.engine.begin() as conn:
            conn.execute(drift_consent.delete())
            for subject in subjects:
                conn.execute(
                    drift_consent.insert().values(subject_key=subject, **{**row, **values})
                )
        return update(
            self.ledger,
            self.warehouse,
            CHECKS if checks is None else checks,
            brand="nordlys",
            run=f"run-{self.day}",
            seen_at=START + timedelta(days=self.day),
        )

    def states(self) -> dict[str, str]:
        with self.ledger.begin() as conn:
            rows = conn.execute(sa.select(finding_table.c.subject_key, finding_table.c.state))
            return {row.subject_key: row.state for row in rows}

    def accept(self, subject: str, until: datetime) -> None:
        with self.ledger.begin() as conn:
            conn.execute(
                finding_table.update()
                .where(finding_table.c.subject_key == subject)
                .values(state="accepted", accepted_until=until)
            )


@pytest.fixture
def days(ledger_url: str, warehouse_url: str) -> Iterator[Days]:
    ledger, warehouse = Ledger(ledger_url), Warehouse(warehouse_url)
    yield Days(ledger, warehouse)
    ledger.close()
    warehouse.close()


def test_a_first_sight_is_new(days: Days):
    assert days.audit("900") == Tally(total=1, new=1)


def test_a_second_sight_is_ongoing(days: Days):
    days.audit("900")
    assert days.audit("900") == Tally(total=1, ongoing=1)


def test_what_is_gone_is_resolved(days: Days):
    days.audit("900", "901")
    assert days.audit("901") == Tally(total=1, ongoing=1, resolved=1)


def test_what_returns_is_regressed(days: Days):
    days.audit("900")
    days.audit()
    assert days.audit("900") == Tally(total=1, regressed=1)


def test_more_money_is_worse(days: Days):
    days.audit("900", money_minor=100, currency="SEK")
    assert days.audit("900", money_minor=101, currency="SEK") == Tally(total=1, worse=1)


def test_less_money_is_not_worse(days: Days):
    days.audit("900", money_minor=100, currency="SEK")
    assert days.audit("900", money_minor=99, currency="SEK") == Tally(total=1, ongoing=1)


def test_leaving_the_quarantine_list_is_worse(days: Days):
    days.audit("900", contained=True)
    assert days.audit("900", contained=False) == Tally(total=1, worse=1)


def test_a_contained_finding_is_one_severity_lower(days: Days):
    days.audit("900", contained=True)
    assert [f.severity for f in findings(days.ledger, "nordlys")] == ["warning"]


def test_a_check_that_did_not_run_resolves_nothing(days: Days):
    days.audit("900")
    days.audit(checks={})
    assert days.states() == {"900": "new"}


def test_a_check_that_did_not_run_leaves_its_findings_ongoing(days: Days):
    days.audit("900")
    assert days.audit(checks={}) == Tally(total=1, ongoing=1)


def test_an_accepted_finding_stays_accepted(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=30))
    assert days.audit("900") == Tally(total=1, accepted=1)


def test_an_acceptance_ends_on_its_date(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=2))
    assert days.audit("900") == Tally(total=1, ongoing=1)


def test_an_accepted_finding_that_grows_is_worse(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=30))
    assert days.audit("900", money_minor=5, currency="SEK") == Tally(total=1, worse=1)


def test_a_subject_that_stands_twice_is_one_finding(days: Days):
    assert days.audit("900", "900") == Tally(total=1, new=1)


def test_ninety_daily_runs_keep_one_identity(days: Days):
    for _ in range(90):
        days.audit("900")
    found = list(findings(days.ledger, "nordlys"))
    assert [(f.fingerprint, f.first_seen.date(), f.last_seen.date()) for f in found] == [
        (
            fingerprint("nordlys", CHECK.id, "900"),
            (START + timedelta(days=1)).date(),
            (START + timedelta(days=90)).date(),
        )
    ]


def test_a_side_without_values_is_no_record(days: Days):
    days.audit("900", emarsys_opt_in=1)
    (found,) = findings(days.ledger, "nordlys")
    assert (found.centra, found.emarsys) == (None, {"opt_in": 1})
