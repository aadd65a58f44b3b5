"""Measure how long commands take to start beside Python that does nothing.

Every command runs in turn with the others, each time in a process of its own, so that all see the same
machine; what it takes is told in wall and in processor seconds. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from auditor.config.environment import environment_with
from tests.benchmarks.measure import child, spread, tell
from tests.benchmarks.world import CACHE, copy_of, kept_world, size_of

RUNS = 15
CUSTOMERS = 400
BARE = "python -c pass"
BUDGETED = "auditor --help"
COMMANDS = (
    BUDGETED,
    "auditor --version",
    "auditor audit --help",
    "auditor init",
    "auditor findings --limit 1",
    "auditor report",
    "auditor plan",
)
AS_WANTED = {0, 1, 4}
"""A command that finds something ends with 1, a plan that is refused with 4: both did their work."""


def once(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command to its end; return its wall and its processor seconds.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment_with({"TOKEN": "none"}),
    )
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in AS_WANTED:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return wall_s, used.ru_utime + used.ru_stime


def arguments(command: str, folder: Path, number: int) -> list[str]:
    """Return what to run for a command as people write it."""
    words = command.split()
    if words[0] == "python":
        return [sys.executable, *words[1:]]
    program = Path(sys.executable).with_name("auditor")
    start = [str(program)] if program.exists() else [sys.executable, "-m", "auditor"]
    if words[1] == "init":
        return [*start, "--config", str(folder / f"new-{number}.yaml"), "init"]
    return [*start, *words[1:]]


def measured(runs: int, cache: Path, commands: list[str]) -> dict[str, Any]:
    """Run all commands so many times in turn, after one round that nobody counts."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (BARE, *commands)}
    with ExitStack() as stack:
        name = stack.enter_context(TemporaryDirectory())
        at = Path(name)
        if len(commands) > 1:  # some of them want to know what an audit has found
            at = stack.enter_context(copy_of(kept_world(size_of(str(CUSTOMERS)), 1, cache)))
            child("audit", "--part", "first", "--folder", at)
        for number in range(runs + 1):
            for command, took in found.items():
                took.append(once(arguments(command, Path(name), number), at))
    counted = {command: took[1:] for command, took in found.items()}
    bare = [median(values) for values in zip(*counted[BARE], strict=True)]
    return {
        "runs": runs,
        "wall_s": {name: spread(w for w, _ in took) for name, took in counted.items()},
        "cpu_s": {name: spread(c for _, c in took) for name, took in counted.items()},
        "times_pass": {
            name: spread((w / bare[0] for w, _ in counted[name]), 1) for name in commands
        },
        "cpu_times_pass": {
            name: spread((c / bare[1] for _, c in counted[name]), 1) for name in commands
        },
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    rows: list[list[object]] = [["starting", "seconds", "times pass", "times pass, processor"]]
    for name, seconds in result["wall_s"].items():
        times = result["times_pass"].get(name, 1)
        rows.append([name, seconds, times, result["cpu_times_pass"].get(name, 1)])
    return rows


def main() -> None:
    """Measure every command, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--only-help", action="store_true", help="measure what has a budget alone")
    asked = parser.parse_args()
    commands = [BUDGETED] if asked.only_help else list(COMMANDS)
    result = measured(asked.runs, asked.cache, commands)
    tell(result, table(result))


if __name__ == "__main__":
    main()
