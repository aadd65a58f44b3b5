"""What the integration sends to Emarsys during a span: sales, returns netted, and events."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.census import census
from auditor.sandbox.world.chance import after, chance
from auditor.sandbox.world.channels import Channels, is_due
from auditor.sandbox.world.events import CONFIRMED, SHIPPED, fire
from auditor.sandbox.world.evolve_people import contacts_by_person
from auditor.sandbox.world.moments import DAY, EVENT_WINDOW, LAST_LOAD_AGE, sales_since_at
from auditor.sandbox.world.sales import SOLD_KINDS, Till, compensation, in_base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from auditor.sandbox.world.model import (
        Contact,
        FiredEvent,
        Order,
        Purchase,
        Return,
        ReturnLine,
        World,
    )
    from auditor.sandbox.world.span import Span

_UNITS_SETTLE = timedelta(hours=26)
_EVENT_IS_LATE = timedelta(hours=2)
_SECOND = timedelta(seconds=1)


class _Owners:
    """Finds the contact of an order."""

    def __init__(self, world: World) -> None:
        self._people = census(world.centra)
        self._contacts = contacts_by_person(world)
        self._channels = Channels(world.centra)

    def contact(self, order: Order) -> Contact | None:
        """Return the contact of a consumer order of somebody who is not anonymised."""
        person = self._people.by_customer.get(order.customer_id or 0)
        if person is None or self._channels.of(order) != "consumer":
            return None
        return self._contacts[person.email]


def load_new_sales(span: Span) -> None:
    """Load the sales that the daily load of the span takes in."""
    emarsys, till, owners = span.world.emarsys, Till(span.world), _Owners(span.world)
    sent = {row.order_id for row in emarsys.purchases}
    si_contacts = {row.contact_id: row.id for row in emarsys.si_contacts}
    since_at = sales_since_at(span.start)
    last_at = _last_load(span)
    new: list[Purchase] = []
    for order in span.world.centra.orders:
        if order.created_at < since_at or str(order.number) in sent or not is_due(order):
            continue
        contact = owners.contact(order)
        loaded_at = _loaded(span, order, last_at)
        if contact is not None and loaded_at <= last_at:
            new += till.rows(order, si_contacts[contact.id], loaded_at)
    emarsys.purchases += sorted(new, key=lambda row: row.loaded_at)


def _last_load(span: Span) -> datetime:
    """Return when the last daily load of the span was: always at the same time of the day."""
    rows = span.world.emarsys.purchases
    known_at = max((row.loaded_at for row in rows), default=span.start - LAST_LOAD_AGE)
    return known_at + ((span.end - known_at) // DAY) * DAY


def _loaded(span: Span, order: Order, last_at: datetime) -> datetime:
    """Return the load that takes an order in: the first one after it was sent, in this span."""
    rng = chance(span.seed, f"send/{order.number}")
    sent_at = after(rng, span.became_due.get(order.number, order.created_at), 0.05, 0.6)
    earliest = max(sent_at, span.start + _SECOND)
    return last_at - ((last_at - earliest) // DAY) * DAY


def net_returns(span: Span) -> None:
    """Take the units of completed returns out of the sales once they are old enough."""
    till, purchases = Till(span.world), span.world.emarsys.purchases
    rows: dict[str, list[Purchase]] = defaultdict(list)
    for row in purchases:
        rows[row.order_id].append(row)
    settled: dict[int, list[Return]] = defaultdict(list)
    for back in span.world.centra.returns:
        if back.status == "COMPLETED" and span.end - back.created_at > _UNITS_SETTLE:
            settled[back.order_number].append(back)
    loaded_at = _last_load(span)
    for order in span.world.centra.orders:
        of_order = rows.get(str(order.number))
        if order.number in settled and of_order:
            missing = _not_netted(till, order, settled[order.number], of_order)
            for back, part in missing:
                line = next(row for row in order.lines if row.id == part.line_id)
                row = till.row(order, line, of_order[0].si_contact_id, loaded_at)
                units = type(row.quantity)(part.quantity)
                amount, on = in_base(order, part.value_minor), back.created_at.date()
                purchases.append(compensation(row, units, amount, on))


def _not_netted(
    till: Till, order: Order, returns: list[Return], rows: list[Purchase]
) -> Iterator[tuple[Return, ReturnLine]]:
    """Yield the parts of returns, newest first, that the sales rows still hold."""
    too_many: dict[str, Decimal | int] = defaultdict(int)
    for row in rows:
        too_many[row.item] += row.quantity
    items = {line.id: till.item(line) for line in order.lines if line.kind in SOLD_KINDS}
    for line in order.lines:
        if line.id in items:
            too_many[items[line.id]] -= line.quantity
    parts = [(back, part) for back in returns for part in back.lines]
    for _, part in parts:
        too_many[items[part.line_id]] += part.quantity
    for back, part in reversed(parts):
        item = items[part.line_id]
        if too_many[item] >= part.quantity:
            too_many[item] -= part.quantity
            yield back, part


def fire_new_events(span: Span) -> None:
    """Fire an event per parcel that left and per order that became due, and forget old ones."""
    world, owners = span.world, _Owners(span.world)
    causes = dict(_causes(span))
    fired = {event.trigger_id for event in world.emarsys.fired_events}
    new = []
    for trigger_id, (order, at) in causes.items():
        contact = owners.contact(order)
        is_recent = at >= span.start - _EVENT_IS_LATE
        if contact is None or trigger_id in fired or not is_recent:
            continue
        kind = SHIPPED if trigger_id.startswith("ship:") else CONFIRMED
        rng = chance(span.seed, f"event/{trigger_id}")
        event = fire(rng, kind, contact.id, at, trigger_id)
        event.loaded_at = max(event.loaded_at, span.start + _SECOND)
        if event.loaded_at <= span.end:
            new.append(event)
    opening = span.end - EVENT_WINDOW
    kept = [row for row in world.emarsys.fired_events if _is_kept(row, causes, opening)]
    world.emarsys.fired_events = kept + sorted(new, key=lambda event: event.loaded_at)


def _causes(span: Span) -> Iterator[tuple[str, tuple[Order, datetime]]]:
    """Yield what every event is fired for, by its trigger id: the order, and since when."""
    orders = {order.number: order for order in span.world.centra.orders}
    for order in orders.values():
        if is_due(order):
            at = span.became_due.get(order.number, order.created_at)
            yield f"conf:{order.number}", (order, at)
    for parcel in span.world.centra.shipments:
        if parcel.is_shipped:
            yield f"ship:{parcel.number}", (orders[parcel.order_number], parcel.updated_at)


def _is_kept(
    event: FiredEvent, causes: dict[str, tuple[Order, datetime]], opening: datetime
) -> bool:
    """Tell whether an event is still of the window that this account's Open Data reaches back.

    Neither it nor what it was fired for may be older: a parcel whose payment is captured looks younger
    than its event.
    """
    cause = causes.get(event.trigger_id or "")
    return min(event.fired_at, cause[1] if cause else event.fired_at) >= opening
