"""A plan as a person reads it: what goes, what comes, what it adds up to; and nothing hostile."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from auditor.correct.listing import listing, totals
from auditor.model.plan import ContactFields, Plan, Stake
from tests.correct.test_law import ALLOWED, change
from tests.reconcile.books import NOW

NAMES = {"1": "first_name", "3": "email", "31": "opt_in", "4711": "external_id"}


def plan_of(*requests: str) -> Plan:
    at = NOW.replace(tzinfo=UTC)
    return Plan(
        "desk",
        "run",
        "0",
        "e",
        at,
        at,
        (),
        {},
        "SEK",
        0,
        tuple(change(ALLOWED[r]) for r in requests),
    )


def lines(plan: Plan, most: int | None = None) -> list[str]:
    return list(listing(plan, NAMES, lambda _, value: value, most))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("opt out", ["- opt_in = None", "+ opt_in = 2"]),
        (
            "a new contact",
            ["+ contact with external_id = 1, without an opt-in", "+ email = a@x.se"],
        ),
        ("the quarantine list", ["+ contact 1 on the list audit-quarantine"]),
        ("an end in Centra", ["- Centra customer 1 receives newsletters"]),
        ("a lifecycle event", ["+ event order_shipped for contact 1, shipped:1:1"]),
        ("sales lines", ["+ sale: item A, 1 units, 1.00 SEK"]),
    ],
)
def test_each_kind_of_change_is_told(name: str, shown: list[str]):
    assert [line.strip() for line in lines(plan_of(name))[1:]] == shown


def test_what_is_not_shown_is_counted():
    assert "1 more changes" in lines(plan_of("opt out", "a new contact"), most=1)[-1]


def test_text_of_a_system_moves_no_cursor():
    hostile = change(ContactFields("1", {"1": "\x1b[2J\u202eAnn"}, {}))
    plan = replace(plan_of(), changes=(hostile,))
    assert all(character.isprintable() for line in lines(plan) for character in line)


def test_the_totals_count_a_finding_once_and_its_changes_each():
    one = replace(change(ALLOWED["opt out"]), stake=Stake(1, 500, "SEK"))
    plan = replace(plan_of(), changes=(one, replace(one, id="other")))
    assert list(totals(plan)) == ["auto    emarsys       2 changes, 1 person, 5.00 SEK"]
