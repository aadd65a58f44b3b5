"""All rows as CSV: complete, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.finding import Finding, Money
from auditor.report.rows_csv import COLUMNS, write_rows
from tests.report import examples


def written(*findings: Finding) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    write_rows(findings, out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_header_stands_even_without_rows():
    out = io.StringIO(newline="")
    write_rows((), out)
    assert out.getvalue() == ",".join(COLUMNS) + "\r\n"


def test_every_finding_is_a_row():
    keys = [row["subject_key"] for row in written(*examples.rich_findings("sales.missing_order"))]
    assert keys == [str(100_017 + n) for n in range(212)]


def test_money_stays_in_minor_units():
    row = written(examples.finding("a.b", "1", money=Money(129_900, "SEK")))[0]
    assert (row["money_minor"], row["currency"]) == ("129900", "SEK")


def test_each_side_is_one_json_object():
    row = written(examples.finding("a.b", "1", centra={"q": 2}))[0]
    assert (json.loads(row["centra"]), row["emarsys"]) == ({"q": 2}, "")


def test_a_line_break_stays_inside_its_cell():
    assert written(examples.finding("a.b", "a\r\nb"))[0]["subject_key"] == "a\r\nb"


@given(
    texts=st.lists(st.text(st.sampled_from("=+-@\t\r\na1\"',")) | st.text(), min_size=6, max_size=6)
)
def test_no_cell_of_text_begins_like_a_formula(texts: list[str]):
    names = ("subject_kind", "owner", "customer_id", "contact_id", "cause", "remedy")
    values: dict[str, Any] = dict(zip(names, texts, strict=True))
    row = written(examples.finding("a.b", "1", **values))[0]
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row.values())
