"""What the settings leave unsaid turns suites off, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from auditor.config import load_settings
from auditor.reconcile.terms import unconfigured
from tests.config.sample import ENVIRON, changed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("brand", "nordlys", None),
        ("centra.catalogue.pricelist", None, "centra.catalogue.pricelist is not configured"),
        ("centra.catalogue.market", None, "centra.catalogue.market is not configured"),
        (
            "centra.catalogue.item",
            "display_item",
            "Centra tells display items on order lines only; "
            "set centra.catalogue.item to another id",
        ),
    ],
)
def test_the_catalogue_is_judged_only_by_a_market_a_price_list_and_an_item_that_sizes_tell(
    tmp_path: Path, setting: str, value: str | None, reason: str | None
):
    file = tmp_path / "auditor.yaml"
    file.write_text(yaml.safe_dump(changed(setting, value)))
    assert unconfigured(load_settings(file, ENVIRON)) == ({"catalogue": reason} if reason else {})
