"""The journal keeps what was intended, sent and seen, on each engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.applying.journal import MOST_FIRINGS, Decision, Journal
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


EVENTS = plan_of(change(1, remedy="trigger_event"), change(2, remedy="trigger_event"))


def fired(journal: Journal, state: Any, digest: str = "d") -> None:
    journal.intend(EVENTS, digest, EVENTS.changes[:1])
    journal.decide(EVENTS, digest, {"c1": Decision("c1", state)})


@pytest.mark.parametrize("state", ["sent", "pending", "verified"])
def test_an_event_that_was_taken_counts_as_often_as_it_may_be_fired(journal, state):
    fired(journal, state)
    assert journal.firings("e", EVENTS.changes) == {"f1": MOST_FIRINGS}


def test_an_event_that_was_intended_counts_each_time(journal):
    for digest in ("d", "d", "g"):
        journal.intend(EVENTS, digest, EVENTS.changes[:1])
    assert journal.firings("e", EVENTS.changes) == {"f1": 3}


@pytest.mark.parametrize("state", ["failed", "superseded"])
def test_an_event_that_was_not_taken_does_not_count(journal, state):
    fired(journal, state)
    assert journal.firings("e", EVENTS.changes) == {}


def test_the_firings_of_a_plan_are_none_of_another(journal):
    fired(journal, "pending")
    assert journal.firings("d", EVENTS.changes) == {}


def test_only_events_are_fired(journal):
    journal.intend(PLAN, "d", FEW)
    assert journal.firings("e", FEW) == {}


@pytest.mark.parametrize(("state", "made"), [("pending", {"c1"}), ("failed", set())])
def test_an_event_that_was_fired_is_left_by_the_plans_of_every_run(journal, state, made):
    fired(journal, state)
    assert journal.made_in("another run") == made


@pytest.mark.parametrize("state", ["failed", "superseded"])
def test_what_failed_may_be_planned_again(journal, state):
    journal.intend(PLAN, "d", FEW)
    decide(journal, state)
    assert journal.made_in(PLAN.run) == set()
