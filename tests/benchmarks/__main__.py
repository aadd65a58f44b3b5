"""Runs the benchmarks, keeps their results and writes `docs/benchmarks.md`.

Each runs in a process of its own. A result is kept as soon as it is there, under its commit: a run that was
broken off goes on with the next one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from auditor.clock import utc_now
from tests.benchmarks.machine import CHANGED, commit, machine
from tests.benchmarks.measure import ROOT
from tests.benchmarks.render import page
from tests.benchmarks.world import CACHE

if TYPE_CHECKING:
    from pathlib import Path

KEPT = ROOT / "docs" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
COMMANDS: dict[str, tuple[str, ...]] = {
    "start_up": ("start_up",),
    "report": ("report",),
    "centra_rate": ("centra_reading", "--limits"),
    "emarsys_rate": ("emarsys_reading",),
    "snapshot": ("wire", "--customers", "20000"),
    "plan": ("plan", "--changes", "100000"),
    "audit_M": ("audit", "--size", "M", "--rounds", "5"),
    "audit_L": ("audit", "--size", "L", "--rounds", "2"),
    "again": ("again", "--size", "L", "--rounds", "1"),
    "compare": ("compare", "--size", "L", "--rounds", "2"),
    "frames": ("frames", "--size", "L", "--rounds", "2"),
    "postgresql": ("postgresql",),
    "apply": ("apply", "--changes", "100000"),
}
"""Each benchmark with the module that measures it and its arguments, the quick ones first."""


def run(name: str) -> dict[str, Any]:
    """Run one benchmark; return its result and where and when it was had.

    Raises:
        CalledProcessError: it failed; what it said stands on stderr.
    """
    module, *options = COMMANDS[name]
    at, began = utc_now(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *options],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return {
        "command": list(COMMANDS[name]),
        "commit": commit(),
        "at": at.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 1),
        "machine": machine(),
        "result": json.loads(done.stdout),
    }


def measured(names: list[str], folder: Path, *, again: bool) -> list[str]:
    """Run what has no result yet for this commit, and keep each at once; return what failed.

    Where files differ from the commit, what was measured before may be of other ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names:
        file = folder / f"{name}.json"
        if file.exists() and not again and not folder.name.endswith(CHANGED):
            sys.stderr.write(f"== {name}: measured already\n")
            continue
        sys.stderr.write(f"== {name}\n")
        try:
            file.write_text(json.dumps(run(name), indent=1))
        except subprocess.CalledProcessError as exc:
            sys.stderr.write(f"== {name} failed with {exc.returncode}\n")
            failed.append(name)
            continue
        keep(folder)
    return failed


def keep(folder: Path) -> None:
    """Put the results of a folder into those that are kept, in place of older ones; write the page."""
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {"runs": {}}
    for file in folder.glob("*.json"):
        kept["runs"][file.stem] = json.loads(file.read_text())
    kept["runs"] = {name: kept["runs"][name] for name in COMMANDS if name in kept["runs"]}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept))


def main() -> int:
    """Run all benchmarks, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(COMMANDS))
    parser.add_argument("--again", action="store_true", help="also what was measured already")
    parser.add_argument("--list", action="store_true", help="name all, with their commands")
    parser.add_argument("--render", action="store_true", help="only write the page anew")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(COMMANDS):
        parser.error(f"there is no benchmark {min(unknown)}; --list names all")
    if asked.list:
        for name, command in COMMANDS.items():
            print(f"{name:14}python -m tests.benchmarks.{' '.join(command)}")  # noqa: T201 - asked for
        return 0
    folder = CACHE / "results" / commit()
    if asked.render:
        keep(folder)
        return 0
    failed = measured(asked.names or list(COMMANDS), folder, again=asked.again)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
