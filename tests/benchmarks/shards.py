"""Makes a large world: the smaller ones in processes of their own, each written to Parquet files."""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from auditor.sandbox.world import build_world, plant
from auditor.sandbox.world.planting import planters
from auditor.systems.arrow import arrow_schema, arrow_table
from tests.benchmarks.merge import merged, shifted_subject
from tests.direct import rows_of
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import sqlalchemy as sa

    from auditor.sandbox.world import World
    from tests.benchmarks.world import Size
    from tests.direct import Rows

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PROCESSES = 2
ROWS_PER_PAGE = 50_000
NO_SUBJECTS = {"freshness", "fulfilment.dead_event", "fulfilment.trigger_status_mismatch"}
"""Suites and checks whose drift is one of settings or of a whole stream, and no share of subjects."""


def make(size: Size, seed: int, folder: Path, processes: int = PROCESSES) -> None:
    """Fill a folder with a world: its stores, its settings, and what it is.

    Args:
        size: How large it is.
        seed: Chooses among all worlds of that size.
        folder: Where it goes.
        processes: How many make it; none beside this one if 0.
    """
    began = time.perf_counter()
    parts = folder / "parts"
    jobs = [(size, seed, number, folder) for number in range(size.shards)]
    if processes:
        # Millions of rows form no cycles, and the collector would walk them again and again.
        with get_context("spawn").Pool(processes, gc.disable, maxtasksperchild=1) as pool:
            answers = pool.starmap(_shard, jobs, chunksize=1)
    else:
        answers = [_shard(*job) for job in jobs]
    planted = sorted(answer for of_shard in answers for answer in of_shard)
    made_s = time.perf_counter() - began
    rows = merged(folder, parts, size.shards, NOW)
    shutil.rmtree(parts)
    facts = {
        "customers": size.customers,
        "seed": seed,
        "drift": size.drift,
        "rows": rows,
        "planted": dict(Counter(check for check, _ in planted)),
        "made_s": round(made_s, 1),
        "stored_s": round(time.perf_counter() - began - made_s, 1),
    }
    (folder / "planted.json").write_text(json.dumps(planted))
    (folder / "world.json").write_text(json.dumps(facts, indent=1))


def _shard(size: Size, seed: int, number: int, folder: Path) -> list[tuple[str, str]]:
    """Write one of the smaller worlds; return what is planted in it, as check and subject."""
    own_seed = seed * 1_000 + number
    world = build_world(own_seed, size.scale, NOW, shelf_seed=seed)
    cases = cases_of(world, size.drift, has_catalogue=number == 0)
    key = plant(world, own_seed, cases) if size.drift else []
    if number == 0:
        settings_of(world, folder)
    place = folder / "parts" / str(number)
    place.mkdir(parents=True)
    for table, rows in rows_of(world):
        _write(table, rows, place)
    return [(row.check, shifted_subject(row.check, row.subject, number)) for row in key]


def cases_of(world: World, share: float, *, has_catalogue: bool) -> Callable[[str], int]:
    """Return how many cases of a check make a share of its topic's subjects drift, over all its checks.

    Sales and channel share their subjects, the orders; so do the contacts' suites theirs each. The
    catalogue is the same in all smaller worlds: only one of them may spoil it.
    """
    emarsys = world.emarsys
    subjects = {
        "consent": len(emarsys.contacts),
        "identity": len(emarsys.contacts),
        "audience": len(emarsys.contacts),
        "sales": len({row.order_id for row in emarsys.purchases}),
        "fulfilment": len(emarsys.fired_events),
        "catalogue": len(emarsys.catalogue) if has_catalogue else 0,
    }
    topics = {check: _topic(check) for check in planters() if NO_SUBJECTS.isdisjoint(_names(check))}
    checks = Counter(topics.values())

    def cases(check: str) -> int:
        topic = topics.get(check)
        if topic is None or not subjects[topic]:
            return 0
        return max(1, round(share * subjects[topic] / checks[topic]))

    return cases


def _names(check: str) -> set[str]:
    return {check, check.partition(".")[0]}


def _topic(check: str) -> str:
    suite = check.partition(".")[0]
    return "sales" if suite == "channel" else suite


def _write(table: sa.Table, rows: Rows, place: Path) -> None:
    names = [column.name for column in table.columns]
    left = iter(rows)
    with pq.ParquetWriter(place / f"{table.name}.parquet", arrow_schema(table)) as writer:
        while page := list(islice(left, ROWS_PER_PAGE)):
            columns = dict(zip(names, map(list, zip(*page, strict=True)), strict=True))
            writer.write_table(arrow_table(table, columns))
