"""Critical findings that stand for too long are told to somebody else, once a week."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.config.settings import Escalation
from auditor.config.values import Duration
from auditor.mail.escalation import escalation, overdue
from auditor.report.build import build_report
from auditor.report.rows import Taken
from tests.mail.test_digest import LINK, TEMPLATES
from tests.report import examples

if TYPE_CHECKING:
    from auditor.mail.letter import Letter

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
        row.id: Taken(total=2, accepted=2, first_seen=row.first_seen) for row in DATA.incidents
    }
    record = examples.record(examples.critical_audit())
    found = overdue(build_report(record, taken), limits(default=timedelta(days=1)))
    assert found == []
