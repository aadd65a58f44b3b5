"""Returns that come in and returns that are completed."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import lucky
from auditor.sandbox.world.channels import Channels
from auditor.sandbox.world.model import Return, ReturnLine
from auditor.sandbox.world.moments import DAY, sales_since_at
from auditor.sandbox.world.returns import repeats_item, units_back
from auditor.sandbox.world.sales import Till, in_base
from auditor.sandbox.world.span import touch

if TYPE_CHECKING:
    from random import Random

    from auditor.sandbox.world.model import Order, Purchase, Shipment
    from auditor.sandbox.world.span import Span

_TAKEN, _COMPLETED_AT_ONCE, _COMPLETED_LATER = 0.008, 0.5, 0.2
_YOUNGEST, _OLDEST = timedelta(days=2), timedelta(days=20)
# Taken in the middle of a whole day, a return is never about as old as a settle time at its end.
_LATEST, _EARLIEST = timedelta(hours=13), timedelta(hours=22)


def take_new_returns(span: Span) -> None:
    """Take something back of a few consumer orders whose sale is loaded as it was made."""
    rng, rows = span.rng("returns"), span.world.centra.returns
    number = max((row.id for row in rows), default=0)
    line_id = max((line.id for row in rows for line in row.lines), default=0)
    for order, parcel in _candidates(span):
        lines = [line for line in order.lines if line.kind == "product" and line.quantity]
        if not lines or not lucky(rng, _TAKEN):
            continue
        line = rng.choice(lines)
        units = units_back(rng, line)
        number, line_id = number + 1, line_id + 1
        part = ReturnLine(line_id, line.id, units, line.value_minor * units // line.quantity)
        at = span.moment(rng, span.end - _EARLIEST, span.end - _LATEST)
        back = Return(number, order.number, parcel.id, order.customer_id, "PENDING", at, [part])
        rows.append(back)
        if lucky(rng, _COMPLETED_AT_ONCE):
            back.status = "COMPLETED"
            line.returned += units
        touch(order, at)


def complete_returns(span: Span) -> None:
    """Complete some of the returns that are pending."""
    rng = span.rng("completions")
    orders = {order.number: order for order in span.world.centra.orders}
    for back in span.world.centra.returns:
        if back.status == "PENDING" and lucky(rng, _COMPLETED_LATER):
            _complete(span, rng, back, orders[back.order_number])


def _complete(span: Span, rng: Random, back: Return, order: Order) -> None:
    back.status = "COMPLETED"
    lines = {line.id: line for line in order.lines}
    for part in back.lines:
        lines[part.line_id].returned += part.quantity
    touch(order, span.moment(rng))


def _candidates(span: Span) -> list[tuple[Order, Shipment]]:
    centra = span.world.centra
    parcels: dict[int, list[Shipment]] = defaultdict(list)
    for parcel in centra.shipments:
        parcels[parcel.order_number].append(parcel)
    sold: dict[str, list[Purchase]] = defaultdict(list)
    for row in span.world.emarsys.purchases:
        sold[row.order_id].append(row)
    returned = {row.order_number for row in centra.returns}
    channels, till = Channels(centra), Till(span.world)
    since_at = sales_since_at(span.end) + DAY
    found = []
    for order in centra.orders:
        if order.status not in {"SHIPPED", "ARCHIVED"} or order.created_at < since_at:
            continue
        of_order = parcels[order.number]
        if len(of_order) != 1 or order.number in returned or repeats_item(order):
            continue
        age = span.end - of_order[0].updated_at
        rows = sold[str(order.number)]
        is_consumer = channels.of(order) == "consumer"
        if _YOUNGEST < age < _OLDEST and is_consumer and _is_as_sold(till, order, rows):
            found.append((order, of_order[0]))
    return found


def _is_as_sold(till: Till, order: Order, rows: list[Purchase]) -> bool:
    """Tell whether the sale says of every line what the order says, to the last öre."""
    amounts: dict[str, int] = defaultdict(int)
    for row in rows:
        amounts[row.item] += row.amount_minor
    sold = [x for x in order.lines if x.kind in {"product", "bundle"} and x.quantity]
    return bool(rows) and all(
        amounts.get(till.item(line)) == in_base(order, line.value_minor) for line in sold
    )
