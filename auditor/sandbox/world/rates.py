"""The exchange rate of every day of the order history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.sandbox.world.chance import chance
from auditor.sandbox.world.moments import HISTORY
from auditor.sandbox.world.money import RATE_DIGITS

if TYPE_CHECKING:
    from datetime import date

    from auditor.sandbox.world.model import World


def daily_rates(world: World, seed: int) -> dict[tuple[str, date], Decimal]:
    """Return what one unit of each currency was worth on each day, within one percent of today."""
    rates = {}
    first = (world.now - HISTORY).date()
    days = [first + timedelta(days=n) for n in range((world.now.date() - first).days + 1)]
    for currency in world.centra.currencies:
        rng = chance(seed, f"rates/{currency.code}")
        worth = int(currency.rate.scaleb(RATE_DIGITS))
        for day in days:
            wobble = 0 if currency.is_base else rng.randrange(-100, 101)
            today = worth * (10_000 + wobble) // 10_000
            rates[currency.code, day] = Decimal(today).scaleb(-RATE_DIGITS)
    return rates
