"""Worlds that the tests share; no test changes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.sandbox.world import Planted, Scale, World, brand_settings, build_world, plant
from tests.sandbox.world.facts import Facts

NOW = datetime(2026, 11, 23, 10, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def clean() -> Facts:
    world = build_world(7, Scale.S, NOW)
    return Facts(world, brand_settings(world))


@pytest.fixture(scope="session")
def spoiled(clean: Facts) -> tuple[Facts, list[Planted]]:
    world = build_world(7, Scale.S, NOW)
    answers = plant(world, 7)
    return Facts(world, brand_settings(world), clean), answers


@pytest.fixture
def small() -> World:
    """Give a small clean world that a test may change."""
    return build_world(3, Scale.of(customers=150), NOW)
