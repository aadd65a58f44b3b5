"""Reconciling by Spark in the place of the warehouse's own engine: Parquet out, statements, Parquet back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.config.environment import environment_with
from auditor.model import history
from auditor.model.tables import STREAM_TABLES
from auditor.spark import SESSION, SparkDialect
from tests.distributed.statements import creations, statements, targets

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms
    from auditor.warehouse import Warehouse

ROOT = Path(__file__).parents[2]
INPUTS = (
    *(table for tables in STREAM_TABLES.values() for table in tables),
    *history.metadata.sorted_tables,
)
"""What reconciling reads and does not write."""


class Spark:
    """Stands in for `reconcile_again`.

    Args:
        folder: Where tables pass from one engine to the other; it is made.

    Attributes:
        told: What the cluster said: its version, and the seconds of each statement.
        tables: The names of the tables that it filled.
        export_s: Seconds of writing what it reads.
        import_s: Seconds of reading what it wrote.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.told: dict[str, Any] = {}
        self.tables: list[str] = []
        self.export_s = self.import_s = 0.0

    def reconcile(self, warehouse: Warehouse, terms: Terms, *_: object, **__: object) -> bool:
        """Fill the link and drift tables and the populations anew."""
        given, made = self._folder / "given", self._folder / "made"
        given.mkdir(parents=True)
        began = time.perf_counter()
        inputs = _export(warehouse, given)
        self.export_s = round(time.perf_counter() - began, 1)
        dialect = SparkDialect()
        todo = [*creations(terms, dialect), *statements(terms, dialect)]
        job = {
            "session": SESSION,
            "warehouse": str(made),
            "inputs": inputs,
            "statements": [one._asdict() for one in todo],
        }
        self.told = _run(job, self._folder / "job.json")
        filled = targets(terms)
        self.tables = [table.name for table in filled]
        began = time.perf_counter()
        _import(warehouse, filled, made)
        self.import_s = round(time.perf_counter() - began, 1)
        return False


def _export(warehouse: Warehouse, folder: Path) -> dict[str, str]:
    files = {table.name: str(folder / f"{table.name}.parquet") for table in INPUTS}
    with warehouse.engine.connect() as conn:
        for name, file in files.items():
            conn.execute(sa.text(f"COPY \"{name}\" TO '{file}' (FORMAT parquet)"))
    return files


def _import(warehouse: Warehouse, tables: list[sa.Table], folder: Path) -> None:
    with warehouse.engine.begin() as conn:
        for table in tables:
            conn.execute(table.delete())
            files = folder / table.name
            if not list(files.glob("*.parquet")):
                continue
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            conn.execute(
                sa.text(
                    f'INSERT INTO "{table.name}" ({names}) '
                    f"SELECT {names} FROM read_parquet('{files}/*.parquet')"
                )
            )


def _run(job: dict[str, Any], file: Path) -> dict[str, Any]:
    file.write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "tests.distributed.cluster", file],
        cwd=ROOT,
        env=environment_with({"SPARK_LOCAL_IP": "127.0.0.1"}),
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told
