"""Measure an audit of a stored world against hashing every column of every canonical table once.

Prints one JSON object. Run by `make bench`; `--customers` sets the size of the world.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.model.tables import STREAM_TABLES
from auditor.pipeline import Run, audit
from auditor.sandbox.world import Scale, build_world, plant
from auditor.warehouse import Warehouse
from tests.direct import write_world
from tests.test_large_worlds import Silent, settings_of

if TYPE_CHECKING:
    from auditor.config import Settings

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROUNDS = 5


def scan_s(url: str) -> float:
    """Hash every column of every canonical table once; return the wall seconds."""
    with closing(Warehouse(url)) as warehouse, warehouse.engine.connect() as conn:
        began = time.perf_counter()
        for tables in STREAM_TABLES.values():
            for table in tables:
                hashed = sa.func.sum(sa.cast(sa.func.hash(*table.columns), sa.Double))
                conn.execute(sa.select(hashed)).scalar()
        return time.perf_counter() - began


def audit_s(settings: Settings, folder: Path) -> dict[str, float]:
    """Judge the stored snapshot; return the wall seconds of each stage but the report."""
    done = audit(Run(settings, folder, lambda: NOW, Silent()), take_snapshot=False)
    return {name: s for name, s in done.audit.stages.items() if name != "snapshot"}


def main() -> None:
    """Write a world, then time scan and audit in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=Scale.M.customers)
    customers = parser.parse_args().customers
    gc.disable()
    folder = Path(tempfile.mkdtemp(prefix="auditor-bench-"))
    os.chdir(folder)
    world = build_world(1, Scale.of(customers=customers), NOW)
    plant(world, 1)
    settings = settings_of(world, folder)
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        snapshot = write_world(world, warehouse, "run")
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, settings.brand, snapshot)
    rounds = [(scan_s(settings.store.warehouse), audit_s(settings, folder)) for _ in range(ROUNDS)]
    ratios = sorted(sum(stages.values()) / scan for scan, stages in rounds)
    result = {
        "customers": customers,
        "scan_s": round(sorted(scan for scan, _ in rounds)[ROUNDS // 2], 3),
        "stages_s": rounds[-1][1],
        "audit_to_scan": {
            "min": round(ratios[0], 2),
            "median": round(ratios[ROUNDS // 2], 2),
            "max": round(ratios[-1], 2),
        },
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
