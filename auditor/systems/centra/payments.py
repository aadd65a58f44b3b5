"""The payment history of orders: asked for with them, or left out where tenant or token lack it.

Source:
    Centra reference 4.5 and 1.3 (`PaymentHistory:read`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.currency import MINOR_DIGITS
from auditor.model.tables import centra_payment
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.money import minor_units
from auditor.systems.centra.query import Want, if_granted, wants

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from auditor.systems.centra.records import Amount, Order

_VALUE = wants("value", Want("currency", wants("code")))

PAYMENTS = if_granted(
    "paymentHistory",
    wants(
        *("id", "entryType", "status", "createdAt"),
        Want("value", _VALUE, is_optional=True, fills=("centra_payment.value_minor",)),
    ),
    "PaymentHistory:read",
    "centra_payment.payment_id",
)


def payment_table(orders: Sequence[Order]) -> pa.Table:
    """Return the entries of orders; one in an unknown currency is kept without its value."""
    pairs = [(str(order.number), entry) for order in orders for entry in order.payment_history]
    entries = [entry for _, entry in pairs]
    columns = {
        "payment_id": [str(entry.id) for entry in entries],
        "order_number": [number for number, _ in pairs],
        "entry_type": [entry.entry_type for entry in entries],
        "status": [entry.status for entry in entries],
        "value_minor": [_minor(entry.value) for entry in entries],
        "currency": [entry.value.currency.code if entry.value else None for entry in entries],
        "created_at": [entry.created_at for entry in entries],
    }
    return arrow_table(centra_payment, columns)


def _minor(amount: Amount | None) -> int | None:
    if amount is None or amount.currency.code not in MINOR_DIGITS:
        return None
    (minor,) = minor_units([amount.value], [amount.currency.code])
    return minor
