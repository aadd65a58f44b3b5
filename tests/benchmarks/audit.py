"""Measure an audit of a stored world against hashing every column of every canonical table once.

Each scan and each audit runs in a process of its own, on a copy of a kept world: the first audit,
to which everything is new, and then audits that judge all of it again. What is compared is the time of
reconcile, attribute, expect and findings. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.benchmarks.measure import child, peak_kib, spread, tell, timed
from tests.benchmarks.world import add_world, copy_of, facts_of, world_of

if TYPE_CHECKING:
    from datetime import datetime

ROUNDS = 3
ASIDE = {"snapshot", "report", "canary"}
"""Stages that are no judging."""


def scan_s(url: str) -> float:
    """Hash every column of every canonical table once; return the wall seconds."""
    return _scan(url)["scan_s"]


def _scan(url: str) -> dict[str, float]:
    import sqlalchemy as sa

    from auditor.model.tables import STREAM_TABLES
    from auditor.warehouse import Warehouse

    with closing(Warehouse(url)) as warehouse, warehouse.engine.connect() as conn, timed() as took:
        for tables in STREAM_TABLES.values():
            for table in tables:
                hashed = sa.func.sum(sa.cast(sa.func.hash(*table.columns), sa.Double))
                conn.execute(sa.select(hashed)).scalar()
    return {"scan_s": took.wall_s, "scan_cpu_s": took.cpu_s}


def audited(folder: Path, at: datetime, *, anew: bool) -> dict[str, Any]:
    """Judge the stored snapshot; return what the stages and their statements took."""
    from auditor.pipeline import Run, audit
    from auditor.reconcile.run import reconcile_again
    from tests.benchmarks.merge import settings_in
    from tests.benchmarks.profiled import Profile

    os.chdir(folder)
    profile = Profile()
    is_of_part: list[bool] = []

    def told(*args: Any, **options: Any) -> bool:
        is_of_part.append(reconcile_again(*args, **options))
        return is_of_part[-1]

    with (
        mock.patch("auditor.pipeline.auditing.reconcile_again", told),
        profile.watched(),
        timed() as took,
    ):
        run = Run(settings_in(folder), folder, lambda: at, profile)
        done = audit(run, take_snapshot=False, anew=anew)
    stages = {name: s for name, s in done.audit.stages.items() if name not in ASIDE}
    return {
        "audit_s": sum(stages.values()),
        "is_of_part": is_of_part == [True],
        "whole_s": took.wall_s,
        "whole_cpu_s": took.cpu_s,
        "stages_s": stages,
        "peak_kib": profile.peak_kib["findings"],
        "peak_with_report_kib": peak_kib(),
        "stage_peak_kib": profile.peak_kib,
        "findings": done.audit.tally.total,
        "steps_s": profile.steps(),
        "slowest": profile.slowest(),
    }


def go_on(folder: Path, number: int) -> None:
    """Let another run have read the same rows, some minutes later."""
    from auditor.findings import query
    from auditor.findings.ledger import Ledger
    from auditor.warehouse import Warehouse
    from tests.benchmarks.merge import settings_in
    from tests.benchmarks.shards import NOW
    from tests.direct import whole_snapshot

    os.chdir(folder)
    settings, as_of, run = settings_in(folder), NOW + number * timedelta(minutes=1), f"run-{number}"
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        warehouse.publish(run, as_of, [])
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, settings.brand, whole_snapshot(run, as_of))


def part(name: str, folder: Path, number: int) -> dict[str, Any]:
    """Run one part, in the process that was started for it."""
    from tests.benchmarks.merge import warehouse_in
    from tests.benchmarks.shards import NOW

    if name == "scan":
        return _scan(f"duckdb:///{warehouse_in(folder)}")
    if name == "next":
        go_on(folder, number)
        return {}
    return audited(folder, NOW + number * timedelta(minutes=1), anew=name == "anew")


def measured(world: Path, rounds: int) -> dict[str, Any]:
    """Audit a copy of a world once and so many times again; scan it each time before.

    Without any again, the first counts for a later one.
    """
    scans, audits = [], []
    facts = facts_of(world)
    with copy_of(world) as work:
        for number in range(rounds + 1):
            if number:
                child("audit", "--part", "next", "--folder", work, "--number", number)
            scans.append(child("audit", "--part", "scan", "--folder", work))
            name = "anew" if number else "first"
            audits.append(child("audit", "--part", name, "--folder", work, "--number", number))
    first, again = audits[0], audits[1:] or audits
    scan = spread(s["scan_s"] for s in scans)
    middle = sorted(again, key=lambda one: one["audit_s"])[len(again) // 2]
    return {
        "customers": facts["customers"],
        "seed": facts["seed"],
        "rows": sum(facts["rows"].values()),
        "rows_of": facts["rows"],
        "findings": first["findings"],
        "scan_s": scan,
        "first_s": round(first["audit_s"], 3),
        "audit_s": spread(a["audit_s"] for a in again),
        "first_to_scan": round(first["audit_s"] / scan["median"], 2),
        "audit_to_scan": spread((a["audit_s"] / scan["median"] for a in again), 2),
        "scan_cpu_s": spread(s["scan_cpu_s"] for s in scans),
        "whole_cpu_s": spread(a["whole_cpu_s"] for a in again),
        "peak_kib": max(a["peak_kib"] for a in audits),
        "peak_with_report_kib": max(a["peak_with_report_kib"] for a in audits),
        "first_stages_s": first["stages_s"],
        "stages_s": middle["stages_s"],
        "stage_peak_kib": middle["stage_peak_kib"],
        "steps_s": middle["steps_s"],
        "slowest": middle["slowest"],
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    return [
        [f"audit of {result['customers']:,} customers, {result['rows']:,} rows", ""],
        ["scan, s", result["scan_s"]],
        ["first audit, s", result["first_s"]],
        ["later audit of everything, s", result["audit_s"]],
        ["first audit / scan", result["first_to_scan"]],
        ["later audit / scan", result["audit_to_scan"]],
        ["peak, MB", result["peak_kib"] * 1024 / 1e6],
        *([f"  {name}, s", seconds] for name, seconds in result["stages_s"].items()),
        *(
            [f"  {one['stage']}: {one['step']}, {one['calls']} calls, s", one["seconds"]]
            for one in result["slowest"]
        ),
    ]


def main() -> None:
    """Measure a kept world, or one part of that in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_world(parser)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--part", choices=("scan", "next", "first", "anew", "again"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--number", type=int, default=0)
    asked = parser.parse_args()
    if asked.part:
        tell(part(asked.part, asked.folder, asked.number))
        return
    result = measured(world_of(asked), asked.rounds)
    tell(result, table(result))


if __name__ == "__main__":
    main()
