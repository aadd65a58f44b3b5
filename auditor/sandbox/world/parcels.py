"""Shipments: one per order or two, some minutes apart, completed or not, back-dated, not captured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, chance, lucky
from auditor.sandbox.world.model import Shipment, ShipmentLine

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Order, World

_SPLIT, _SECOND_PARCEL_WAITS, _BACK_DATED, _NOT_CAPTURED = 0.07, 0.3, 0.05, 0.03
_EVERY_TOGETHER, _MINUTES_APART = 4, 20
_ONE_MINUTE = timedelta(minutes=1)
_EVENT_IS_LOADED = timedelta(hours=3)

Load = list[tuple[int, int]]


def ship_orders(world: World, seed: int) -> None:
    """Pack every order that left, and set the status of those that did not leave completely."""
    packer = Packer(chance(seed, "shipments"), world.now)
    for order in world.centra.orders:
        if order.status in {"SHIPPED", "ARCHIVED"} and any(_load(order)):
            packer.pack(order)
    world.centra.shipments = packer.shipments


def _load(order: Order) -> Load:
    """Return what can be packed: line ids with their units. Gift certificates go by mail."""
    return [
        (line.id, line.quantity) for line in order.lines if line.quantity and line.kind != "gift"
    ]


def _halves(order: Order) -> tuple[Load, Load] | None:
    """Return two loads for an order that can be split; bundles stay together."""
    load = _load(order)
    if any(line.kind == "bundle" for line in order.lines):
        return None
    if len(load) > 1:
        return load[::2], load[1::2]
    ((line_id, quantity),) = load
    return ([(line_id, 1)], [(line_id, quantity - 1)]) if quantity > 1 else None


@dataclass(slots=True)
class Packer:
    """Packs orders into shipments; shipment and shipment line ids run through the tenant."""

    rng: Random
    now: datetime
    shipments: list[Shipment] = field(default_factory=list)
    last_id: int = 0
    line_count: int = 0

    def __post_init__(self) -> None:
        self.last_id = max((row.id for row in self.shipments), default=0)
        self.line_count = max((x.id for row in self.shipments for x in row.lines), default=0)

    def pack(self, order: Order) -> None:
        """Add the shipments of one order."""
        rng = self.rng
        halves = _halves(order) if lucky(rng, _SPLIT) else None
        shipped_at = after(rng, order.created_at, 6, 80)
        if halves is None:
            parcels = [self._parcel(order, 1, _load(order), shipped_at)]
        else:
            later_at = after(rng, shipped_at, 20, 120)
            if lucky(rng, _SECOND_PARCEL_WAITS):
                later_at = self.now + _ONE_MINUTE
            elif order.number % _EVERY_TOGETHER == 0:
                later_at = shipped_at + (1 + order.number % _MINUTES_APART) * _ONE_MINUTE
            parcels = [
                self._parcel(order, 1, halves[0], shipped_at),
                self._parcel(order, 2, halves[1], later_at),
            ]
        self._keep(parcels)
        if not all(parcel.is_shipped for parcel in parcels):
            order.status = "PROCESSING"
        order.updated_at = max(order.updated_at, *(parcel.updated_at for parcel in parcels))

    def prepare(self, order: Order, at: datetime) -> list[Shipment]:
        """Pack an order at a moment, all of it still to leave, and return its parcels."""
        halves = _halves(order) if lucky(self.rng, _SPLIT) else None
        never = self.now + _ONE_MINUTE
        parcels = [
            self._parcel(order, place, load, never)
            for place, load in enumerate(halves or (_load(order),), 1)
        ]
        for parcel in parcels:
            parcel.created_at = parcel.updated_at = at
        self._keep(parcels)
        return parcels

    def _keep(self, parcels: list[Shipment]) -> None:
        self.shipments += parcels
        self.last_id += len(parcels)

    def _parcel(self, order: Order, place: int, load: Load, completed_at: datetime) -> Shipment:
        """Return one shipment; one that would be completed in the future is not shipped yet.

        Source:
            Centra reference 5.1: `shippedAt` may be back-dated; paid does not mean captured.
        """
        rng = self.rng
        created_at = min(after(rng, order.created_at, 0.5, 5), self.now)
        is_shipped = completed_at < self.now
        shipped_at = completed_at if is_shipped else None
        # A back-dated parcel takes the event of another one until its own event is loaded.
        has_event = completed_at < self.now - _EVENT_IS_LOADED
        if shipped_at and has_event and lucky(rng, _BACK_DATED):
            shipped_at = max(created_at, after(rng, shipped_at, -40, -3))
        is_captured = is_shipped and not lucky(rng, _NOT_CAPTURED)
        return Shipment(
            id=self.last_id + place,
            number=f"{order.number}-{place}",
            order_number=order.number,
            created_at=created_at,
            updated_at=completed_at if is_shipped else created_at,
            shipped_at=shipped_at,
            is_shipped=is_shipped,
            is_paid=is_shipped or lucky(rng, 0.5),
            is_captured=is_captured,
            tracking_number=f"TR{rng.getrandbits(32):010d}" if is_shipped else "",
            lines=[self._line(line_id, quantity) for line_id, quantity in load],
        )

    def _line(self, line_id: int, quantity: int) -> ShipmentLine:
        self.line_count += 1
        return ShipmentLine(self.line_count, line_id, quantity)
