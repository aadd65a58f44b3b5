"""Measure auditing again where nothing has changed, and where one of a hundred records has.

Each is compared with an audit of everything of the same rows, all in processes of their own on a copy of
a kept world. What is compared is the time of reconcile, attribute, expect and findings. Run by
`make bench`.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import child, spread, tell
from tests.benchmarks.world import add_world, copy_of, facts_of, world_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from auditor.warehouse import Warehouse

ROUNDS = 3
ONE_OF = 100
"""Of so many records one changes."""


def change(folder: Path, number: int) -> dict[str, int]:
    """Let a run have read other rows of a hundredth of all customers, orders, contacts and sales.

    Customers and orders were changed a while ago, contacts have a field that nothing is compared with,
    sales were loaded again: so about as much drifts as before. Which records change is another hundredth
    in each run.
    """
    from datetime import timedelta

    from auditor.model import tables as t
    from auditor.warehouse import FinishedRead, Warehouse
    from tests.benchmarks.merge import settings_in, warehouse_in
    from tests.benchmarks.shards import NOW

    as_of = NOW + number * timedelta(minutes=1)
    changed_at = f"TIMESTAMP '{as_of - timedelta(hours=6):%Y-%m-%d %H:%M:%S}'"
    settings_in(folder)
    rows = 0
    with closing(Warehouse(f"duckdb:///{warehouse_in(folder)}")) as warehouse:
        reads = []
        for stream, column, value in (
            ("customers", "updated_at", changed_at),
            ("orders", "updated_at", changed_at),
            ("contacts", "form_id", f"'{number}'"),
        ):
            tables = t.STREAM_TABLES[stream]
            rows += _stage(warehouse, stream, number, column, value)
            key = t.record_key(stream)
            reads.append(FinishedRead(stream, "incremental", "", as_of, tables, key))
        warehouse.publish(f"changed-{number}", as_of, reads)
        rows += _load_sales_again(warehouse, t.emarsys_sale, number)
    return {"rows": rows}


def _stage(warehouse: Warehouse, stream: str, number: int, column: str, value: str) -> int:
    from auditor.model import tables as t
    from auditor.warehouse import UnfinishedRead
    from auditor.warehouse.stage import staged
    from tests.benchmarks.shards import NOW

    tables = t.STREAM_TABLES[stream]
    key = t.record_key(stream)
    if key is None:
        raise ValueError(f"{stream} is read whole")
    warehouse.begin_read(UnfinishedRead(stream, "incremental", "", NOW), tables)
    with warehouse.engine.begin() as conn:
        for table in tables:
            changed = f"* REPLACE ({value} AS {column})" if table is tables[0] else "*"
            conn.exec_driver_sql(
                f"INSERT INTO {staged(table).name} SELECT {changed} FROM {table.name} "
                f"WHERE {_chosen(key[0], number)}"
            )
    return sum(warehouse.count_staged(table) for table in tables)


def _load_sales_again(warehouse: Warehouse, sale: sa.Table, number: int) -> int:
    with warehouse.engine.begin() as conn:
        done = conn.exec_driver_sql(
            f"UPDATE {sale.name} SET loaded_at = loaded_at + INTERVAL 1 SECOND "
            f"WHERE {_chosen('order_number', number)}"
        )
        return int(done.scalar() or 0)


def _chosen(key: str, number: int) -> str:
    return f"hash({key}) % {ONE_OF} = {number % ONE_OF}"


def measured(world: Path, rounds: int) -> dict[str, Any]:
    """Audit a copy of a world, then so many times: everything, nothing changed, a hundredth changed."""
    found: dict[str, list[dict[str, Any]]] = {"anew": [], "unchanged": [], "changed": []}
    rows = 0
    facts = facts_of(world)
    with copy_of(world) as work:

        def audit(name: str, number: int) -> dict[str, Any]:
            return child("audit", "--part", name, "--folder", work, "--number", number)

        audit("first", 0)
        for number in range(1, 3 * rounds, 3):
            for place, kind in enumerate(found):
                if kind == "changed":
                    rows = child("again", "--change", work, "--number", number + place)["rows"]
                child("audit", "--part", "next", "--folder", work, "--number", number + place)
                name = "anew" if kind == "anew" else "again"
                found[kind].append(audit(name, number + place))
    seconds = {kind: [one["audit_s"] for one in each] for kind, each in found.items()}
    middle = {
        kind: sorted(each, key=lambda one: one["audit_s"])[len(each) // 2]
        for kind, each in found.items()
    }
    return {
        "customers": facts["customers"],
        "seed": facts["seed"],
        "changed_rows": rows,
        "audit_s": {kind: spread(each) for kind, each in seconds.items()},
        "reconciled_part": {kind: one["is_of_part"] for kind, one in middle.items()},
        "unchanged_share": _shares(seconds["unchanged"], seconds["anew"]),
        "changed_share": _shares(seconds["changed"], seconds["anew"]),
        "peak_kib": max(one["peak_kib"] for each in found.values() for one in each),
        "stages_s": {kind: one["stages_s"] for kind, one in middle.items()},
        "slowest": {kind: middle[kind]["slowest"] for kind in ("unchanged", "changed")},
    }


def _shares(parts: list[float], wholes: list[float]) -> dict[str, float]:
    return spread(part / whole for part, whole in zip(parts, wholes, strict=True))


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    return [
        [f"audits again of {result['customers']:,} customers", ""],
        *([f"{kind}, s", seconds] for kind, seconds in result["audit_s"].items()),
        ["nothing changed, share of everything", result["unchanged_share"]],
        [f"{result['changed_rows']:,} rows changed, share", result["changed_share"]],
        *(
            [f"  {kind}: {name}, s", seconds]
            for kind, stages in result["stages_s"].items()
            for name, seconds in stages.items()
        ),
    ]


def main() -> None:
    """Measure a kept world, or change a copy of one in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_world(parser)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--change", type=Path)
    parser.add_argument("--number", type=int, default=1)
    asked = parser.parse_args()
    if asked.change:
        tell(change(asked.change, asked.number))
        return
    result = measured(world_of(asked), asked.rounds)
    tell(result, table(result))


if __name__ == "__main__":
    main()
