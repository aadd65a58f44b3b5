"""A list below a row that ends at a limit is read on, never capped in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.prices import STOCK
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import size, stock

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 20


class Capped(FakeCentra):
    """A tenant that gives a list below a row page by page, and one row by its id."""

    repeats = False

    def _select(self, name: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = super()._select(name, where)
        return [row for row in rows if row["id"] in where["id"]] if "id" in where else rows

    def _page(self, text: str, variables: dict[str, Any]) -> Any:
        below = re.search(r"limit: 20(?:, page: (\d+))?\)", text.partition("{ page:")[2])
        number = 1 if self.repeats or below is None else int(below[1] or 1)
        part = slice((number - 1) * LIMIT, number * LIMIT)
        rows: list[dict[str, Any]] = super()._page(text, variables)
        return [{**row, "stock": row["stock"][part]} for row in rows]


def sizes_with(*counts: int) -> Capped:
    return Capped(
        rows={
            "productSizes": [
                size(number, stock=[stock(one) for one in range(1, count + 1)])
                for number, count in enumerate(counts, 1)
            ]
        }
    )


def found(fake: FakeCentra) -> list[tuple[str, str]]:
    (page,) = Reader(STOCK, tenant_of(fake)).pages()
    rows = page.tables["centra_stock"].to_pylist()
    return [(row["size_id"], row["warehouse_id"]) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 40, 41, 65])
def test_every_entry_is_read(count: int):
    assert found(sizes_with(3, count)) == [
        *(("1", str(one)) for one in range(1, 4)),
        *(("2", str(one)) for one in range(1, count + 1)),
    ]


def test_a_short_list_costs_no_request_of_its_own():
    fake = sizes_with(3, 4)
    found(fake)
    assert fake.pages == 1


def test_only_the_row_that_is_long_is_read_again():
    fake = sizes_with(3, 25)
    found(fake)
    again = [sent for sent in fake.variables if "where" in sent]
    assert again == [{"page": 1, "where": {"id": [2]}}]


def test_a_page_that_repeats_is_incomplete():
    fake = sizes_with(25)
    fake.repeats = True
    with pytest.raises(IncompleteSnapshotError, match="repeated a page of stock"):
        found(fake)


def test_a_row_that_is_gone_meanwhile_is_incomplete():
    fake = sizes_with(25)
    fake.spoil[2] = lambda _: {"data": {"page": []}}
    with pytest.raises(IncompleteSnapshotError, match="could not be read again for its stock"):
        found(fake)
