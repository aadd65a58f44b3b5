"""All rows as CSV and Parquet: complete, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.finding import Finding, Money
from auditor.report.rows import ROWS_PER_CHECK, SCHEMA, finding_of, take, write_rows
from tests.report import examples
from tests.report.stored import stored

CHECK = "sales.missing_order"


def written(*findings: Finding, check: str = CHECK) -> list[dict[str, str]]:
    with TemporaryDirectory() as folder:
        write_rows(stored(findings), Path(folder), [check])
        with (Path(folder) / f"{check}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def of(key: str, **values: Any) -> Finding:
    return examples.finding(CHECK, key, **values)


def test_the_header_stands_even_without_rows(tmp_path: Path):
    write_rows((), tmp_path, [CHECK])
    with (tmp_path / f"{CHECK}.csv").open(newline="") as file:
        assert next(csv.reader(file)) == SCHEMA.names


def test_every_finding_is_a_row():
    keys = [row["subject_key"] for row in written(*examples.rich_findings(CHECK))]
    assert keys == [str(100_017 + n) for n in range(212)]


def test_each_check_has_its_own_rows(tmp_path: Path):
    found = [of("1"), examples.finding("sales.amount_mismatch", "2"), of("3")]
    write_rows(stored(found), tmp_path, [CHECK, "sales.amount_mismatch"])
    assert pq.read_table(tmp_path / f"{CHECK}.parquet")["subject_key"].to_pylist() == ["1", "3"]


def test_the_parquet_holds_what_the_csv_holds(tmp_path: Path):
    write_rows(stored(examples.rich_findings(CHECK)), tmp_path, [CHECK])
    assert pq.read_table(tmp_path / f"{CHECK}.parquet").num_rows == 212


def test_the_parquet_keeps_its_types(tmp_path: Path):
    write_rows(stored([of("1")]), tmp_path, [CHECK])
    assert pq.read_schema(tmp_path / f"{CHECK}.parquet").equals(SCHEMA)


def test_money_stays_in_minor_units():
    row = written(of("1", money=Money(129_900, "SEK")))[0]
    assert (row["money_minor"], row["currency"]) == ("129900", "SEK")


def test_each_side_is_one_json_object():
    row = written(of("1", centra={"q": 2}))[0]
    assert (json.loads(row["centra"]), row["emarsys"]) == ({"q": 2}, "")


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "2026-11-20T05:00:20Z"), (120_000, "2026-11-20T05:00:20.12Z")]
)
def test_times_are_in_utc_without_needless_digits(micros: int, text: str):
    at = datetime(2026, 11, 20, 5, 0, 20, micros, tzinfo=UTC)
    assert written(of("1", first_seen=at))[0]["first_seen"] == text


def test_a_finding_stands_since_the_side_moved_else_since_the_record_is_there():
    moved = datetime(2026, 11, 1, tzinfo=UTC)
    rows = written(of("1", moved_at=moved), of("2", occurred_at=moved), of("3", first_seen=moved))
    assert {row["since"] for row in rows} == {"2026-11-01T00:00:00Z"}


def test_a_line_break_stays_inside_its_cell():
    assert written(of("a\r\nb"))[0]["subject_key"] == "a\r\nb"


_TEXT = st.text(st.characters(codec="utf-8"))


@given(texts=st.lists(st.text(st.sampled_from("=+-@\t\r\na1\"',")) | _TEXT, min_size=6, max_size=6))
def test_no_cell_of_text_begins_like_a_formula(texts: list[str]):
    names = ("subject_kind", "owner", "customer_id", "contact_id", "cause", "remedy")
    row = written(of("1", **dict(zip(names, texts, strict=True))))[0]
    assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row.values())


@given(
    money=st.none()
    | st.builds(Money, st.integers(-(2**62), 2**62), st.sampled_from(["SEK", "JPY"])),
    side=st.none() | st.dictionaries(_TEXT, st.integers(-9, 9) | _TEXT | st.none(), max_size=3),
    moved=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_a_finding_is_read_back_as_it_was(money: Money | None, side: Any, moved: datetime | None):
    finding = of("1", money=money, centra=side, agreed=side, moved_at=moved)
    (batch,) = stored([finding])
    assert finding_of(batch.to_pylist()[0]) == finding


def test_the_page_takes_no_more_than_it_may_hold_and_counts_them_all():
    taken = take(stored(of(str(n)) for n in range(ROWS_PER_CHECK + 9)), [CHECK])[CHECK]
    assert (len(taken.findings), taken.total) == (ROWS_PER_CHECK, ROWS_PER_CHECK + 9)


def test_checks_that_do_not_fail_are_left_out():
    assert take(stored([of("1")]), ["sales.amount_mismatch"]) == {}
