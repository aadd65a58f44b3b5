"""Single manipulations of the Centra side; Emarsys is told nothing of any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.erasure import anonymise, purge_order
from auditor.sandbox.world.span import touch
from auditor.sandbox.world.tenant import MAIN_WAREHOUSE, RETAIL_SEK

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.world.model import Customer, World


def merge_customers(world: World, gone_id: int, survivor_id: int, at: datetime) -> None:
    """Merge one customer into another: it vanishes, its orders and returns move.

    The contact that is keyed by the vanished customer stays behind as an orphan.

    Source:
        Centra reference 3.2: no pointer is left.
    """
    centra = world.centra
    gone, survivor = _customer(world, gone_id), _customer(world, survivor_id)
    centra.customers.remove(gone)
    for order in centra.orders:
        if order.customer_id == gone_id:
            order.customer_id = survivor_id
            touch(order, at)
    for back in centra.returns:
        if back.customer_id == gone_id:
            back.customer_id = survivor_id
    survivor.total_orders += gone.total_orders
    survivor.updated_at = max(survivor.updated_at, at)


def anonymise_customer(world: World, customer_id: int, at: datetime) -> None:
    """Anonymise a customer for good."""
    anonymise(world.centra, _customer(world, customer_id), at)


def delete_order(world: World, number: int) -> None:
    """Purge an order with its parcels, returns and payments; nothing tells that it was there."""
    purge_order(world.centra, number)


def change_price(world: World, variant_id: int, minor: int | None, at: datetime) -> None:
    """Set the Swedish list price of a variant, in öre."""
    for price in world.centra.prices:
        if price.variant_id == variant_id and price.pricelist_id == RETAIL_SEK:
            price.minor = minor
    for variant in world.centra.variants:
        if variant.id == variant_id:
            variant.updated_at = max(variant.updated_at, at)


def change_stock(world: World, size_id: int, free: int, at: datetime) -> None:
    """Set what is free to allocate of a size in the main warehouse."""
    for stock in world.centra.stocks:
        if stock.size_id == size_id and stock.warehouse_id == MAIN_WAREHOUSE:
            stock.physical = stock.allocated + free
    for size in world.centra.sizes:
        if size.id == size_id:
            size.updated_at = max(size.updated_at, at)


def _customer(world: World, customer_id: int) -> Customer:
    for customer in world.centra.customers:
        if customer.id == customer_id:
            return customer
    msg = f"this world has no customer {customer_id}"
    raise KeyError(msg)
