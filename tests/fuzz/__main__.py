"""`python -m tests.fuzz [TARGET ...] --seconds 30`: attack parsers for longer than the tests do.

With atheris installed its coverage leads the attacks; without it they are bred from the samples alone.
A crash ends the run; what crashed is written to a file, which `--replay FILE` reads again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.breeding import bred

if "--led" in sys.argv:
    import atheris

    with atheris.instrument_imports(include=["auditor"]):
        from tests.fuzz.targets import TARGETS, Target
else:
    from tests.fuzz.targets import TARGETS, Target

SLOWEST_S = 10.0


def main() -> int:
    """Attack each target in turn; return 1 when one gave way."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--replay", type=Path, help="attack with what this file holds")
    parser.add_argument("--bred", action="store_true", help="breed attacks, without atheris")
    parser.add_argument("--led", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    chosen = [TARGETS[name] for name in asked.targets or TARGETS]
    if asked.replay:
        for one in chosen:
            one.attack(asked.replay.read_bytes())
        return 0
    if asked.led:
        return _lead(chosen[0], asked.seconds)
    fallen = [one.name for one in chosen if not _attacked(one, asked.seconds, bred_only=asked.bred)]
    print("gave way:", ", ".join(fallen) or "none", f"of {len(chosen)}")  # noqa: T201
    return bool(fallen)


def _attacked(one: Target, seconds: int, *, bred_only: bool) -> bool:
    if bred_only:
        return _bred(one, seconds)
    # libFuzzer ends the process that it runs in.
    words = [sys.executable, "-m", "tests.fuzz", one.name, "--seconds", str(seconds), "--led"]
    return subprocess.run(words, check=False).returncode == 0


def _bred(one: Target, seconds: int) -> bool:
    seeds, began, number = one.seeds(), time.monotonic(), random.randrange(2**40)  # noqa: S311
    first = number
    while time.monotonic() - began < seconds:
        content = bred(seeds[number % len(seeds)], number)
        at = time.monotonic()
        try:
            one.attack(content)
            assert time.monotonic() - at < SLOWEST_S, "too slow"
        except BaseException as exc:  # noqa: BLE001 - whatever it is, it is told with its attack
            path = Path(tempfile.gettempdir()) / f"fuzz-{one.name}.bin"
            path.write_bytes(content)
            print(f"{one.name}: {type(exc).__name__}: {str(exc)[:200]} at {path}")  # noqa: T201
            return False
        number += 1
    print(f"{one.name}: {number - first} attacks")  # noqa: T201
    return True


def _lead(one: Target, seconds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(one.seeds()):
            (Path(folder) / str(number)).write_bytes(seed)
        crash = f"-artifact_prefix={tempfile.gettempdir()}/fuzz-{one.name}-"
        limits = [f"-max_total_time={seconds}", f"-timeout={SLOWEST_S:.0f}", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], folder, crash, "-max_len=65536", *limits], one.attack)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
