"""A month without drift: however lag, holds, returns and captures fall, not one finding on any day."""

from __future__ import annotations

import gc
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import terms_of
from auditor.sandbox.world import Scale, build_world, evolve
from auditor.warehouse import Warehouse
from tests.direct import rows_of, write_rows
from tests.stores import on_one_thread
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.sandbox.world import World

START = datetime(2026, 10, 24, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 30


class Month:
    """A brand that lives on and is looked at, always by the same auditor.

    A stream that still says what it said when it was last read is not read again: what stands in the
    warehouse is what another read would give, and a look costs half.
    """

    def __init__(self, world: World, warehouse: Warehouse, folder: Path) -> None:
        self.world, self.warehouse, self.folder = world, warehouse, folder
        self._known: dict[str, list[list[tuple[Any, ...]]]] = {}

    def look(self) -> list[tuple[str, str]]:
        """Read both systems, reconcile them and return what differs, as (check, subject)."""
        as_of = self.world.now
        tables = {table: list(rows) for table, rows in rows_of(self.world, "pepper")}
        told = {
            name: [list(tables.get(table, ())) for table in filled]
            for name, filled in t.STREAM_TABLES.items()
        }
        changed = [name for name, rows in told.items() if self._known.get(name) != rows]
        self._known = told
        fresh = [(x, tables[x]) for name in changed for x in t.STREAM_TABLES[name] if x in tables]
        write_rows(fresh, self.warehouse, f"{as_of:%m-%d}", as_of, streams=changed)
        reconcile(self.warehouse, terms_of(settings_of(self.world, self.folder), as_of, "SEK", 2))
        columns = [sa.select(x.c.check_id, x.c.subject_key) for x in DRIFT_TABLES]
        with self.warehouse.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(sa.union_all(*columns))]


@pytest.fixture(autouse=True)
def _no_cycle_collection() -> Iterator[None]:
    """Keep the collector from walking the same rows day after day; they form no cycles."""
    gc.disable()
    yield
    gc.enable()


def test_a_month_of_realistic_lag_gives_not_one_finding(
    steady_seed: int, looks_every: int, tmp_path: Path
):
    """Few orders make quiet nights, in which a stream that is merely idle looks stalled."""
    world = build_world(steady_seed, Scale.of(customers=150), START)
    found = {}
    with closing(Warehouse("duckdb:///:memory:")) as warehouse:
        on_one_thread(warehouse)
        month = Month(world, warehouse, tmp_path)
        month.look()
        for day in range(1, DAYS + 1):
            evolve(world, steady_seed, START + day * DAY)
            if (day + steady_seed) % looks_every == 0:
                found[day] = month.look()
    assert {day: rows for day, rows in found.items() if rows} == {}
    assert len(found) >= DAYS // looks_every
