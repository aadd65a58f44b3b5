"""The segments that follow a rule: what the brand declares, and whom each rule puts in.

Members are what the orders in Centra give, as of an integration that left nothing out. Drift that is
planted into the sales or the contacts leaves them as they were: it came after the segments were drawn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from auditor.sandbox.world.channels import Channels, is_due
from auditor.sandbox.world.money import BASE_EXPONENT
from auditor.sandbox.world.sales import SOLD_KINDS, in_base

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from auditor.sandbox.world.census import Census
    from auditor.sandbox.world.model import Order, World

LIFETIME_VALUE, OFTEN, BESTSELLER, ASLEEP = 200_001, 200_002, 200_003, 200_004

_OVER, _ORDERS, _UNITS = 5_000, 3, 1
_SLEEPS_AFTER = timedelta(days=60)


@dataclass(slots=True)
class Purse:
    """What a person bought as a consumer: value less returns, orders, units by SKU, the last day."""

    value_minor: int = 0
    orders: int = 0
    units: Counter[str] = field(default_factory=Counter)
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """A segment that follows a rule.

    Attributes:
        rule: As the brand writes it into its settings.
        holds: Whether it puts somebody in.
    """

    id: int
    name: str
    rule: dict[str, Any]
    holds: Callable[[Purse], bool]

    @property
    def settings(self) -> dict[str, Any]:
        """The entry in the settings file."""
        return {"segment": self.id, "name": self.name, "rule": self.rule}


def audiences(world: World) -> list[Audience]:
    """Return the audiences of a brand."""
    sku, sleeping = world.centra.sizes[0].sku, world.now.date() - _SLEEPS_AFTER
    limit_minor = _OVER * 10**BASE_EXPONENT
    return [
        Audience(
            LIFETIME_VALUE,
            f"Lifetime value over {_OVER}",
            {"lifetime_value": {"over": _OVER}},
            lambda purse: purse.value_minor > limit_minor,
        ),
        Audience(
            OFTEN,
            "Ordered three times",
            {"order_count": {"at_least": _ORDERS}},
            lambda purse: purse.orders >= _ORDERS,
        ),
        Audience(
            BESTSELLER,
            f"Bought {sku}",
            {"sku_count": {"sku": sku, "at_least": _UNITS}},
            lambda purse: purse.units[sku] >= _UNITS,
        ),
        Audience(
            ASLEEP,
            "Asleep",
            {"last_order": {"before": sleeping}},
            lambda purse: purse.last_on is not None and purse.last_on < sleeping,
        ),
    ]


def purses(world: World, people: Census) -> dict[str, Purse]:
    """Return what every person bought, by normalised e-mail; who bought nothing is not in it."""
    ledger = _Ledger(world)
    found: dict[str, Purse] = {}
    for order in world.centra.orders:
        person = people.by_customer.get(order.customer_id or 0)
        if person and ledger.counts(order):
            ledger.enter(order, found.setdefault(person.email, Purse()))
    return found


class _Ledger:
    """Adds up orders, less what came back of them."""

    def __init__(self, world: World) -> None:
        self._channels = Channels(world.centra)
        self._skus = {size.id: size.sku for size in world.centra.sizes}
        self._back: Counter[int] = Counter()
        self._back_minor: Counter[int] = Counter()
        for back in world.centra.returns:
            for part in back.lines if back.status == "COMPLETED" else ():
                self._back[part.line_id] += part.quantity
                self._back_minor[part.line_id] += part.value_minor

    def counts(self, order: Order) -> bool:
        return self._channels.of(order) == "consumer" and is_due(order)

    def enter(self, order: Order, purse: Purse) -> None:
        sold = [line for line in order.lines if line.quantity and line.kind in SOLD_KINDS]
        for line in sold:
            kept_minor = line.value_minor - self._back_minor[line.id]
            purse.value_minor += in_base(order, kept_minor)
            purse.units[self._skus[line.size_id or 0]] += line.quantity - self._back[line.id]
        if sold:
            day = order.created_at.date()
            purse.orders += 1
            purse.last_on = max(purse.last_on or day, day)
