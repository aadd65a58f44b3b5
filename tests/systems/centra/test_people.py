"""Customers, subscriptions and buyers become canonical rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import BUYERS, CUSTOMERS, SUBSCRIPTIONS
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import buyer, customer, subscription

if TYPE_CHECKING:
    from auditor.systems.centra.listing import Source

CREATED_AT = datetime(2026, 10, 23, 13, 47, 12)
UPDATED_AT = datetime(2026, 10, 23, 23, 30)


def only_row(fake: FakeCentra, source: Source[Any]) -> dict[str, Any]:
    tables = [page.tables for page in Reader(source, tenant_of(fake)).pages()]
    (table,) = tables
    found: list[dict[str, Any]] = [row for rows in table.values() for row in rows.to_pylist()]
    return found[0]


def test_a_customer_is_kept_with_raw_address_and_key():
    found = only_row(FakeCentra(rows={"customers": [customer(7)]}), CUSTOMERS)
    assert found == {
        "customer_id": "7",
        "store_id": "1",
        "status": "ACTIVE",
        "email": "Person7@Example.com",
        "email_key": "person7@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "is_anonymized": False,
        "total_orders": 3,
        "created_at": CREATED_AT,
        "updated_at": UPDATED_AT,
        "email_hash": None,
    }


@pytest.mark.parametrize(
    ("field", "column"),
    [("isAnonymized", "is_anonymized"), ("totalOrders", "total_orders"), ("store", "store_id")],
)
def test_what_the_tenant_does_not_tell_of_a_customer_is_unknown(field: str, column: str):
    row = customer(7)
    del row[field]
    assert only_row(FakeCentra(rows={"customers": [row]}), CUSTOMERS)[column] is None


@pytest.mark.parametrize("field", ["isAnonymized", "store"])
def test_what_the_tenant_lacks_is_not_asked_for(field: str):
    fake = FakeCentra(rows={"customers": [customer(7)]}, absent=(f"Customer.{field}",))
    only_row(fake, CUSTOMERS)
    assert field not in fake.asked("customerConnection")[0]


def test_an_empty_address_has_no_key():
    found = only_row(FakeCentra(rows={"customers": [customer(7, email="")]}), CUSTOMERS)
    assert (found["email"], found["email_key"]) == (None, None)


def test_a_subscription_is_kept_with_its_state():
    row = subscription(4, isActive=False)
    found = only_row(FakeCentra(rows={"newsletterSubscriptions": [row]}), SUBSCRIPTIONS)
    assert found == {
        "subscription_id": "4",
        "store_id": "1",
        "email": "Reader4@Example.com",
        "email_key": "reader4@example.com",
        "is_active": False,
        "is_product_bound": False,
        "created_at": CREATED_AT,
    }


@pytest.mark.parametrize("field", ["productVariant", "productSize"])
def test_a_subscription_that_names_a_product_is_bound_to_it(field: str):
    row = subscription(4, **{field: {"id": 9}})
    found = only_row(FakeCentra(rows={"newsletterSubscriptions": [row]}), SUBSCRIPTIONS)
    assert found["is_product_bound"] is True


def test_a_buyer_is_kept():
    assert only_row(FakeCentra(rows={"buyers": [buyer(2)]}), BUYERS) == {
        "buyer_id": "2",
        "status": "ACTIVE",
        "email": "Trade2@Example.com",
        "email_key": "trade2@example.com",
        "created_at": CREATED_AT,
        "updated_at": UPDATED_AT,
    }
