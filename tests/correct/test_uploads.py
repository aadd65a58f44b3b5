"""A line is sent once: for its order, item and cause, whoever asks and however often."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.correct.uploads import (
    CANCELLATION,
    SALE,
    Claim,
    Line,
    UploadLedger,
    return_cause,
    upload_table,
)
from auditor.errors import UnsafePlanError
from auditor.findings.ledger import Ledger
from tests.correct.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.correct.uploads import Key


def line(order: str = "O1", item: str = "SKU-1", cause: str = SALE, **parts: Any) -> Line:
    wanted: dict[str, Any] = {"quantity_milli": 1000, "amount_minor": 19900, "currency": "SEK"}
    return Line(order, item, cause, **(wanted | parts))


def claim(uploads: UploadLedger, *lines: Line) -> Claim:
    return uploads.claim(lines, at=NOW, digest_of=lambda won: f"sha-{len(won)}")


def withdraw(uploads: UploadLedger) -> list[Key]:
    """Say of everything that waits that it did not arrive; return the lines that this changed."""
    decided = uploads.decide(uploads.waiting(), "withdrawn", at=NOW)
    return [one.line.key for one in decided]


@pytest.fixture
def uploads(ledger):
    return UploadLedger(ledger, "nordlys")


@pytest.fixture
def replacing(ledger):
    return UploadLedger(ledger, "nordlys", "replace")


def test_a_line_that_was_never_sent_is_claimed(uploads):
    assert claim(uploads, line()).lines == (line(),)


def test_a_line_is_claimed_once(uploads):
    claim(uploads, line())
    assert claim(uploads, line()).lines == ()


def test_only_the_lines_that_are_left_are_claimed(uploads):
    claim(uploads, line("O1"))
    assert claim(uploads, line("O1"), line("O2")).lines == (line("O2"),)


def test_a_line_that_was_taken_is_in_flight_until_a_load_must_show_it(uploads):
    uploads.settle(claim(uploads, line()), "accepted", at=NOW)
    second = timedelta(seconds=1)
    found = [uploads.in_flight(since) for since in (NOW - second, NOW)]
    assert found == [frozenset({line().key}), frozenset()]


@pytest.mark.parametrize("state", ["intent", "unknown"])
def test_a_line_whose_fate_nobody_knows_is_in_flight_for_ever(uploads, state):
    won = claim(uploads, line())
    if state == "unknown":
        uploads.settle(won, state, at=NOW)
    assert uploads.in_flight(NOW + timedelta(days=99)) == {line().key}


@pytest.mark.parametrize("state", ["verified", "withdrawn"])
def test_a_line_that_was_decided_is_not_in_flight(uploads, state):
    claim(uploads, line())
    uploads.decide(uploads.waiting(), state, at=NOW)
    assert uploads.in_flight(NOW - timedelta(days=1)) == frozenset()


def test_lines_of_another_brand_are_not_in_flight(ledger, uploads):
    claim(uploads, line())
    assert UploadLedger(ledger, "sorlys").in_flight(NOW) == frozenset()


def test_a_line_is_the_same_whatever_its_amount(uploads):
    claim(uploads, line())
    assert claim(uploads, line(amount_minor=1)).lines == ()


def test_a_second_return_of_an_item_is_not_blocked(uploads):
    claim(uploads, line(), line(cause=return_cause("R1")))
    assert claim(uploads, line(cause=return_cause("R2"))).lines != ()


def test_a_cancellation_is_not_blocked_by_the_sale(uploads):
    claim(uploads, line())
    assert claim(uploads, line(cause=CANCELLATION)).lines != ()


def test_another_brand_is_not_blocked(ledger, uploads):
    claim(uploads, line())
    assert claim(UploadLedger(ledger, "sorlys"), line()).lines != ()


def test_a_claim_is_written_down_before_anything_is_sent(ledger_url, uploads):
    won = claim(uploads, line())
    other = Ledger(ledger_url)
    (sent,) = UploadLedger(other, "nordlys").waiting()
    other.close()
    assert (sent.line, sent.state, sent.digest, sent.claim) == (line(), "intent", "sha-1", won.id)


def test_when_the_file_cannot_be_made_nothing_is_claimed(uploads):
    def broken(_: Sequence[Line]) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        uploads.claim([line()], at=NOW, digest_of=broken)
    assert claim(uploads, line()).lines != ()


@pytest.mark.parametrize("state", ["accepted", "unknown"])
def test_a_line_that_was_or_may_have_been_taken_is_never_claimed_again(uploads, state):
    uploads.settle(claim(uploads, line()), state, at=NOW)
    assert claim(uploads, line()).lines == ()


def test_a_line_that_was_refused_may_be_claimed_again_once(uploads):
    uploads.settle(claim(uploads, line()), "refused", at=NOW)
    assert claim(uploads, line()).lines == (line(),)
    assert claim(uploads, line()).lines == ()


def test_a_line_that_was_seen_is_not_waiting_any_more(uploads):
    uploads.settle(claim(uploads, line()), "accepted", at=NOW)
    assert uploads.verified([line().key], at=NOW) == 1
    assert uploads.waiting() == []
    assert claim(uploads, line()).lines == ()


def test_a_line_that_a_person_withdraws_may_be_sent(uploads):
    uploads.settle(claim(uploads, line()), "unknown", at=NOW)
    assert withdraw(uploads) == [line().key]
    assert claim(uploads, line()).lines != ()


def test_a_line_that_a_person_withdraws_may_be_sent_once(uploads):
    claim(uploads, line())
    withdraw(uploads)
    claim(uploads, line())
    assert claim(uploads, line()).lines == ()


def test_what_a_person_said_stays_on_record_when_the_line_is_sent_anew(uploads):
    claim(uploads, line())
    withdraw(uploads)
    claim(uploads, line())
    sent = [(one.version, one.state) for one in uploads.sent("O1")]
    assert sent == [(1, "withdrawn"), (2, "intent")]


def test_when_a_person_decided_is_on_record(ledger, uploads):
    claim(uploads, line())
    withdraw(uploads)
    with ledger.begin() as conn:
        decided_at = conn.execute(sa.select(upload_table.c.decided_at)).scalar()
    assert decided_at == NOW.replace(tzinfo=None)


def test_a_line_that_was_sent_anew_and_refused_may_be_claimed_again_once(uploads):
    claim(uploads, line())
    withdraw(uploads)
    uploads.settle(claim(uploads, line()), "refused", at=NOW)
    assert claim(uploads, line()).lines == (line(),)
    assert claim(uploads, line()).lines == ()


def test_a_line_that_was_seen_cannot_be_withdrawn(uploads):
    claim(uploads, line())
    seen = uploads.waiting()
    uploads.verified([line().key], at=NOW)
    assert uploads.decide(seen, "withdrawn", at=NOW) == []
    assert claim(uploads, line()).lines == ()


def test_a_line_that_is_sent_anew_meanwhile_is_not_withdrawn(uploads):
    won = claim(uploads, line())
    seen = uploads.waiting()
    uploads.settle(won, "refused", at=NOW)
    claim(uploads, line())
    assert uploads.decide(seen, "withdrawn", at=NOW) == []


def test_a_late_outcome_does_not_undo_a_person_s_word(uploads):
    won = claim(uploads, line())
    withdraw(uploads)
    uploads.settle(won, "accepted", at=NOW)
    assert uploads.waiting() == []


def test_a_line_that_a_person_withdrew_by_mistake_is_closed_once_it_shows(uploads):
    claim(uploads, line())
    withdraw(uploads)
    uploads.verified([line().key], at=NOW)
    assert claim(uploads, line()).lines == ()


def test_a_line_that_shows_after_it_was_sent_anew_leaves_the_record_of_the_first(uploads):
    claim(uploads, line())
    withdraw(uploads)
    claim(uploads, line())
    uploads.verified([line().key], at=NOW)
    assert [one.state for one in uploads.sent("O1")] == ["withdrawn", "verified"]


def test_a_late_outcome_does_not_undo_what_was_decided(uploads):
    won = claim(uploads, line())
    uploads.verified([line().key], at=NOW)
    uploads.settle(won, "refused", at=NOW)
    assert claim(uploads, line()).lines == ()


def test_an_old_claim_does_not_settle_a_newer_one(uploads):
    old = claim(uploads, line())
    uploads.settle(old, "refused", at=NOW)
    claim(uploads, line())
    uploads.settle(old, "accepted", at=NOW)
    assert [sent.state for sent in uploads.waiting()] == ["intent"]


def test_a_line_that_stands_twice_is_refused(uploads):
    with pytest.raises(UnsafePlanError):
        claim(uploads, line(), line())


def test_where_a_repetition_replaces_a_line_may_be_sent_again(replacing):
    claim(replacing, line())
    assert claim(replacing, line(amount_minor=5)).lines != ()
    sent = replacing.sent("O1")
    assert [(one.version, one.line.amount_minor) for one in sent] == [(1, 19900), (2, 5)]


def test_after_a_change_to_append_nothing_that_was_replaced_is_sent_again(replacing, uploads):
    replacing.settle(claim(replacing, line()), "refused", at=NOW)
    claim(replacing, line())
    assert claim(uploads, line()).lines == ()


@pytest.mark.parametrize("cause", ["", "return:", "return", "Sale", "return: ", "refund:1"])
def test_a_cause_is_one_of_three(cause):
    with pytest.raises(ValueError, match="not a cause"):
        line(cause=cause)


@pytest.mark.parametrize("was_withdrawn", [True, False])
def test_of_many_that_claim_at_once_one_wins_each_line(ledger_url, uploads, was_withdrawn):
    lines = [line(f"O{number}") for number in range(20)]
    if was_withdrawn:
        claim(uploads, *lines)
        withdraw(uploads)
    barrier = threading.Barrier(4)

    def run(turn: int) -> tuple[Line, ...]:
        own = Ledger(ledger_url)
        mine = UploadLedger(own, "nordlys")
        barrier.wait(timeout=30)
        won = claim(mine, *(lines if turn % 2 else reversed(lines))).lines
        own.close()
        return won

    with ThreadPoolExecutor(4) as pool:
        won = [one for each in pool.map(run, range(4)) for one in each]
    assert sorted(one.order for one in won) == sorted(one.order for one in lines)
    assert len(uploads.waiting()) == len(lines)


def test_the_tables_stand_beside_those_of_the_findings(ledger, uploads):
    assert uploads.waiting() == []
    assert {"run", "sales_upload"} <= set(sa.inspect(ledger.engine).get_table_names())


@pytest.mark.parametrize(
    ("state", "is_closed"),
    [("accepted", True), ("unknown", True), ("refused", False), ("withdrawn", False)],
)
def test_a_line_is_closed_to_plans_unless_it_was_refused_or_withdrawn(
    uploads, state: str, is_closed: bool
):
    won = claim(uploads, line())
    if state == "withdrawn":
        withdraw(uploads)
    uploads.settle(won, state, at=NOW)
    assert (line().key in uploads.closed()) == is_closed


def test_the_lines_of_another_brand_close_nothing(ledger, uploads):
    claim(UploadLedger(ledger, "other"), line())
    assert uploads.closed() == frozenset()
