"""A person decides lines that wait: all that were named or none, and never while they may still come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.correct.applying.lease import Lease
from auditor.correct.deciding import Word, decide, may_be_missed_from
from auditor.correct.uploads import UploadLedger
from auditor.errors import ConfigError, UnsafePlanError
from tests.correct.conftest import NOW
from tests.correct.test_uploads import claim, line

if TYPE_CHECKING:
    from auditor.correct.deciding import Decided

SETTLE = timedelta(hours=26)
PAST = NOW + SETTLE


@pytest.fixture
def uploads(ledger):
    return UploadLedger(ledger, "nordlys")


def say(ledger: Any, *orders: str, at: Any = PAST, items: Any = (), arrived: bool = False) -> Any:
    word = Word(arrived, orders, items)
    return decide(ledger, "nordlys", word, settle=SETTLE, clock=lambda: at)


def states(uploads: UploadLedger, *orders: str) -> list[str]:
    return [one.state for one in uploads.sent(*orders)]


@pytest.mark.parametrize("state", ["intent", "accepted", "unknown"])
def test_what_did_not_arrive_may_be_sent_again(ledger, uploads, state):
    won = claim(uploads, line())
    if state != "intent":
        uploads.settle(won, state, at=NOW)
    say(ledger, "O1")
    assert (uploads.closed(), claim(uploads, line()).lines) == (frozenset(), (line(),))


def test_what_arrived_waits_no_more_and_is_not_sent_again(ledger, uploads):
    claim(uploads, line())
    say(ledger, "O1", arrived=True)
    assert (uploads.waiting(), claim(uploads, line()).lines) == ([], ())


def test_what_arrived_can_be_said_at_once(ledger, uploads):
    claim(uploads, line())
    assert len(say(ledger, "O1", at=NOW, arrived=True).lines) == 1


def test_the_lines_that_were_changed_are_told(ledger, uploads):
    claim(uploads, line(), line(item="SKU-2"), line("O2"))
    decided: Decided = say(ledger, "O1")
    told = [(one.line.item, one.state) for one in decided.lines]
    assert (told, decided.untouched) == ([("SKU-1", "withdrawn"), ("SKU-2", "withdrawn")], 0)


def test_one_item_of_an_order_is_decided_alone(ledger, uploads):
    claim(uploads, line(), line(item="SKU-2"))
    say(ledger, "O1", items=("SKU-2",))
    assert states(uploads, "O1") == ["intent", "withdrawn"]


@pytest.mark.parametrize(
    ("orders", "items", "named"),
    [(("O1", "O9", "O8"), (), "O9, O8: "), (("O1",), ("SKU-9",), "O1, --item SKU-9: ")],
)
@pytest.mark.parametrize("arrived", [True, False])
def test_what_has_no_line_that_waits_is_named_and_nothing_is_written(
    ledger, uploads, orders, items, named, arrived
):
    claim(uploads, line())
    with pytest.raises(ConfigError, match=f"^{named}"):
        say(ledger, *orders, items=items, arrived=arrived)
    assert states(uploads, "O1") == ["intent"]


def test_a_line_that_a_load_may_still_bring_is_not_withdrawn(ledger, uploads):
    claim(uploads, line())
    with pytest.raises(UnsafePlanError, match="From 2026-03-11 11:00 UTC on"):
        say(ledger, "O1", at=PAST - timedelta(seconds=1))
    assert states(uploads, "O1") == ["intent"]


def test_where_one_line_is_too_young_none_is_withdrawn(ledger, uploads):
    claim(uploads, line())
    late = [line("O2")]
    uploads.claim(late, at=NOW + timedelta(hours=1), digest_of=lambda _: "d")
    with pytest.raises(UnsafePlanError, match=r"^O2: "):
        say(ledger, "O1", "O2")
    assert states(uploads, "O1", "O2") == ["intent", "intent"]


def test_the_moment_that_is_named_is_late_enough(uploads):
    uploads.claim([line()], at=NOW + timedelta(seconds=1), digest_of=lambda _: "d")
    (sent,) = uploads.waiting()
    assert may_be_missed_from(sent, SETTLE) == PAST + timedelta(minutes=1)


def test_a_line_that_was_verified_has_nothing_to_decide(ledger, uploads):
    claim(uploads, line())
    uploads.verified([line().key], at=NOW)
    with pytest.raises(ConfigError, match=r"^O1: "):
        say(ledger, "O1")
    assert states(uploads, "O1") == ["verified"]


def test_a_line_that_is_verified_at_this_moment_is_not_touched(ledger, uploads, monkeypatch):
    claim(uploads, line(), line(item="SKU-2"))
    waiting = UploadLedger.waiting

    def meanwhile(self: UploadLedger) -> Any:
        seen = waiting(self)
        uploads.verified([line().key], at=NOW)
        return seen

    monkeypatch.setattr(UploadLedger, "waiting", meanwhile)
    decided = say(ledger, "O1")
    assert (len(decided.lines), decided.untouched) == (1, 1)
    assert states(uploads, "O1") == ["verified", "withdrawn"]


def test_while_another_process_is_correcting_nothing_is_decided(ledger, uploads):
    claim(uploads, line())
    Lease(ledger, "nordlys", lambda: PAST, "elsewhere:1:x").take()
    with pytest.raises(UnsafePlanError, match="Another process"):
        say(ledger, "O1")
    assert states(uploads, "O1") == ["intent"]


def test_whoever_slept_while_sending_sends_no_more(ledger, uploads):
    asleep = Lease(ledger, "nordlys", lambda: NOW, "elsewhere:1:x")
    asleep.take()
    claim(uploads, line())
    say(ledger, "O1")
    with pytest.raises(UnsafePlanError, match="took over"):
        asleep.renew()


def test_after_a_refusal_others_may_correct(ledger):
    with pytest.raises(ConfigError):
        say(ledger, "O1")
    Lease(ledger, "nordlys", lambda: PAST, "elsewhere:1:x").take()


def test_lines_of_another_brand_are_not_decided(ledger):
    other = UploadLedger(ledger, "sorlys")
    claim(other, line())
    with pytest.raises(ConfigError):
        say(ledger, "O1")
    assert states(other, "O1") == ["intent"]
