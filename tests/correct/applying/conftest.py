"""A small brand whose two systems run on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stamina

from tests.correct.applying.shop import shop as started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.correct.applying.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Give a brand of its own to each test; faults are retried at once."""
    with stamina.set_testing(True, attempts=3, cap=True), started(tmp_path / "shop") as made:
        yield made
