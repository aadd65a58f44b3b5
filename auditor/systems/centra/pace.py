"""Pacing: the auditor takes its share of the tenant's quota and leaves the rest to the shop.

Own requests are counted in sliding windows, so that no window ever holds more than the share. As long
as the share is far from used, nothing waits.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

REFRESH_S = 60.0
HOUR_S = 3600
SHORTEST_PAUSE_S = 0.001
"""Rounding may leave a remainder too small to move a clock."""

Kind = Literal["REQUEST_COUNT", "QUERY_COMPLEXITY"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks a client goes by, and how it pauses.

    Attributes:
        clock: The time of day, aware.
        seconds: Seconds that only ever grow.
        sleep: Waits for that many seconds.
    """

    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Limit:
    """What the environment may spend in one window, and what all its integrations have spent."""

    kind: Kind
    window_s: int
    quota: int
    used: int = 0


GROWTH_PLAN = (
    Limit("REQUEST_COUNT", 10, 60),
    Limit("REQUEST_COUNT", 3600, 5_000),
    Limit("QUERY_COMPLEXITY", 10, 250_000),
    Limit("QUERY_COMPLEXITY", 3600, 30_000_000),
)
"""The smallest plan, for a tenant that does not tell. Source: Centra reference 2.7."""


@dataclass(slots=True)
class Window:
    """What was spent of one kind within the last `length_s` seconds."""

    length_s: int
    allowance: float = 0.0
    quota: int = 0
    spent: int = 0
    _entries: deque[tuple[float, int]] = field(default_factory=deque)

    def spend(self, now_s: float, cost: int) -> None:
        """Note a cost."""
        self._entries.append((now_s, cost))
        self.spent += cost

    def forget(self, now_s: float) -> None:
        """Drop what has left the window."""
        while self._entries and self._entries[0][0] <= now_s - self.length_s:
            self.spent -= self._entries.popleft()[1]

    def wait_s(self, now_s: float, cost: int) -> float:
        """Return the seconds until a cost fits; one above the allowance needs an empty window."""
        self.forget(now_s)
        excess, ready_s = self.spent + cost - self.allowance, now_s
        for at_s, past in self._entries:
            if excess <= 0:
                break
            excess, ready_s = excess - past, at_s + self.length_s
        return ready_s - now_s


class Pacer:
    """Keeps requests within a share of the quota.

    Args:
        share: The share of the quota that may be used, above 0 and at most 1.
        ask: Returns the environment's limits; itself one request, so it is asked rarely.
        timing: Clocks and pauses.
    """

    def __init__(self, share: float, ask: Callable[[], Iterable[Limit]], timing: Timing) -> None:
        self._share, self._ask, self._timing = share, ask, timing
        # They stand open before the limits are known: own requests until then are no others'.
        self._windows = {
            (limit.kind, limit.window_s): Window(limit.window_s, inf) for limit in GROWTH_PLAN
        }
        self._asked_s: float | None = None
        self._costs: dict[str, int] = {}

    def wait(self, shape: str) -> None:
        """Wait until a query of this shape may be sent.

        A shape that was never sent is taken to cost as much as the dearest one so far.
        """
        if self._asked_s is None:
            self.refresh()
        elif self._timing.seconds() - self._asked_s >= REFRESH_S:
            self._sleep(1, 0)
            self.refresh()
        dearest = max(self._costs.values(), default=0)
        self._sleep(1, self._costs.get(shape, dearest))

    def spent(self, shape: str, *, requests: int, complexity: int) -> None:
        """Note what a query of this shape has cost; an answer that fails tells no complexity."""
        if complexity:
            self._costs[shape] = complexity
        cost = self._costs.get(shape, 0)
        now_s = self._timing.seconds()
        for (kind, _), window in self._windows.items():
            window.spend(now_s, requests if kind == "REQUEST_COUNT" else requests * cost)

    def refresh(self) -> None:
        """Ask for the limits; the share is one of what the tenant's other integrations leave."""
        limits = tuple(self._ask())
        now_s = self._asked_s = self._timing.seconds()
        for limit in limits:
            window = self._windows.setdefault((limit.kind, limit.window_s), Window(limit.window_s))
            window.forget(now_s)
            others = max(limit.used - window.spent, 0)
            window.quota = limit.quota
            window.allowance = self._share * max(limit.quota - others, 0)

    def cost_of(self, shape: str) -> int:
        """Return what a query of this shape costs, 0 as long as that is not known."""
        return self._costs.get(shape, 0)

    def room(self) -> float | None:
        """Return the points that one query may cost; None where the tenant sets no limit.

        A quarter of what ten seconds allow: one page never empties the window, and a query that
        turns out dearer than thought still fits.
        """
        allowance = self._windows["QUERY_COMPLEXITY", 10].allowance
        return allowance / 4 if allowance < inf else None

    def shares(self) -> dict[Kind, float]:
        """Return the shares of an hour's quota that own requests have used within the last hour."""
        now_s, found = self._timing.seconds(), {}
        for (kind, length_s), window in self._windows.items():
            window.forget(now_s)
            if length_s == HOUR_S and window.quota:
                found[kind] = window.spent / window.quota
        return found

    def _sleep(self, requests: int, complexity: int) -> None:
        costs = {"REQUEST_COUNT": requests, "QUERY_COMPLEXITY": complexity}
        while (pause_s := self._pause_s(costs)) > 0:
            self._timing.sleep(max(pause_s, SHORTEST_PAUSE_S))

    def _pause_s(self, costs: dict[str, int]) -> float:
        now_s = self._timing.seconds()
        return max(
            (window.wait_s(now_s, costs[kind]) for (kind, _), window in self._windows.items()),
            default=0.0,
        )
