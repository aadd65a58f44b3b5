"""Turnover: no contact looks richer than its orders, and the findings about them, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import drift_sales, link_contact, link_order, link_sale
from auditor.reconcile.populations import order_key
from auditor.reconcile.precedence import Judgement, Rule
from auditor.reconcile.sql import any_of, populations, sum_of, text

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms

INFLATED = "audience.inflated_value"
EARLY, ELSEWHERE = "orders that are not due", "returns netted on another contact"


def found_orders() -> sa.Subquery:
    """Select the open findings about sales, by order: `check_id`, `order_number`."""
    row = drift_sales.c
    number = order_key(drift_sales).label("order_number")
    found = sa.select(row.check_id, number).distinct()
    return found.where(row.subject_key.is_not(None)).subquery()


def drift(terms: Terms) -> sa.Select[Any]:
    """Select the contacts whose turnover exceeds what orders and open findings explain.

    An order that has a finding is explained by it, whatever it counts, and one that is not settled
    explains itself later. What is left is turnover of the person's own orders that the sales suite
    passes over: of orders that are not due (on hold, unpaid, pending), and of orders whose returns
    were netted on another contact.

    Frame:
        Result: one row per contact; columns of `drift_audience`. Its turnover is the value of its
            orders in Centra, what other findings and young records explain, and the money at stake.

    Source:
        CHECKS.md, audience; Emarsys reference 7 (`si_purchases` joins `si_contacts`).
    """
    purse = _inflated(terms)
    row, whole = purse.c, turnover(terms, sa.select(purse.c.contact_id)).subquery()
    worth = worth_of(terms, sa.select(purse.c.person)).subquery()
    value = sa.func.coalesce(worth.c.net_minor, 0)
    return sa.select(
        text(INFLATED),
        text("contact"),
        row.contact_id,
        row.customer_id,
        row.contact_id,
        sa.literal(1),
        row.over_minor,
        text(terms.currency),
        sa.case((row.is_early, text(EARLY)), else_=text(ELSEWHERE)),
        row.contained,
        row.occurred_at,
        text(None),
        sa.cast(sa.null(), sa.Boolean),
        value,
        sa.cast(sa.null(), sa.BigInteger),
        sa.cast(sa.null(), sa.Date),
        sa.cast(sa.null(), sa.Boolean),
        whole.c.amount_minor,
        sa.cast(sa.null(), sa.BigInteger),
        sa.cast(sa.null(), sa.Date),
        whole.c.amount_minor - value - row.over_minor,
    ).select_from(
        purse.join(whole, row.contact_id == whole.c.contact_id).outerjoin(
            worth, row.person == worth.c.person
        )
    )


def checked(terms: Terms) -> sa.Select[Any]:
    """Select how many contacts with a person and with sales were looked at."""
    sale, si, contact = t.emarsys_sale.c, t.emarsys_si_contact, link_contact
    with_sales = sa.select(sale.si_contact_id).where(sale.purchased_on >= terms.since)
    people = (
        sa.select(contact.c.contact_id)
        .select_from(contact.join(si, contact.c.contact_id == si.c.contact_id))
        .where(_is_judged(contact), si.c.si_contact_id.in_(with_sales))
        .distinct()
        .subquery()
    )
    return populations({INFLATED: sa.func.count()}, people)


def judgement_of_contacts(terms: Terms) -> Judgement:
    """Return the rules of turnovers."""
    row, purse = link_contact.c, _inflated(terms)
    rules = (
        Rule(None, ~_is_judged(link_contact), "left to the consent and identity suites"),
        Rule(INFLATED, purse.c.contact_id.is_not(None)),
    )
    rows = link_contact.outerjoin(purse, row.contact_id == purse.c.contact_id)
    return Judgement(rows, row.contact_id, "turnover of", {"contact_id": row.contact_id}, rules)


def _is_judged(contact: sa.Table) -> sa.ColumnElement[bool]:
    """Leave contacts of nobody to the identity suite, those of erased customers to consent."""
    return contact.c.person.is_not(None) & contact.c.erased_customer_id.is_(None)


def _inflated(terms: Terms) -> sa.CTE:
    """Add up, per contact, what its own orders count beyond their worth and no finding explains."""
    sale, si, contact = t.emarsys_sale, t.emarsys_si_contact, link_contact
    order = _unexplained_orders(terms)
    counted = (
        sa.select(
            contact.c.contact_id,
            contact.c.person,
            contact.c.customer_id,
            contact.c.contained,
            order.c.order_number,
            order.c.is_due,
            order.c.created_at,
            (sum_of(sale.c.amount_minor) - order.c.due_minor).label("over_minor"),
            (terms.tolerance_minor * sa.func.greatest(order.c.lines, sa.func.count())).label(
                "tolerance_minor"
            ),
        )
        .select_from(
            order.join(sale, order.c.order_number == sale.c.order_number)
            .join(si, sale.c.si_contact_id == si.c.si_contact_id)
            .join(contact, si.c.contact_id == contact.c.contact_id)
        )
        .where(
            _is_judged(contact),
            contact.c.person == order.c.person,
            sale.c.purchased_on >= terms.since,
        )
        .group_by(
            *(contact.c[name] for name in ("contact_id", "person", "customer_id", "contained")),
            *order.c,
        )
        .subquery()
        .c
    )
    over = sa.func.greatest(counted.over_minor, 0)
    total, allowed = sum_of(over), sum_of(counted.tolerance_minor)
    return (
        sa.select(
            counted.contact_id,
            sa.func.min(counted.person).label("person"),
            sa.func.min(counted.customer_id).label("customer_id"),
            any_of(counted.contained).label("contained"),
            total.label("over_minor"),
            any_of(~counted.is_due & (over > 0)).label("is_early"),
            sa.func.max(sa.case((over > 0, counted.created_at))).label("occurred_at"),
        )
        .group_by(counted.contact_id)
        .having(total > allowed)
        .cte("inflated")
    )


def _unexplained_orders(terms: Terms) -> sa.Subquery:
    """Select the settled orders without a finding that a contact may hold too much of.

    A due order that counts right as a whole can do so only where something was taken back elsewhere.
    """
    order, sale = link_order, t.emarsys_sale.c
    taken_back = sa.select(sale.order_number).where(
        sale.amount_minor < 0, sale.order_number.is_not(None)
    )
    found = sa.select(found_orders().c.order_number)
    due_minor = sa.case(
        (order.c.is_due, sa.func.coalesce(sum_of(link_sale.c.net_minor), 0)), else_=0
    )
    return (
        sa.select(
            order.c.order_number,
            order.c.person,
            order.c.is_due,
            order.c.created_at,
            due_minor.label("due_minor"),
            sum_of(link_sale.c.lines).label("lines"),
        )
        .select_from(order.join(link_sale, order.c.order_number == link_sale.c.order_number))
        .where(
            order.c.is_settled,
            order.c.person.is_not(None),
            order.c.created_at >= terms.since,
            ~order.c.is_due | order.c.order_number.in_(taken_back),
            order.c.order_number.not_in(found),
        )
        .group_by(order.c.order_number, order.c.person, order.c.is_due, order.c.created_at)
        .subquery()
    )


def turnover(terms: Terms, contacts: sa.Select[tuple[str]]) -> sa.Select[Any]:
    """Add up what Emarsys counts for some contacts since the first day that counts.

    Frame:
        Result: one row per contact with sales: contact_id, amount_minor.
    """
    sale, si = t.emarsys_sale.c, t.emarsys_si_contact.c
    return (
        sa.select(si.contact_id, sum_of(sale.amount_minor).label("amount_minor"))
        .select_from(
            t.emarsys_sale.join(t.emarsys_si_contact, sale.si_contact_id == si.si_contact_id)
        )
        .where(sale.purchased_on >= terms.since, si.contact_id.in_(contacts))
        .group_by(si.contact_id)
    )


def worth_of(terms: Terms, people: sa.Select[tuple[str]]) -> sa.Select[Any]:
    """Add up the due, settled orders of some people.

    Frame:
        Result: one row per person with such orders: person, net_minor.
    """
    order = link_order.c
    return (
        sa.select(order.person, sum_of(link_sale.c.net_minor).label("net_minor"))
        .select_from(link_order.join(link_sale, order.order_number == link_sale.c.order_number))
        .where(
            order.is_due,
            order.is_settled,
            order.created_at >= terms.since,
            order.person.in_(people),
        )
        .group_by(order.person)
    )
