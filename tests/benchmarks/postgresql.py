"""Measure an audit of one stored world on PostgreSQL beside the same on DuckDB and SQLite.

Tells the seconds of each stage on both, and how many times as long PostgreSQL takes. The server is PostgreSQL
as it comes, started for this alone. `--customers` sets the size of the world.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from auditor.config.settings import Store
from auditor.config.values import StoreUrl
from auditor.findings import query
from auditor.findings.ledger import Ledger
from auditor.pipeline import Run, audit
from auditor.sandbox.world import Scale, build_world, plant
from auditor.warehouse import Warehouse
from auditor.warehouse.publish import publish
from tests.benchmarks.measure import tell
from tests.direct import write_world
from tests.postgres import new_database, server
from tests.test_large_worlds import Silent, settings_of

if TYPE_CHECKING:
    from auditor.config import Settings
    from auditor.sandbox.world.model import World

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROUNDS = 3
ASIDE = ("load", "copy", "first")
"""What is measured beside the stages of an audit that finds what the one before found."""


def measured(world: World, settings: Settings) -> dict[str, float]:
    """Write a world into the stores of the settings and audit it; return the seconds of each stage.

    The first audit fills the ledger; of the others, which find what they found, the median counts.
    """
    began = time.perf_counter()
    with closing(Warehouse(settings.store.warehouse)) as warehouse:
        snapshot = write_world(world, warehouse, "run")
    loaded_s = time.perf_counter() - began
    with closing(Ledger(settings.store.ledger)) as ledger:
        query.record_run(ledger, settings.brand, snapshot)
    rounds = [_audited(settings) for _ in range(ROUNDS)]
    middle = sorted(rounds[1:], key=lambda stages: sum(stages.values()))[(ROUNDS - 1) // 2]
    began = time.perf_counter()
    publish(settings.store.warehouse)
    aside = {
        "load": loaded_s,
        "copy": time.perf_counter() - began,
        "first": sum(rounds[0].values()),
    }
    return {**{name: round(seconds, 3) for name, seconds in aside.items()}, **middle}


def _audited(settings: Settings) -> dict[str, float]:
    done = audit(Run(settings, Path.cwd(), lambda: NOW, Silent()), take_snapshot=False)
    return {name: s for name, s in done.audit.stages.items() if name != "snapshot"}


def main() -> None:
    """Build a world, then measure each engine in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    customers = parser.parse_args().customers
    folder = Path(tempfile.mkdtemp(prefix="auditor-bench-"))
    os.chdir(folder)
    world = build_world(1, Scale.of(customers=customers), NOW)
    plant(world, 1)
    settings = settings_of(world, folder)
    embedded = measured(world, settings)
    with server(options="") as url:
        urls = {name: StoreUrl(new_database(url)) for name in ("warehouse", "ledger")}
        postgresql = measured(world, replace(settings, store=Store(**urls)))
    result: dict[str, Any] = {
        "customers": customers,
        "embedded_s": embedded,
        "postgresql_s": postgresql,
        "times_as_long": {
            name: round(postgresql[name] / max(seconds, 0.001), 1)
            for name, seconds in embedded.items()
        },
    }
    both = [
        sum(s for name, s in stages.items() if name not in ASIDE)
        for stages in (embedded, postgresql)
    ]
    result["audit_times_as_long"] = round(both[1] / both[0], 2)
    tell(
        result,
        [
            ["stage", "embedded, s", "PostgreSQL, s"],
            *([name, seconds, postgresql[name]] for name, seconds in embedded.items()),
        ],
    )


if __name__ == "__main__":
    main()
