"""What all benchmarks measure with: processes of their own, spread, memory, and how results are told.

A benchmark prints its table to stderr and one JSON object to stdout, so that both can be had apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KIB = 1024
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Took:
    """What something took: wall seconds, and the seconds of all processors together."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def timed() -> Iterator[Took]:
    """Time what is done within."""
    took = Took()
    wall, cpu = time.perf_counter(), time.process_time()
    yield took
    took.wall_s = time.perf_counter() - wall
    took.cpu_s = time.process_time() - cpu


def spread(values: Iterable[float], digits: int = 3) -> dict[str, float]:
    """Return the least, the middle and the greatest of several values."""
    found = list(values)
    return {
        "min": round(min(found), digits),
        "median": round(median(found), digits),
        "max": round(max(found), digits),
    }


def peak_kib() -> int:
    """Return the most memory that this process held since it was started, in KiB.

    What `getrusage` tells counts what the parent held when it started the process, too.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("this system does not tell how much memory a process held at most")


def child(module: str, *args: str | int | Path) -> dict[str, Any]:
    """Run one part of a benchmark in a process of its own; return what it prints.

    Raises:
        CalledProcessError: it failed; what it said stands on stderr.
    """
    done = subprocess.run(_command(module, args), stdout=subprocess.PIPE, check=True, cwd=ROOT)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def started(module: str, *args: str | int | Path) -> Iterator[subprocess.Popen[str]]:
    """Run one part of a benchmark beside this process, until its stdin is closed."""
    with subprocess.Popen(
        _command(module, args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def _command(module: str, args: Iterable[str | int | Path]) -> list[str]:
    return [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, args)]


def tell(result: Mapping[str, Any], rows: Iterable[Iterable[object]] = ()) -> None:
    """Print a result: the rows of its table to stderr, all of it as JSON to stdout."""
    cells = [[_shown(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *others = (cell for cell in zip(row, widths, strict=True))
        line = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        sys.stderr.write("  ".join(line).rstrip() + "\n")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def _shown(cell: object) -> str:
    if isinstance(cell, dict):
        return f"{_shown(cell['median'])} ({_shown(cell['min'])} to {_shown(cell['max'])})"
    if isinstance(cell, float):
        return f"{cell:,.3g}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
