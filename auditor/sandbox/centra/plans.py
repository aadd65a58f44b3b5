"""The rate-limit plans that a Centra environment can be on.

Source: Centra reference 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What an environment may spend; each pair is (per ten seconds, per hour)."""

    requests: tuple[int, int]
    mutations: tuple[int, int]
    complexity: tuple[int, int]


GROWTH = RatePlan((60, 5_000), (20, 1_800), (250_000, 30_000_000))
ENHANCED = RatePlan((150, 20_000), (50, 4_500), (900_000, 90_000_000))
HIGH_VOLUME = RatePlan((450, 40_000), (150, 7_000), (1_800_000, 180_000_000))
ENTERPRISE = RatePlan((1_500, 85_000), (500, 25_000), (4_000_000, 400_000_000))
UNLIMITED = RatePlan((2**31 - 1,) * 2, (2**31 - 1,) * 2, (2**31 - 1,) * 2)
"""No plan of the vendor: for runs whose clock stands still, so that no bucket would ever refill."""
