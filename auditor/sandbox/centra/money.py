"""Monetary values: an amount in minor units with its currency row and rate.

Source: Centra reference 4.1, `MonetaryValue`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

from auditor.sandbox.centra.field import Field, Request, attr, plain

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter
    from auditor.sandbox.world.model import Currency


class Taxed(NamedTuple):
    """What decides the tax of an amount: whether tax comes on top, its rate, and what was asked."""

    on_top: bool
    percent: Decimal
    wanted: bool

    def of(self, minor: int) -> int:
        """Return an amount with or without tax, as was asked."""
        if self.on_top:
            return with_tax(minor, self.percent) if self.wanted else minor
        return minor if self.wanted else without_tax(minor, self.percent)


class Money(NamedTuple):
    """An amount; `rate` is what one unit of the currency is worth in base currency."""

    minor: int
    currency: Currency
    rate: Decimal


def without_tax(minor: int, tax_percent: Decimal) -> int:
    """Take the tax out of an amount that includes it, rounding half up."""
    net = Decimal(minor) * 100 / (100 + tax_percent)
    return int(net.quantize(Decimal(1), ROUND_HALF_UP))


def with_tax(minor: int, tax_percent: Decimal) -> int:
    """Put the tax on top of an amount that excludes it, rounding half up.

    Source:
        Centra reference 4.1: `totals.taxAdded`; wholesale price lists are without tax.
    """
    gross = Decimal(minor) * (100 + tax_percent) / 100
    return int(gross.quantize(Decimal(1), ROUND_HALF_UP))


_SCALES: tuple[int, ...] = tuple(10**exponent for exponent in range(6))


def _value(money: Money) -> float:
    scale: int = _SCALES[money.currency.exponent]
    return money.minor / scale


def _formatted(money: Money) -> str:
    exponent = money.currency.exponent
    if not exponent:
        return f"{money.minor} {money.currency.code}"
    sign = "-" if money.minor < 0 else ""
    whole, rest = divmod(abs(money.minor), _SCALES[exponent])
    return f"{sign}{whole}.{rest:0{exponent}} {money.currency.code}"


def _base_value(request: Request, _arguments: Arguments) -> Getter:
    base = request.view.currencies.by("code")[request.view.tenant.base_currency]

    def answer(money: Money) -> Money:
        scale = Decimal(10) ** (base.exponent - money.currency.exponent)
        worth = (money.minor * money.rate * scale).quantize(Decimal(1), ROUND_HALF_UP)
        return Money(int(worth), base, Decimal(1))

    return answer


def _is_base(request: Request, _arguments: Arguments) -> Getter:
    code = request.view.tenant.base_currency
    return lambda currency: currency.code == code


FIELDS: dict[str, dict[str, Field]] = {
    "MonetaryValue": {
        "value": plain(_value),
        "currency": attr("currency"),
        "formattedValue": plain(_formatted),
        "valueInCents": attr("minor"),
        "baseValue": _base_value,
        "conversionRate": plain(lambda money: float(money.rate)),
    },
    "Currency": {"id": attr("id"), "code": attr("code"), "isBase": _is_base},
}
