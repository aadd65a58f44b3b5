"""Who orders when: one intent per order, before anything about the order itself is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, between, chance, lucky
from auditor.sandbox.world.moments import HISTORY, sales_since_at
from auditor.sandbox.world.people import CONSUMER_KINDS, MARKETPLACE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from auditor.sandbox.world.model import Buyer, Customer, World
    from auditor.sandbox.world.people import Shopper
    from auditor.sandbox.world.scale import Scale

# Ages in hours of orders that every world has, so that no stream of it stands still.
_FRESH_AGES_H = (0.5, 1.2, 3, 5, 8, 12, 15, 19, 23)
_WHOLESALE_SHARE = 0.03
_SKEW = 1.7


@dataclass(slots=True)
class Intent:
    """Somebody is about to order.

    Attributes:
        at: When.
        kind: `consumer`, `internal`, `wholesale`, or the kind of a marketplace shopper.
        customer: The customer row that orders, unless a buyer does.
        buyer: The buyer who orders, for wholesale.
        is_sure: Whether nothing stops this order: no hold, no cancellation.
    """

    at: datetime
    kind: str
    customer: Customer | None = None
    buyer: Buyer | None = None
    is_sure: bool = False


def foresee(world: World, seed: int, scale: Scale, shoppers: list[Shopper]) -> list[Intent]:
    """Return the intents of all orders, in the order they happen."""
    intents = [
        *_of_marketplaces(world.now, chance(seed, "marketplace orders"), shoppers),
        *_of_staff(world.now, chance(seed, "internal orders"), shoppers),
        *_of_the_erased(world.now, chance(seed, "orders of the erased"), shoppers),
        *_of_trade(world, chance(seed, "wholesale orders"), scale),
    ]
    consumers = [shopper for shopper in shoppers if shopper.kind in CONSUMER_KINDS]
    rng = chance(seed, "consumer orders")
    intents += _of_consumers(world.now, rng, consumers, scale.orders - len(intents))
    boundary = sales_since_at(world.now)
    for intent in intents:
        # The hours around the boundary belong to two different days in UTC and in the brand's zone.
        if boundary - timedelta(hours=4) < intent.at < boundary:
            intent.at += timedelta(hours=4)
    return sorted(intents, key=attrgetter("at"))


def _of_consumers(
    now: datetime, rng: Random, consumers: list[Shopper], count: int
) -> Iterator[Intent]:
    """Yield the orders of consumers: one for most of them, the rest for the faithful ones."""
    active = [shopper for shopper in consumers if not lucky(rng, 0.12)]
    for age_h in _FRESH_AGES_H:
        at = now - timedelta(hours=age_h)
        regulars = rng.choice(active)
        while min(row.created_at for row in regulars.customers) >= at:
            regulars = rng.choice(active)
        yield _consumer_intent(rng, regulars, at, is_sure=True)
    for place in range(count - len(_FRESH_AGES_H)):
        skewed = int(len(active) * rng.random() ** _SKEW)
        shopper = active[place if place < len(active) else skewed]
        opening = max(now - HISTORY, min(row.created_at for row in shopper.customers))
        at = between(rng, opening + timedelta(minutes=1), now - timedelta(minutes=20))
        yield _consumer_intent(rng, shopper, at)


def _consumer_intent(
    rng: Random, shopper: Shopper, at: datetime, *, is_sure: bool = False
) -> Intent:
    """Return an order of one of the customer rows that the shopper had by then."""
    rows = [row for row in shopper.customers if row.created_at < at]
    return Intent(at, "consumer", customer=rows[int(rng.random() * len(rows))], is_sure=is_sure)


def _of_marketplaces(now: datetime, rng: Random, shoppers: list[Shopper]) -> Iterator[Intent]:
    """Yield one or two orders of every marketplace shopper; every second one bought lately."""
    count = 0
    for shopper in shoppers:
        if shopper.kind in MARKETPLACE_KINDS:
            count += 1
            (customer,) = shopper.customers
            days = (5, 28) if count % 2 else (30, 118)
            at = _days_ago(now, rng, *days)
            yield Intent(at, shopper.kind, customer=customer, is_sure=True)
            if lucky(rng, 0.3):
                yield Intent(_days_ago(now, rng, 0.1, 145), shopper.kind, customer=customer)


def _of_staff(now: datetime, rng: Random, shoppers: list[Shopper]) -> Iterator[Intent]:
    """Yield the internal orders of staff, who now and then buy as a consumer too."""
    for shopper in shoppers:
        if shopper.kind == "staff":
            (customer,) = shopper.customers
            at = _days_ago(now, rng, 5, 118)
            yield Intent(at, "internal", customer=customer, is_sure=True)
            yield Intent(_days_ago(now, rng, 0.1, 145), "internal", customer=customer)
            if lucky(rng, 0.4):
                yield Intent(_days_ago(now, rng, 0.1, 145), "consumer", customer=customer)


def _of_the_erased(now: datetime, rng: Random, shoppers: list[Shopper]) -> Iterator[Intent]:
    """Yield the orders of anonymised customers, all older than the sales that the brand sends."""
    for shopper in shoppers:
        if shopper.kind == "erased" and lucky(rng, 0.5):
            at = _days_ago(now, rng, 122, 149)
            yield Intent(at, "consumer", customer=shopper.customers[0])


def _of_trade(world: World, rng: Random, scale: Scale) -> Iterator[Intent]:
    """Yield the orders of buyers: one lately, one earlier, and more for some."""
    buyers = world.centra.buyers
    for buyer in buyers:
        at = _days_ago(world.now, rng, 5, 28)
        yield Intent(at, "wholesale", buyer=buyer, is_sure=True)
        yield Intent(_days_ago(world.now, rng, 30, 118), "wholesale", buyer=buyer)
    for _ in range(int(scale.orders * _WHOLESALE_SHARE) - 2 * len(buyers)):
        buyer = buyers[int(rng.random() * len(buyers))]
        yield Intent(_days_ago(world.now, rng, 0.1, 148), "wholesale", buyer=buyer)


def _days_ago(now: datetime, rng: Random, latest: float, earliest: float) -> datetime:
    return after(rng, now, -24 * earliest, -24 * latest)
