"""Anonymising a customer in Centra, and purging an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.world.census import normal

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.world.model import CentraTenant, Customer


def anonymise(centra: CentraTenant, customer: Customer, now: datetime) -> None:
    """Take everything personal from a customer, their orders and their newsletter rows, for good.

    Emarsys is told nothing: that is for whoever owns the contact.

    Source:
        Centra reference 3.5; what e-mail remains is unknown, so a placeholder does.
    """
    address, placeholder = normal(customer.email), f"anonymized-{customer.id}@example.invalid"
    customer.email = placeholder
    customer.first_name = customer.last_name = ""
    customer.is_anonymized, customer.receives_newsletters = True, False
    customer.updated_at = now
    for order in centra.orders:
        if order.customer_id == customer.id:
            order.email, order.updated_at = placeholder, now
    if not any(normal(row.email) == address for row in centra.customers):
        centra.subscriptions = [s for s in centra.subscriptions if normal(s.email) != address]


def purge_order(centra: CentraTenant, number: int) -> None:
    """Purge an order with its parcels, returns and payments."""
    for order in centra.orders:
        if order.number == number:
            for customer in centra.customers:
                customer.total_orders -= customer.id == order.customer_id
            for buyer in centra.buyers:
                buyer.total_orders -= buyer.id == order.buyer_id
    centra.orders = [row for row in centra.orders if row.number != number]
    centra.shipments = [row for row in centra.shipments if row.order_number != number]
    centra.returns = [row for row in centra.returns if row.order_number != number]
    centra.payments = [row for row in centra.payments if row.order_number != number]
