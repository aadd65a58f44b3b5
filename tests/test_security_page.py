"""What the security page names exists, and its limits are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.config.reading import MAX_BYTES
from auditor.hostile import TEXT_LIMIT
from auditor.systems import bounded
from auditor.systems.emarsys import csv_rows

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:auditor|tests)/[^`*<]+)`", PAGE))))
def test_every_module_and_test_it_names_exists(path: str):
    assert (ROOT / path).exists()


def test_its_limits_are_those_of_the_code():
    assert f"{bounded.MOST_BYTES // 1024**2} MB, {bounded.LONGEST_S:.0f} s" in PAGE
    assert f"{bounded.MOST_FILE_BYTES // 1024**3} GB, {bounded.LONGEST_FILE_S / 3600:.0f} h" in PAGE
    assert f"{MAX_BYTES // 1024} kB each" in PAGE
    assert f"{csv_rows.LONGEST_LINE // 1024} kB; {csv_rows.BLOCK_BYTES // 1024**2} MB" in PAGE
    assert f"{TEXT_LIMIT} characters" in PAGE
