"""The feed with some cells set: everything else as it stood, and never half of it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ConfigError, IncompleteSnapshotError
from auditor.systems.emarsys.feed_edit import FeedRows, write_edited

HEAD = ["item", "title", "link", "image", "category", "available", "price", "c_note"]
ROW = ["A", "Hat", "https://x/a", "https://x/a.png", "Hats", "true", "10.00", "as it is"]

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)


def feed(*rows: list[str], head: list[str] = HEAD, delimiter: str = ",") -> io.BytesIO:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([head, *rows])
    return io.BytesIO(out.getvalue().encode())


def edited(file: io.BytesIO, edits: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    write_edited(file, out, edits)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


@given(st.lists(st.lists(cells, min_size=8, max_size=8), max_size=8))
def test_without_edits_every_cell_stays(rows):
    got = edited(feed(*rows), {})
    assert [list(row.values()) for row in got] == rows


def test_the_cells_of_an_edit_are_set_and_no_others():
    (row,) = edited(feed(ROW), {"A": {"price": "9.00"}})
    assert list(row.values()) == [*ROW[:6], "9.00", ROW[7]]


def test_columns_of_one_name_keep_their_own_cells():
    out = io.StringIO(newline="")
    file = feed([*ROW, "red", "blue"], head=[*HEAD, "c_tag", "c_tag"])
    write_edited(file, out, {"A": {"price": "9.00"}})
    _, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row == [*ROW[:6], "9.00", ROW[7], "red", "blue"]


def test_another_item_stays_as_it_is():
    other = ["B", *ROW[1:]]
    _, row = edited(feed(ROW, other), {"A": {"price": "9.00"}})
    assert list(row.values()) == other


def test_rows_and_found_items_are_told():
    counted = write_edited(feed(ROW, ["B", *ROW[1:]]), io.StringIO(), {"A": {}, "C": {}})
    assert counted == (2, {"A"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_are_written_whatever_was_read(delimiter):
    (row,) = edited(feed(ROW, delimiter=delimiter), {})
    assert list(row.values()) == ROW


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    (row,) = edited(io.BytesIO(b"\xef\xbb\xbf" + feed(ROW).getvalue()), {})
    assert row["item"] == "A"


def test_a_row_that_is_not_whole_stops_the_push():
    with pytest.raises(IncompleteSnapshotError):
        edited(feed(ROW[:5]), {})


@pytest.mark.parametrize("blank", ["\n", "\r\n", "\n\n"])
def test_a_blank_line_is_no_row(blank):
    file = feed(ROW, ["B", *ROW[1:]]).getvalue().decode()
    first, second = file.index("A,"), file.index("B,")
    for place in (first, second, len(file)):
        got = edited(io.BytesIO((file[:place] + blank + file[place:]).encode()), {})
        assert [row["item"] for row in got] == ["A", "B"]


def test_bytes_that_are_no_text_stop_the_push():
    with pytest.raises(IncompleteSnapshotError):
        edited(io.BytesIO(feed(ROW).getvalue().replace(b"Hat", b"H\xff")), {})


def test_a_file_without_a_required_column_is_told():
    with pytest.raises(ConfigError, match="price"):
        FeedRows(feed(head=[*HEAD[:6], "c_price", "c_note"]))
