"""The catalogue, pushed whole or not at all."""

from __future__ import annotations

import hashlib

import pytest

from auditor.errors import UnsafePlanError
from auditor.systems.emarsys.writing.catalogue import PIECE, catalogue_file, push_catalogue

HEADER = "item,title,link,image,category,available,price"
ROW = 'N-1,"Hat, grün",https://x/n,https://x/n.jpg,Hats,true,49.90'


@pytest.fixture
def written(tmp_path):
    def write(*lines: str, encoding: str = "utf-8"):
        path = tmp_path / "catalogue.csv"
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def test_a_file_replaces_the_whole_catalogue(one, written):
    done = push_catalogue(one.hapi, catalogue_file(written(HEADER, ROW)))
    assert (done.outcome, done.rows) == ("accepted", 1)
    assert [row.item for row in one.account.catalogue] == ["N-1"]


def test_a_file_of_many_pieces_arrives_whole(one, written):
    rows = [ROW.replace("N-1", f"N-{number}") for number in range(2000)]
    file = catalogue_file(written(HEADER, *rows))
    assert file.length > 2 * PIECE - PIECE
    push_catalogue(one.hapi, file)
    assert hashlib.sha256(one.log.rows()[-1].body).hexdigest() == file.digest
    assert len(one.account.catalogue) == 2000


def test_a_fault_that_passes_is_waited_out(one, written):
    one.fail("catalog", status=503)
    assert push_catalogue(one.hapi, catalogue_file(written(HEADER, ROW))).outcome == "accepted"
    assert one.sent("POST", "/catalog/api") == 2


def test_a_fault_that_stays_is_unknown(one, written):
    one.fail("catalog", kind="cut", times=None)
    assert push_catalogue(one.hapi, catalogue_file(written(HEADER, ROW))).outcome == "unknown"


def test_a_refused_file_changes_nothing(one, written):
    bad = ROW.replace("true", "maybe")
    done = push_catalogue(one.hapi, catalogue_file(written(HEADER, bad)))
    assert (done.outcome, done.status) == ("refused", 400)
    assert len(one.account.catalogue) == 2


@pytest.mark.parametrize(
    "lines",
    [
        (HEADER,),
        ("",),
        (HEADER.replace(",price", ""), ROW.rpartition(",")[0]),
        (HEADER, ROW, "N-2,cut"),
        (HEADER, ROW.replace("N-1", "")),
        (HEADER, '"never closed'),
    ],
)
def test_a_file_that_would_empty_or_break_the_catalogue_is_refused(written, lines):
    with pytest.raises(UnsafePlanError):
        catalogue_file(written(*lines))


def test_a_file_that_is_not_utf_8_is_refused(written):
    with pytest.raises(UnsafePlanError):
        catalogue_file(written(HEADER, ROW, encoding="utf-16"))
