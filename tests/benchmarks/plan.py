"""Measure a plan of many contact changes against hashing every column of the same tables once.

Run by `make bench`; `--changes` sets the size of the plan.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from auditor.correct.files import write_plan
from auditor.findings.ledger import Ledger
from auditor.model import tables as t
from auditor.reconcile.run import reconcile
from auditor.warehouse import Warehouse
from tests.benchmarks.audit import scan_s
from tests.benchmarks.measure import peak_kib, spread, tell
from tests.correct.desk import Desk, read_settings
from tests.reconcile.books import OLD, TERMS, Books

ROUNDS = 3
STEP = """INSERT INTO {table} ({columns}) SELECT {values} FROM range({count}) r(i)"""


def fill(warehouse: Warehouse, count: int) -> None:
    """Let so many people have withdrawn their consent, whom Emarsys still mails."""
    email = "'p' || i || '@x.se'"
    rows = {
        t.centra_customer: {
            "customer_id": "i",
            "store_id": "'1'",
            "status": "'ACTIVE'",
            "email": email,
            "email_key": email,
            "is_anonymized": "false",
            "created_at": f"TIMESTAMP '{OLD}'",
            "updated_at": f"TIMESTAMP '{OLD}'",
        },
        t.centra_subscription: {
            "subscription_id": "i",
            "store_id": "'1'",
            "email": email,
            "email_key": email,
            "is_active": "false",
            "is_product_bound": "false",
            "created_at": f"TIMESTAMP '{OLD}'",
        },
        t.emarsys_contact: {
            "contact_id": "i",
            "external_id": "i",
            "email": email,
            "email_key": email,
            "opt_in": "1",
        },
    }
    with warehouse.engine.begin() as conn:
        for table, cells in rows.items():
            made = STEP.format(
                table=table.name,
                columns=", ".join(cells),
                values=", ".join(cells.values()),
                count=count,
            )
            conn.execute(sa.text(made))


def plan_s(desk: Desk, file: Path) -> tuple[float, int]:
    """Make the plan and write it; return the wall seconds and the number of changes."""
    began = time.perf_counter()
    plan, _ = desk.plan()
    write_plan(plan, file)
    return time.perf_counter() - began, len(plan.changes)


def measured(count: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """Fill both sides, find the drift, then time scan and plan in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        caps = {"caps": {"default": {"count": count, "share": 1}}}
        settings = read_settings(folder, lambda raw: raw.update(corrections=caps))
        url = f"duckdb:///{folder / 'plan.duckdb'}"
        scans, plans = [], []
        with closing(Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")) as ledger:
            with closing(Warehouse(url)) as warehouse:
                desk = Desk(Books(warehouse), ledger, settings, {"emarsys": count, "centra": count})
                desk.audit()  # writes the books' own rows
                fill(warehouse, count)
                reconcile(warehouse, TERMS)
                desk.keep()
            for _ in range(rounds):
                scans.append(scan_s(url))
                with closing(Warehouse(url)) as warehouse:
                    plans.append(
                        plan_s(
                            Desk(Books(warehouse), ledger, settings, desk.records),
                            folder / "p.json",
                        )
                    )
    seconds = [s for s, _ in plans]
    return {
        "changes": plans[0][1],
        "scan_s": spread(scans),
        "plan_s": spread(seconds),
        "ratio": spread(p / s for p, s in zip(seconds, scans, strict=True)),
        "changes_per_s": round(plans[0][1] / sorted(seconds)[rounds // 2]),
        "peak_kib": peak_kib(),
    }


def main() -> None:
    """Measure a plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    result = measured(parser.parse_args().changes)
    tell(result, result.items())


if __name__ == "__main__":
    main()
