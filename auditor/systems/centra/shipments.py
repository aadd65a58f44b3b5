"""Shipments with their lines, as canonical tables; tracking numbers are not read.

Source:
    Centra reference 5.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.tables import centra_shipment, centra_shipment_line
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.assortment_records import Shipment
from auditor.systems.centra.listing import HEAVY, Source
from auditor.systems.centra.query import Want, wants

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_SHIPMENT = wants(
    *("__typename", "id", "number", "isShipped", "isPaid", "isCaptured"),
    *("shippedAt", "createdAt", "updatedAt"),
    Want("order", wants("number")),
    Want("lines", wants("quantity", "returnedQuantity", Want("orderLine", wants("id")))),
)


def _shipment_tables(rows: Sequence[Shipment]) -> dict[str, pa.Table]:
    shipments = {
        "shipment_id": [str(row.id) for row in rows],
        "kind": [row.kind for row in rows],
        "number": [row.number for row in rows],
        "order_number": [str(row.order.number) for row in rows],
        "is_shipped": [row.is_shipped for row in rows],
        "is_paid": [row.is_paid for row in rows],
        "is_captured": [row.is_captured for row in rows],
        "shipped_at": [row.shipped_at for row in rows],
        "created_at": [row.created_at for row in rows],
        "updated_at": [row.updated_at for row in rows],
    }
    pairs = [(str(row.id), line) for row in rows for line in row.lines]
    lines = {
        "shipment_id": [shipment_id for shipment_id, _ in pairs],
        "line_id": [str(line.order_line.id) for _, line in pairs],
        "quantity": [line.quantity for _, line in pairs],
        "returned_quantity": [line.returned_quantity for _, line in pairs],
    }
    return {
        centra_shipment.name: arrow_table(centra_shipment, shipments),
        centra_shipment_line.name: arrow_table(centra_shipment_line, lines),
    }


SHIPMENTS = Source(
    "shipments",
    ("shipmentConnection", "shipments"),
    Shipment,
    _SHIPMENT,
    _shipment_tables,
    size=HEAVY,
    window="updatedAt",
)
