"""A row that does not fit is set aside alone, and with what it held."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from auditor.errors import SchemaDriftError
from auditor.systems.centra.records import Customer
from auditor.systems.centra.rows import RowReader, Slice
from tests.systems.centra.fake import connection
from tests.systems.centra.samples import customer

CONNECTION = RowReader(Customer, is_connection=True)
PLAIN = RowReader(Customer, is_connection=False)


def raw(page: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps({"page": page}).encode())


def read(*rows: Any) -> Slice[Customer]:
    return PLAIN.read(raw(list(rows)))


def test_a_connection_gives_rows_total_and_cursor():
    page = CONNECTION.read(raw(connection([customer(4)], total=9, cursor="c", more=True)))
    found = [row.id for row in page.rows], page.total, page.cursor, page.goes_on
    assert found == ([4], 9, "c", True)


def test_a_plain_list_promises_nothing():
    page = read(customer(4))
    assert ([row.id for row in page.rows], page.total, page.goes_on) == ([4], None, False)


def test_rows_set_aside_are_part_of_the_count():
    assert read(customer(1), {"id": "x"}).count == 2


@pytest.mark.parametrize(
    "odd",
    [
        customer(2, id="2"),
        customer(2, createdAt="2026-10-23T15:47:12"),
        customer(2, createdAt="yesterday"),
        customer(2, status=None),
        {"id": 2},
        None,
        7,
    ],
    ids=["id", "no zone", "no time", "no status", "little", "null", "number"],
)
def test_an_odd_row_is_set_aside_and_the_others_are_kept(odd: Any):
    page = read(customer(1), odd, customer(3))
    assert ([row.id for row in page.rows], len(page.aside)) == ([1, 3], 1)


def test_a_connection_keeps_its_place_when_a_row_is_odd():
    rows = [customer(1), {"id": 2}]
    page = CONNECTION.read(raw(connection(rows, total=9, cursor="c", more=True)))
    assert (page.count, page.total, page.cursor, page.goes_on) == (2, 9, "c", True)


def test_what_is_set_aside_is_kept_as_it_came():
    odd = customer(2, id="2")
    assert json.loads(read(odd).aside[0].content) == odd


def test_the_reason_does_not_quote_the_row():
    aside = read(customer(2, createdAt="ann@example.com")).aside[0]
    assert "createdAt" in aside.reason
    assert "ann@example.com" not in aside.reason


def test_a_row_may_hold_more_than_is_read():
    assert read(customer(1, mood="fine")).rows[0].id == 1


@pytest.mark.parametrize("page", [None, {}, "rows", {"totalCount": 1, "edges": []}])
def test_a_page_of_another_shape_is_drift(page: Any):
    with pytest.raises(SchemaDriftError, match="answers a list in another shape"):
        CONNECTION.read(raw(page))


def test_rows_can_be_had_with_what_they_held():
    odd = {"id": "x"}
    pairs = list(PLAIN.contents(raw([customer(1), odd])))
    assert [(row.id, json.loads(text)) for row, text in pairs] == [(1, customer(1))]
