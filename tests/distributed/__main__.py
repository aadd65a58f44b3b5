"""Audit one world on DuckDB, and once more with every reconcile select run by Spark; compare all of it.

`make spark` runs it at world M; `--customers` sets the size. Spark is a cluster on this machine: a driver
and two executors, each a process. Tables go there and back as Parquet. Prints one JSON object, then a table;
returns 1 when a row or a finding differs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.pipeline import auditing, reading
from auditor.sandbox.world import EARLIER, Scale, build_world, evolve, plant
from auditor.warehouse import Warehouse
from tests.direct import write_world
from tests.distributed.audited import NOW, audited
from tests.distributed.compare import differences
from tests.distributed.reconciling import Spark
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from auditor.config import Settings

EMBEDDED, DISTRIBUTED = "embedded", "distributed"


def stored(customers: int, folder: Path) -> Settings:
    """Write a world that has lived, with drift, into the stores of the folder."""
    world = build_world(1, Scale.of(customers=customers), NOW - EARLIER)
    settings = settings_of(world, folder)
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        write_world(world, warehouse, "earlier", as_of=NOW - EARLIER, pepper="pepper")
        evolve(world, 1, NOW)
        plant(world, 1)
        settings = settings_of(world, folder)
        snapshot = write_world(world, warehouse, "run", pepper="pepper")
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, settings.brand, snapshot)
    return settings


def compared(customers: int, folder: Path) -> dict[str, Any]:
    """Audit the world twice and say what differs."""
    first = folder / EMBEDDED
    first.mkdir()
    os.chdir(first)
    settings = stored(customers, first)
    gc.collect()
    second = shutil.copytree(first, folder / DISTRIBUTED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "token_hex", lambda _: "0000")
        ours, our_findings = audited(settings, first)
        os.chdir(second)
        spark = Spark(folder / "spark")
        patch.setattr(auditing, "reconcile_again", spark.reconcile)
        theirs, their_findings = audited(settings, second)
    file = Path("var") / f"{settings.brand}.duckdb"
    tables = differences(first / file, second / file, spark.tables)
    return {
        "customers": customers,
        "spark": {key: spark.told[key] for key in ("version", "master")},
        "statements": len(spark.told["seconds"]),
        "spark_s": round(sum(s for _, s in spark.told["seconds"]), 1),
        "export_s": spark.export_s,
        "import_s": spark.import_s,
        "duckdb_reconcile_s": round(ours.stages["reconcile"], 1),
        "tables": tables,
        "rows_that_differ": sum(one["differ"] for one in tables.values()),
        "findings": len(our_findings),
        "findings_are_the_same": our_findings == their_findings,
        "checks_are_the_same": ours.checks == theirs.checks,
        "bridge_is_the_same": (ours.bridge, ours.verified_share)
        == (theirs.bridge, theirs.verified_share),
        "seconds": spark.told["seconds"],
    }


def shown(result: dict[str, Any]) -> str:
    """Return the tables of a result as a person reads them."""
    lines = [f"{'table':<20}{'rows':>12}{'differ':>8}"]
    lines += [f"{n:<20}{t['rows']:>12,}{t['differ']:>8,}" for n, t in result["tables"].items()]
    return "\n".join(lines)


def main() -> int:
    """Compare at the size that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=Scale.M.customers)
    parser.add_argument("--keep", type=Path, help="leave the stores in this new folder")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="auditor-spark-"))
    folder.mkdir(exist_ok=True)
    try:
        result = compared(asked.customers, folder.resolve())
    finally:
        os.chdir("/")
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(result, indent=1) + "\n" + shown(result) + "\n")
    same = all(value for key, value in result.items() if key.endswith("_the_same"))
    return 0 if same and not result["rows_that_differ"] else 1


if __name__ == "__main__":
    sys.exit(main())
