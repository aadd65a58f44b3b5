"""What one test read of a world earlier serves others of its process, as long as it is the same world."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import sqlalchemy as sa

from auditor.config import load_settings
from auditor.model import tables as t
from auditor.sandbox import start
from auditor.sandbox.world import Scale, build_world
from auditor.warehouse import Warehouse
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.sandbox.world import World

SCALE = Scale.of(customers=40)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Tell which first names the earlier look at a brand in a folder knows."""

    def of(folder: Path) -> set[str]:
        folder.mkdir()
        with brand(folder, monkeypatch, capsys, SCALE, drift=False) as shop:
            settings = load_settings(shop.running.settings, shop.running.environ)
            with (
                closing(Warehouse(settings.store.warehouse)) as warehouse,
                warehouse.engine.connect() as conn,
            ):
                return set(conn.scalars(sa.select(t.centra_customer.c.first_name)))

    return of


def marked(*words: Any) -> World:
    world = build_world(*words)
    for customer in world.centra.customers:
        customer.first_name = "Marked"
    return world


def test_a_world_that_a_test_changed_is_not_taken_for_another(tmp_path: Path, known: Any):
    with mock.patch.object(start, "build_world", marked):
        known(tmp_path / "marked")
    assert "Marked" not in known(tmp_path / "plain")
