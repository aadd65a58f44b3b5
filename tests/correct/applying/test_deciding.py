"""What a plan says of its sales once a person has decided them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.correct.applying.writers.sales import WITHDRAWN
from auditor.correct.deciding import Word, decide
from auditor.findings.ledger import Ledger
from auditor.pipeline import apply, verify
from auditor.sandbox.wire import Fault
from tests.correct.applying.test_apply import counts, notes

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.plan import Change
    from tests.correct.applying.shop import Shop

LATE = timedelta(hours=27)


def say(shop: Shop, change: Change, *, arrived: bool) -> None:
    """Say of the lines of a change, once their load is past, whether they are there."""
    shop.clock.ahead += LATE
    with closing(Ledger(shop.settings.store.ledger)) as ledger:
        word = Word(arrived, (change.request.order,))  # type: ignore[union-attr]
        settle = shop.settings.settle.sales
        decide(ledger, shop.settings.brand, word, settle=settle, clock=shop.clock)


def lost(shop: Shop, change: Change, *, is_answered: bool = True) -> Path:
    """Apply a plan whose sales never come into Emarsys; return it."""
    if not is_answered:
        shop.running.faults.arm(Fault("emarsys", "cut", match="/sales-data"))
    path, digest = shop.plan(change)
    apply(shop.run(), path, digest)
    account = shop.running.load_sales.__self__  # type: ignore[attr-defined]
    account.pending_sales.clear()
    return path


@pytest.mark.parametrize("is_answered", [True, False])
def test_sales_that_did_not_arrive_by_a_person_s_word_have_failed(shop, is_answered):
    change = shop.sell(shop.orders()[0])
    path = lost(shop, change, is_answered=is_answered)
    say(shop, change, arrived=False)
    result = verify(shop.run(), path)
    assert (counts(result), notes(result), result.exit_code) == (
        {"failed": 1},
        {WITHDRAWN.note},
        4,
    )


def test_sales_that_did_not_arrive_are_sent_by_the_next_plan(shop):
    change = shop.sell(shop.orders()[0])
    lost(shop, change)
    say(shop, change, arrived=False)
    path, digest = shop.plan(change, run="run-2")
    assert counts(apply(shop.run(), path, digest)) == {"pending": 1}
    shop.load()
    assert counts(verify(shop.run(), path)) == {"verified": 1}


@pytest.mark.parametrize("is_told_before", [True, False])
def test_sales_that_were_sent_anew_are_those_of_the_later_plan_alone(shop, is_told_before):
    change = shop.sell(shop.orders()[0])
    first = lost(shop, change)
    say(shop, change, arrived=False)
    if is_told_before:
        verify(shop.run(), first)
    path, digest = shop.plan(change, run="run-2")
    apply(shop.run(), path, digest)
    shop.load()
    told = counts(verify(shop.run(), first)), counts(verify(shop.run(), path))
    assert told == ({"failed": 1}, {"verified": 1})


def test_sales_that_show_against_a_person_s_word_are_verified_and_sent_no_more(shop):
    change = shop.sell(shop.orders()[0])
    first, digest = shop.plan(change)
    apply(shop.run(), first, digest)
    say(shop, change, arrived=False)
    shop.load()
    second, digest = shop.plan(change, run="run-2")
    again = counts(apply(shop.run(), second, digest))
    assert (counts(verify(shop.run(), first)), again) == ({"verified": 1}, {"superseded": 1})
    assert len(shop.sent("/sales-data")) == 1


def test_sales_that_are_there_by_a_person_s_word_are_verified(shop):
    change = shop.sell(shop.orders()[0])
    path = lost(shop, change)
    say(shop, change, arrived=True)
    assert counts(verify(shop.run(), path)) == {"verified": 1}


def test_sales_that_are_there_by_a_person_s_word_are_not_sent_again(shop):
    change = shop.sell(shop.orders()[0])
    lost(shop, change)
    say(shop, change, arrived=True)
    path, digest = shop.plan(change, run="run-2")
    assert counts(apply(shop.run(), path, digest)) == {"superseded": 1}
