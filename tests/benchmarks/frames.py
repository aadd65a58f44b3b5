"""Measure reading a large table into a pandas frame, as a notebook does, beside scanning it.

The frame is Arrow-backed and comes from the published copy of the warehouse; the scan hashes every column of
the same table once. Each in a process of its own, on a copy of a kept world. Run by `make bench`.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import KIB, child, peak_kib, spread, tell, timed
from tests.benchmarks.world import add_world, copy_of, facts_of, world_of

ROUNDS = 3
TABLE = "emarsys_sale"


def publish(folder: Path) -> dict[str, Any]:
    """Publish the warehouse, as each run does at its end."""
    from auditor.warehouse.publish import publish
    from tests.benchmarks.merge import warehouse_in

    publish(f"duckdb:///{warehouse_in(folder)}")
    return {}


def scan(folder: Path) -> dict[str, Any]:
    """Hash every column of the table once."""
    import sqlalchemy as sa

    from auditor.model.tables import metadata
    from auditor.warehouse.publish import Published
    from tests.benchmarks.merge import warehouse_in

    hashed = sa.func.sum(sa.cast(sa.func.hash(*metadata.tables[TABLE].columns), sa.Double))
    with (
        closing(Published(f"duckdb:///{warehouse_in(folder)}")) as published,
        timed() as took,
        published.engine.connect() as conn,
    ):
        conn.execute(sa.select(hashed)).scalar()
    return {"wall_s": took.wall_s}


def frame(folder: Path) -> dict[str, Any]:
    """Read the table into a frame."""
    from auditor.frames import Brand
    from tests.benchmarks.merge import settings_in

    brand = Brand(settings_in(folder), folder)
    before = peak_kib()
    with timed() as took:
        found = brand.table(TABLE)
    memory = int(found.memory_usage(deep=False).sum())
    return {
        "wall_s": took.wall_s,
        "rows": len(found),
        "frame_bytes": memory,
        "peak_kib": peak_kib() - before,
    }


PARTS = {"publish": publish, "scan": scan, "frame": frame}


def measured(world: Path, rounds: int) -> dict[str, Any]:
    """Scan and read in turn, so many times."""
    scans: list[dict[str, Any]] = []
    frames: list[dict[str, Any]] = []
    facts = facts_of(world)
    with copy_of(world) as work:
        child("frames", "--part", "publish", "--folder", work)
        for _ in range(rounds):
            for part, found in (("scan", scans), ("frame", frames)):
                found.append(child("frames", "--part", part, "--folder", work))
    return {
        "customers": facts["customers"],
        "seed": facts["seed"],
        "table": TABLE,
        "rows": frames[0]["rows"],
        "scan_s": spread(one["wall_s"] for one in scans),
        "frame_s": spread(one["wall_s"] for one in frames),
        "frame_to_scan": spread(
            f["wall_s"] / s["wall_s"] for f, s in zip(frames, scans, strict=True)
        ),
        "frame_mb": round(frames[0]["frame_bytes"] / 1e6, 1),
        "more_memory_mb": round(max(one["peak_kib"] for one in frames) * KIB / 1e6, 1),
    }


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    return [
        [f"{result['table']}, {result['rows']:,} rows", ""],
        ["scan, s", result["scan_s"]],
        ["into a frame, s", result["frame_s"]],
        ["frame / scan", result["frame_to_scan"]],
        ["the frame, MB", result["frame_mb"]],
        ["more memory at the peak, MB", result["more_memory_mb"]],
    ]


def main() -> None:
    """Measure a kept world, or one part of that in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_world(parser)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--part", choices=tuple(PARTS))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.part:
        tell(PARTS[asked.part](asked.folder))
        return
    result = measured(world_of(asked), asked.rounds)
    tell(result, table(result))


if __name__ == "__main__":
    main()
