"""The copy of the warehouse that a preflight works on, while another process holds the original."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from auditor.errors import HeldError
from auditor.warehouse import Warehouse
from auditor.warehouse.shadow import shadow_of
from tests.held import held

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.embedded("a server has several readers and writers at once")

WRITES = "import duckdb; held = duckdb.connect(sys.argv[1])"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "acme.duckdb"
    Warehouse(f"duckdb:///{file}").close()
    return file


def test_it_waits_for_whoever_writes(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with held(file, WRITES) as other:
        monkeypatch.setattr("auditor.warehouse.connect.log.warning", lambda *_: other.communicate())
        shadow_of(f"duckdb:///{file}", tmp_path).close()
    assert (tmp_path / "shadow.duckdb").exists()


def test_who_writes_on_and_on_is_named_with_the_next_step(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("auditor.warehouse.connect.HELD_S", 0.3)
    with (
        held(file, WRITES),
        pytest.raises(
            HeldError, match=r"store\.warehouse: .* in use by another .*; try again when"
        ),
        closing(shadow_of(f"duckdb:///{file}", tmp_path)),
    ):
        pass
