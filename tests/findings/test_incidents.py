"""An incident is measured from its findings, and keeps its beginning while they come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.findings.incidents import incidents, keep
from auditor.model.finding import Money
from auditor.model.incident import Cause
from tests.findings.days import CHECK, CHECKS, START

if TYPE_CHECKING:
    from auditor.model.finding import Check
    from auditor.model.incident import Incident
    from tests.findings.days import Days

NORWAY = Cause("i1", CHECK.id, "in the market Norway")


def audit(days: Days, *subjects: str, checks: dict[str, Check] | None = None) -> list[Incident]:
    """Audit a day whose findings all belong to one incident."""
    checks = CHECKS if checks is None else checks
    days.audit(*subjects, checks=checks, incident="i1", money_minor=100, currency="SEK")
    seen_at = START + timedelta(days=days.day)
    causes = [NORWAY] if checks else []
    keep(days.ledger, causes, checks, brand="nordlys", run=f"run-{days.day}", seen_at=seen_at)
    return list(incidents(days.ledger, "nordlys"))


def test_an_incident_adds_its_findings_up(days: Days):
    (found,) = audit(days, "900", "901", "902")
    assert (found.findings, found.people, found.money) == (3, 3, Money(300, "SEK"))


def test_an_incident_says_what_is_wrong_why_and_whose_it_is(days: Days):
    (found,) = audit(days, "900")
    assert (found.title, found.owner, found.severity) == (
        "People who withdrew are opted in, all in the market Norway.",
        "crm",
        "critical",
    )


def test_an_incident_began_with_its_first_finding_even_when_that_is_gone(days: Days):
    for subjects in (["900"], ["900", "901"], ["901"]):
        (found,) = audit(days, *subjects)
    assert (found.findings, found.first_seen.replace(tzinfo=None)) == (1, START + timedelta(days=1))


def test_an_incident_without_findings_is_over(days: Days):
    audit(days, "900")
    assert audit(days) == []


def test_an_incident_whose_check_did_not_run_goes_on(days: Days):
    audit(days, "900")
    assert [found.findings for found in audit(days, checks={})] == [1]


def test_who_stands_behind_several_findings_is_one_person(days: Days):
    days.audit("900", "901", incident="i1", customer_id="4711")
    keep(days.ledger, [NORWAY], CHECKS, brand="nordlys", run="run-1", seen_at=START)
    assert [found.people for found in incidents(days.ledger, "nordlys")] == [1]


def test_findings_that_reach_many_people_add_them_up(days: Days):
    days.audit("900", "901", incident="i1", people=20)
    keep(days.ledger, [NORWAY], CHECKS, brand="nordlys", run="run-1", seen_at=START)
    assert [found.people for found in incidents(days.ledger, "nordlys")] == [40]
