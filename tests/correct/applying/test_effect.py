"""What a plan was to mend against what it mended, and what an audit since says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.correct.applying.effect import Effect, effect_table, measure
from auditor.correct.applying.journal import Receipt
from auditor.findings.ledger import finding_table, stored
from tests.correct.applying.test_rails import NOW, change, plan_of

if TYPE_CHECKING:
    from auditor.correct.applying.journal import State
    from auditor.findings.ledger import Ledger

CHECK = "identity.profile_mismatch"
PLAN = plan_of(change(1), change(2), change(3, finding="f2"))
"""Two findings: `f1`, and `f2`, which takes two changes."""


def receipts(**states: State) -> dict[str, Receipt]:
    return {key: Receipt(key, state, 1, None, NOW) for key, state in states.items()}


def found(ledger: Ledger, fingerprint: str, **parts: Any) -> None:
    """Let the ledger hold a finding."""
    values = {
        "fingerprint": fingerprint,
        "brand": "desk",
        "check_id": CHECK,
        "severity": "info",
        "owner": "cx",
        "state": "ongoing",
        "subject_kind": "contact",
        "subject_key": fingerprint[1:],
        "people": 1,
        "contained": False,
        "first_seen": stored(NOW - timedelta(days=1)),
        "last_seen": stored(NOW),
        "run": "run",
    }
    with ledger.begin() as conn:
        conn.execute(finding_table.insert().values(**(values | parts)))


def effect(ledger: Ledger, *, is_audited: bool = True, **states: State) -> Effect:
    (one,) = measure(ledger, PLAN, "d", receipts(**states), is_audited=is_audited, at=NOW)
    return one


@pytest.mark.parametrize(
    ("states", "made"),
    [
        ({"c1": "verified", "c2": "verified", "c3": "pending"}, 2),
        ({"c1": "verified", "c2": "verified", "c3": "failed"}, 1),
        ({"c1": "superseded", "c2": "verified"}, 0),
        ({}, 0),
    ],
)
def test_a_finding_is_made_when_all_its_changes_are(ledger, states, made):
    one = effect(ledger, **states)
    assert (one.predicted, one.made) == (2, made)


def test_before_an_audit_nothing_is_said_of_the_findings(ledger):
    one = effect(ledger, is_audited=False)
    assert (one.resolved, one.contained, one.persisting, one.new) == (None, None, None, None)


def test_an_audit_tells_resolved_held_and_persisting_apart(ledger):
    found(ledger, "f1", state="resolved")
    found(ledger, "f2", contained=True)
    one = effect(ledger)
    assert (one.resolved, one.contained, one.persisting) == (1, 1, 0)


def test_what_is_still_there_persists(ledger):
    found(ledger, "f1")
    found(ledger, "f2", state="worse")
    assert effect(ledger).persisting == 2


@pytest.mark.parametrize(
    ("parts", "new"),
    [
        ({"first_seen": stored(NOW)}, 1),
        ({"first_seen": stored(NOW - timedelta(days=2))}, 0),
        ({"first_seen": stored(NOW), "state": "resolved"}, 0),
        ({"first_seen": stored(NOW), "subject_key": "77"}, 0),
        ({"first_seen": stored(NOW), "brand": "other"}, 0),
    ],
)
def test_new_is_what_came_since_about_the_same_records(ledger, parts, new):
    found(ledger, "x9", **({"subject_key": "1"} | parts))
    assert effect(ledger).new == new


def test_it_is_kept_and_brought_up_to_date(ledger):
    effect(ledger, is_audited=False, c1="verified")
    effect(ledger, c1="verified", c2="verified", c3="verified")
    with ledger.begin() as conn:
        rows = conn.execute(sa.select(effect_table.c.made, effect_table.c.resolved)).all()
    assert [tuple(row) for row in rows] == [(2, 2)]
