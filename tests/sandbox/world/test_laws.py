"""A clean world breaks no law, and a planted one breaks exactly what the answer key says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sandbox.world import Scale, brand_settings, build_world, plant
from tests.sandbox.world.facts import Facts
from tests.sandbox.world.laws import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.world import Planted, World
    from tests.sandbox.world.laws import Broken

moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
seeds = st.integers(0, 2**31)


def _is_of(law: Callable[[Facts], Broken], answer: Planted) -> bool:
    """Tell whether a law judges what was planted; sales on an orphan are found where sales are."""
    suite = "sales" if answer.check == "identity.sales_on_orphan" else answer.check.split(".")[0]
    return suite == law.__name__


def facts_of(world: World) -> Facts:
    return Facts(world, brand_settings(world))


@pytest.mark.parametrize("law", SUITES)
def test_a_clean_world_breaks_no_law_of(law: Callable[[Facts], Broken], clean: Facts):
    assert list(law(clean)) == []


@pytest.mark.parametrize("law", SUITES)
def test_a_planted_world_breaks_exactly_what_was_planted_in(
    law: Callable[[Facts], Broken], spoiled: tuple[Facts, list[Planted]]
):
    facts, answers = spoiled
    planted = [(a.check, a.subject) for a in answers if _is_of(law, a)]
    assert sorted(law(facts)) == planted


@settings(max_examples=25, deadline=None)
@given(seed=seeds, now=moments)
def test_any_seed_and_moment_gives_a_clean_world(seed: int, now: datetime):
    facts = facts_of(build_world(seed, Scale.of(customers=150), now))
    assert [broken for law in SUITES for broken in law(facts)] == []


@settings(max_examples=25, deadline=None)
@given(seed=seeds, now=moments)
def test_any_seed_and_moment_can_be_planted_exactly(seed: int, now: datetime):
    # Built twice, which costs less than a copy; that it is the same world is a law of its own.
    world, twin = (build_world(seed, Scale.of(customers=250), now) for _ in range(2))
    before = facts_of(twin)
    answers = [(answer.check, answer.subject) for answer in plant(world, seed)]
    facts = Facts(world, brand_settings(world), before)
    assert sorted(broken for law in SUITES for broken in law(facts)) == answers


@pytest.mark.parametrize("customers", [40, 41, 90, 119, 120])
def test_the_smallest_worlds_are_clean_too(customers: int):
    now = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    facts = facts_of(build_world(1, Scale.of(customers=customers), now))
    assert [broken for law in SUITES for broken in law(facts)] == []


def test_a_law_notices_a_single_changed_opt_in(small: World):
    small.emarsys.contacts[0].values[31] = "1" if small.emarsys.contacts[0].values[31] else "2"
    small.emarsys.contacts[1].values[3] = "somebody.else@nowhere.example"
    facts = facts_of(small)
    assert any(law_broken for law in SUITES for law_broken in law(facts))


def test_a_moment_after_the_settle_time_is_as_clean(small: World):
    small.now += timedelta(minutes=1)
    assert [broken for law in SUITES for broken in law(facts_of(small))] == []
