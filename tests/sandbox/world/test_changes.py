"""Single manipulations of the Centra side."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.world.changes import (
    anonymise_customer,
    change_price,
    change_stock,
    delete_order,
    merge_customers,
)
from tests.sandbox.world.conftest import NOW

if TYPE_CHECKING:
    from auditor.sandbox.world import World
    from auditor.sandbox.world.model import Customer


def buyers_of_two(world: World) -> tuple[Customer, Customer]:
    gone, survivor = [row for row in world.centra.customers if row.total_orders][:2]
    return gone, survivor


def test_a_merged_customer_vanishes_and_its_orders_move(small: World):
    gone, survivor = buyers_of_two(small)
    moved = [row for row in small.centra.orders if row.customer_id == gone.id]
    merge_customers(small, gone.id, survivor.id, NOW)
    assert gone not in small.centra.customers
    assert {(row.customer_id, row.updated_at) for row in moved} == {(survivor.id, NOW)}


def test_a_merge_adds_up_the_orders(small: World):
    gone, survivor = buyers_of_two(small)
    total = gone.total_orders + survivor.total_orders
    merge_customers(small, gone.id, survivor.id, NOW)
    assert (survivor.total_orders, survivor.updated_at) == (total, NOW)


def test_a_merge_leaves_the_contact_behind(small: World):
    gone, survivor = buyers_of_two(small)
    before = deepcopy(small.emarsys)
    merge_customers(small, gone.id, survivor.id, NOW)
    assert small.emarsys == before


def test_a_customer_that_is_not_there_cannot_be_merged(small: World):
    with pytest.raises(KeyError, match="no customer 1"):
        merge_customers(small, 1, 2, NOW)


def test_an_anonymised_customer_keeps_nothing_personal(small: World):
    customer = small.centra.customers[0]
    email = customer.email
    anonymise_customer(small, customer.id, NOW)
    assert customer.is_anonymized
    assert customer.updated_at == NOW
    of_customer = [row for row in small.centra.orders if row.customer_id == customer.id]
    assert email not in {customer.email, *(row.email for row in of_customer)}


def test_a_deleted_order_takes_everything_with_it(small: World):
    number = small.centra.returns[0].order_number
    delete_order(small, number)
    centra = small.centra
    left = [row.order_number for row in centra.shipments]
    left += [row.order_number for row in centra.returns]
    left += [row.order_number for row in centra.payments]
    assert number not in {row.number for row in centra.orders}
    assert number not in left


def test_a_changed_price_bumps_its_variant(small: World):
    change_price(small, 1, 77_700, NOW)
    assert 77_700 in {row.minor for row in small.centra.prices if row.variant_id == 1}
    assert small.centra.variants[0].updated_at == NOW


def test_changed_stock_bumps_its_size(small: World):
    change_stock(small, 1, 17, NOW)
    (stock,) = [r for r in small.centra.stocks if (r.size_id, r.warehouse_id) == (1, 1)]
    assert stock.physical - stock.allocated == 17
    assert small.centra.sizes[0].updated_at == NOW
