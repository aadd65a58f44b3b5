"""Worlds of their own for what spoils a whole stream and cannot stand beside other planted drift."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from auditor.model.drift import drift_freshness
from auditor.reconcile.run import reconcile
from auditor.reconcile.terms import terms_of
from auditor.sandbox.world import Scale, build_world
from auditor.warehouse import Warehouse
from tests.direct import write_world
from tests.stores import warehouse_in
from tests.test_large_worlds import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.sandbox.world import World

NOW = datetime(2026, 11, 23, 10, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return build_world(11, Scale.of(customers=700), NOW)


def unfresh(world: World, folder: Path) -> set[tuple[str, str]]:
    """Reconcile a world and return what of it is no longer fresh."""
    settings = settings_of(world, folder)
    with closing(Warehouse(warehouse_in(folder))) as warehouse:
        snapshot = write_world(world, warehouse, "run")
        reconcile(warehouse, terms_of(settings, snapshot.as_of, "SEK", 2), suites={"freshness"})
        with warehouse.engine.connect() as conn:
            rows = conn.execute(sa.select(drift_freshness)).mappings()
            return {(row["check_id"], row["subject_key"]) for row in rows}


def test_a_world_in_which_the_daily_load_failed_twice_has_stalled_sales(
    world: World, tmp_path: Path
):
    emarsys = world.emarsys
    emarsys.purchases = [row for row in emarsys.purchases if row.loaded_at < NOW - 40 * HOUR]
    assert unfresh(world, tmp_path) == {("freshness.stream_stalled", "orders")}


def test_a_world_in_which_nothing_fires_has_stalled_events(world: World, tmp_path: Path):
    emarsys = world.emarsys
    emarsys.fired_events = [row for row in emarsys.fired_events if row.loaded_at < NOW - 30 * HOUR]
    assert unfresh(world, tmp_path) == {("freshness.stream_stalled", "events")}


def test_a_world_in_which_no_contact_was_created_of_late_has_stalled_contacts(
    world: World, tmp_path: Path
):
    young = {str(row.id) for row in world.centra.customers if row.created_at > NOW - 800 * HOUR}
    key = world.emarsys.key_field
    emarsys = world.emarsys
    emarsys.contacts = [row for row in emarsys.contacts if row.values[key] not in young]
    assert ("freshness.stream_stalled", "contacts") in unfresh(world, tmp_path)


def test_a_world_in_which_every_load_takes_two_days_lags(world: World, tmp_path: Path):
    for row in world.emarsys.purchases:
        row.loaded_at = min(row.loaded_at + 20 * HOUR, NOW)
    assert unfresh(world, tmp_path) == {("freshness.lag", "orders")}
