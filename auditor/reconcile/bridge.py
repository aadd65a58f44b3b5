"""The revenue bridge: Centra's revenue to Emarsys' revenue, per market and month, in named steps.

It begins with the value of all merchandise that was ordered in a month, whatever the channel and the
status, in base currency, and ends with what Emarsys counts for the same orders. Each item of each
order gives its whole difference to the steps, so that they add up to the last minor unit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.bridge import CENTRA, EMARSYS, STEPS, UNKNOWN, Bridge, VerifiedShare
from auditor.model.drift import link_sale, link_verdict, revenue_bridge, verified_share
from auditor.reconcile.sql import half_up, sum_of, text
from auditor.reconcile.words import MILLI, OF_CURRENCY, OF_TAX, pattern

if TYPE_CHECKING:
    from collections.abc import Set

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

WITHIN_DAYS = (1, 3, 7)
VERIFIED_STREAMS = {"stores", "markets", "currencies", "orders", "returns", "sales"}
BRIDGE_STREAMS = VERIFIED_STREAMS | {"wholesale_stores"}
"""Without one of them read to its end, the figure says nothing: what is wholesale may only be hidden."""


def steps(terms: Terms) -> sa.Select[Any]:
    """Select the amount of every step per market and month.

    Orders stand in the month of their creation in the brand's time zone, those that Centra never had
    in the month that Emarsys dates them in; nothing from before `sales.since` is in it. Returns are
    those that either side netted; what is not due or not settled is late.

    Frame:
        Result: one row per market, month and step that is not 0, and always the first and the last;
            columns of `revenue_bridge`, amounts in minor units of the base currency.

    Source:
        DESIGN 7; CHECKS.md Terms.
    """
    item = _sums(terms).c
    parts = sa.union_all(
        _part(item, text(CENTRA), item.base_minor),
        _part(item, item.whole_step, item.amount_minor - item.base_minor),
        _part(item, sa.case((item.is_split, "fx")), item.sold_minor - item.base_minor),
        _part(item, sa.case((item.is_split, "returns")), item.kept_minor - item.sold_minor),
        _part(item, sa.case((item.is_split, item.rest_step)), item.amount_minor - item.kept_minor),
        _part(item, text(EMARSYS), item.amount_minor),
    ).subquery()
    row, amount = parts.c, sum_of(parts.c.amount_minor)
    return (
        sa.select(row.market, row.month, text(terms.currency), row.step, amount)
        .where(row.step.is_not(None))
        .group_by(row.market, row.month, row.step)
        .having(row.step.in_((CENTRA, EMARSYS)) | (amount != 0))
    )


def _part(
    item: sa.ColumnCollection[str, ColumnElement[Any]],
    step: ColumnElement[Any],
    amount: ColumnElement[Any],
) -> sa.Select[Any]:
    return sa.select(
        item.market,
        item.month,
        sa.cast(step, sa.Text).label("step"),
        sa.cast(amount, sa.BigInteger).label("amount_minor"),
    )


def _sums(terms: Terms) -> sa.CTE:
    """Add up the items of all orders that have the same place in the bridge."""
    item = _items(terms).c
    amounts = ("base_minor", "sold_minor", "amount_minor", "kept_minor")
    return (
        sa.select(
            item.market,
            item.month,
            item.whole_step,
            item.whole_step.is_(None).label("is_split"),
            item.rest_step,
            *(sum_of(item[name]).label(name) for name in amounts),
        )
        .group_by(item.market, item.month, item.whole_step, item.rest_step)
        .cte("bridge_sums")
    )


def _items(terms: Terms) -> sa.Subquery:
    """Give every item of every order its place in the bridge.

    `whole_step` takes the whole difference where the order says why. Where it is NULL, the item is
    split: what the currency setting changes, what came back (up to `kept_minor`), and the rest.
    """
    line, place = link_sale.c, _places(terms)
    netted = (line.word == "ok") & (
        sa.func.abs(line.amount_minor - line.net_minor) > line.tolerance
    )
    has_some = line.quantity_milli > line.least_quantity * MILLI  # of the young returns
    return (
        sa.select(
            place.c.market,
            place.c.month,
            place.c.whole_step,
            _rest_step(place.c.verdict, terms).label("rest_step"),
            line.base_minor,
            line.sold_minor,
            line.amount_minor,
            sa.case(
                (netted & has_some, line.amount_minor),
                (netted, line.least_minor),
                else_=line.net_minor,
            ).label("kept_minor"),
        )
        .select_from(link_sale.join(place, line.order_number == place.c.order_number))
        .subquery("bridge_items")
    )


def _places(terms: Terms) -> sa.Subquery:
    """Give every order its market, its month, and the step that takes all of it, if one does."""
    order, market = link_verdict.c, t.centra_market
    is_known = order.channel.is_not(None)
    whole_step = sa.case(
        (order.gone_at.is_not(None), "cancelled"),
        (~is_known, UNKNOWN),
        (order.channel != "consumer", order.channel),
        (order.is_cancelled, "cancelled"),
        (~order.is_judged, "late"),
    )
    local = sa.func.timezone(
        terms.zone, sa.func.timezone("UTC", order.created_at), type_=sa.DateTime
    )
    moment = sa.case((is_known, local), else_=sa.cast(order.purchased_on, sa.DateTime))
    began = sa.case(
        (is_known, order.created_at >= terms.since), else_=order.purchased_on >= terms.since
    )
    return (
        sa.select(
            order.order_number,
            order.verdict,
            sa.case(
                (is_known, sa.func.coalesce(market.c.name, order.market_id, "none")), else_=UNKNOWN
            ).label("market"),
            _month(moment).label("month"),
            whole_step.label("whole_step"),
        )
        .select_from(link_verdict.outerjoin(market, order.market_id == market.c.market_id))
        .where(began)
        .subquery("place")
    )


def _rest_step(verdict: ColumnElement[str], terms: Terms) -> ColumnElement[str]:
    """Name what neither a return nor the currency setting explains."""
    word, mistake = link_sale.c.word, pattern(terms)
    is_missing = (verdict == "sales.missing_order") | (word == "missing")
    return sa.case(
        (sa.func.coalesce(is_missing, sa.false()), "missing"),
        (sa.func.coalesce(verdict == "sales.duplicate_order", sa.false()), "duplicated"),
        (word == "ok", "rounding"),
        (word == "returned", "returns"),
        (word == "cancelled", "cancelled"),
        ((word == "amount") & mistake.in_(OF_CURRENCY), "fx"),
        ((word == "amount") & mistake.in_(OF_TAX), "tax"),
        else_="unexplained",
    )


def _month(moment: ColumnElement[Any]) -> ColumnElement[str]:
    year, month = (
        sa.cast(sa.cast(sa.extract(part, moment), sa.Integer), sa.Text)
        for part in ("year", "month")
    )
    return year + "-" + sa.func.lpad(month, 2, "0", type_=sa.Text)


def verified(terms: Terms) -> sa.Select[Any]:
    """Select how much of the due order value Emarsys held rightly within some days of the order.

    An order counts as verified when its whole sale agrees and its rows were loaded in time. Orders
    that have not had those days yet are left out, and so are those that are not settled.

    Frame:
        Result: one row per number of days; columns of `verified_share`.
    """
    row = t.emarsys_sale.c
    loaded = (
        sa.select(row.order_number, sa.func.max(row.loaded_at).label("loaded_at"))
        .where(row.quantity_milli > 0)
        .group_by(row.order_number)
        .subquery()
    )
    order = link_verdict.c
    value: ColumnElement[int] = order.net_minor
    rows = link_verdict.outerjoin(loaded, order.order_number == loaded.c.order_number)
    if not terms.in_base_currency:
        base = _in_base().subquery("in_base")
        rows = rows.outerjoin(base, order.order_number == base.c.order_number)
        value = base.c.net_minor
    agrees = order.verdict.is_(None) & ~order.has_drift

    def sums(days: int) -> list[sa.ColumnElement[int]]:
        allowed = timedelta(days=days)
        had_them = order.created_at < terms.as_of - allowed
        in_time = loaded.c.loaded_at <= order.created_at + sa.literal(allowed, sa.Interval)
        return [
            sum_of(sa.case((had_them & agrees & in_time, value))).label(f"good{days}"),
            sum_of(sa.case((had_them, value))).label(f"due{days}"),
        ]

    totals = (
        sa.select(*[column for days in WITHIN_DAYS for column in sums(days)])
        .select_from(rows)
        .where(order.is_judged)
        .cte("totals")
    )
    shares: list[sa.Select[Any]] = [
        sa.select(
            sa.literal(days, sa.Integer),
            text(terms.currency),
            totals.c[f"good{days}"],
            totals.c[f"due{days}"],
        )
        for days in WITHIN_DAYS
    ]
    return sa.select(sa.union_all(*shares).subquery())


def _in_base() -> sa.Select[Any]:
    """Add up what each order is worth in base currency, less what came back."""
    line = link_sale.c
    net = half_up(line.base_minor, line.net_quantity, line.sold_quantity)
    return sa.select(line.order_number, sum_of(net).label("net_minor")).group_by(line.order_number)


def read_money(
    conn: sa.Connection, usable: Set[str]
) -> tuple[tuple[Bridge, ...], tuple[VerifiedShare, ...]]:
    """Return the bridges and the verified shares, either only where all that it stands on is usable.

    Args:
        conn: To the warehouse, after reconcile.
        usable: The streams that were read to their end.
    """
    bridges = read_bridge(conn) if usable >= BRIDGE_STREAMS else ()
    return bridges, read_verified(conn) if usable >= VERIFIED_STREAMS else ()


def read_bridge(conn: sa.Connection) -> tuple[Bridge, ...]:
    """Return the bridges that reconcile stored, in the order of month and market."""
    row = revenue_bridge.c
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for one in conn.execute(sa.select(revenue_bridge).order_by(row.month, row.market)):
        found.setdefault((one.month, one.market, one.currency), {})[one.step] = one.amount_minor
    return tuple(
        Bridge(market, month, currency, {step: amounts.get(step, 0) for step in STEPS})
        for (month, market, currency), amounts in found.items()
    )


def read_verified(conn: sa.Connection) -> tuple[VerifiedShare, ...]:
    """Return the verified shares that reconcile stored, the shortest time first."""
    rows = conn.execute(sa.select(verified_share).order_by(verified_share.c.days))
    return tuple(
        VerifiedShare(row.days, row.currency, row.verified_minor, row.due_minor) for row in rows
    )
