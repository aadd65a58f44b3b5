"""The brand's own log of merges, read from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auditor.errors import ConfigError
from auditor.systems.centra.merge_log import read_merge_log

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "customer_id,survivor_id\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "merges.csv"


def read(log: Path, text: str) -> tuple[tuple[str, str], ...]:
    log.write_text(text, encoding="utf-8")
    return read_merge_log(str(log))


def test_each_merge_is_read_once(log: Path):
    assert read(log, HEADER + "1,2\n1,2\n3,4\n") == (("1", "2"), ("3", "4"))


def test_columns_are_known_by_their_names(log: Path):
    assert read(log, "at,survivor_id,customer_id\n2026-01-01,2,1\n") == (("1", "2"),)


def test_a_file_of_a_spreadsheet_is_read_too(log: Path):
    assert read(log, "\ufeff" + HEADER + "1,2\r\n") == (("1", "2"),)


def test_an_empty_log_names_nobody(log: Path):
    assert read(log, HEADER) == ()


def test_a_chain_leads_to_who_is_left(log: Path):
    assert read(log, HEADER + "1,2\n2,3\n3,4\n") == (("1", "4"), ("2", "4"), ("3", "4"))


def test_a_chain_ends_where_it_forks(log: Path):
    assert read(log, HEADER + "1,2\n2,3\n2,4\n")[0] == ("1", "2")


def test_a_chain_that_closes_ends(log: Path):
    assert {gone for gone, _ in read(log, HEADER + "1,2\n2,1\n")} == {"1", "2"}


@pytest.mark.parametrize(
    "line", ["1,\n", "1\n", "anna@example.com,2\n", "1,1\n", "\u0661,2\n"], ids=repr
)
def test_a_line_that_names_no_two_customers_is_named_by_its_number(log: Path, line: str):
    with pytest.raises(ConfigError, match=r"^centra\.merges: .*merges\.csv, line 3: ") as told:
        read(log, HEADER + "1,2\n" + line)
    assert "anna" not in str(told.value)


def test_a_column_that_is_missing_is_named(log: Path):
    with pytest.raises(ConfigError, match="has no column survivor_id; name both"):
        read(log, "customer_id,into\n1,2\n")


def test_a_file_that_is_not_there_is_named(log: Path):
    with pytest.raises(ConfigError, match=r"merges\.csv cannot be read \(No such file"):
        read_merge_log(str(log))


@pytest.mark.parametrize("content", [b"\xff\xfe1", b'customer_id,survivor_id\n1,"\x00'], ids=repr)
def test_a_file_of_another_kind_is_refused(log: Path, content: bytes):
    log.write_bytes(content)
    with pytest.raises(ConfigError, match=r"^centra\.merges: "):
        read_merge_log(str(log))
