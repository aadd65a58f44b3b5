"""Sales and channel: every consumer order counts once and right, nothing else counts at all.

`judged` looks at each order once. An order whose whole is wrong (missing, duplicated, cancelled,
unknown, not consumer revenue) gets one verdict and raises nothing about its lines; only orders whose
whole is right have their lines judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.drift import link_order, link_sale
from auditor.reconcile.sql import any_of, count_if, populations, sum_of, text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

MILLI = 1000


def judged_lines(terms: Terms) -> sa.CTE:
    """Give every (order, item) the word that describes it: ok, missing, returned, ...

    Frame:
        Result: `link_sale` with `word` and `tolerance` (minor units).
    """
    row = link_sale.c
    quantity = row.quantity_milli
    tolerance = terms.tolerance_minor * sa.func.greatest(row.lines, row.rows, 1)
    absent = (quantity == 0) & (sa.func.abs(row.amount_minor) <= tolerance)
    is_net = (quantity == row.net_quantity * MILLI) & (
        sa.func.abs(row.amount_minor - row.net_minor) <= tolerance
    )
    is_least = (quantity == row.least_quantity * MILLI) & (
        sa.func.abs(row.amount_minor - row.least_minor) <= tolerance
    )
    same_quantity = (quantity == row.net_quantity * MILLI) | (
        quantity == row.least_quantity * MILLI
    )
    once = row.sale_rows <= row.lines
    word = sa.case(
        (is_net | is_least, "ok"),
        (absent & (row.least_quantity > 0), "missing"),
        (absent, "ok"),
        # Units that are worth nothing (a bundle's items, a gift) do not count whatever their number.
        ((row.lines > 0) & (row.sold_quantity == 0) & (row.amount_minor == 0), "ok"),
        (same_quantity & (row.lines > 0), "amount"),
        (
            once
            & (quantity > row.net_quantity * MILLI)
            & (quantity <= row.sold_quantity * MILLI)
            & (row.net_quantity < row.sold_quantity),
            "returned",
        ),
        (
            once
            & (row.cancelled_quantity > 0)
            & (quantity == (row.net_quantity + row.cancelled_quantity) * MILLI),
            "cancelled",
        ),
        else_="quantity",
    )
    return (
        sa.select(link_sale, word.label("word"), tolerance.label("tolerance"))
        .select_from(link_sale)
        .cte("line_words")
    )


def judged_orders(lines: sa.CTE, terms: Terms) -> sa.CTE:
    """Add the lines of each order up and give the order its verdict; NULL leaves it to its lines.

    Frame:
        Result: one row per order number of either side; `verdict` is a check's id, `is_judged` tells
            whether its lines are judged where the order has no verdict.
    """
    total = (
        sa.select(
            lines.c.order_number,
            sum_of(lines.c.net_quantity).label("net_quantity"),
            sum_of(lines.c.net_minor).label("net_minor"),
            sum_of(lines.c.least_quantity).label("least_quantity"),
            sum_of(lines.c.quantity_milli).label("quantity_milli"),
            sum_of(lines.c.amount_minor).label("amount_minor"),
            sum_of(lines.c.rows).label("rows"),
            sum_of(lines.c.tolerance).label("tolerance"),
            sa.func.min(lines.c.purchased_on).label("purchased_on"),
            any_of(lines.c.word == "cancelled").label("has_cancelled"),
            any_of(lines.c.word == "returned").label("has_returned"),
            any_of(lines.c.word != "ok").label("has_drift"),
        )
        .group_by(lines.c.order_number)
        .subquery()
    )
    counts = (total.c.quantity_milli != 0) | (sa.func.abs(total.c.amount_minor) > total.c.tolerance)
    order = link_order.c
    verdict = sa.case(
        (
            order.order_number.is_(None),
            sa.case((counts & (total.c.purchased_on >= terms.since), "sales.unknown_order")),
        ),
        (
            order.channel != "consumer",
            sa.case((counts, "channel." + order.channel + "_in_sales")),
        ),
        (~order.is_settled, None),
        (order.is_cancelled, sa.case((counts, "sales.cancelled_but_counted"))),
        (~order.is_due, None),
        (~counts & (total.c.least_quantity > 0), "sales.missing_order"),
        (total.c.has_drift & ~total.c.has_returned & _is_multiple(total), "sales.duplicate_order"),
        (total.c.has_cancelled, "sales.cancelled_but_counted"),
        else_=None,
    )
    return (
        sa.select(
            total,
            verdict.label("verdict"),
            order.channel,
            order.status,
            order.customer_id,
            order.market_id,
            order.is_cancelled,
            order.created_at,
            (order.is_due & order.is_settled).label("is_judged"),
        )
        .select_from(total.outerjoin(link_order, total.c.order_number == order.order_number))
        .cte("order_verdicts")
    )


def _is_multiple(total: sa.Subquery) -> ColumnElement[bool]:
    """Tell whether quantity and amount are the same whole multiple, two or more, of the expected."""
    expected = sa.func.nullif(total.c.net_quantity * MILLI, 0, type_=sa.BigInteger)
    times = sa.cast(
        (total.c.quantity_milli - total.c.quantity_milli % expected) / expected, sa.BigInteger
    )
    whole = (total.c.quantity_milli % expected == 0) & (times >= 2)  # noqa: PLR2004 - twice is the least double
    amount = sa.func.abs(total.c.amount_minor - total.c.net_minor * times)
    return sa.func.coalesce(whole & (amount <= total.c.tolerance * times), sa.false())


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the orders and lines that count wrongly in Emarsys.

    Frame:
        Result: one row per drifted order or line; columns of `drift_sales`.

    Source:
        CHECKS.md, sales and channel; Emarsys reference 5.2 (append-only, not deduplicated).
    """
    lines = judged_lines(terms)
    orders = judged_orders(lines, terms)
    found = sa.union_all(_order_rows(orders), _line_rows(lines, orders)).subquery().c
    in_centra, in_emarsys = found.channel.is_not(None), found.rows > 0
    quantity = sa.cast(found.quantity_milli, sa.Float) / MILLI
    return sa.select(
        found.check_id,
        found.subject_kind,
        found.subject_key,
        found.customer_id,
        text(None),
        sa.literal(1),
        sa.cast(sa.func.abs(found.at_stake), sa.BigInteger),
        text(terms.currency),
        found.cause,
        sa.false(),
        found.created_at,
        found.channel,
        found.status,
        sa.case((in_centra, found.net_quantity)),
        sa.case((in_centra, found.net_minor)),
        sa.case((in_emarsys, quantity)),
        sa.case((in_emarsys, found.amount_minor)),
        sa.cast(sa.func.nullif(found.rows, 0), sa.Integer),
        text(None),
    )


def _order_rows(orders: sa.CTE) -> sa.Select[Any]:
    row = orders.c
    # Of an order that was cancelled in part, only the cancelled units count wrongly.
    counts_whole = sa.or_(row.channel.is_(None), row.channel != "consumer", row.is_cancelled)
    at_stake = sa.case((counts_whole, row.amount_minor), else_=row.amount_minor - row.net_minor)
    return sa.select(
        row.verdict.label("check_id"),
        text("order").label("subject_kind"),
        row.order_number.label("subject_key"),
        at_stake.label("at_stake"),
        text(None).label("cause"),
        *_facts(orders, orders),
    ).where(row.verdict.is_not(None))


def _line_rows(lines: sa.CTE, orders: sa.CTE) -> sa.Select[Any]:
    row = lines.c
    return (
        sa.select(
            sa.case(_LINE_CHECKS, value=row.word).label("check_id"),
            text("line").label("subject_kind"),
            (row.order_number + "/" + row.item).label("subject_key"),
            (row.amount_minor - row.net_minor).label("at_stake"),
            sa.case((row.word == "amount", pattern(lines))).label("cause"),
            *_facts(orders, lines),
        )
        .select_from(lines.join(orders, row.order_number == orders.c.order_number))
        .where(orders.c.is_judged, orders.c.verdict.is_(None), row.word.in_(_LINE_CHECKS))
    )


def _facts(order: sa.CTE, counted: sa.CTE) -> list[ColumnElement[Any]]:
    about = [order.c[name] for name in ("customer_id", "channel", "status", "created_at")]
    numbers = ("net_quantity", "net_minor", "quantity_milli", "amount_minor", "rows")
    return about + [counted.c[name] for name in numbers]


_LINE_CHECKS = {
    "missing": "sales.missing_line",
    "amount": "sales.amount_mismatch",
    "returned": "sales.return_not_reflected",
    "quantity": "sales.quantity_mismatch",
}


def pattern(lines: sa.CTE) -> ColumnElement[str | None]:
    """Name the known mistake that turns the expected amount into the counted one."""
    row = lines.c

    def explains(amount: ColumnElement[Any]) -> ColumnElement[bool]:
        return (amount != 0) & (sa.func.abs(row.amount_minor - amount) <= row.tolerance)

    return sa.case(
        (explains(row.unit_minor), "unit price sent as line total"),
        (explains(row.untaxed_minor), "tax left out"),
        (explains(row.unconverted_minor), "currency not converted"),
        else_=None,
    )


def checked() -> sa.Select[Any]:
    """Select how many orders each check looked at; lines are counted under their orders."""
    row = link_order.c
    judged = count_if(row.is_due & row.is_settled)
    per_channel = {
        f"channel.{name}_in_sales": count_if(row.channel == name)
        for name in ("wholesale", "marketplace", "internal")
    }
    of_orders = {
        f"sales.{name}": judged
        for name in (
            "missing_order",
            "missing_line",
            "duplicate_order",
            "amount_mismatch",
            "quantity_mismatch",
            "return_not_reflected",
        )
    }
    cancelled = count_if((row.channel == "consumer") & row.is_cancelled & row.is_settled)
    return populations(
        {**per_channel, **of_orders, "sales.cancelled_but_counted": cancelled}, link_order
    )


def checked_in_emarsys() -> sa.Select[Any]:
    """Select how many order numbers Emarsys counts."""
    numbers = sa.func.count(sa.distinct(link_sale.c.order_number)).filter(link_sale.c.rows > 0)
    return populations({"sales.unknown_order": numbers}, link_sale)
