"""Amounts in the currency of their order, which Emarsys keeps with the decimals of the account's.

Where `sales.currency` says so, 1299 yen are sent as 1299 and kept as 1299.00: they are compared as
Emarsys has them, and shown in minor units of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.currency import MINOR_DIGITS
from auditor.reconcile.sql import half_up, text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

ONE: ColumnElement[int] = sa.literal(1, sa.Integer)
DIGITS = sorted(set(MINOR_DIGITS.values()))


def worth(line: sa.Table, terms: Terms) -> ColumnElement[int]:
    """Return the value of an order line in the steps that `step_of` tells."""
    if terms.in_base_currency:
        return line.c.base_minor
    finer = [digits for digits in DIGITS if digits > terms.minor_digits]
    rounded = (
        (line.c.digits == digits, shifted(line.c.value_minor, terms.minor_digits - digits))
        for digits in finer
    )
    return sa.case(*rounded, else_=line.c.value_minor) if finer else line.c.value_minor


def step_of(line: sa.Table, terms: Terms) -> ColumnElement[int]:
    """Return how many minor units of the account's one of an order line's is: a yen is a hundred."""
    coarser = [digits for digits in DIGITS if digits < terms.minor_digits]
    if terms.in_base_currency or not coarser:
        return ONE
    steps = ((line.c.digits == digits, 10 ** (terms.minor_digits - digits)) for digits in coarser)
    return sa.case(*steps, else_=1)


def in_own(
    amount: ColumnElement[Any], currency: ColumnElement[str], terms: Terms
) -> ColumnElement[Any]:
    """Return an amount that has the decimals of the account in minor units of its currency."""
    others = [] if terms.in_base_currency else [d for d in DIGITS if d != terms.minor_digits]
    if not others:
        return amount
    changed = (
        (
            currency.in_([code for code, places in MINOR_DIGITS.items() if places == digits]),
            shifted(amount, digits - terms.minor_digits),
        )
        for digits in others
    )
    return sa.case(*changed, else_=amount)


def shifted(amount: ColumnElement[Any], places: int) -> ColumnElement[Any]:
    """Write an amount with so many decimals more; below 0 so many fewer, halves rounded up."""
    if places >= 0:
        finer: ColumnElement[Any] = amount * 10**places
        return finer
    return half_up(amount, ONE, sa.literal(10**-places, sa.BigInteger))


def with_currency(
    rows: sa.FromClause, number: ColumnElement[str], terms: Terms
) -> tuple[sa.FromClause, ColumnElement[str]]:
    """Join rows with what tells the currency of their order, and tell it.

    An order that Centra does not have is taken to be in the account's.
    """
    if terms.in_base_currency:
        return rows, text(terms.currency)
    order = t.centra_order
    joined = rows.outerjoin(order, number == order.c.order_number)
    return joined, sa.func.coalesce(order.c.currency, text(terms.currency))
