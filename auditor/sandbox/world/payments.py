"""The payment history: what every order must have paid by now, told from its own rows alone.

The plan of an order never changes as time passes, so calling `settle_payments` later only adds the
entries that have happened since.

Source: Centra reference 4.5 and 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, chance, lucky
from auditor.sandbox.world.channels import Channels
from auditor.sandbox.world.model import Payment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from auditor.sandbox.world.channels import Channel
    from auditor.sandbox.world.model import Order, Return, Shipment, World

_ASYNCHRONOUS = frozenset({"Klarna", "Adyen Card"})
_GIFT_CARD = "Gift card"
_FAILS, _REFUND_FAILS_FIRST = 0.03, 0.04


@dataclass(frozen=True, slots=True)
class _Step:
    """An entry to come."""

    at: datetime
    entry_type: str
    status: str
    minor: int
    return_id: int | None = None


@dataclass(slots=True)
class _Parts:
    """The parcels and returns of one order."""

    parcels: list[Shipment] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)


def settle_payments(world: World, seed: int) -> None:
    """Add every payment that has happened by now and mark the parcels that it captured."""
    centra = world.centra
    parts: dict[int, _Parts] = {order.number: _Parts() for order in centra.orders}
    for parcel in centra.shipments:
        parts[parcel.order_number].parcels.append(parcel)
    for back in centra.returns:
        parts[back.order_number].returns.append(back)
    known = {_key(row.order_number, row.entry_type, row.created_at) for row in centra.payments}
    channels = Channels(centra)
    new = []
    for order in centra.orders:
        plan = _Plan(seed, order, channels.of(order), world.now)
        new += [
            _entry(order, step, plan.channel)
            for step in plan.steps(parts[order.number])
            if step.at <= world.now and _key(order.number, step.entry_type, step.at) not in known
        ]
    new.sort(key=lambda row: (row.created_at, row.order_number))
    number = max((row.id for row in centra.payments), default=0)
    for row in new:
        number += 1
        row.id = number
    centra.payments += new


def _key(number: int, entry_type: str, at: datetime) -> tuple[int, str, datetime]:
    return number, entry_type, at


def _entry(order: Order, step: _Step, channel: Channel) -> Payment:
    return Payment(
        id=0,
        order_number=order.number,
        return_id=step.return_id,
        entry_type=step.entry_type,
        status=step.status,
        minor=step.minor,
        created_at=step.at,
        reference=f"psp-{order.id[:8]}-{step.entry_type.lower()}",
        payment_method=order.payment_method,
        source="import" if channel == "marketplace" else "checkout",
    )


class _Plan:
    """Foresees the payments of one order."""

    def __init__(self, seed: int, order: Order, channel: Channel, now: datetime) -> None:
        self._order, self._seed, self._now = order, seed, now
        self.channel = channel
        self._gift = "_GIFT_CARD" if order.payment_method == _GIFT_CARD else ""

    def steps(self, parts: _Parts) -> Iterator[_Step]:
        """Yield the entries of the order, those to come included."""
        order = self._order
        if self.channel == "marketplace":
            yield _Step(order.created_at, "PREPAID", "SUCCESS", _worth(order))
        elif self.channel != "wholesale":
            yield from self._authorised()
        for parcel in parts.parcels:
            yield from self._captured(parcel)
        for back in parts.returns:
            if back.status == "COMPLETED" and self.channel != "wholesale":
                yield from self._refunded(back)

    def _authorised(self) -> Iterator[_Step]:
        order = self._order
        if order.is_waiting_for_payment:
            yield _Step(order.created_at, "AUTH_PENDING", "PENDING", _worth(order))
            return
        yield _Step(order.created_at, f"AUTH{self._gift}", "SUCCESS", _worth(order))
        if order.status == "CANCELLED":
            yield _Step(order.updated_at, f"CANCEL{self._gift}", "SUCCESS", _worth(order))

    def _captured(self, parcel: Shipment) -> Iterator[_Step]:
        """Capture a shipped parcel: at once, days after asking for it, or not at all."""
        if parcel.shipped_at is None:
            return
        rng = chance(self._seed, f"capture/{parcel.number}")
        asked_at, worth = parcel.shipped_at, _packed(self._order, parcel)
        done_at, parcel.paid_at = asked_at, asked_at
        if self.channel == "marketplace":
            self._mark(parcel, asked_at)
            return
        if self.channel == "wholesale":
            yield _Step(asked_at, "MARKED_AS_PAID", "SUCCESS", worth)
            self._mark(parcel, asked_at)
            return
        if self._order.payment_method in _ASYNCHRONOUS:
            done_at = after(rng, asked_at, 0.1, 72)
            yield _Step(asked_at, "CAPTURE_REQUEST", "PENDING", worth)
        if lucky(rng, _FAILS):
            parcel.is_captured = False
            yield _Step(done_at, "CAPTURE_FAILED", "FAILED", worth)
            return
        yield _Step(done_at, f"CAPTURE{self._gift}", "SUCCESS", worth)
        self._mark(parcel, done_at)

    def _mark(self, parcel: Shipment, captured_at: datetime) -> None:
        parcel.is_captured = captured_at <= self._now
        parcel.captured_at = captured_at if parcel.is_captured else None

    def _refunded(self, back: Return) -> Iterator[_Step]:
        rng = chance(self._seed, f"refund/{back.id}")
        worth = sum(line.value_minor for line in back.lines)
        asked_at = after(rng, back.created_at, 0.1, 2)
        if lucky(rng, _REFUND_FAILS_FIRST):
            yield _Step(asked_at, "REFUND_FAILED", "FAILED", worth, back.id)
            asked_at += timedelta(hours=3)
        yield _Step(asked_at, "REFUND_REQUEST", "PENDING", worth, back.id)
        done_at = after(rng, asked_at, 0.1, 30)
        yield _Step(done_at, f"REFUND{self._gift}", "SUCCESS", worth, back.id)


def _worth(order: Order) -> int:
    return order.shipping_minor + sum(line.value_minor for line in order.lines)


def _packed(order: Order, parcel: Shipment) -> int:
    units = {line.id: line.unit_minor for line in order.lines}
    return sum(units[part.line_id] * part.quantity for part in parcel.lines)
