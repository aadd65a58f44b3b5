"""Where and of what state of the project something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import KIB, ROOT

CHANGED = "+"
"""Behind a commit from which the files differ."""


def machine() -> dict[str, Any]:
    """Return the processor, its cores that this process may use, memory and versions."""
    import duckdb

    return {
        "processor": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(
            int((_first("/proc/meminfo", "MemTotal") or "0").split()[0]) * KIB / 1e9, 1
        ),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
    }


def commit() -> str:
    """Return the last commit of anything but the results, marked where files differ from it."""
    others = ("--", ".", ":!docs/benchmarks*")
    named = _git("log", "-1", "--format=%h", "--abbrev=12", *others)
    changed = _git("status", "--porcelain", "--untracked-files=no", *others)
    return f"{named}{CHANGED}" if changed else named


def _git(*args: str) -> str:
    done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _first(file: str, name: str) -> str | None:
    """Return the value of the first line of a file that names it."""
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
