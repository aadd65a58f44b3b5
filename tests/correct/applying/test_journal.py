"""The journal keeps what was intended, sent and seen, on each engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.applying.journal import Decision, Journal
from tests.correct.applying.test_rails import change, plan_of
from tests.correct.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.plan import Change

PLAN = plan_of(*(change(number) for number in range(1200)))
FEW = PLAN.changes[:3]


@pytest.fixture
def journal(ledger):
    return Journal(ledger, "desk", lambda: NOW)


def states(journal: Journal, digest: str = "d") -> dict[str, str]:
    return {key: receipt.state for key, receipt in journal.receipts(digest).items()}


def decide(
    journal: Journal,
    state: Any,
    changes: Sequence[Change] = FEW,
    note: str | None = None,
    digest: str = "d",
) -> None:
    journal.decide(PLAN, digest, {one.id: Decision(one.id, state, note) for one in changes})


def test_an_intent_is_kept(journal):
    journal.intend(PLAN, "d", FEW)
    assert states(journal) == {"c0": "intent", "c1": "intent", "c2": "intent"}


def test_a_second_intent_is_counted(journal):
    journal.intend(PLAN, "d", FEW)
    journal.intend(PLAN, "d", FEW[:1])
    assert [one.sent for one in journal.receipts("d").values()] == [2, 1, 1]


def test_an_outcome_takes_the_place_of_the_intent(journal):
    journal.intend(PLAN, "d", FEW)
    decide(journal, "verified")
    assert set(states(journal).values()) == {"verified"}


def test_what_was_never_sent_can_be_decided(journal):
    decide(journal, "superseded", note="it is so already")
    receipt = journal.receipts("d")["c0"]
    assert (receipt.state, receipt.sent, receipt.note) == ("superseded", 0, "it is so already")


def test_a_decision_keeps_how_often_it_was_sent(journal):
    journal.intend(PLAN, "d", FEW)
    decide(journal, "failed")
    assert journal.receipts("d")["c0"].sent == 1


def test_many_changes_are_kept_at_once(journal):
    journal.intend(PLAN, "d", PLAN.changes)
    decide(journal, "verified", PLAN.changes)
    assert len([one for one in states(journal).values() if one == "verified"]) == 1200


def test_another_plan_has_receipts_of_its_own(journal):
    journal.intend(PLAN, "d", FEW)
    assert states(journal, "e") == {}


def test_another_brand_has_receipts_of_its_own(ledger, journal):
    journal.intend(PLAN, "d", FEW)
    assert states(Journal(ledger, "other", lambda: NOW)) == {}


def test_a_plan_is_known_once_it_began(journal):
    before = journal.knows("d")
    journal.begin(PLAN, "d", "plan.json")
    journal.begin(PLAN, "d", "plan.json")
    assert (before, journal.knows("d")) == (False, True)


@pytest.mark.parametrize(
    ("state", "is_made"),
    [
        ("verified", True),
        ("pending", True),
        ("failed", False),
        ("superseded", False),
    ],
)
def test_what_was_made_is_counted(journal, state, is_made):
    journal.intend(PLAN, "d", FEW)
    decide(journal, state)
    made = journal.made_since([one.id for one in FEW], NOW)
    assert made == ({"c0": 1, "c1": 1, "c2": 1} if is_made else {})


def test_what_was_made_before_is_not_counted(journal):
    journal.intend(PLAN, "d", FEW)
    decide(journal, "verified")
    assert journal.made_since(["c0"], NOW + timedelta(seconds=1)) == {}


def test_the_same_change_in_several_plans_is_counted_each_time(journal):
    for digest in "def":
        journal.intend(PLAN, digest, FEW)
        decide(journal, "verified", digest=digest)
    assert journal.made_since(["c0"], NOW) == {"c0": 3}


@pytest.mark.parametrize("state", ["intent", "sent", "pending", "verified"])
def test_what_a_run_has_made_or_may_have_is_left_by_its_next_plan(journal, state):
    journal.intend(PLAN, "d", FEW)
    if state != "intent":
        decide(journal, state)
    assert journal.made_in(PLAN.run) == {"c0", "c1", "c2"}


@pytest.mark.parametrize("state", ["failed", "superseded"])
def test_what_failed_may_be_planned_again(journal, state):
    journal.intend(PLAN, "d", FEW)
    decide(journal, state)
    assert journal.made_in(PLAN.run) == set()
