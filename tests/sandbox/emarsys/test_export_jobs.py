"""The CSV writer holds whatever a field holds."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sandbox.emarsys.export_jobs import csv_chunks

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=5)


@given(ROWS, st.sampled_from([",", ";"]))
def test_reading_the_csv_gives_the_rows_back(rows, delimiter):
    text = b"".join(csv_chunks(rows, ("a", "b"), delimiter)).decode()
    assert list(csv.reader(io.StringIO(text), delimiter=delimiter)) == [
        ["a", "b"],
        *map(list, rows),
    ]


@pytest.mark.parametrize("number", [0, 1, 1999, 2000, 2001, 4000])
def test_every_row_is_sent_once_whatever_the_chunks(number):
    text = b"".join(csv_chunks([(str(n),) for n in range(number)], ("n",))).decode()
    assert text.split() == ["n", *map(str, range(number))]


def test_rows_without_header_have_none():
    assert b"".join(csv_chunks([("1",)], None)) == b"1\n"


def test_no_value_is_an_empty_cell():
    assert b"".join(csv_chunks([("1", None)], None)) == b"1,\n"
