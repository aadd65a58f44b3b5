"""Orders of every kind, as Centra holds them before anything is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import after, chance, deal, lucky, pick
from auditor.sandbox.world.lines import Basket
from auditor.sandbox.world.model import Order
from auditor.sandbox.world.rates import daily_rates
from auditor.sandbox.world.tenant import MARKETPLACES, WHOLESALE, shop_of

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal
    from random import Random

    from auditor.sandbox.world.assortment import Shelf
    from auditor.sandbox.world.demand import Intent
    from auditor.sandbox.world.model import Buyer, Customer, Line, World
    from auditor.sandbox.world.tenant import Shop

FIRST_ORDER_NUMBER = 100_001
_ARCHIVED_AFTER = timedelta(days=60)
_CONSUMER_FATES = {"pending": 25, "held": 25, "waiting": 25, "cancelled": 60, "gift": 15}
_OTHER_FATES = {"pending": 20, "cancelled": 40}
_HOLD_REASONS = (
    "PAYMENT_MISMATCH",
    "WAITING_FOR_FRAUD_CHECK",
    "WAITING_FOR_CHECK_FIRST_ALLOCATION",
)
_PAYMENTS = ("Klarna", "Adyen Card", "PayPal", "Gift card")


def place_orders(world: World, seed: int, shelf: Shelf, intents: list[Intent]) -> None:
    """Turn every intent into an order and count the orders of each customer and buyer."""
    clerk = Clerk(
        rng=chance(seed, "orders"),
        basket=Basket(chance(seed, "lines"), shelf),
        rates=daily_rates(world, seed),
        now=world.now,
    )
    fates = _Fates(seed, intents)
    world.centra.orders = [clerk.order(intent, fates.next(intent)) for intent in intents]


class _Fates:
    """Deals what becomes of each order: `ship`, or one of the rarer fates."""

    def __init__(self, seed: int, intents: list[Intent]) -> None:
        consumers = sum(intent.kind == "consumer" for intent in intents)
        self._consumer = _deck(seed, "fates", consumers, _CONSUMER_FATES)
        self._other = _deck(seed, "other fates", len(intents) - consumers, _OTHER_FATES)

    def next(self, intent: Intent) -> str:
        """Return the fate of an order; nothing happens to a sure one."""
        fate = (self._consumer if intent.kind == "consumer" else self._other).pop()
        return "ship" if intent.is_sure else fate


def _deck(seed: int, concern: str, count: int, per_mille: dict[str, int]) -> list[str]:
    counts = {fate: count * share // 1000 for fate, share in per_mille.items()}
    counts["ship"] = count - sum(counts.values())
    return deal(chance(seed, concern), counts)


@dataclass(slots=True)
class Clerk:
    """Writes orders; numbers run through all stores, with gaps where a selection was given up."""

    rng: Random
    basket: Basket
    rates: dict[tuple[str, date], Decimal]
    now: datetime
    number: int = FIRST_ORDER_NUMBER - 1

    def order(self, intent: Intent, fate: str) -> Order:
        """Return the order that comes of an intent."""
        rng = self.rng
        self.number += 2 if lucky(rng, 0.1) else 1
        buyer, customer = intent.buyer, intent.customer
        shop = shop_of(customer.store_id if customer else WHOLESALE, _country(intent))
        lines = self._lines(shop, fate)
        order = Order(
            id=f"{rng.getrandbits(128):032x}",
            number=self.number,
            store_id=shop.store_id,
            market_id=customer.market_id if intent.kind == "cdon" and customer else shop.market_id,
            pricelist_id=shop.pricelist_id,
            status="SHIPPED",
            currency=shop.currency,
            rate=self.rates[shop.currency, intent.at.date()],
            country=shop.country,
            created_at=intent.at,
            updated_at=min(after(rng, intent.at, 0.05, 0.3), self.now),
            customer_id=customer.id if customer else None,
            account_id=buyer.account_id if buyer else None,
            buyer_id=buyer.id if buyer else None,
            email=_owner(intent).email.strip(),
            is_internal=intent.kind == "internal",
            is_on_hold=False,
            is_waiting_for_payment=False,
            hold_reason=None,
            affiliate=None,
            payment_method="Invoice" if buyer else pick(rng, _PAYMENTS),
            shipping_minor=_shipping(shop, lines),
            lines=lines,
            adds_tax=buyer is not None,
        )
        _owner(intent).total_orders += 1
        self._label(order, intent)
        self._decide(order, fate)
        return order

    def _lines(self, shop: Shop, fate: str) -> list[Line]:
        if fate == "gift":
            return [self.basket.gift(shop)]
        if shop.store_id == WHOLESALE:
            return self.basket.wholesale_lines(shop)
        return self.basket.consumer_lines(shop)

    def _label(self, order: Order, intent: Intent) -> None:
        """Set attributes and affiliate: those of a marketplace, or harmless ones."""
        name, value = MARKETPLACES.attribute
        if intent.kind == "amazon":
            order.attributes[name] = value
        elif lucky(self.rng, 0.1):
            order.attributes[name] = "web"
        if lucky(self.rng, 0.03):
            order.attributes["gift_wrap"] = "yes"
        if intent.kind == "miinto":
            order.affiliate = MARKETPLACES.affiliates[0]
        elif lucky(self.rng, 0.05):
            order.affiliate = "Partner-Ads"

    def _decide(self, order: Order, fate: str) -> None:
        """Set status and flags; shipping may still change the status."""
        match fate:
            case "pending":
                order.status = "PENDING"
            case "held":
                order.status = self.rng.choice(("PENDING", "CONFIRMED"))
                order.is_on_hold = True
                order.hold_reason = self.rng.choice(_HOLD_REASONS)
            case "waiting":
                order.status = "CONFIRMED"
                order.is_waiting_for_payment = True
            case "cancelled":
                order.status = "CANCELLED"
                order.updated_at = min(after(self.rng, order.created_at, 1, 96), self.now)
            case _:
                order.status = self._progress(order)

    def _progress(self, order: Order) -> str:
        """Return how far an order got that nothing stopped."""
        if self.now - order.created_at > _ARCHIVED_AFTER and lucky(self.rng, 0.15):
            return "ARCHIVED"
        return "CONFIRMED" if lucky(self.rng, 0.05) else "SHIPPED"


def _owner(intent: Intent) -> Customer | Buyer:
    owner = intent.customer or intent.buyer
    if owner is None:
        msg = f"nobody ordered at {intent.at}"
        raise ValueError(msg)
    return owner


def _country(intent: Intent) -> str:
    """Return where the order goes; accounts are all in Sweden's neighbourhood."""
    return intent.customer.country if intent.customer else "DE"


def _shipping(shop: Shop, lines: list[Line]) -> int:
    """Return the shipping fee: none above a threshold, and none for gift certificates."""
    total = sum(line.value_minor for line in lines)
    is_free = total > 800 * 10**shop.exponent or all(line.kind == "gift" for line in lines)
    return 0 if is_free else 49 * 10**shop.exponent
