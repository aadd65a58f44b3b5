"""A change that another writer undoes three times within a week is made no more, and becomes a finding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.correct.applying.engine import FIGHTING
from auditor.correct.applying.journal import WEEK, Decision, Journal
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.pipeline import apply, audit
from tests.correct.applying.shop import OPT_IN
from tests.correct.applying.test_rails import change, plan_of
from tests.correct.conftest import NOW

if TYPE_CHECKING:
    from auditor.pipeline import Applied
    from tests.correct.applying.shop import Shop


def fight(shop: Shop, times: int) -> list[Applied]:
    """Opt somebody out again and again, whom somebody opts in again each time."""
    opt_out, results = shop.opt_out(), []
    for number in range(times):
        shop.contacts[int(opt_out.request.contact_id)].values[OPT_IN] = "1"  # type: ignore[union-attr]
        path, digest = shop.plan(opt_out, run=f"run-{number}")
        results.append(apply(shop.run(), path, digest))
    return results


def found(shop: Shop) -> set[str]:
    """Audit the suite of that check, and return which settings a finding about corrections names."""
    audit(shop.run(), suites=["freshness"])
    ledger = Ledger(shop.settings.store.ledger)
    check = "freshness.correction_undone"
    rows = {
        one.subject_key
        for one in query.findings(ledger, shop.settings.brand, query.Only(check=check))
    }
    ledger.close()
    return rows


def test_a_correction_that_was_made_three_times_is_a_finding(shop):
    fight(shop, 3)
    assert found(shop) == {"corrections.policy.opt_out"}


def test_the_fourth_is_not_made(shop):
    last = fight(shop, 4)[-1]
    assert [receipt.note for receipt in last.receipts.values()] == [FIGHTING]
    assert len(shop.sent("PUT")) == 3


def test_a_week_later_it_is_made_again(shop):
    fight(shop, 3)
    shop.clock.ahead += WEEK + timedelta(seconds=1)
    shop.taken.clear()
    assert fight(shop, 1)[0].count("verified") == 1


@pytest.mark.parametrize(("times", "undone"), [(2, {}), (3, {"push_profile": 2})])
def test_they_are_counted_by_remedy(ledger, times, undone):
    journal, plan = Journal(ledger, "desk", lambda: NOW), plan_of(change(1), change(2))
    for digest in "abc"[:times]:
        journal.intend(plan, digest, plan.changes)
        journal.decide(plan, digest, {c.id: Decision(c.id, "verified") for c in plan.changes})
    assert journal.undone(NOW - WEEK) == undone


def test_an_event_is_no_fight(ledger):
    """Nobody can undo one; that it does not show yet says nothing of another writer."""
    journal = Journal(ledger, "desk", lambda: NOW)
    plan = plan_of(change(1, remedy="trigger_event"))
    for digest in "abc":
        journal.intend(plan, digest, plan.changes)
        journal.decide(plan, digest, {c.id: Decision(c.id, "pending") for c in plan.changes})
    assert (journal.undone(NOW - WEEK), journal.made_since(["c1"], NOW - WEEK)) == ({}, {})


def test_what_failed_is_no_fight(ledger):
    journal, plan = Journal(ledger, "desk", lambda: NOW), plan_of(change(1))
    for digest in "abc":
        journal.intend(plan, digest, plan.changes)
        journal.decide(plan, digest, {c.id: Decision(c.id, "failed") for c in plan.changes})
    assert journal.undone(NOW - WEEK) == {}
