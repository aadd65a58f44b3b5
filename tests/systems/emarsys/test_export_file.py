from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import IncompleteSnapshotError, SchemaDriftError
from auditor.model.stream import Aside
from auditor.systems.emarsys import csv_rows
from auditor.systems.emarsys.export_file import ExportFile

WIDTHS = (3, 4)


def read(content: bytes, widths: tuple[int, ...] = WIDTHS) -> tuple[list[list[str]], list[Aside]]:
    rows: list[list[str]] = []
    aside: list[Aside] = []
    for columns, malformed in ExportFile(io.BytesIO(content), widths).batches():
        rows += [list(row) for row in zip(*(c.to_pylist() for c in columns), strict=True)]
        aside += malformed
    return rows, aside


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"A,B,C\n1,2,3\n", ["1", "2", "3"]),
        (b"A;B;C\n1;2,5;3\n", ["1", "2,5", "3"]),
        (b'A,B,C\n"x, y",2,3\n', ["x, y", "2", "3"]),
        (b'A,B,C\n"say ""hi""",2,3\n', ['say "hi"', "2", "3"]),
        (b'A,B,C\n"two\nlines",2,3\n', ["two\nlines", "2", "3"]),
        (b'A,B,C\n5" disc,2,3\n', ['5" disc', "2", "3"]),
        (b"A,B,C\r\n1,2,3\r\n", ["1", "2", "3"]),
        (b"A,B,C\n1,2,3", ["1", "2", "3"]),
        (b"A,B,C\n,,\n", ["", "", ""]),
        (b"A,B,C\nNULL,NA,nan\n", ["NULL", "NA", "nan"]),
        (b"A,B,C\n007,1e3,True\n", ["007", "1e3", "True"]),
        ("A,B,C\nÅsa,Žižek,李\n".encode(), ["Åsa", "Žižek", "李"]),
        ("\ufeffE-post,B,C\n1,2,3\n".encode(), ["1", "2", "3"]),
        (b'"Name\nof it",B,C\n1,2,3\n', ["1", "2", "3"]),
        (b'"A,1",B,C\n1,2,3\n', ["1", "2", "3"]),
        (b"A,B,C\n\n1,2,3\n\n", ["1", "2", "3"]),
        (b"A,B,C\nAnn\xff,2,3\n", ["Ann\ufffd", "2", "3"]),
    ],
    ids=[
        "plain",
        "semicolons",
        "quoted-delimiter",
        "quoted-quote",
        "quoted-newline",
        "bare-quote",
        "crlf",
        "no-last-newline",
        "empty-cells",
        "null-words",
        "number-words",
        "non-ascii",
        "byte-order-mark",
        "newline-in-header",
        "delimiter-in-header",
        "blank-lines",
        "broken-utf8",
    ],
)
def test_a_row_is_read_as_text(content: bytes, row: list[str]):
    assert read(content) == ([row], [])


def test_the_width_tells_whether_a_column_was_put_before():
    assert ExportFile(io.BytesIO(b"user_id,A,B,C\n"), WIDTHS).width == 4
    assert ExportFile(io.BytesIO(b"A,B,C\n"), WIDTHS).width == 3


def test_a_header_alone_is_an_empty_export():
    assert read(b"A,B,C") == ([], [])


@pytest.mark.parametrize(
    "content", [b"", b"\n", "\ufeff".encode()], ids=["nothing", "newline", "bom"]
)
def test_an_export_without_a_header_is_incomplete(content: bytes):
    with pytest.raises(IncompleteSnapshotError, match="empty, without a header"):
        read(content)


@pytest.mark.parametrize(
    "content", [b"A,B\n1,2\n", b"A,B,C,D,E\n", b"<html>\n", b'"A,B,C\n1,2,3\n'], ids=repr
)
def test_an_export_with_other_columns_is_drift(content: bytes):
    with pytest.raises(SchemaDriftError, match="does not have the columns that were asked for"):
        read(content)


@pytest.mark.parametrize("malformed", ["1,2", "1,2,3,4", "\ufffd,2"], ids=["few", "many", "broken"])
def test_a_row_of_another_width_is_set_aside(malformed: str):
    content = f"A,B,C\n1,2,3\n{malformed}\n4,5,6\n".replace("\ufffd", "\udcff")
    rows, aside = read(content.encode(errors="surrogateescape"))
    assert rows == [["1", "2", "3"], ["4", "5", "6"]]
    assert aside == [Aside("the row has another number of columns", malformed)]


def test_malformed_rows_alone_are_set_aside_too():
    assert [one.content for one in read(b"A,B,C\n1,2\n")[1]] == ["1,2"]


def test_a_quote_that_is_never_closed_is_incomplete_and_no_single_bad_row():
    with pytest.raises(IncompleteSnapshotError, match="no CSV file from some row on"):
        read(b'A,B,C\n1,2,3\n"4,5,6\n7,8,9\n')


def test_a_cell_larger_than_a_block_is_incomplete(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 64)
    with pytest.raises(IncompleteSnapshotError, match="no CSV file"):
        read(b"A,B,C\n" + b'"' + b"x" * 500 + b'",2,3\n')


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=30), st.sampled_from(",;"))
def test_whatever_was_written_is_read_back(rows: list[tuple[str, str, str]], delimiter: str):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("A", "B", "C"), *rows])
    assert read(out.getvalue().encode()) == ([list(row) for row in rows], [])


@given(st.binary(max_size=300))
def test_no_content_is_too_strange_to_judge(content: bytes):
    try:
        rows, aside = read(b"A,B,C\n" + content)
    except IncompleteSnapshotError:
        return
    assert len(rows) + len(aside) <= content.count(b"\n") + content.count(b"\r") + 1


def test_rows_are_read_in_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 4096)
    content = b"A,B,C\n" + b"".join(b"%d,\xc3\xa9,3\n" % n for n in range(5000))
    sizes = [len(c[0]) for c, _ in ExportFile(io.BytesIO(content), WIDTHS).batches()]
    assert len(sizes) > 5
    assert sum(sizes) == 5000
