"""Pacing: the auditor takes its share of the tenant's quota and leaves the rest to the shop.

Own requests are counted in sliding windows, so that no window ever holds more than the share. As long
as the share is far from used, nothing waits.

Several threads go by one pace. They queue for their turn, whatever their queries cost, and hold what
they are about to spend until the answer tells what it was.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from math import inf
from threading import Condition, Lock, get_ident
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

REFRESH_S = 60.0
HOUR_S = 3600
SHORTEST_PAUSE_S = 0.001
"""Rounding may leave a remainder too small to move a clock."""

Kind = Literal["REQUEST_COUNT", "QUERY_COMPLEXITY", "MUTATION_COUNT"]


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
    Limit("MUTATION_COUNT", 10, 20),
    Limit("MUTATION_COUNT", 3600, 1_800),
)
"""The smallest plan, for a tenant that does not tell. Source: Centra reference 2.7."""


@dataclass(slots=True)
class Window:
    """What was spent of one kind within the last `length_s` seconds, and what is about to be."""

    length_s: int
    allowance: float = 0.0
    quota: int = 0
    spent: int = 0
    held: int = 0
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
        """Return the seconds until a cost fits; one above the allowance needs an empty window.

        They are endless where what is held has to be spent before that can be told.
        """
        self.forget(now_s)
        excess, ready_s = self.spent + self.held + cost - self.allowance, now_s
        for at_s, past in self._entries:
            if excess <= 0:
                break
            excess, ready_s = excess - past, at_s + self.length_s
        return inf if excess > 0 and self.held else ready_s - now_s


class Pacer:
    """Keeps the requests of all threads within a share of the quota.

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
        self._held: dict[int, list[tuple[Window, int]]] = {}
        self._turn, self._books = Lock(), Condition()

    def wait(self, shape: str) -> None:
        """Wait until this thread may send a query of this shape.

        A shape that was never sent is taken to cost as much as the dearest one so far.
        """
        with self._turn:
            if self._asked_s is None:
                self.refresh()
            elif self._timing.seconds() - self._asked_s >= REFRESH_S:
                self._wait_for({"REQUEST_COUNT": 1, "QUERY_COMPLEXITY": 0})
                self.refresh()
            self._wait_for(_costs(shape, self._guess(shape)))

    def spent(self, shape: str, *, requests: int, complexity: int) -> None:
        """Note what this thread's query has cost; an answer that fails tells no complexity."""
        with self._books:
            self._let_go()
            if complexity:
                self._costs[shape] = complexity
            costs = _costs(shape, self._costs.get(shape, 0))
            now_s = self._timing.seconds()
            for (kind, _), window in self._windows.items():
                if kind in costs:
                    window.spend(now_s, requests * costs[kind])
            self._books.notify_all()

    def refresh(self) -> None:
        """Ask for the limits; the share is one of what the tenant's other integrations leave."""
        limits = tuple(self._ask())
        with self._books:
            now_s = self._asked_s = self._timing.seconds()
            for limit in limits:
                window = self._windows.setdefault(
                    (limit.kind, limit.window_s), Window(limit.window_s)
                )
                window.forget(now_s)
                # What is held may have arrived already; then it is not others' either.
                others = max(limit.used - window.spent - window.held, 0)
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
        found = {}
        with self._books:
            now_s = self._timing.seconds()
            for (kind, length_s), window in self._windows.items():
                window.forget(now_s)
                if length_s == HOUR_S and window.quota:
                    found[kind] = window.spent / window.quota
        return found

    def _guess(self, shape: str) -> int:
        with self._books:
            return self._costs.get(shape, max(self._costs.values(), default=0))

    def _wait_for(self, costs: Mapping[Kind, int]) -> None:
        while (pause_s := self._pause_s(costs)) > 0:
            self._timing.sleep(max(pause_s, SHORTEST_PAUSE_S))

    def _pause_s(self, costs: Mapping[Kind, int]) -> float:
        """Return the seconds until some costs fit; where they fit now, hold them for this thread."""
        with self._books:
            while (pause_s := self._until_fit_s(costs)) == inf:
                self._books.wait()
            if pause_s <= 0:
                self._let_go()
                held = list(self._concerned(costs))
                self._held[get_ident()] = held
                for window, cost in held:
                    window.held += cost
            return pause_s

    def _let_go(self) -> None:
        """Forget what this thread holds."""
        for window, cost in self._held.pop(get_ident(), ()):
            window.held -= cost

    def _until_fit_s(self, costs: Mapping[Kind, int]) -> float:
        now_s = self._timing.seconds()
        return max(
            (window.wait_s(now_s, cost) for window, cost in self._concerned(costs)), default=0.0
        )

    def _concerned(self, costs: Mapping[Kind, int]) -> Iterator[tuple[Window, int]]:
        """Yield the windows that costs are taken from, each with its own."""
        for (kind, _), window in self._windows.items():
            if kind in costs:
                yield window, costs[kind]


def _costs(shape: str, complexity: int) -> Mapping[Kind, int]:
    """Return what a query takes by kind. Source: Centra reference 2.7: a mutation takes one of its own."""
    costs: dict[Kind, int] = {"REQUEST_COUNT": 1, "QUERY_COMPLEXITY": complexity}
    return costs | {"MUTATION_COUNT": 1} if shape.startswith("mutation") else costs
