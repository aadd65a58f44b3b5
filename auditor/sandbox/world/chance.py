"""Randomness with one stream per concern, so that a new concern never reshuffles the others."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

T = TypeVar("T")


def chance(seed: int, concern: str) -> Random:
    """Return the random stream of one concern; the same seed and concern give the same stream."""
    return Random(f"{seed}/{concern}")  # noqa: S311 - invents sample data, protects nothing


def deal(rng: Random, counts: Mapping[str, int]) -> list[str]:
    """Return a shuffled deck that holds every kind exactly as often as asked."""
    deck = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(deck)
    return deck


def pick(rng: Random, options: Sequence[T]) -> T:
    """Choose one option; `Random.choice` does the same in three times the time."""
    return options[int(rng.random() * len(options))]


def lucky(rng: Random, share: float) -> bool:
    """Tell whether something that happens with this share happens now."""
    return rng.random() < share


def between(rng: Random, start: datetime, end: datetime) -> datetime:
    """Return a whole second from `start` up to, but not including, `end`."""
    seconds = (end - start) // timedelta(seconds=1)
    return start + timedelta(seconds=int(rng.random() * max(seconds, 1)))


def after(rng: Random, start: datetime, least_h: float, most_h: float) -> datetime:
    """Return a moment between `least_h` and `most_h` hours after `start`, to the second."""
    hours = least_h + rng.random() * (most_h - least_h)
    return start + timedelta(seconds=int(hours * 3600))
