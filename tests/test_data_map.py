"""docs/data-map.md leaves out no table that may hold something about people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.findings.schema import tables as ledger_tables
from auditor.forget.stores import NAMED, warehouse_tables

PAGE = (Path(__file__).parent.parent / "docs" / "data-map.md").read_text()
NAMES = set(re.findall(r"`([a-z_]+)`", PAGE))
PERSONAL = {*NAMED, "person", "owner"}


@pytest.mark.parametrize("table", [one.name for one in ledger_tables().sorted_tables])
def test_every_table_of_the_ledger_is_on_the_map(table: str):
    assert table in NAMES


def test_every_table_of_the_warehouse_that_names_people_is_on_the_map():
    named = {one.name for one in warehouse_tables() if PERSONAL & set(one.c.keys())}
    assert named - NAMES == set()
