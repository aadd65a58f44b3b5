"""Returns: still pending, completed long ago, completed within the last hours, or twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, between, chance, lucky
from auditor.sandbox.world.model import Return, ReturnLine
from auditor.sandbox.world.moments import sales_since_at
from auditor.sandbox.world.tenant import WHOLESALE

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Line, Order, Shipment, World

# A return younger than this is not netted yet, an older one is; none is created in between.
YOUNG = timedelta(hours=12)
OLD = timedelta(hours=30)
_PENDING, _FRESH, _TWICE, _ONCE = 0.02, 0.03, 0.05, 0.11
_TWO_LINES = 0.2


def take_returns(world: World, seed: int) -> None:
    """Return something of some of the orders that were shipped in one parcel."""
    desk = _Desk(chance(seed, "returns"), world.now)
    parcels: dict[int, list[Shipment]] = {}
    for shipment in world.centra.shipments:
        parcels.setdefault(shipment.order_number, []).append(shipment)
    since_at = sales_since_at(world.now)
    for order in world.centra.orders:
        if order.store_id == WHOLESALE or order.created_at < since_at:
            continue
        if order.status in {"SHIPPED", "ARCHIVED"} and not repeats_item(order):
            of_order = parcels.get(order.number, [])
            if len(of_order) == 1:
                desk.consider(order, of_order[0])
    world.centra.returns = sorted(desk.returns, key=lambda row: row.created_at)
    for number, row in enumerate(world.centra.returns, 1):
        row.id = number


@dataclass(slots=True)
class _Desk:
    """Takes returns in."""

    rng: Random
    now: datetime
    returns: list[Return] = field(default_factory=list)
    line_count: int = 0

    def consider(self, order: Order, parcel: Shipment) -> None:
        """Decide whether and how something of an order comes back."""
        roll = self.rng.random()
        lines = [line for line in order.lines if line.kind == "product" and line.quantity]
        home_at = parcel.updated_at + timedelta(days=1)
        if roll >= _ONCE or not lines or home_at >= self.now - OLD:
            return
        line = self.rng.choice(lines)
        old_at = between(self.rng, home_at, min(self.now - OLD, home_at + timedelta(days=20)))
        if roll < _PENDING:
            self._take(order, parcel, "PENDING", old_at, [(line, units_back(self.rng, line))])
        elif roll < _FRESH:
            young_at = self.now - timedelta(seconds=self.rng.randrange(600, 11 * 3600))
            self._take(order, parcel, "COMPLETED", young_at, [(line, units_back(self.rng, line))])
        elif roll < _TWICE:
            self._take_twice(order, parcel, old_at, max(lines, key=_is_divisible))
        else:
            chosen = lines[:2] if lucky(self.rng, _TWO_LINES) else [line]
            back = [(line, units_back(self.rng, line)) for line in chosen]
            self._take(order, parcel, "COMPLETED", old_at, back)

    def _take_twice(self, order: Order, parcel: Shipment, at: datetime, line: Line) -> None:
        """Return one unit now and the other ones of the same line later."""
        if not _is_divisible(line):
            self._take(order, parcel, "COMPLETED", at, [(line, line.quantity)])
            return
        later_at = min(after(self.rng, at, 1, 60), self.now - OLD)
        self._take(order, parcel, "COMPLETED", at, [(line, 1)])
        self._take(order, parcel, "COMPLETED", later_at, [(line, line.quantity - 1)])

    def _take(
        self,
        order: Order,
        parcel: Shipment,
        status: str,
        created_at: datetime,
        back: list[tuple[Line, int]],
    ) -> None:
        lines = []
        for line, units in back:
            self.line_count += 1
            value = line.value_minor * units // line.quantity
            lines.append(ReturnLine(self.line_count, line.id, units, value))
            if status == "COMPLETED":
                line.returned += units
        self.returns.append(
            Return(0, order.number, parcel.id, order.customer_id, status, created_at, lines)
        )


def repeats_item(order: Order) -> bool:
    """Tell whether an item stands on two lines: what is left of its value would be ambiguous."""
    items = [line.size_id for line in order.lines]
    return len(items) != len(set(items))


def _is_divisible(line: Line) -> bool:
    """Tell whether single units of a line have a whole value, so that part of it can come back."""
    return line.quantity > 1 and line.value_minor % line.quantity == 0


def units_back(rng: Random, line: Line) -> int:
    """Return how many units come back: one of several, or the whole line."""
    return 1 if _is_divisible(line) and lucky(rng, 0.5) else line.quantity
