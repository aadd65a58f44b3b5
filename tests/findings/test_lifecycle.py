"""A problem keeps one identity from the run that finds it to the run that sees it gone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.errors import ConfigError
from auditor.findings.lifecycle import changed_between
from auditor.findings.query import Only, findings, history
from auditor.findings.standing import standing
from auditor.findings.waivers import accept
from auditor.model.finding import Tally, fingerprint
from tests.findings.days import CHECK, START

if TYPE_CHECKING:
    from tests.findings.days import Days


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


def test_an_accepted_finding_may_shrink_and_grow_again_up_to_what_was_accepted(days: Days):
    for money in (100, 40, 90):
        tally = days.audit("900", money_minor=money, currency="SEK")
        if days.day == 1:
            days.accept("900", START + timedelta(days=30))
    assert tally == Tally(total=1, accepted=1)


def test_an_amount_that_was_accepted_in_one_currency_is_not_accepted_in_another(days: Days):
    days.audit("900", money_minor=100, currency="SEK")
    days.accept("900", START + timedelta(days=30))
    assert days.audit("900", money_minor=90, currency="EUR") == Tally(total=1, worse=1)


def test_an_accepted_amount_may_go(days: Days):
    days.audit("900", money_minor=100, currency="SEK")
    days.accept("900", START + timedelta(days=30))
    assert days.audit("900") == Tally(total=1, accepted=1)


def test_an_accepted_finding_that_got_worse_stays_open(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=30))
    days.audit("900", money_minor=5, currency="SEK")
    assert days.audit("900", money_minor=5, currency="SEK") == Tally(total=1, ongoing=1)


def test_an_accepted_finding_that_returns_is_regressed(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=30))
    days.audit()
    assert days.audit("900") == Tally(total=1, regressed=1)


def test_a_waiver_lapses_although_its_check_did_not_run(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=2))
    days.audit(checks={})
    assert days.states() == {"900": "ongoing"}


def test_an_accepted_finding_whose_check_did_not_run_stays_accepted(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=30))
    assert days.audit(checks={}) == Tally(total=1, accepted=1)


def test_judging_a_run_again_changes_no_state(days: Days):
    days.audit("900")
    assert days.judge("900") == Tally(total=1, new=1)


def test_a_finding_keeps_the_history_of_its_values(days: Days):
    days.audit("900", emarsys_opt_in=1)
    days.audit("900", emarsys_opt_in=1)
    days.audit("900", emarsys_opt_in=2)
    past = history(days.ledger, fingerprint("nordlys", CHECK.id, "900"))
    assert [(value.run, value.emarsys) for value in past] == [
        ("run-1", {"opt_in": 1}),
        ("run-3", {"opt_in": 2}),
    ]


def test_the_history_tells_when_a_finding_went_and_returned(days: Days):
    for subjects in (["900"], [], [], ["900"], ["900"]):
        days.audit(*subjects)
    assert days.history("900") == [
        ("run-1", "new"),
        ("run-2", "resolved"),
        ("run-4", "regressed"),
    ]


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        ("zzzz", "no finding has this fingerprint"),
        ("", "no finding has this fingerprint"),
        ("%", "no finding has this fingerprint"),
    ],
)
def test_an_unknown_fingerprint_cannot_be_accepted(days: Days, prefix: str, says: str):
    days.audit("900")
    with pytest.raises(ConfigError, match=says):
        accept(days.ledger, "nordlys", prefix, until=datetime(2027, 1, 1, tzinfo=UTC), reason="x")


def test_an_ambiguous_fingerprint_cannot_be_accepted(days: Days):
    subjects = [str(number) for number in range(17)]  # two of them share their first hex digit
    days.audit(*subjects)
    first = [fingerprint("nordlys", CHECK.id, subject)[0] for subject in subjects]
    twice = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(ConfigError, match="several findings"):
        accept(days.ledger, "nordlys", twice, until=datetime(2027, 1, 1, tzinfo=UTC), reason="x")


def test_a_resolved_finding_cannot_be_accepted(days: Days):
    days.audit("900")
    days.audit()
    with pytest.raises(ConfigError, match="resolved"):
        days.accept("900", START + timedelta(days=30))


def test_ninety_daily_runs_of_flapping_problems_keep_one_identity_each(days: Days):
    chance = random.Random(90)  # noqa: S311 - which days a problem shows, the same each time
    subjects = [str(number) for number in range(20)]
    seen: dict[str, list[int]] = {subject: [] for subject in subjects}
    for day in range(1, 91):
        shown = [subject for subject in subjects if chance.random() < 0.5]
        skipped = day % 10 == 0
        days.audit(*shown, checks={} if skipped else None)
        for subject in () if skipped else shown:
            seen[subject].append(day)
    found = {
        f.subject_key: (f.fingerprint, f.first_seen.replace(tzinfo=None), f.last_seen.day)
        for state in (None, "resolved")
        for f in findings(days.ledger, "nordlys", Only(state=state))
    }
    assert found == {
        subject: (
            fingerprint("nordlys", CHECK.id, subject),
            START + timedelta(days=shown[0]),
            (START + timedelta(days=shown[-1])).day,
        )
        for subject, shown in seen.items()
    }


def test_a_side_without_values_is_no_record(days: Days):
    days.audit("900", emarsys_opt_in=1)
    (found,) = findings(days.ledger, "nordlys")
    assert (found.centra, found.emarsys) == (None, {"opt_in": 1})


def test_what_changed_between_two_audits_is_counted_once_whatever_it_did(days: Days):
    days.audit("900", "901")
    days.audit("900", "902", "903")
    days.audit("900", "903")
    days.audit("900", "904")
    days.end("run-2", "run-3")
    moments = ((START + timedelta(days=day)).replace(tzinfo=UTC) for day in (1, 4))
    # 901 went, 902 came and went, 903 came.
    assert changed_between(days.ledger, "nordlys", *moments) == {CHECK.id: 3}


def test_what_a_run_saw_that_came_to_no_verdict_is_no_change_yet(days: Days):
    days.audit("900")
    days.audit("900", "901")
    moments = ((START + timedelta(days=day)).replace(tzinfo=UTC) for day in (1, 3))
    assert changed_between(days.ledger, "nordlys", *moments) == {}


def test_what_returns_stands_since_it_returned_and_keeps_when_it_was_first_seen(days: Days):
    for subjects in (["900"], [], ["900"], ["900"]):
        days.audit(*subjects)
    (rows,) = standing(days.ledger, "nordlys")
    (row,) = rows.select(["first_seen", "stands_since"]).to_pylist()
    seen, since = (row[name].replace(tzinfo=None) - START for name in row)
    assert (seen.days, since.days) == (1, 3)
