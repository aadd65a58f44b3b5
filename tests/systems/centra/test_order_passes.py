"""Every order is read, whatever the tenant hides unless it is asked for."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from auditor.errors import SchemaDriftError
from auditor.systems.centra.order_passes import order_passes
from tests.systems.centra.fake import FakeCentra, tenant_of
from tests.systems.centra.samples import order

SINCE = {"createdAt": {"from": "2025-12-24T00:00:00+00:00"}}
EVERY_KIND = [
    order(number, isOnHold=held, isWaitingForPayment=waiting)
    for number, (held, waiting) in enumerate(product((True, False), repeat=2), 1)
]


def passes(**options: Any) -> list[dict[str, Any]]:
    fake = FakeCentra(rows={"orders": EVERY_KIND}, **options)
    return [dict(where) for where in order_passes(tenant_of(fake), SINCE)]


def flags(where: dict[str, Any]) -> tuple[bool, bool]:
    return where["isOnHold"], where["isWaitingForPayment"]


def test_a_tenant_that_hides_nothing_is_read_in_one_pass():
    assert passes() == [SINCE]


def test_a_tenant_that_hides_held_orders_is_read_by_each_value():
    assert {flags(where) for where in passes(hides_held=True)} == set(
        product((True, False), repeat=2)
    )


def test_held_orders_are_read_before_and_after_the_others():
    found = [flags(where) for where in passes(hides_held=True)]
    middle = found.index((False, False))
    assert found[:middle] == found[middle + 1 :] != []


def test_every_pass_names_all_statuses():
    assert all("ARCHIVED" in where["status"] for where in passes(hides_held=True))


def test_every_pass_begins_at_the_same_day():
    assert all(where["createdAt"] == SINCE["createdAt"] for where in passes(hides_held=True))


@pytest.mark.parametrize("hides_held", [True, False])
def test_a_tenant_that_cannot_be_counted_is_read_by_each_value(hides_held: bool):
    found = passes(hides_held=hides_held, absent=("Query.orderConnection",))
    assert len(found) == 7


def test_a_tenant_without_the_flags_is_read_without_them():
    absent = ("OrderFilter.isOnHold", "OrderFilter.isWaitingForPayment")
    assert passes(hides_held=True, absent=absent) == [SINCE]


def test_counting_takes_one_request():
    fake = FakeCentra(rows={"orders": EVERY_KIND})
    tenant = tenant_of(fake)
    before = tenant.client.requests
    order_passes(tenant, SINCE)
    assert tenant.client.requests - before == 1


def test_counts_of_another_shape_are_drift():
    fake = FakeCentra(rows={"orders": EVERY_KIND}, counter="many")
    with pytest.raises(SchemaDriftError, match="counts orders in another shape"):
        order_passes(tenant_of(fake), SINCE)


def test_a_count_that_does_not_come_is_drift(monkeypatch: pytest.MonkeyPatch):
    tenant = tenant_of(FakeCentra(rows={"orders": EVERY_KIND}))
    monkeypatch.setattr(tenant.client, "query", lambda *_asked: b'{"c0": {"totalCount": 4}}')
    with pytest.raises(SchemaDriftError, match="counts orders in another shape"):
        order_passes(tenant, SINCE)


def test_a_tenant_without_a_list_of_orders_is_left_to_the_reader():
    assert passes(absent=("Query.orderConnection", "Query.orders")) == [SINCE]
