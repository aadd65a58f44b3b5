"""Sales and channel: every consumer order counts once and right, nothing else counts at all.

Each order is looked at once. An order whose whole is wrong (missing, duplicated, cancelled,
unknown, not consumer revenue) gets one verdict and raises nothing about its lines; only orders whose
whole is right have their lines judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_order, link_sale, link_verdict
from auditor.reconcile import past, words
from auditor.reconcile.amounts import in_own, with_currency
from auditor.reconcile.precedence import Judgement, Rule, first_of
from auditor.reconcile.sql import LONG_AGO, any_of, count_if, populations, sum_of, text
from auditor.reconcile.words import MILLI

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


def verdicts(terms: Terms) -> sa.Select[Any]:
    """Add the lines of each order up and give the order its verdict; NULL leaves it to its lines.

    Frame:
        Result: one row per order number of either side; columns of `link_verdict`.
    """
    total, gone, order = _totals(), _gone().subquery("gone_orders"), link_order.c
    return sa.select(
        total,
        first_of(_order_rules(total, gone, terms)).label("verdict"),
        gone.c.gone_at,
        order.channel,
        order.status,
        order.customer_id,
        order.market_id,
        order.is_cancelled,
        order.created_at,
        order.is_due,
        order.is_settled,
        (order.is_due & order.is_settled).label("is_judged"),
    ).select_from(_in_centra(total, gone))


def _in_centra(total: sa.FromClause, gone: sa.FromClause) -> sa.Join:
    number = total.c.order_number
    return total.outerjoin(link_order, number == link_order.c.order_number).outerjoin(
        gone, number == gone.c.order_number
    )


def _gone() -> sa.Select[Any]:
    """Select the orders that Centra has no more, with when it last had each and when it was placed."""
    row = past.gone(t.centra_order, "order_number", "orders").subquery().c
    gone_at = sa.func.coalesce(sa.func.max(row.seen_at), LONG_AGO)
    placed_at = sa.func.max(row.created_at)
    return sa.select(
        row.order_number, gone_at.label("gone_at"), placed_at.label("placed_at")
    ).group_by(row.order_number)


_EXPLAINED = ("ok", "cancelled", "returned")
"""Words of lines that count nothing twice."""


def _totals() -> sa.Subquery:
    lines = link_sale
    return (
        sa.select(
            lines.c.order_number,
            sum_of(lines.c.net_quantity).label("net_quantity"),
            sum_of(lines.c.net_minor).label("net_minor"),
            sum_of(lines.c.least_quantity).label("least_quantity"),
            sum_of(lines.c.least_minor).label("least_minor"),
            sum_of(lines.c.quantity_milli).label("quantity_milli"),
            sum_of(lines.c.amount_minor).label("amount_minor"),
            sum_of(lines.c.rows).label("rows"),
            sum_of(lines.c.tolerance).label("tolerance"),
            sa.func.min(lines.c.purchased_on).label("purchased_on"),
            any_of(lines.c.word == "cancelled").label("has_cancelled"),
            any_of(lines.c.word == "returned").label("has_returned"),
            any_of(lines.c.word != "ok").label("has_drift"),
            any_of(lines.c.word.not_in(_EXPLAINED)).label("has_unexplained"),
            (~any_of(~lines.c.is_right)).label("is_right"),
        )
        .group_by(lines.c.order_number)
        .subquery()
    )


def _order_rules(total: sa.FromClause, gone: sa.FromClause, terms: Terms) -> list[Rule]:
    """Return the rules of orders.

    Args:
        total: The lines of each order added up, beside `link_order`.
        gone: The orders that Centra has no more.
        terms: Of this run.
    """
    counts = (total.c.quantity_milli != 0) | (sa.func.abs(total.c.amount_minor) > total.c.tolerance)
    order = link_order.c
    is_unknown, is_missing = order.order_number.is_(None), ~counts & (total.c.least_quantity > 0)
    is_late = is_unknown & (total.c.purchased_on >= terms.since)
    # What only takes off is the return of an order from before, which nobody read.
    sells = (total.c.quantity_milli > 0) | (total.c.amount_minor > total.c.tolerance)
    is_deleted = gone.c.gone_at.is_not(None)
    is_double = total.c.has_unexplained & ~total.c.has_returned & _is_multiple(total)
    channels = ("wholesale", "marketplace", "internal")
    return [
        Rule(None, gone.c.gone_at >= terms.sales_before, "it went from Centra a moment ago"),
        # Whoever sets a later first day has Centra asked for no older orders: those are not deleted.
        Rule(
            None, gone.c.placed_at < terms.since, "it was placed before the first day that counts"
        ),
        Rule("sales.cancelled_but_counted", is_deleted & is_late & counts),
        Rule(
            None,
            is_unknown & total.c.order_number.in_(_loaded_since(terms)),
            "it was counted after Centra was asked for orders",
        ),
        Rule("sales.unknown_order", is_late & sells),
        Rule(None, is_unknown, "Centra does not have it, and it counts nothing or is from before"),
        Rule(None, ~order.is_settled, "it is younger than the settle time"),
        # Its sale was not read, so that what takes it off stands alone.
        Rule(
            None,
            (order.created_at < terms.since) & ~sells,
            "it was placed before the first day that counts, and only takes off",
        ),
        *(Rule(f"channel.{name}_in_sales", (order.channel == name) & counts) for name in channels),
        Rule(None, order.channel != "consumer", "it is no consumer's order and counts nothing"),
        Rule("sales.cancelled_but_counted", order.is_cancelled & counts),
        Rule(None, order.is_cancelled, "it is cancelled and counts nothing"),
        Rule(None, ~order.is_due, "it is not due"),
        Rule("sales.missing_order", is_missing),
        Rule("sales.duplicate_order", is_double),
        Rule("sales.cancelled_but_counted", total.c.has_cancelled),
    ]


def _loaded_since(terms: Terms) -> sa.Select[Any]:
    """Select the orders that Emarsys had nothing of when the snapshot began: Centra's came first."""
    row = t.emarsys_sale.c
    lately = sa.select(row.order_number).where(row.loaded_at > terms.as_of)
    return (
        sa.select(row.order_number)
        .where(row.order_number.is_not(None), row.order_number.in_(lately))
        .group_by(row.order_number)
        .having(sa.func.min(row.loaded_at) > terms.as_of)
    )


def _is_multiple(total: sa.FromClause) -> ColumnElement[bool]:
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
    rows = sa.union_all(_order_rows(), _line_rows(terms)).subquery()
    found, at_stake = rows.c, sa.cast(sa.func.abs(rows.c.at_stake), sa.BigInteger)
    joined, currency = with_currency(rows, found.order_number, terms)
    in_centra, in_emarsys = found.channel.is_not(None), found.rows > 0
    quantity = sa.cast(found.quantity_milli, sa.Float) / MILLI
    return sa.select(
        found.check_id,
        found.subject_kind,
        found.subject_key,
        found.customer_id,
        text(None),
        sa.literal(1),
        in_own(at_stake, currency, terms),
        currency,
        found.cause,
        sa.false(),
        found.created_at,
        found.channel,
        found.status,
        sa.case((in_centra, found.net_quantity)),
        sa.case((in_centra, in_own(found.net_minor, currency, terms))),
        sa.case((in_emarsys, quantity)),
        sa.case((in_emarsys, in_own(found.amount_minor, currency, terms))),
        sa.cast(sa.func.nullif(found.rows, 0), sa.Integer),
        text(None),
    ).select_from(joined)


def _order_rows() -> sa.Select[Any]:
    row = link_verdict.c
    # Of an order that was cancelled in part, only the cancelled units count wrongly.
    counts_whole = sa.or_(row.channel.is_(None), row.channel != "consumer", row.is_cancelled)
    at_stake = sa.case((counts_whole, row.amount_minor), else_=row.amount_minor - row.net_minor)
    return sa.select(
        row.verdict.label("check_id"),
        text("order").label("subject_kind"),
        row.order_number.label("subject_key"),
        at_stake.label("at_stake"),
        text(None).label("cause"),
        *_facts(link_verdict),
    ).where(row.verdict.is_not(None))


def _line_rows(terms: Terms) -> sa.Select[Any]:
    row, order = link_sale.c, link_verdict.c
    return (
        sa.select(
            sa.case(_LINE_CHECKS, value=row.word).label("check_id"),
            text("line").label("subject_kind"),
            (row.order_number + "/" + row.item).label("subject_key"),
            (row.amount_minor - row.net_minor).label("at_stake"),
            sa.case((row.word == "amount", words.pattern(terms))).label("cause"),
            *_facts(link_sale),
        )
        .select_from(link_sale.join(link_verdict, row.order_number == order.order_number))
        .where(
            order.is_judged,
            order.verdict.is_(None),
            row.item.is_not(None),  # what names no item is no line, and the quality suite's
            row.word.in_(_LINE_CHECKS),
        )
    )


def _facts(counted: sa.Table) -> list[ColumnElement[Any]]:
    names = ("order_number", "customer_id", "channel", "status", "created_at")
    about = [link_verdict.c[name] for name in names]
    numbers = ("net_quantity", "net_minor", "quantity_milli", "amount_minor", "rows")
    return about + [counted.c[name] for name in numbers]


_LINE_CHECKS = {
    "missing": "sales.missing_line",
    "amount": "sales.amount_mismatch",
    "returned": "sales.return_not_reflected",
    "quantity": "sales.quantity_mismatch",
}


def judgement_of_orders(terms: Terms) -> Judgement:
    """Return the rules of whole orders."""
    total, gone = _totals(), _gone().subquery("gone_orders")
    rows, rules = _in_centra(total, gone), _order_rules(total, gone, terms)
    number = total.c.order_number
    return Judgement(rows, number, "order", {"order_number": number}, rules)


def judgement_of_lines(terms: Terms) -> Judgement:
    """Return the rules of lines, which are judged only where their order as a whole is right."""
    del terms
    row, order = link_sale.c, link_verdict.c
    reasons = {"ok": "it counts right", "cancelled": "its order says so"}
    rules = [
        Rule(None, order.verdict.is_not(None), "its order has a verdict of its own"),
        Rule(None, ~sa.func.coalesce(order.is_judged, sa.false()), "its order is not judged"),
        Rule(None, row.item.is_(None), "it names no item; left to the quality suite"),
        *(
            Rule(_LINE_CHECKS.get(word), row.word == word, reasons.get(word, ""))
            for word in words.WORDS
        ),
    ]
    rows = link_sale.join(link_verdict, row.order_number == order.order_number)
    ids = {"order_number": row.order_number}
    return Judgement(rows, row.order_number + "/" + row.item, "line", ids, rules)


def checked() -> sa.Select[Any]:
    """Select how many orders each check looked at; lines are counted under their orders."""
    row = link_order.c
    judged = count_if(row.is_due & row.is_settled)
    per_channel = {
        f"channel.{name}_in_sales": count_if((row.channel == name) & row.is_settled)
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


def checked_in_emarsys(terms: Terms) -> sa.Select[Any]:
    """Select how many order numbers Emarsys counts, and how many of them Centra has no more."""
    row = link_verdict.c
    counts = {
        "sales.unknown_order": count_if(row.rows > 0),
        "sales.cancelled_but_counted": count_if(row.gone_at < terms.sales_before),
    }
    return populations(counts, link_verdict)
