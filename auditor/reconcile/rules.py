"""The rules of audiences: what each asks of somebody's purchases, whichever side counted them.

A purchase is units and money of one item in one order, in three measures: what Centra expects (`net`),
and what Emarsys may count at least and at most. They differ while something is young: then a rule may
hold or not, and neither answer is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_order, link_sale
from auditor.reconcile.sql import sum_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.config.audiences import LastOrder, Rule
    from auditor.reconcile.terms import Terms

MILLI = 1000
DAY = timedelta(days=1)
"""Emarsys keeps a date of whatever zone the sender used: a last order within a day decides nothing."""


def bought(terms: Terms) -> sa.Select[Any]:
    """Select what people bought as consumers since `sales.since`, as Centra knows it.

    Frame:
        Result: one row per order and item; columns of `link_purchase`.

    Source:
        CHECKS.md Terms (due order, expected sale).
    """
    order, sale = link_order.c, link_sale.c
    sure = order.is_due & order.is_settled
    tolerance = terms.tolerance_minor * sa.func.greatest(sale.lines, 1)
    ordered = (sale.sold_quantity + sale.cancelled_quantity) * MILLI
    return (
        sa.select(
            order.person.label("owner"),
            order.order_number,
            sale.item,
            sa.cast(order.created_at, sa.Date).label("placed_on"),
            _either(sure, sale.net_quantity * MILLI, 0).label("net_milli"),
            _either(sure, sale.net_minor, 0).label("net_minor"),
            _either(sure, sale.least_quantity * MILLI, 0).label("least_milli"),
            _either(sure, sale.least_minor - tolerance, 0).label("least_minor"),
            _either(
                sure, sale.net_quantity * MILLI, sa.func.greatest(ordered, sale.quantity_milli)
            ).label("most_milli"),
            _either(
                sure,
                sale.net_minor + tolerance,
                sa.func.greatest(sale.sold_minor, sale.amount_minor),
            ).label("most_minor"),
            _either(
                sure, sale.sold_quantity * MILLI, sa.func.greatest(ordered, sale.quantity_milli)
            ).label("gross_milli"),
        )
        .select_from(link_order.join(link_sale, order.order_number == sale.order_number))
        .where(
            order.channel == "consumer",
            order.person.is_not(None),
            order.created_at >= terms.since,
            sure | ~order.is_settled,
        )
    )


def counted(terms: Terms, contacts: sa.Select[Any]) -> sa.Subquery:
    """Select what Emarsys counted for some contacts since `sales.since`.

    Frame:
        contacts: contact_id.
        Result: one row per contact, order and item, in the columns of `link_purchase`; owner is a
            contact id.

    Source:
        Emarsys reference 7: `si_purchases` joins `si_contacts`, which names the contact.
    """
    sale, si = t.emarsys_sale.c, t.emarsys_si_contact.c
    same = {
        f"{measure}_{unit}": value
        for unit, value in (
            ("milli", sum_of(sale.quantity_milli)),
            ("minor", sum_of(sale.amount_minor)),
        )
        for measure in ("net", "least", "most", "gross")
    }
    return (
        sa.select(
            si.contact_id.label("owner"),
            sale.order_number,
            sale.item,
            sa.func.max(sale.purchased_on).label("placed_on"),
            *[value.label(name) for name, value in same.items()],
        )
        .select_from(
            t.emarsys_sale.join(t.emarsys_si_contact, sale.si_contact_id == si.si_contact_id)
        )
        .where(si.contact_id.in_(contacts), sale.purchased_on >= terms.since)
        .group_by(si.contact_id, sale.order_number, sale.item)
        .subquery()
    )


_NO_NUMBER: ColumnElement[Any] = sa.cast(sa.null(), sa.BigInteger)
_NO_DAY: ColumnElement[Any] = sa.cast(sa.null(), sa.Date)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule reads off the purchases of one owner: aggregates.

    Attributes:
        is_in: Whether the rule holds whatever the young purchases turn into.
        is_out: Whether it fails whatever they turn into.
        where: The purchases it looks at.
    """

    is_in: ColumnElement[bool]
    is_out: ColumnElement[bool]
    amount: ColumnElement[Any] = _NO_NUMBER
    count: ColumnElement[Any] = _NO_NUMBER
    last_on: ColumnElement[Any] = _NO_DAY
    where: ColumnElement[bool] | None = None


def read(rule: Rule, purchases: sa.FromClause, terms: Terms) -> sa.Select[Any]:
    """Select how a rule stands for everybody who bought something.

    Frame:
        Result: one row per owner: owner, is_in, is_out, and the one of amount_minor, count and
            last_on that the rule asks for.
    """
    reading = _reading(rule, purchases, terms)
    select = sa.select(
        purchases.c.owner,
        sa.func.coalesce(reading.is_in, sa.false()).label("is_in"),
        sa.func.coalesce(reading.is_out, sa.false()).label("is_out"),
        reading.amount.label("amount_minor"),
        reading.count.label("count"),
        reading.last_on.label("last_on"),
    ).group_by(purchases.c.owner)
    return select if reading.where is None else select.where(reading.where)


def is_told(rule: Rule) -> ColumnElement[bool]:
    """Tell whether what a rule asks for is known at all: a tenant may tell no category."""
    if rule.category is None:
        return sa.true()
    row = t.centra_display.c
    return sa.select(row.display_id).where(row.category.is_not(None)).exists()


def described(rule: Rule) -> str:
    """Say a rule as the settings file does."""
    name = next(name for name in rule.__struct_fields__ if getattr(rule, name) is not None)
    asked = getattr(rule, name)
    told = {key: getattr(asked, key) for key in asked.__struct_fields__}
    return " ".join([name, *(f"{key}={value}" for key, value in told.items() if value is not None)])


def _reading(rule: Rule, purchases: sa.FromClause, terms: Terms) -> Reading:
    row = purchases.c
    if rule.lifetime_value is not None:
        limit = rule.lifetime_value.over * 10**terms.minor_digits
        is_in, is_out = sum_of(row.least_minor) > limit, sum_of(row.most_minor) <= limit
        return Reading(is_in, is_out, amount=sum_of(row.net_minor))
    if rule.order_count is not None:
        return _orders(purchases, rule.order_count.at_least)
    if rule.sku_count is not None:
        return _units(purchases, row.item == rule.sku_count.sku, rule.sku_count.at_least)
    if rule.category is not None:
        return _units(purchases, row.item.in_(items_of(rule.category.name)), rule.category.at_least)
    return _last(purchases, cast("LastOrder", rule.last_order))


def _orders(purchases: sa.FromClause, at_least: int) -> Reading:
    """Count orders; of one that came back whole, the systems may think either way."""
    row = purchases.c

    def orders_with(milli: ColumnElement[Any]) -> ColumnElement[int]:
        return sa.func.count(sa.distinct(sa.case((milli > 0, row.order_number))))

    is_in, is_out = (
        orders_with(row.least_milli) >= at_least,
        orders_with(row.gross_milli) < at_least,
    )
    return Reading(is_in, is_out, count=orders_with(row.net_milli))


def _units(purchases: sa.FromClause, where: ColumnElement[bool], at_least: int) -> Reading:
    row = purchases.c
    is_in = sum_of(row.least_milli) >= at_least * MILLI
    is_out = sum_of(row.most_milli) < at_least * MILLI
    net = sum_of(row.net_milli)
    units = sa.cast((net - net % MILLI) / MILLI, sa.BigInteger)
    return Reading(is_in, is_out, count=units, where=where)


def _last(purchases: sa.FromClause, asked: LastOrder) -> Reading:
    row = purchases.c

    def newest_with(milli: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.func.max(sa.case((milli > 0, row.placed_on)))

    sure, possible = newest_with(row.least_milli), newest_with(row.gross_milli)
    is_in: ColumnElement[bool]
    if asked.before is not None:
        is_in = sure.is_not(None) & (possible < asked.before - DAY)
        is_out = sure >= asked.before + DAY
    else:
        after = cast("date", asked.after)
        is_in, is_out = sure > after + DAY, possible <= after - DAY
    return Reading(is_in, possible.is_(None) | is_out, last_on=newest_with(row.net_milli))


def items_of(category: str) -> sa.Select[Any]:
    """Select the items whose product is shown in a category."""
    size, variant, display = t.centra_size, t.centra_variant, t.centra_display
    return (
        sa.select(size.c.item)
        .select_from(
            size.join(variant, size.c.variant_id == variant.c.variant_id).join(
                display, variant.c.product_id == display.c.product_id
            )
        )
        .where(display.c.category == category, size.c.item.is_not(None))
    )


def _either(
    condition: ColumnElement[bool], then: ColumnElement[Any], otherwise: ColumnElement[Any] | int
) -> ColumnElement[int]:
    return sa.cast(sa.case((condition, then), else_=otherwise), sa.BigInteger)
