"""Two audits over sockets: what one side changed between them is attributed to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from auditor.sandbox.world import Scale
from tests.brand import brand

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

OPT_IN = 31


def test_an_opt_in_that_emarsys_lost_was_moved_by_emarsys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with brand(tmp_path, monkeypatch, capsys, Scale.of(customers=60), drift=False) as shop:
        shop.audit()
        reader = next(c for c in shop.running.world.emarsys.contacts if c.values.get(OPT_IN) == "1")
        reader.values[OPT_IN] = None
        shop.auditor("snapshot", "--full")
        _, audit = shop.audit("--no-snapshot")
        shop.auditor("findings", "--format", "json")
        found = json.loads(shop.out)
    assert (found["check"], found["subject"]["key"]) == ("consent.opt_in_lost", str(reader.id))
    assert (found["moved_by"], found["since"]) == ("emarsys", audit["as_of"])
