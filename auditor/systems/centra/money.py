"""Amounts as integer minor units: exact, and only in currencies whose decimals are known."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from auditor.model.currency import MINOR_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCALES = {code: Decimal(10) ** digits for code, digits in MINOR_DIGITS.items()}
_EXACT = Context(prec=80, Emax=60, rounding=ROUND_HALF_UP)
"""Wide enough for any product of two amounts, so that only the last step rounds; an exponent beyond
it is no amount, and would fill the memory as an integer."""


class UnfitRowError(Exception):
    """A row that was understood but cannot be kept as it is; the message holds no content of it."""


def minor_units(values: Iterable[Decimal], currencies: Iterable[str]) -> list[int]:
    """Return amounts, each with its currency, in minor units, rounded half up (away from zero).

    Raises:
        UnfitRowError: an unknown currency.
        ArithmeticError, ValueError: no amount at all.
    """
    try:
        pairs = zip(values, map(_SCALES.__getitem__, currencies), strict=True)
        return [int(_round(_multiply(value, scale))) for value, scale in pairs]
    except KeyError:
        raise UnfitRowError("a currency that is not in ISO 4217") from None


def base_units(values: Iterable[Decimal], rates: Iterable[Decimal], base: str) -> list[int]:
    """Return what amounts are worth in minor units of the base currency, each rounded once.

    Raises:
        ArithmeticError, ValueError: no amount at all.

    Source:
        CHECKS.md, Terms: base currency = value x `conversionRate`, rounded half up per line.
    """
    scale, pairs = _SCALES[base], zip(values, rates, strict=True)
    return [int(_round(_multiply(_multiply(value, rate), scale))) for value, rate in pairs]


_multiply = _EXACT.multiply
_round = _EXACT.to_integral_value
