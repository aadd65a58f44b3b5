"""Critical findings that stand for too long are told to somebody else, once a week."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.config.settings import Escalation
from auditor.config.values import Duration
from auditor.mail.escalation import escalation, overdue
from auditor.report.build import build_report
from auditor.report.rows import Taken, take
from tests.mail.test_digest import LINK, TEMPLATES
from tests.report import examples
from tests.report.stored import stored

if TYPE_CHECKING:
    from auditor.mail.letter import Letter
    from auditor.model.finding import Finding
    from auditor.report.build import ReportData

CONSENT = "consent.withdrawn_but_opted_in"
DATA = examples.report(examples.critical_audit())


def limits(**after: timedelta) -> Escalation:
    told: dict[str, Duration] = {owner: Duration(length) for owner, length in after.items()}
    return Escalation(to=("head@nordlys.example",), after=told)


def late(**after: Any) -> set[str]:
    return {one.incident.id for one in overdue(DATA, limits(**after))}


def letter(**after: Any) -> Letter | None:
    found = limits(**after)
    return escalation(overdue(DATA, found), DATA, found, TEMPLATES, LINK)


def test_only_what_is_critical_and_old_is_late():
    assert late(default=timedelta(days=1)) == {
        "consent.withdrawn_but_opted_in",
        "sales.missing_order",
    }


def test_what_is_younger_than_its_owner_may_take_is_not():
    assert late(default=timedelta(days=3)) == set()


def test_each_owner_has_a_limit_of_their_own():
    assert late(default=timedelta(days=9), crm=timedelta(hours=24)) == {
        "consent.withdrawn_but_opted_in"
    }


def test_nothing_late_is_no_letter():
    assert letter(default=timedelta(days=3)) is None


def test_it_goes_to_those_who_are_told_and_says_whose_it_is():
    made = letter(default=timedelta(days=1))
    assert made is not None
    assert made.to == ("head@nordlys.example",)
    assert "crm may take 1\u00a0d" in made.text
    assert made.subject == "[nordlys] Overdue: 2 critical incidents nobody has mended"


def test_it_is_the_same_letter_for_a_week():
    first, second = letter(default=timedelta(days=1)), letter(default=timedelta(days=1))
    assert first is not None
    assert second is not None
    assert (
        first.key
        == second.key
        == "escalation:2026-48:consent.withdrawn_but_opted_in,sales.missing_order"
    )


def test_what_somebody_has_accepted_is_not_late():
    taken = {
        row.id: Taken(total=2, accepted=2, stands_since=row.stands_since) for row in DATA.incidents
    }
    record = examples.record(examples.critical_audit())
    found = overdue(build_report(record, taken), limits(default=timedelta(days=1)))
    assert found == []


def only(*found: Any) -> ReportData:
    """Report what is found of the critical check of consent, and nothing else."""
    audit = examples.critical_audit()
    checks = tuple(one for one in audit.checks if one.check.id == CONSENT)
    audit = dataclasses.replace(audit, checks=checks)
    return build_report(examples.record(audit), take(stored(found), [CONSENT]))


def aged(key: str, days: int, **values: Any) -> Finding:
    first_seen = examples.AS_OF - timedelta(days=days)
    return examples.finding(CONSENT, key, first_seen=first_seen, **values)


def test_the_age_of_what_is_contained_does_not_make_what_is_young_late():
    data = only(aged("1", 0), aged("2", 30, contained=True, severity="warning"))
    assert overdue(data, limits(default=timedelta(days=3))) == []


def test_one_incident_of_many_findings_is_not_called_one_finding():
    found = limits(default=timedelta(days=3))
    data = only(*(aged(str(n), 30) for n in range(12)))
    made = escalation(overdue(data, found), data, found, TEMPLATES, LINK)
    assert made is not None
    assert made.subject == "[nordlys] Overdue: 1 critical incident nobody has mended"
