"""Runs and findings that are over for too long leave the ledger; whatever stands does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.findings.expiry import NEWEST, Over, delete_over
from auditor.findings.ledger import incident_table, run_table
from auditor.findings.query import open_at, runs
from tests.findings.days import START

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.findings.days import Days


def on(day: int) -> datetime:
    return (START + timedelta(days=day)).replace(tzinfo=UTC)


def clean(days: Days, before: int, needed: Collection[str] = ()) -> Over:
    with days.ledger.begin() as conn:
        return delete_over(conn, "nordlys", on(before), needed)


def test_a_finding_goes_once_it_was_resolved_long_ago(days: Days):
    days.audit("900")
    days.audit()
    clean(days, before=3)
    assert (days.states(), days.history("900")) == ({}, [])


def test_a_finding_that_was_resolved_of_late_stays_whole(days: Days):
    days.audit("900")
    days.audit()
    clean(days, before=2)
    assert days.history("900") == [("run-1", "new"), ("run-2", "resolved")]


def test_it_counts_when_a_finding_was_resolved_and_not_when_it_was_seen(days: Days):
    days.audit("900")
    for _ in range(5):
        days.audit("900", checks={})  # nobody judges, for days
    days.audit()
    clean(days, before=6)
    assert days.states() == {"900": "resolved"}


def test_a_finding_that_stands_stays_however_old_it_is(days: Days):
    days.audit("900")
    clean(days, before=400)
    assert days.states() == {"900": "new"}


def test_an_accepted_finding_stays(days: Days):
    days.audit("900")
    days.accept("900", START + timedelta(days=900))
    clean(days, before=400)
    assert days.states() == {"900": "accepted"}


def test_of_the_values_of_what_stands_the_newest_of_before_stays(days: Days):
    for money in (1, 2, 3):
        days.audit("900", money_minor=money, currency="SEK")
    clean(days, before=3)
    assert [run for run, _ in days.history("900")] == ["run-2", "run-3"]


def test_since_when_it_stands_again_stays(days: Days):
    for money in (1, None, 2, 3):
        days.audit(*["900"] * bool(money), money_minor=money, currency="SEK")
    clean(days, before=400)
    assert days.history("900") == [("run-3", "regressed"), ("run-4", "worse")]


@pytest.mark.parametrize("day", [2, 3, 4])
def test_what_stood_at_a_run_that_is_left_is_told_as_before(days: Days, day: int):
    days.audit("900", "901")
    days.audit("900", "901", money_minor=5, currency="SEK")
    days.audit("901")
    days.audit("900")
    moment = on(day)
    before = open_at(days.ledger, "nordlys", moment)
    clean(days, before=2)
    assert open_at(days.ledger, "nordlys", moment) == before


def test_another_brand_keeps_its_own(days: Days):
    days.audit("900")
    days.audit()
    with days.ledger.begin() as conn:
        delete_over(conn, "fjord", on(400))
    assert days.states() == {"900": "resolved"}


def test_a_second_time_nothing_is_left_to_delete(days: Days):
    days.audit("900", "901")
    days.audit("901", money_minor=5, currency="SEK")
    clean(days, before=3)
    assert clean(days, before=3) == Over(0, 0, 0, 0, None)


def keep_runs(days: Days, count: int) -> None:
    with days.ledger.begin() as conn:
        for day in range(1, count + 1):
            at = (START + timedelta(days=day)).replace(tzinfo=None)
            values = {"brand": "nordlys", "as_of": at, "coverage": "[]", "verdict": "clean"}
            conn.execute(run_table.insert().values(run=f"run-{day}", total=0, **values))


def left(days: Days) -> list[str]:
    return [past.run for past in runs(days.ledger, "nordlys")]


def test_old_runs_go(days: Days):
    keep_runs(days, NEWEST + 3)
    assert clean(days, before=3).oldest == on(3).replace(tzinfo=None)
    assert left(days)[-1] == "run-3"


def test_the_newest_runs_stay_however_old_they_are(days: Days):
    keep_runs(days, NEWEST + 3)
    assert clean(days, before=400).oldest == on(4).replace(tzinfo=None)
    assert len(left(days)) == NEWEST


def test_readings_that_were_never_judged_do_not_push_out_the_last_audit(days: Days):
    keep_runs(days, 1)
    with days.ledger.begin() as conn:
        for day in range(2, NEWEST + 2):
            at = (START + timedelta(days=day)).replace(tzinfo=None)
            values = {"brand": "nordlys", "as_of": at, "coverage": "[]"}
            conn.execute(run_table.insert().values(run=f"run-{day}", **values))
    clean(days, before=400)
    assert left(days) == ["run-1"]


def test_a_run_that_is_still_to_be_told_stays(days: Days):
    keep_runs(days, NEWEST + 3)
    clean(days, before=400, needed=["run-1"])
    assert left(days)[-1] == "run-1"


@pytest.mark.parametrize(("findings", "is_left"), [(0, False), (1, True)])
def test_an_incident_goes_once_it_is_over(days: Days, *, findings: int, is_left: bool):
    values = {"incident": "i", "brand": "nordlys", "check_id": "c", "title": "t", "owner": "crm"}
    values |= {"severity": "info", "run": "run-1"}
    at = {"first_seen": START, "last_seen": START}
    with days.ledger.begin() as conn:
        conn.execute(
            incident_table.insert().values(**values, **at, findings=findings, people=findings)
        )
    clean(days, before=2)
    with days.ledger.begin() as conn:
        count = conn.scalar(sa.select(sa.func.count()).select_from(incident_table))
    assert bool(count) == is_left
