"""Measure a plan of many contact changes, applied over sockets, against the rate that Emarsys allows.

The two systems run in a process of their own. Tells the requests that the changes took, how many a minute
that were, and the share of the allowed rate (above 1: faster than allowed, so that the limit alone decides
how long a plan takes). Run by `make bench`; `--changes` sets its size.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.clock import utc_now
from auditor.config import load_settings
from auditor.correct.files import write_plan
from auditor.model.plan import ContactFields, Plan, in_order
from auditor.pipeline import Run, apply
from auditor.pipeline.planning import digest_of_expectations
from auditor.resources import expectation_files
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.start import Plan as SandboxPlan
from auditor.sandbox.start import sandbox
from auditor.sandbox.world import Scale
from auditor.sandbox.world.model import Contact
from tests.benchmarks.measure import KIB, peak_kib, tell
from tests.brand import FAST
from tests.correct.applying.shop import change
from tests.test_large_worlds import Silent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ALLOWED_PER_MINUTE = 1000
"""Source: Emarsys reference 2.1."""

FIRST_ID = 500_000_000


def serve(folder: Path, count: int, pipe: Connection) -> None:
    """Run both systems with so many contacts who are opted in, until the pipe says stop."""
    options = EmarsysOptions(rate_limit=10**9)
    plan = SandboxPlan(
        folder, utc_now, Scale.of(customers=40), centra=FAST, drift=False, emarsys=options
    )
    with sandbox(plan) as running:
        account = running.world.emarsys
        key = account.key_field
        account.contacts += [
            Contact(
                FIRST_ID + n,
                f"u{n}",
                {key: f"K{n}", 3: f"p{n}@example.com", 31: "1", 1: "Ann", 2: "Bo"},
            )
            for n in range(count)
        ]
        running.refresh()
        pipe.send((running.environ, key))
        pipe.recv()
        pipe.send(len([row for row in running.log.rows() if row.system == "emarsys"]))
        pipe.send(sum(one.values.get(31) == "2" for one in account.contacts if one.id >= FIRST_ID))


def opt_outs(count: int, key: int) -> list[Any]:
    """Return an opt-out of each contact."""
    return [
        change(
            ContactFields(
                str(FIRST_ID + n),
                {"31": 2},
                {"31": "1", "3": f"p{n}@example.com", str(key): f"K{n}"},
            ),
            remedy="opt_out",
            why="an opt-out stays",
        )
        for n in range(count)
    ]


def settings_of(folder: Path, environ: dict[str, str], count: int) -> Any:
    """Read the settings of the sandbox, with caps that leave room."""
    import yaml

    file = folder / "auditor.yaml"
    raw = yaml.safe_load(file.read_text())
    raw["corrections"] = {"caps": {"default": {"count": count, "share": 1}}}
    file.write_text(yaml.safe_dump(raw))
    return load_settings(file, environ)


def rss_kib() -> int:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // KIB


class Scales(Silent):
    """Weighs the process after every batch."""

    def __init__(self) -> None:
        self.kib: list[int] = []

    def changes(self, *_: object) -> None:
        """Weigh it."""
        self.kib.append(rss_kib())


def main() -> None:
    """Start the systems, make the plan, apply it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    count = parser.parse_args().changes
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        server = context.Process(target=serve, args=(folder, count, theirs))
        server.start()
        environ, key = ours.recv()
        settings, now = settings_of(folder, environ, count), utc_now()
        plan = Plan(
            brand=settings.brand,
            run="bench",
            tool="0",
            expectations=digest_of_expectations(expectation_files(folder)),
            as_of=now,
            expires_at=now + timedelta(hours=4),
            streams=(),
            records={"emarsys": count, "centra": count},
            currency="SEK",
            items=0,
            changes=in_order(opt_outs(count, key)),
        )
        path, digest = write_plan(plan)
        del plan
        scales, began = Scales(), time.perf_counter()
        applied = apply(Run(settings, folder, utc_now, scales), path, digest)
        seconds = time.perf_counter() - began
        ours.send("stop")
        requests, opted_out = ours.recv(), ours.recv()
        server.join()
    per_minute = requests * 60 / seconds
    result = {
        "changes": count,
        "verified": applied.count("verified"),
        "opted_out": opted_out,
        "seconds": round(seconds, 1),
        "requests": requests,
        "requests_per_minute": round(per_minute),
        "share_of_allowed_rate": round(per_minute / ALLOWED_PER_MINUTE, 2),
        "changes_per_s": round(count / seconds),
        "rss_first_batch_kib": scales.kib[0],
        "rss_last_batch_kib": scales.kib[-1],
        "peak_kib": peak_kib(),
    }
    tell(result, result.items())


if __name__ == "__main__":
    main()
