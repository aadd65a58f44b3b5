"""Measure the auditor's comparison of contacts beside polars, pandas, datacompy and reladiff.

All see the same rows of one kept world: for each person the row of Centra that keys the contact, and the
contact. All compare four columns of them; the auditor's engine does so within its warehouse, and writes
down every row that differs. What each takes to load its rows is told apart and counts for none. Beside
that stands what no peer does: linking contacts with people, customers that are gone and what proves
consent, and judging consent and identity. Libraries that the lock has no room for get environments of
their own beside the worlds. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import venv
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import child, spread, tell, timed
from tests.benchmarks.peers.compare import PEERS
from tests.benchmarks.world import CACHE, add_world, copy_of, facts_of, world_of

ROUNDS = 3
HERE = Path(__file__).parent / "peers"
OWN = ("pandas",)
"""What the lock has anyway."""
CENTRA, EMARSYS = "centra.parquet", "emarsys.parquet"
ROWS = {
    CENTRA: """
        SELECT c.customer_id AS id, c.email_key, c.first_name, c.last_name,
          CASE p.consent WHEN 'yes' THEN 1 WHEN 'no' THEN 2 END AS opt_in
        FROM centra_customer c JOIN link_person p ON c.email_key = p.email_key
        WHERE NOT coalesce(c.is_anonymized, false) AND (
          c.customer_id IN (SELECT external_id FROM emarsys_contact)
          OR (c.customer_id = p.customer_id AND p.email_key NOT IN (
            SELECT person FROM link_contact WHERE person IS NOT NULL)))""",
    EMARSYS: """
        SELECT external_id AS id, email_key, first_name, last_name, opt_in
        FROM emarsys_contact WHERE external_id IS NOT NULL""",
}


def prepare(folder: Path) -> dict[str, Any]:
    """Reconcile a world once and write the rows that the others compare."""
    from tests.benchmarks.merge import warehouse_in

    warehouse, terms = _opened(folder)
    from auditor.reconcile.run import reconcile

    with closing(warehouse):
        reconcile(warehouse, terms)
        with warehouse.engine.connect() as conn:
            for name, select in ROWS.items():
                path = warehouse_in(folder).with_name(name)
                conn.exec_driver_sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
                conn.exec_driver_sql(f"CREATE OR REPLACE TABLE {_table(name)} AS {select}")
            conn.commit()
            return {
                name: conn.exec_driver_sql(
                    f"SELECT count(*) FROM read_parquet('{warehouse_in(folder).with_name(name)}')"
                ).scalar()
                for name in ROWS
            }


def _table(file: str) -> str:
    return f"compared_{Path(file).stem}"


def ours(folder: Path) -> dict[str, Any]:
    """Compare the rows in the warehouse, and write down those that differ."""
    import sqlalchemy as sa

    names = ("id", "email_key", "first_name", "last_name", "opt_in")
    here, there = (sa.table(_table(file), *map(sa.column, names)) for file in ROWS)
    warehouse, _ = _opened(folder)
    with closing(warehouse), warehouse.engine.connect() as conn:
        differs = sa.or_(*(here.c[name].is_distinct_from(there.c[name]) for name in names))
        both = [
            table.c[name].label(f"{table.name}_{name}") for table in (here, there) for name in names
        ]
        rows = sa.select(*both).select_from(here.join(there, here.c.id == there.c.id, full=True))
        written = str(rows.where(differs).compile(warehouse.engine))
        with timed() as took:
            conn.exec_driver_sql(f"CREATE TABLE compared_drift AS {written}")
            conn.commit()
        found = conn.exec_driver_sql("SELECT count(*) FROM compared_drift").scalar()
        conn.exec_driver_sql("DROP TABLE compared_drift")
        conn.commit()
    return {"compare_s": took.wall_s, "differ": found}


def judged(folder: Path) -> dict[str, Any]:
    """Link the contacts and judge them, in place of what an earlier run found."""
    from auditor.model import drift as d
    from auditor.reconcile import consent, identity, past, people

    warehouse, terms = _opened(folder)
    links = (
        (d.link_gone, past.gone_customers),
        (d.link_person, people.people),
        (d.link_contact, people.contacts),
    )
    drifts = ((d.drift_consent, consent.drift), (d.drift_identity, identity.drift))
    steps, found = {}, 0
    with closing(warehouse), warehouse.engine.connect() as conn:
        warehouse.empty_drift(conn)
        conn.commit()
        for table, select in links:
            with timed() as took:
                warehouse.refill(conn, table, select(terms))
            steps[table.name] = took.wall_s
        for table, select in drifts:
            with timed() as took:
                conn.execute(table.insert().from_select(d.filled(table), select(terms)))
                conn.commit()
            steps[table.name] = took.wall_s
            found += warehouse.count(table)
    return {"compare_s": sum(steps.values()), "steps_s": steps, "differ": found}


def _opened(folder: Path) -> tuple[Any, Any]:
    from auditor.pipeline.judging import terms_of_run
    from auditor.warehouse import Warehouse
    from tests.benchmarks.merge import RUN, settings_in, warehouse_in
    from tests.benchmarks.shards import NOW
    from tests.direct import whole_snapshot

    warehouse = Warehouse(f"duckdb:///{warehouse_in(folder)}")
    return warehouse, terms_of_run(settings_in(folder), warehouse, whole_snapshot(RUN, NOW))


def python_of(package: str, cache: Path = CACHE) -> Path:
    """Return the Python that has a library, whose environment is made where it is not there yet."""
    if package in OWN:
        return Path(sys.executable)
    pins = HERE / f"{package}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    folder = cache / f"venv-{package}-{digest}"
    python = folder / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", pins],
            check=True, stdout=sys.stderr,
        )  # fmt: skip
        done.touch()
    return python


def peer(name: str, folder: Path, cache: Path) -> dict[str, Any]:
    """Let a library compare once, in a process of its own."""
    rows = [folder / "var" / file for file in (CENTRA, EMARSYS)]
    python = python_of(PEERS[name][0], cache)
    done = subprocess.run(
        [python, HERE / "compare.py", name, *rows], stdout=subprocess.PIPE, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measured(world: Path, rounds: int, cache: Path, peers: list[str]) -> dict[str, Any]:
    """Let each compare so many times, in turn."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("ours", "judged", *peers)}
    facts = facts_of(world)
    with copy_of(world) as work:
        rows = child("compare", "--part", "prepare", "--folder", work)
        for _ in range(rounds):
            for part in ("ours", "judged"):
                found[part].append(child("compare", "--part", part, "--folder", work))
            for name in peers:
                found[name].append(peer(name, work, cache))
    own = [one["compare_s"] for one in found["ours"]]
    result: dict[str, Any] = {
        "customers": facts["customers"],
        "seed": facts["seed"],
        "rows": rows,
        "compare_s": {
            name: spread(one["compare_s"] for one in each) for name, each in found.items()
        },
        "load_s": {name: spread(one["load_s"] for one in found[name]) for name in peers},
        "differ": {name: each[0]["differ"] for name, each in found.items()},
        "versions": {name: found[name][0]["version"] for name in peers},
        "steps_s": found["judged"][-1]["steps_s"],
        "times_ours": {
            name: spread(
                one["compare_s"] / mine for one, mine in zip(found[name], own, strict=True)
            )
            for name in peers
        },
    }
    return result


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    rows: list[list[object]] = [["comparing contacts", "seconds", "times ours", "rows that differ"]]
    for name, seconds in result["compare_s"].items():
        times = result["times_ours"].get(name, "")
        rows.append([name, seconds, times, result["differ"][name]])
    rows += [[f"  judged: {step}", seconds, "", ""] for step, seconds in result["steps_s"].items()]
    return rows


PARTS = {"prepare": prepare, "ours": ours, "judged": judged}


def main() -> None:
    """Measure a kept world, or one part of that in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_world(parser)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--part", choices=tuple(PARTS))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.part:
        tell(PARTS[asked.part](asked.folder))
        return
    result = measured(world_of(asked), asked.rounds, asked.cache, asked.peers)
    tell(result, table(result))


if __name__ == "__main__":
    main()
