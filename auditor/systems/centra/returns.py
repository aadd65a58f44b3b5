"""Returns with their lines, as canonical tables.

Source:
    Centra reference 5.2: `createdAt` is the only time that a return has and is filtered by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.tables import centra_return, centra_return_line
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.listing import HEAVY, Source
from auditor.systems.centra.query import Want, if_granted, wants
from auditor.systems.centra.records import Refund, Return

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_RETURN = wants(
    "id",
    "returnStatus",
    "createdAt",
    Want("order", wants("number")),
    Want("lines", wants("quantity", Want("orderLine", wants("id")))),
    if_granted(
        "refundPaymentHistory",
        wants("entryType", "status"),
        "PaymentHistory:read",
        "centra_return.has_refund",
    ),
)
_REFUND = Refund("REFUND", "SUCCESS")
"""Money went back. Source: Centra reference 5.2."""


def _return_tables(rows: Sequence[Return]) -> dict[str, pa.Table]:
    returns = {
        "return_id": [str(row.id) for row in rows],
        "order_number": [str(row.order.number) for row in rows],
        "status": [row.return_status for row in rows],
        "created_at": [row.created_at for row in rows],
        "has_refund": [_has_refund(row) for row in rows],
    }
    pairs = [(str(row.id), line) for row in rows for line in row.lines]
    lines = {
        "return_id": [return_id for return_id, _ in pairs],
        "line_id": [str(line.order_line.id) for _, line in pairs],
        "quantity": [line.quantity for _, line in pairs],
    }
    return {
        centra_return.name: arrow_table(centra_return, returns),
        centra_return_line.name: arrow_table(centra_return_line, lines),
    }


def _has_refund(row: Return) -> bool | None:
    """Return whether money went back for a return, None where the tenant does not tell."""
    history = row.refund_payment_history
    return None if history is None else _REFUND in history


RETURNS = Source(
    "returns",
    ("returnConnection", "returns"),
    Return,
    _RETURN,
    _return_tables,
    size=HEAVY,
    window="createdAt",
)
