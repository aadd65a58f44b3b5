"""Plans that are done for long leave the ledger; what is still open, or was uploaded, does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.correct.applying.effect import effect_table
from auditor.correct.applying.expiry import applied, delete_done
from auditor.correct.applying.journal import Decision, Journal
from auditor.correct.uploads import Line, UploadLedger
from tests.correct.applying.test_rails import change, plan_of
from tests.correct.conftest import NOW

if TYPE_CHECKING:
    from auditor.findings.ledger import Ledger

PLAN = plan_of(*(change(number) for number in range(3)))
DAY = timedelta(days=1)


@dataclass
class Desk:
    """A journal at a moment that a test sets."""

    ledger: Ledger
    now: datetime = NOW
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.ledger, "desk", lambda: self.now)

    def apply(self, *states: Any) -> None:
        """Begin the plan, and let its changes come to these states; None is an intent without outcome."""
        self.journal.begin(PLAN, "d", "plan.json")
        self.journal.intend(PLAN, "d", PLAN.changes[: len(states)])
        decided = {one.id: state for one, state in zip(PLAN.changes, states, strict=False) if state}
        self.journal.decide(PLAN, "d", {key: Decision(key, s) for key, s in decided.items()})

    def clean(self, before: datetime) -> int:
        with self.ledger.begin() as conn:
            return delete_done(conn, "desk", before)


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger)


def test_a_plan_that_is_done_for_long_goes_with_its_receipts(desk: Desk):
    desk.apply("verified", "failed", "superseded")
    assert desk.clean(NOW + DAY) == 1
    assert (desk.journal.receipts("d"), desk.journal.knows("d")) == ({}, False)


def test_a_plan_that_was_done_of_late_stays(desk: Desk):
    desk.apply("verified")
    assert desk.clean(NOW) == 0


@pytest.mark.parametrize("state", [None, "sent", "pending"])
def test_a_plan_with_a_change_of_which_nobody_knows_stays(desk: Desk, state: Any):
    desk.apply("verified", state)
    assert desk.clean(NOW + 900 * DAY) == 0
    assert len(desk.journal.receipts("d")) == 2


def test_a_plan_that_was_settled_of_late_stays_to_be_undone(desk: Desk):
    desk.apply("pending")
    desk.now = NOW + 400 * DAY
    desk.journal.decide(PLAN, "d", {"c0": Decision("c0", "verified")})
    assert desk.clean(NOW + 300 * DAY) == 0


def test_what_a_plan_came_to_goes_with_it(desk: Desk):
    desk.apply("verified")
    values = {"brand": "desk", "digest": "d", "check_id": "c", "predicted": 1, "made": 1}
    with desk.ledger.begin() as conn:
        conn.execute(effect_table.insert().values(**values, measured_at=NOW.replace(tzinfo=None)))
    desk.clean(NOW + DAY)
    with desk.ledger.begin() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(effect_table)) == 0


def test_another_brand_keeps_its_own(desk: Desk):
    desk.apply("verified")
    with desk.ledger.begin() as conn:
        assert delete_done(conn, "fjord", NOW + DAY) == 0


def test_the_plans_that_are_left_are_named(desk: Desk):
    desk.apply("verified")
    with desk.ledger.begin() as conn:
        assert applied(conn, "desk") == {"d"}


def test_no_line_is_ever_sent_again_however_long_ago_it_was(desk: Desk):
    uploads = UploadLedger(desk.ledger, "desk")
    line = Line("1", "A", "sale", 1000, 100, "SEK")
    uploads.claim([line], at=NOW, digest_of=lambda _: "d")
    desk.apply("verified")
    desk.clean(NOW + 9000 * DAY)
    assert uploads.unsendable() == {line.key}
