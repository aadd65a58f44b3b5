"""Orders that come in, are confirmed or cancelled, are packed and leave."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.assortment import shelve
from auditor.sandbox.world.chance import chance, deal, lucky, pick
from auditor.sandbox.world.channels import Channels
from auditor.sandbox.world.demand import Intent
from auditor.sandbox.world.lines import Basket
from auditor.sandbox.world.orders import Clerk
from auditor.sandbox.world.parcels import Packer
from auditor.sandbox.world.people import RELAY_DOMAIN
from auditor.sandbox.world.rates import daily_rates
from auditor.sandbox.world.span import touch
from auditor.sandbox.world.tenant import OUTLET, RETAIL

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Customer, Order, Shipment, World
    from auditor.sandbox.world.span import Span

_ORDERS, _WHOLESALE, _MARKETPLACE = 0.0025, 0.0002, 0.0003
_FATES = {"ship": 88, "pending": 4, "held": 4, "waiting": 3, "gift": 1}
_CONFIRMED, _GIVEN_UP, _PACKED, _LEFT, _ARCHIVED = 0.6, 0.05, 0.6, 0.6, 0.003
# What got stuck for so long is rarely taken up again.
_STUCK_AFTER, _STUCK = timedelta(days=7), 0.1
# An older one is not among the orders that an auditor reads; its parcel would leave from nowhere.
_FORGOTTEN_AFTER = timedelta(days=90)
# An order that is confirmed later than this would be confirmed to its buyer a day late.
_CONFIRMED_WITHIN = timedelta(hours=18)
_LOADED_WITHIN = timedelta(minutes=70)
_SHIPPED_FOR_LONG = timedelta(days=60)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_WAYS = {"store": "zalando", "market": "cdon", "attribute": "amazon", "affiliate": "miinto"}


def take_new_orders(span: Span) -> None:
    """Take the orders of a span; those that nothing stops are confirmed at once."""
    world, rng = span.world, span.rng("orders")
    intents = sorted(_intents(span, rng), key=lambda intent: intent.at)
    lines = [line.id for order in world.centra.orders for line in order.lines]
    shelf = shelve(world.centra, chance(span.seed, "bundles"))
    clerk = Clerk(
        rng=rng,
        basket=Basket(rng, shelf, max(lines, default=0) + 1),
        rates=daily_rates(world, span.seed),
        now=span.end,
        number=max((order.number for order in world.centra.orders), default=0),
    )
    for intent in intents:
        fate = pick(rng, deal(rng, _FATES)) if intent.kind == "consumer" else "ship"
        order = clerk.order(intent, fate)
        if fate in {"ship", "gift"}:
            order.status = "CONFIRMED"
        owner = intent.customer or intent.buyer
        if owner is not None:
            owner.updated_at = max(owner.updated_at, order.created_at)
        world.centra.orders.append(order)


def _intents(span: Span, rng: Random) -> list[Intent]:
    world, total = span.world, len(span.world.centra.orders)
    customers, traders = _customers(world)
    intents = []
    for _ in range(span.count(rng, total, _ORDERS) if customers else 0):
        customer = pick(rng, customers)
        at = span.moment(rng, customer.created_at + _MINUTE)
        intents.append(Intent(at, "consumer", customer=customer))
    for _ in range(span.count(rng, total, _MARKETPLACE) if traders else 0):
        customer, kind = pick(rng, traders)
        intents.append(Intent(span.moment(rng), kind, customer=customer))
    buyers = world.centra.buyers
    intents += [
        Intent(span.moment(rng), "wholesale", buyer=pick(rng, buyers))
        for _ in range(span.count(rng, total, _WHOLESALE) if buyers else 0)
    ]
    return [intent for intent in intents if intent.at < span.end]


def _customers(world: World) -> tuple[list[Customer], list[tuple[Customer, str]]]:
    """Return who orders as a consumer, and who through a marketplace and by which way."""
    channels = Channels(world.centra)
    of_others = [order for order in world.centra.orders if channels.of(order) != "consumer"]
    others = {order.customer_id for order in of_others}
    ways = {order.customer_id: channels.marketplace_way(order) for order in of_others}
    live = [row for row in world.centra.customers if not row.is_anonymized]
    traders = [(row, _WAYS[way]) for row in live if (way := ways.get(row.id)) is not None]
    consumers = [row for row in live if row.id not in others and _is_consumer(row)]
    return consumers, traders


def _is_consumer(row: Customer) -> bool:
    is_relay = row.email.strip().lower().endswith(RELAY_DOMAIN)
    return row.store_id in {RETAIL, OUTLET} and not is_relay


def advance_orders(span: Span) -> None:
    """Let every open order take its next step, or wait."""
    centra = span.world.centra
    parcels: dict[int, list[Shipment]] = defaultdict(list)
    for parcel in centra.shipments:
        parcels[parcel.order_number].append(parcel)
    rng = span.rng("shipments")
    packer = Packer(rng, span.end, centra.shipments)
    erased = {row.id for row in centra.customers if row.is_anonymized}
    for order in centra.orders:
        if order.customer_id in erased:
            continue
        _open(span, rng, order)
        if _is_free(order) and order.number not in parcels:
            parcels[order.number] = _pack(span, rng, packer, order)
        if order.status == "PROCESSING":
            _dispatch(span, rng, order, parcels[order.number])
        is_old = span.end - order.created_at > _SHIPPED_FOR_LONG
        if order.status == "SHIPPED" and is_old and lucky(rng, _ARCHIVED):
            order.status = "ARCHIVED"
            touch(order, span.moment(rng))


def _is_free(order: Order) -> bool:
    return order.status == "CONFIRMED" and not order.is_on_hold and not order.is_waiting_for_payment


def _open(span: Span, rng: Random, order: Order) -> None:
    """Confirm a young order that something stopped, or give up an old one."""
    if order.status not in {"PENDING", "CONFIRMED"} or _is_free(order):
        return
    latest = order.created_at + _CONFIRMED_WITHIN
    # So early that its confirmation is loaded before the span ends.
    at = span.moment(rng, order.created_at + _MINUTE, min(latest, span.end - _LOADED_WITHIN))
    if at < min(latest, span.end - _LOADED_WITHIN) and lucky(rng, _CONFIRMED):
        order.status, order.hold_reason = "CONFIRMED", None
        order.is_on_hold = order.is_waiting_for_payment = False
        span.became_due[order.number] = at
        touch(order, at)
    elif latest < span.start and lucky(rng, _GIVEN_UP):
        order.status, order.hold_reason = "CANCELLED", None
        order.is_on_hold = order.is_waiting_for_payment = False
        touch(order, span.moment(rng))


def _pack(span: Span, rng: Random, packer: Packer, order: Order) -> list[Shipment]:
    """Pack a confirmed order; one of gift certificates only is mailed and done."""
    at = span.moment(rng, max(order.created_at, order.updated_at) + _HOUR)
    if at >= span.end or not lucky(rng, _PACKED * _pace(span, order)):
        return []
    if all(line.kind == "gift" or not line.quantity for line in order.lines):
        order.status = "SHIPPED"
        touch(order, at)
        return []
    order.status = "PROCESSING"
    touch(order, at)
    return packer.prepare(order, at)


def _pace(span: Span, order: Order) -> float:
    age = span.start - order.created_at
    if age > _FORGOTTEN_AFTER:
        return 0.0
    return _STUCK if age > _STUCK_AFTER else 1.0


def _dispatch(span: Span, rng: Random, order: Order, parcels: list[Shipment]) -> None:
    """Let parcels leave; the order is shipped with the last one."""
    for parcel in parcels:
        at = span.moment(rng, max(parcel.created_at, parcel.updated_at) + _HOUR)
        if not parcel.is_shipped and at < span.end and lucky(rng, _LEFT * _pace(span, order)):
            _leave(parcel, at, rng)
            touch(order, at)
    if parcels and all(parcel.is_shipped for parcel in parcels):
        order.status = "SHIPPED"


def _leave(parcel: Shipment, at: datetime, rng: Random) -> None:
    parcel.is_shipped, parcel.is_paid = True, True
    parcel.shipped_at = parcel.updated_at = at
    parcel.tracking_number = f"TR{rng.getrandbits(32):010d}"
