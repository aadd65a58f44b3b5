"""The payment history of orders: asked for with them, or left out where tenant or token lack it.

Source:
    Centra reference 4.5 and 1.3 (`PaymentHistory:read`).
"""

from __future__ import annotations

from itertools import compress
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
    values = [entry.value for entry in entries]
    columns = {
        "payment_id": [str(entry.id) for entry in entries],
        "order_number": [number for number, _ in pairs],
        "entry_type": [entry.entry_type for entry in entries],
        "status": [entry.status for entry in entries],
        "value_minor": _minor(values),
        "currency": [value.currency.code if value else None for value in values],
        "created_at": [entry.created_at for entry in entries],
    }
    return arrow_table(centra_payment, columns)


def _minor(amounts: Sequence[Amount | None]) -> list[int | None]:
    """Return amounts in minor units, all at once; an unknown one is None."""
    are_known = [one is not None and one.currency.code in MINOR_DIGITS for one in amounts]
    known = [one for one in compress(amounts, are_known) if one]
    minor = iter(minor_units([one.value for one in known], [one.currency.code for one in known]))
    return [next(minor) if is_known else None for is_known in are_known]
