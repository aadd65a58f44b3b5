"""Money in whole minor units, rounded half up."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

BASE_EXPONENT = 2
RATE_DIGITS = 6


def half_up(numerator: int, denominator: int) -> int:
    """Divide two integers, neither negative, and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def base_minor(value_minor: int, exponent: int, rate: Decimal) -> int:
    """Convert minor units of a currency to minor units of the base currency.

    Args:
        value_minor: The value in minor units, not negative.
        exponent: The number of decimals of its currency.
        rate: How much base currency one major unit is worth, with at most six decimals.
    """
    return half_up(
        value_minor * _in_millionths(rate) * 10**BASE_EXPONENT, 10 ** (RATE_DIGITS + exponent)
    )


@lru_cache(maxsize=4096)
def _in_millionths(rate: Decimal) -> int:
    return int(rate.scaleb(RATE_DIGITS))
