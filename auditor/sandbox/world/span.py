"""A stretch of time that a world lives through, at most a day long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import between, chance, lucky

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Order, World


@dataclass(slots=True)
class Span:
    """What happens between two moments; `became_due` holds since when an older order is due."""

    world: World
    seed: int
    start: datetime
    end: datetime
    became_due: dict[int, datetime] = field(default_factory=dict)

    def rng(self, concern: str) -> Random:
        """Return the random stream of one concern of this span."""
        return chance(self.seed, f"{self.start.isoformat()}/{concern}")

    def moment(
        self, rng: Random, least: datetime | None = None, most: datetime | None = None
    ) -> datetime:
        """Return a moment of the span, not before the least and not after the most one."""
        first = max(self.start, least) if least else self.start
        last = min(self.end, most) if most else self.end
        return between(rng, first, last) if first < last else first

    def count(self, rng: Random, total: int, share: float) -> int:
        """Return about so great a share of a total, at random where it is no whole number."""
        whole, rest = divmod(total * share, 1)
        return int(whole) + lucky(rng, rest)


def touch(order: Order, at: datetime) -> None:
    """Note that an order changed."""
    order.updated_at = max(order.updated_at, at)
