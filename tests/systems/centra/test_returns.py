"""Returns become rows of returns and of what they take back."""

from __future__ import annotations

from datetime import datetime

import pytest

from auditor.systems.centra.paging import Reader
from auditor.systems.centra.returns import RETURNS
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import returned


def tables(fake: FakeCentra) -> dict[str, list[object]]:
    (page,) = Reader(RETURNS, tenant_of(fake)).pages()
    return {name: table.to_pylist() for name, table in page.tables.items()}


def test_a_return_is_kept_with_its_order():
    assert tables(FakeCentra(rows={"returns": [returned(3)]}))["centra_return"] == [
        {
            "return_id": "3",
            "order_number": "501",
            "status": "COMPLETED",
            "created_at": datetime(2026, 10, 23, 13, 47, 12),
            "has_refund": True,
        }
    ]


def test_a_line_names_the_order_line_that_it_takes_back():
    assert tables(FakeCentra(rows={"returns": [returned(3)]}))["centra_return_line"] == [
        {"return_id": "3", "line_id": "5010", "quantity": 1}
    ]


def test_a_return_without_its_order_line_is_set_aside():
    odd = returned(3, lines=[{"quantity": 1, "orderLine": None}])
    (page,) = Reader(RETURNS, tenant_of(FakeCentra(rows={"returns": [odd]}))).pages()
    assert len(page.aside) == 1


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], False),
        ([{"entryType": "REFUND", "status": "PENDING"}], False),
        ([{"entryType": "REFUND_REQUEST", "status": "SUCCESS"}], False),
        (None, None),
    ],
)
def test_only_a_refund_that_succeeded_is_proof(history: list[object] | None, expected: object):
    fake = FakeCentra(rows={"returns": [returned(3, refundPaymentHistory=history)]})
    (found,) = tables(fake)["centra_return"]
    assert found["has_refund"] is expected  # type: ignore[index]
