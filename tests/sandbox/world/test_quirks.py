"""Every quirk that a fake tenant shall have, in a clean world and in one with drift.

Source:
    Centra reference 12, item 8.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.evolve import evolve
from tests.sandbox.world.conftest import NOW
from tests.sandbox.world.facts import normal

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.sandbox.world.model import CentraTenant, Line, Order, Shipment
    from tests.sandbox.world.facts import Facts

LONG = timedelta(days=14)


def has_order(is_meant: Callable[[Order], bool]) -> Callable[[Facts], bool]:
    return lambda facts: any(is_meant(order) for order in facts.world.centra.orders)


def has_line(is_meant: Callable[[Line], bool]) -> Callable[[Facts], bool]:
    return has_order(lambda order: any(is_meant(line) for line in order.lines))


def has(is_meant: Callable[[CentraTenant], bool]) -> Callable[[Facts], bool]:
    return lambda facts: is_meant(facts.world.centra)


def has_twins(facts: Facts) -> bool:
    kinds = [
        {(row.store_id, row.is_registered) for row in rows} for rows in facts.customers_of.values()
    ]
    return any({(store, True), (store, False)} <= kind for kind in kinds for store, _ in kind)


def has_split_shipment(tenant: CentraTenant) -> bool:
    states = defaultdict(set)
    for parcel in tenant.shipments:
        states[parcel.order_number].add(parcel.is_shipped)
    return {True, False} in states.values()


def is_back_dated(parcel: Shipment) -> bool:
    """Tell a parcel that was marked as sent hours after it was, and that nothing changed later."""
    shipped_at = parcel.shipped_at
    return (
        shipped_at is not None
        and parcel.captured_at != parcel.updated_at
        and parcel.updated_at - shipped_at > timedelta(hours=2)
    )


def has_lone_subscriber(facts: Facts) -> bool:
    customers = {normal(row.email) for row in facts.world.centra.customers}
    return any(normal(row.email) not in customers for row in facts.world.centra.subscriptions)


QUIRKS: dict[str, Callable[[Facts], bool]] = {
    "guest and registered twins": has_twins,
    "anonymised customer": has(lambda t: any(row.is_anonymized for row in t.customers)),
    "newsletter row with a product": has(
        lambda t: any(row.variant_id or row.size_id for row in t.subscriptions)
    ),
    "inactive newsletter row": has(lambda t: any(not row.is_active for row in t.subscriptions)),
    "subscriber without a customer": has_lone_subscriber,
    "wholesale order": has_order(lambda order: order.buyer_id is not None),
    "marketplace store": lambda f: any(
        f.store_name[row.store_id] in f.settings["centra"]["marketplaces"]["stores"]
        for row in f.world.centra.orders
    ),
    "marketplace market": lambda f: any(
        f.market_name[row.market_id] in f.settings["centra"]["marketplaces"]["markets"]
        for row in f.world.centra.orders
    ),
    "internal order": has_order(lambda order: order.is_internal),
    "held order": has_order(lambda order: order.is_on_hold),
    "order with cancelled lines": has_order(
        lambda order: order.status != "CANCELLED" and any(not line.quantity for line in order.lines)
    ),
    "fully cancelled order": has_order(lambda order: order.status == "CANCELLED"),
    "split shipment, one part shipped": has(has_split_shipment),
    "back-dated shippedAt": has(lambda t: any(map(is_back_dated, t.shipments))),
    "paid but not captured shipment": has(
        lambda t: any(row.is_paid and not row.is_captured for row in t.shipments)
    ),
    "return still to be completed, long after creation": lambda f: any(
        row.status == "PENDING" and f.now - row.created_at > LONG for row in f.world.centra.returns
    ),
    "bundle lines": has_line(lambda line: line.kind == "bundle"),
    "bundle item lines": has_line(lambda line: line.kind == "bundle_item"),
    "gift-card lines": has_line(lambda line: line.kind == "gift"),
    "price null in one list": has(lambda t: any(row.minor is None for row in t.prices)),
    "campaign price": has(lambda t: bool(t.campaign_variants)),
    "warehouse threshold": has(lambda t: any(row.threshold for row in t.warehouses)),
    "stock offset": has(lambda t: any(row.stock_offset for row in t.variants)),
    "inactive display": has(lambda t: any(row.status != "ACTIVE" for row in t.displays)),
    "tax-exclusive wholesale totals": has_order(lambda order: order.adds_tax),
    "amounts in yen": has_order(lambda order: order.currency == "JPY"),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_clean_world_has(quirk: str, clean: Facts):
    assert QUIRKS[quirk](clean)


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_planted_world_has(quirk: str, spoiled: tuple[Facts, object]):
    assert QUIRKS[quirk](spoiled[0])


def test_days_that_pass_complete_a_return_long_after_its_creation():
    world = build_world(7, Scale.of(customers=600), NOW)
    old = {row.id for row in world.centra.returns if NOW - row.created_at > LONG}
    pending = {row.id for row in world.centra.returns if row.status == "PENDING"} & old
    evolve(world, 7, NOW + timedelta(days=7))
    assert any(r.status == "COMPLETED" for r in world.centra.returns if r.id in pending)
