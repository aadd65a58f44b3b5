"""Customers, newsletter subscriptions, wholesale accounts and their buyers.

Source:
    Centra reference 3.1, 3.3 and 3.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.tables import (
    centra_account,
    centra_buyer,
    centra_customer,
    centra_subscription,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.listing import Source
from auditor.systems.centra.query import Want, wants
from auditor.systems.centra.records import Account, Buyer, Customer, Subscription
from auditor.systems.text import email_key, name_or_none, text_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_CUSTOMER = wants(
    "id",
    "status",
    "email",
    "firstName",
    "lastName",
    "createdAt",
    "updatedAt",
    Want("isAnonymized", is_optional=True, fills=("centra_customer.is_anonymized",)),
    Want(
        "totalOrders",
        permissions=frozenset({"Customer.totalOrders:read"}),
        fills=("centra_customer.total_orders",),
    ),
    Want("store", wants("id"), is_optional=True, fills=("centra_customer.store_id",)),
)
_SUBSCRIPTION = wants(
    "id",
    "email",
    "isActive",
    "createdAt",
    Want("productVariant", wants("id")),
    Want("productSize", wants("id")),
    Want("store", wants("id")),
)
_ACCOUNT = wants("id", "name", "status", "isInternal", "createdAt", "updatedAt")
_BUYER = wants("id", "status", "email", "createdAt", "updatedAt")


def _customer_tables(rows: Sequence[Customer]) -> dict[str, pa.Table]:
    columns = {
        "customer_id": [str(row.id) for row in rows],
        "store_id": [str(row.store.id) if row.store else None for row in rows],
        "status": [row.status for row in rows],
        "email": [text_or_none(row.email) for row in rows],
        "email_key": [email_key(row.email) for row in rows],
        "first_name": [name_or_none(row.first_name) for row in rows],
        "last_name": [name_or_none(row.last_name) for row in rows],
        "is_anonymized": [row.is_anonymized for row in rows],
        "total_orders": [row.total_orders for row in rows],
        "created_at": [row.created_at for row in rows],
        "updated_at": [row.updated_at for row in rows],
        "email_hash": [None] * len(rows),  # filled when the page is stored
    }
    return {centra_customer.name: arrow_table(centra_customer, columns)}


def _subscription_tables(rows: Sequence[Subscription]) -> dict[str, pa.Table]:
    columns = {
        "subscription_id": [str(row.id) for row in rows],
        "store_id": [str(row.store.id) for row in rows],
        "email": [text_or_none(row.email) for row in rows],
        "email_key": [email_key(row.email) for row in rows],
        "is_active": [row.is_active for row in rows],
        "is_product_bound": [
            row.product_variant is not None or row.product_size is not None for row in rows
        ],
        "created_at": [row.created_at for row in rows],
    }
    return {centra_subscription.name: arrow_table(centra_subscription, columns)}


def _buyer_tables(rows: Sequence[Buyer]) -> dict[str, pa.Table]:
    columns = {
        "buyer_id": [str(row.id) for row in rows],
        "status": [row.status for row in rows],
        "email": [text_or_none(row.email) for row in rows],
        "email_key": [email_key(row.email) for row in rows],
        "created_at": [row.created_at for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    return {centra_buyer.name: arrow_table(centra_buyer, columns)}


def _account_tables(rows: Sequence[Account]) -> dict[str, pa.Table]:
    columns = {
        "account_id": [str(row.id) for row in rows],
        "name": [text_or_none(row.name) for row in rows],
        "status": [row.status for row in rows],
        "is_internal": [row.is_internal for row in rows],
        "created_at": [row.created_at for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    return {centra_account.name: arrow_table(centra_account, columns)}


CUSTOMERS = Source(
    "customers",
    ("customerConnection", "customers"),
    Customer,
    _CUSTOMER,
    _customer_tables,
    window="updatedAt",
)
SUBSCRIPTIONS = Source(
    "newsletter subscriptions",
    ("newsletterSubscriptionConnection", "newsletterSubscriptions"),
    Subscription,
    _SUBSCRIPTION,
    _subscription_tables,
)
"""A connection for them is not confirmed; where there is one, its total is worth having."""
BUYERS = Source("buyers", ("buyerConnection", "buyers"), Buyer, _BUYER, _buyer_tables)
ACCOUNTS = Source(
    "accounts",
    ("accountConnection", "accounts"),
    Account,
    _ACCOUNT,
    _account_tables,
    window="updatedAt",
)
