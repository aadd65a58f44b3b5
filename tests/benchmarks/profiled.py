"""Which statements an audit spends its time on."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tests.benchmarks.measure import peak_kib
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN = 25
SQL_CHARS = 160
_TARGET = re.compile(
    r'(INSERT INTO|DELETE FROM|UPDATE|CREATE TABLE|DROP TABLE)\s+"?(\w+)', re.IGNORECASE
)


class Profile(Silent):
    """Notes what each statement took, and how much memory each stage held at most until its end."""

    def __init__(self) -> None:
        self.peak_kib: dict[str, int] = {}
        self._stage = "before"
        self._seconds: dict[tuple[str, str, str], float] = defaultdict(float)
        self._calls: dict[tuple[str, str, str], int] = defaultdict(int)
        self._began: list[float] = []

    def stage(self, name: str) -> None:
        """Note the end of the stage before."""
        self.peak_kib[self._stage] = peak_kib()
        self._stage = name

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch every statement of every engine; what is fetched later is not in it."""
        sa.event.listen(sa.Engine, "before_cursor_execute", self._begin)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._end)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", self._begin)
            sa.event.remove(sa.Engine, "after_cursor_execute", self._end)

    def slowest(self, count: int = SHOWN) -> list[dict[str, Any]]:
        """Return the statements that took longest, those that are alike together."""
        ordered = sorted(self._seconds.items(), key=lambda item: -item[1])[:count]
        return [
            {
                "stage": key[0],
                "step": key[1],
                "seconds": round(seconds, 3),
                "calls": self._calls[key],
                "sql": key[2],
            }
            for key, seconds in ordered
        ]

    def steps(self) -> dict[str, float]:
        """Return the seconds of each step, which is a stage and the table that it writes."""
        found: dict[str, float] = defaultdict(float)
        for (stage, step, _), seconds in self._seconds.items():
            found[f"{stage}: {step}"] += seconds
        ordered = sorted(found.items(), key=lambda item: -item[1])
        return {name: round(seconds, 3) for name, seconds in ordered if seconds >= 0.0005}

    def _begin(self, *_: object) -> None:
        self._began.append(time.perf_counter())

    def _end(self, conn: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        took = time.perf_counter() - self._began.pop()
        text = " ".join(statement.split())
        target = _TARGET.search(text)
        step = f"{target[1].lower()} {target[2]}" if target else "select"
        key = (self._stage, f"{step} ({conn.dialect.name})", text[:SQL_CHARS])
        self._seconds[key] += took
        self._calls[key] += 1
