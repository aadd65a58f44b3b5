"""Orders: which are consumer revenue, which are due, and what each item of them is worth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_order
from auditor.model.history import HISTORY, snapshot_run, stream_position
from auditor.reconcile.amounts import DIGITS, ONE, shifted, step_of, worth
from auditor.reconcile.sql import any_of, count_if, half_up, sum_of, the_same

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

CANCELLED = ("CANCELLED", "DELETED")
"""Centra spells it one way or the other; the reference accepts both (4.2)."""

COMPLETED = "COMPLETED"
"""The status of a return whose goods are back."""

TIME_ZONE_MARGIN = timedelta(days=2)
"""Emarsys keeps a date only, of whatever zone the sender used; this much is read around the edge."""

VALUED_LINES = ("ProductOrderLine", "BundleOrderLine")
"""Lines that carry merchandise value: a bundle's items count 0, gift certificates are no revenue."""


def orders(terms: Terms) -> sa.Select[Any]:
    """Select every order with its channel, whether it is due and whether it is old enough to judge.

    Frame:
        Result: one row per order; columns of `link_order`.

    Source:
        Centra reference 4.2 (status), 4.6 (what is not consumer revenue); CHECKS.md Terms.
    """
    order, store, market = t.centra_order, t.centra_store, t.centra_market
    customer = t.centra_customer
    channel = _channel(order, store, market, terms)
    is_due = (
        (channel == "consumer")
        & order.c.status.in_(terms.due_statuses)
        & ~sa.func.coalesce(order.c.is_on_hold, sa.false())
        & ~sa.func.coalesce(order.c.is_waiting_for_payment, sa.false())
        & (order.c.created_at >= terms.since)
    )
    is_erased = sa.func.coalesce(customer.c.is_anonymized, sa.false())  # then nobody's any more
    last_touched = sa.func.greatest(order.c.created_at, order.c.updated_at)
    return sa.select(
        order.c.order_number,
        channel.label("channel"),
        order.c.status,
        order.c.status.in_(CANCELLED).label("is_cancelled"),
        is_due.label("is_due"),
        (last_touched < terms.sales_before).label("is_settled"),
        order.c.market_id,
        order.c.customer_id,
        sa.case(
            (~is_erased, sa.func.coalesce(customer.c.email_key, order.c.email_key)), else_=None
        ).label("person"),
        order.c.created_at,
        order.c.email_key,
    ).select_from(
        order.outerjoin(store, order.c.store_id == store.c.store_id)
        .outerjoin(market, order.c.market_id == market.c.market_id)
        .outerjoin(customer, order.c.customer_id == customer.c.customer_id)
    )


def bought(terms: Terms) -> sa.Select[Any]:
    """Select what the orders of each person have in common, from `link_order`.

    Frame:
        Result: one row per person with an order; columns of `link_bought`.
    """
    del terms
    row, order, store, market = link_order.c, t.centra_order, t.centra_store, t.centra_market
    shared = (market.c.name, row.channel, store.c.name)
    return (
        sa.select(row.person, *(the_same(value) for value in shared))
        .select_from(
            link_order.join(order, row.order_number == order.c.order_number)
            .outerjoin(store, order.c.store_id == store.c.store_id)
            .outerjoin(market, order.c.market_id == market.c.market_id)
        )
        .where(row.person.is_not(None))
        .group_by(row.person)
    )


def _channel(
    order: sa.Table, store: sa.Table, market: sa.Table, terms: Terms
) -> ColumnElement[str]:
    wholesale = (store.c.type == "WHOLESALE") | (order.c.kind == "WholesaleOrder")
    marketplace = (
        store.c.name.in_(terms.marketplace_stores)
        | market.c.name.in_(terms.marketplace_markets)
        | order.c.affiliate.in_(terms.marketplace_affiliates)
        | order.c.order_number.in_(_marked(terms))
    )
    return sa.case(
        (wholesale, "wholesale"),
        (marketplace, "marketplace"),
        (order.c.is_internal, "internal"),
        else_="consumer",
    )


def _marked(terms: Terms) -> sa.Select[Any]:
    """Select the orders that a dynamic attribute marks as a marketplace's."""
    row = t.centra_order_attribute.c
    named = [
        (row.name == name) & row.value.in_(values)
        for name, values in terms.marketplace_attributes.items()
    ]
    return sa.select(row.order_number).where(sa.or_(sa.false(), *named))


def sales(terms: Terms) -> sa.Select[Any]:
    """Select, per order and item, what Centra expects to count and what Emarsys counts.

    Expected is the line value less the share of returned units; returns that are completed but young
    give the lower bound `least_*`, so that either answer is right until they settle.

    Frame:
        Result: one row per (order_number, item) on either side; columns of `link_sale`, step_minor
            (minor units of the account that one of the order's is) and sold_milli (units that Emarsys
            counted as sold, whatever was taken off again).

    Source:
        Emarsys reference 5.1 (`price` is the line total), 5.2 (rows are never replaced, so they add up).
    """
    expected, counted = _expected(terms).cte("expected"), _counted(terms).cte("counted")
    same = (expected.c.order_number == counted.c.order_number) & (expected.c.item == counted.c.item)
    ours = [sa.func.coalesce(expected.c[name], 0).label(name) for name in _EXPECTED_NUMBERS]
    theirs = [
        sa.func.coalesce(counted.c[name], 0).label(name)
        for name in ("rows", "sale_rows", "sold_milli", "quantity_milli", "amount_minor")
    ]
    return sa.select(
        sa.func.coalesce(expected.c.order_number, counted.c.order_number).label("order_number"),
        sa.func.coalesce(expected.c.item, counted.c.item).label("item"),
        *ours,
        *theirs,
        counted.c.purchased_on,
        sa.func.coalesce(expected.c.step_minor, 1).label("step_minor"),
    ).select_from(expected.join(counted, same, full=True))


_EXPECTED_NUMBERS = (
    "lines",
    "sold_quantity",
    "sold_minor",
    "base_minor",
    "cancelled_quantity",
    "net_quantity",
    "least_quantity",
    "net_minor",
    "least_minor",
    "unit_minor",
    "untaxed_minor",
    "unconverted_minor",
)


def _expected(terms: Terms) -> sa.Select[Any]:
    line, returned = t.centra_order_line, _returned(terms).cte("returned")
    value, step = worth(line, terms), step_of(line, terms)
    counts = sa.case((line.c.kind.in_(VALUED_LINES), 1), else_=0)
    sold = line.c.quantity * counts
    settled = sa.func.least(sa.func.coalesce(returned.c.settled, 0), line.c.quantity)
    completed = sa.func.least(sa.func.coalesce(returned.c.completed, 0), line.c.quantity)
    net, least = (line.c.quantity - settled) * counts, (line.c.quantity - completed) * counts
    net_value = sa.cast(value * net, sa.Float) / sa.func.nullif(line.c.quantity, 0)
    with_tax = 1 + sa.func.coalesce(line.c.tax_percent, 0) / 100
    other_basis = net_value / with_tax if terms.has_tax else net_value * with_tax
    untaxed = sa.cast(sa.func.round(other_basis), sa.BigInteger)
    return (
        sa.select(
            line.c.order_number,
            line.c.item,
            sa.cast(sa.func.count(), sa.Integer).label("lines"),
            sum_of(sold).label("sold_quantity"),
            sum_of(value * counts * step).label("sold_minor"),
            sum_of(line.c.base_minor * counts).label("base_minor"),
            sum_of(line.c.cancelled_quantity * counts).label("cancelled_quantity"),
            sum_of(net).label("net_quantity"),
            sum_of(least).label("least_quantity"),
            sum_of(half_up(value, net, line.c.quantity) * step).label("net_minor"),
            sum_of(half_up(value, least, line.c.quantity) * step).label("least_minor"),
            sum_of(half_up(value, ONE * counts, line.c.quantity) * step).label("unit_minor"),
            sum_of(untaxed * counts * step).label("untaxed_minor"),
            sum_of(half_up(_unconverted(line, terms), net, line.c.quantity)).label(
                "unconverted_minor"
            ),
            (step if step is ONE else sa.func.max(step)).label("step_minor"),
        )
        .select_from(line.outerjoin(returned, line.c.line_id == returned.c.line_id))
        .where(line.c.item.is_not(None))
        .group_by(line.c.order_number, line.c.item)
    )


def _unconverted(line: sa.Table, terms: Terms) -> ColumnElement[int]:
    """Return the amount in the other currency with the account's decimals, as a bug would send it."""
    if not terms.in_base_currency:
        return line.c.base_minor
    others = (digits for digits in DIGITS if digits != terms.minor_digits)
    scaled = (
        (line.c.digits == digits, shifted(line.c.value_minor, terms.minor_digits - digits))
        for digits in others
    )
    return sa.case(*scaled, else_=line.c.value_minor)


def _returned(terms: Terms) -> sa.Select[Any]:
    row, line = t.centra_return.c, t.centra_return_line.c
    seen = completions().subquery("completions")
    is_settled = sa.func.coalesce(seen.c.completed_at, row.created_at) < terms.sales_before
    settled = sa.case((is_settled, line.quantity), else_=0)
    return (
        sa.select(
            line.line_id,
            sum_of(settled).label("settled"),
            sum_of(line.quantity).label("completed"),
        )
        .select_from(
            t.centra_return_line.join(t.centra_return, row.return_id == line.return_id).outerjoin(
                seen, row.return_id == seen.c.return_id
            )
        )
        .where(row.status == COMPLETED)
        .group_by(line.line_id)
    )


def completions() -> sa.Select[Any]:
    """Select the returns of which a snapshot tells when they were complete at the latest, with when it began.

    Centra dates the beginning of a return only. One that the very first snapshot of returns already saw
    completed is as old as it says; one that is completed when a later snapshot first sees it may have
    been completed a moment before.

    Frame:
        Result: one row per return: return_id, order_number, completed_at (NULL while it is open).
    """
    history = HISTORY[t.centra_return.name]
    past, run, position = history.c, snapshot_run.c, stream_position.c
    is_completed = sa.func.coalesce(past.status == COMPLETED, sa.false())
    first = (
        sa.select(sa.func.min(position.number))
        .where(position.stream == "returns")
        .scalar_subquery()
    )
    return (
        sa.select(
            past.return_id,
            sa.func.min(past.order_number).label("order_number"),
            sa.func.min(sa.case((is_completed, run.as_of))).label("completed_at"),
        )
        .select_from(history.join(snapshot_run, past.valid_from_run == run.run))
        .group_by(past.return_id)
        .having(any_of(~is_completed) | (sa.func.min(run.number) > first))
    )


def evened_out() -> sa.Select[Any]:
    """Select what was taken off whoever it hung on, to the last unit: nothing of it hangs there any more.

    Rows are never replaced, so that a sale which was put on its buyer stands three times: once where it
    was wrong, once negative there, and once where it is right. Only orders with such a negative row are
    added up, for they are few.

    Frame:
        Result: one row per order_number, si_contact_id and item.

    Source:
        Emarsys reference 5.2.
    """
    row = t.emarsys_sale.c
    has_negative = sa.select(row.order_number).where(
        row.order_number.is_not(None), (row.quantity_milli < 0) | (row.amount_minor < 0)
    )
    return (
        sa.select(row.order_number, row.si_contact_id, row.item)
        .where(row.order_number.in_(has_negative))
        .group_by(row.order_number, row.si_contact_id, row.item)
        .having(sum_of(row.quantity_milli) == 0, sum_of(row.amount_minor) == 0)
    )


def is_part_of(sale: sa.Table, evened: sa.FromClause) -> ColumnElement[bool]:
    """Tell whether a sales row is of what `evened_out` selects."""
    columns = ("order_number", "si_contact_id", "item")
    return sa.and_(*(sale.c[name] == evened.c[name] for name in columns))


def _counted(terms: Terms) -> sa.Select[Any]:
    """Add up what Emarsys counts; rows that name no order are the quality suite's, and nobody's order."""
    row, evened = t.emarsys_sale.c, evened_out().subquery("evened_out")
    is_sold = (row.quantity_milli > 0) & evened.c.order_number.is_(None)
    return (
        sa.select(
            row.order_number,
            row.item,
            sa.cast(sa.func.count(), sa.Integer).label("rows"),
            sa.cast(count_if(is_sold), sa.Integer).label("sale_rows"),
            sum_of(sa.case((is_sold, row.quantity_milli), else_=0)).label("sold_milli"),
            sum_of(row.quantity_milli).label("quantity_milli"),
            sum_of(row.amount_minor).label("amount_minor"),
            sa.func.min(row.purchased_on).label("purchased_on"),
        )
        .select_from(t.emarsys_sale.outerjoin(evened, is_part_of(t.emarsys_sale, evened)))
        .where(row.order_number.is_not(None), row.purchased_on >= terms.since - TIME_ZONE_MARGIN)
        .group_by(row.order_number, row.item)
    )
