"""What answers every field of every type, under the names of `schema.graphql`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sandbox.centra import (
    catalogue,
    events,
    lines,
    money,
    offers,
    orders,
    parcels,
    payload,
    payments,
    people,
    places,
    roots,
    writes,
)
from auditor.sandbox.centra.field import const

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Field

FIELDS: dict[str, dict[str, Field]] = {
    **roots.FIELDS,
    **money.FIELDS,
    **places.FIELDS,
    **people.FIELDS,
    **orders.FIELDS,
    **lines.FIELDS,
    **parcels.FIELDS,
    **catalogue.FIELDS,
    **payments.FIELDS,
    **offers.FIELDS,
    **events.FIELDS,
    **payload.FIELDS,
    "Mutation": {**writes.MUTATIONS, **events.MUTATIONS},
}

TYPENAMES: dict[str, Field] = {
    "Order": orders.typename,
    "OrderLine": lines.typename,
    "Shipment": parcels.typename_as("Shipment"),
    "Return": parcels.typename_as("Return"),
    "EventTarget": events.typename,
    "OrderDiscount": const("AdminDiscount"),
}
"""What tells the concrete type of a row behind each interface."""
