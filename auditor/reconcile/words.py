"""Words for what Emarsys counts of an item of an order: right, missing, returned, cancelled, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.drift import link_sale
from auditor.reconcile import orders

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

MILLI = 1000
_PASSING = ("step_minor", "sold_milli")
"""What decides words and is not kept."""
OF_TAX = ("tax left out", "tax counted in")
"""The mistakes that the other tax basis explains."""
OF_CURRENCY = ("currency not converted", "currency converted")
"""Those that the other currency does."""
WORDS = ("ok", "missing", "amount", "returned", "cancelled", "quantity")
"""All that a line may be called."""


def lines(terms: Terms) -> sa.Select[Any]:
    """Give every (order, item) the word that describes it: ok, missing, returned, ...

    Frame:
        Result: one row per (order_number, item) on either side; columns of `link_sale`.
    """
    row = orders.sales(terms).subquery("sales_of_either")
    each = terms.tolerance_minor * row.c.step_minor
    tolerance = sa.cast(each * sa.func.greatest(row.c.lines, row.c.rows, 1), sa.BigInteger)
    word = sa.case(*((holds, name) for name, holds in _words_of(row, tolerance)))
    is_right = sa.or_(*_bounds(row, tolerance)).label("is_right")
    sums = [column for column in row.c if column.name not in _PASSING]
    return sa.select(*sums, word.label("word"), tolerance.label("tolerance"), is_right)


def _bounds(lines: sa.FromClause, tolerance: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Tell whether a line counts what is expected of it: without the young returns, with all, with some."""
    row = lines.c
    none_or_all = [
        (row.quantity_milli == row[f"{bound}_quantity"] * MILLI)
        & (sa.func.abs(row.amount_minor - row[f"{bound}_minor"]) <= tolerance)
        for bound in ("net", "least")
    ]
    some = sa.and_(
        row.quantity_milli > row.least_quantity * MILLI,
        row.quantity_milli < row.net_quantity * MILLI,
        row.amount_minor >= row.least_minor - tolerance,
        row.amount_minor <= row.net_minor + tolerance,
    )
    return [*none_or_all, some]


def _words_of(
    lines: sa.FromClause, tolerance: ColumnElement[int]
) -> tuple[tuple[str, ColumnElement[bool]], ...]:
    """Return the words that may describe a line with what makes them true; the first that is counts."""
    row = lines.c
    quantity = row.quantity_milli
    absent = (quantity == 0) & (sa.func.abs(row.amount_minor) <= tolerance)
    same_quantity = (quantity == row.net_quantity * MILLI) | (
        quantity == row.least_quantity * MILLI
    )
    gone = row.cancelled_quantity
    # Sent as a row for each line, or for each unit; whoever sends twice sends more, or other rows.
    # Of parcels there may be any number of rows, unless what is left, sent again, makes as much.
    sent = (
        (row.sale_rows <= row.lines)
        | (row.sale_rows == row.sold_quantity + gone)
        | ~_is_repeated(row.sold_milli, row.net_quantity)
    )
    once = sent & (row.sold_milli <= (row.sold_quantity + gone) * MILLI)
    return (
        ("ok", sa.or_(*_bounds(lines, tolerance))),
        ("missing", absent & (row.least_quantity > 0)),
        ("ok", absent),
        # Units that are worth nothing (a bundle's items, a gift) do not count whatever their number.
        ("ok", (row.lines > 0) & (row.sold_quantity == 0) & (row.amount_minor == 0)),
        ("amount", same_quantity & (row.lines > 0)),
        (
            "returned",
            once
            & (quantity > row.net_quantity * MILLI)
            & (quantity <= row.sold_quantity * MILLI)
            & (row.net_quantity < row.sold_quantity),
        ),
        (
            "cancelled",
            once
            & (gone > 0)
            # Whatever of the rest came back may be netted or not.
            & (quantity >= (row.net_quantity + gone) * MILLI)
            & (quantity <= (row.sold_quantity + gone) * MILLI),
        ),
        ("quantity", sa.true()),
    )


def _is_repeated(sold_milli: ColumnElement[int], units: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether what was sold is so many units twice or more; nothing is never repeated."""
    once = sa.func.nullif(units * MILLI, 0, type_=sa.BigInteger)
    return sa.func.coalesce((sold_milli % once == 0) & (sold_milli > once), sa.false())


def pattern(terms: Terms) -> ColumnElement[str | None]:
    """Name the known mistake that turns a line's expected amount into the counted one."""
    row = link_sale.c

    def explains(amount: ColumnElement[Any]) -> ColumnElement[bool]:
        return (amount != 0) & (sa.func.abs(row.amount_minor - amount) <= row.tolerance)

    return sa.case(
        (explains(row.unit_minor), "unit price sent as line total"),
        (explains(row.untaxed_minor) & (row.amount_minor < row.net_minor), OF_TAX[0]),
        (explains(row.untaxed_minor), OF_TAX[1]),
        (explains(row.unconverted_minor), OF_CURRENCY[0 if terms.in_base_currency else 1]),
        else_=None,
    )
