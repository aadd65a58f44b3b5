"""No parser of outside text gives way: what leaves it is an error with a sentence, and no row is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.breeding import bred
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_attacks_are_refused_with_a_sentence(target: Target):
    seeds = target.seeds()

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.integers(0, len(seeds) - 1), st.integers(0, 2**40))
    def attack(seed: int, number: int) -> None:
        target.attack(bred(seeds[seed], number))

    attack()


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_valid_sample_is_read(target: Target):
    read = 0
    for seed in target.seeds():
        try:
            target.parse(seed)
        except target.allowed:
            continue
        read += 1
    assert read
