"""Judging again what was touched gives what judging everything gives, whatever happened in between."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.model import drift as d
from auditor.model.history import agreed_value, unit_mark
from auditor.reconcile import agreed
from auditor.reconcile.run import reconcile_again
from auditor.sandbox.world import Scale, build_world, evolve, plant
from auditor.warehouse import Warehouse
from tests.direct import write_world
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from pathlib import Path


START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TABLES = (
    *d.DRIFT_TABLES, d.link_person, d.link_gone, d.link_contact, d.link_order, d.link_sale, d.link_verdict, d.link_event,
    d.link_item, d.link_stream, d.link_purchase, d.link_member, d.revenue_bridge, d.verified_share,
    d.check_population, agreed_value, unit_mark,
)  # fmt: skip


class Book:
    """A world whose snapshots are judged run after run."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.world = build_world(seed, Scale.of(customers=120), START)
        self.folder, self.seed, self.number = folder, seed, 0
        self.settings = settings_of(self.world, folder)

    def write(self, file: Path) -> str:
        self.number += 1
        with closing(Warehouse(f"duckdb:///{file}")) as warehouse:
            self.taken = write_world(self.world, warehouse, f"run-{self.number}")
        return self.taken.run

    def judge(self, file: Path, *, anew: bool = False) -> bool:
        from auditor.pipeline.judging import terms_of_run

        usable = {line.stream for line in self.taken.coverage}
        with closing(Warehouse(f"duckdb:///{file}")) as warehouse:
            terms = terms_of_run(self.settings, warehouse, self.taken)
            is_again = reconcile_again(warehouse, terms, self.taken.run, usable=usable, anew=anew)
            agreed.attribute(warehouse, terms, self.taken.run, usable=usable)
        return is_again


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(Warehouse(f"duckdb:///{file}")) as warehouse, warehouse.engine.connect() as conn:
        return {
            table.name: sorted(map(tuple, conn.execute(sa.select(table))), key=repr)
            for table in TABLES
        }


@pytest.mark.parametrize("seed", range(1, 4))
def test_again(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auditor.reconcile.again.touched.MOST_SHARE", 1)
    book = Book(seed, tmp_path)
    file = tmp_path / "w.duckdb"
    book.write(file)
    assert not book.judge(file)
    for day in range(1, 4):
        evolve(book.world, seed, START + timedelta(days=day))
        if day == 2:
            plant(book.world, seed)
        book.write(file)
        anew = copyfile(file, tmp_path / "anew.duckdb")
        assert book.judge(file)
        book.judge(anew, anew=True)
        found, wanted = rows(file), rows(anew)
        for name in wanted:
            assert found[name] == wanted[name], (day, name)
