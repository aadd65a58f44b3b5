"""A snapshot of any small world through the client is that world, as told independently of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.scale import SMALLEST
from tests.direct import centra_rows, write_world
from tests.systems.centra.room import NOW
from tests.systems.centra.test_snapshots import Tale, empty_warehouse

if TYPE_CHECKING:
    from auditor.warehouse import Warehouse

NOT_TOLD = {"centra_return": {"has_refund"}}


def rows(warehouse: Warehouse, table: sa.Table) -> list[tuple[Any, ...]]:
    left_out = NOT_TOLD.get(table.name, set())
    columns = [column for column in table.columns if column.name not in left_out]
    with warehouse.engine.connect() as conn:
        return sorted((tuple(row) for row in conn.execute(sa.select(*columns))), key=repr)


@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(1, 10_000), customers=st.integers(SMALLEST, 2 * SMALLEST))
def test_a_full_snapshot_is_the_world(seed: int, customers: int):
    world = build_world(seed, Scale.of(customers=customers), NOW)
    with empty_warehouse() as read, empty_warehouse() as told:
        assert all(line.complete for line in Tale(read, world).snapshot(full=True).coverage)
        write_world(world, told, "run")
        for table, _ in centra_rows(world.centra):
            assert rows(read, table) == rows(told, table), table.name
