"""Audiences: segments hold whom their rule describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_contact, link_member, link_order, link_purchase
from auditor.reconcile import rules
from auditor.reconcile.attribution import ordered_in_all
from auditor.reconcile.precedence import Judgement, Rule
from auditor.reconcile.sql import populations, text
from auditor.reconcile.turnover import found_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.config import Audience
    from auditor.reconcile.terms import Terms

MEMBERSHIP = "audience.membership_mismatch"
UNEXPLAINED = "unexplained"
ORPHAN = "orphan"

_TOO_MUCH = {
    "sales.duplicate_order": "duplicated order",
    "channel.wholesale_in_sales": "non-consumer order",
    "channel.marketplace_in_sales": "non-consumer order",
    "channel.internal_in_sales": "non-consumer order",
    "sales.unknown_order": "unknown order",
    "sales.cancelled_but_counted": "cancelled order",
    "sales.return_not_reflected": "return not netted",
    ORPHAN: ORPHAN,
    "sales.amount_mismatch": "wrong amount",
    "sales.quantity_mismatch": "wrong quantity",
}
"""What makes a contact look like more than its person bought; the first that fits is named."""

_TOO_LITTLE = {
    "sales.missing_order": "missing order",
    "sales.missing_line": "missing line",
    ORPHAN: ORPHAN,
    "sales.amount_mismatch": "wrong amount",
    "sales.quantity_mismatch": "wrong quantity",
}
"""What keeps something a person bought from its contact."""


def links(terms: Terms) -> Iterator[tuple[sa.Table, sa.Select[Any]]]:
    """Yield the link tables with what fills them, in order; nothing where no audience is declared."""
    if terms.audiences:
        yield link_purchase, rules.bought(terms)
    for audience in terms.audiences:
        yield link_member, _standing(audience, terms)


def drift(terms: Terms) -> Iterator[sa.Select[Any]]:
    """Yield, per audience, a select of who is in its segment wrongly, and who is not in it wrongly."""
    for audience in terms.audiences:
        yield _mismatches(audience, terms)


def checked() -> sa.Select[Any]:
    """Select how many contacts were judged; who may be in or out is none of them."""
    return populations({MEMBERSHIP: sa.func.count()}, link_member)


def judgement_of_members(_: Terms) -> Judgement:
    """Return the rule of the contacts that a segment's rule puts in or out beyond doubt."""
    row = link_member.c
    rules = (
        Rule(MEMBERSHIP, row.is_wrong),
        Rule(None, ~row.is_wrong, "the segment does as its rule says"),
    )
    key = row.segment_id + "/" + row.contact_id
    return Judgement(link_member, key, "member", {"contact_id": row.contact_id}, rules)


def _standing(audience: Audience, terms: Terms) -> sa.Select[Any]:
    """Select the contacts that a rule puts in or out, and whether the segment does the same.

    Contacts of erased customers are left to the consent suite, and nobody is out by a category where
    the tenant tells none. A person with orders that were not read, from before `sales.since`, may be
    in for them and is never out. Of several contacts of a person one member is enough, and the first
    stands for a person who has none.

    Frame:
        Result: one row per contact that is judged; columns of `link_member`.
    """
    contact, segment_member = link_contact, t.emarsys_segment_member
    rule = rules.read(audience.rule, link_purchase, terms).subquery()
    earlier = _ordered_earlier(terms).subquery()
    member = (
        sa.select(segment_member.c.contact_id)
        .where(segment_member.c.segment_id == str(audience.segment))
        .distinct()
        .subquery()
    )
    is_member = member.c.contact_id.is_not(None)
    whose = sa.func.coalesce(contact.c.person, contact.c.contact_id)
    length = sa.func.length(contact.c.contact_id)
    place = (
        sa.select(
            contact.c.contact_id,
            contact.c.person,
            is_member.label("is_member"),
            sa.func.max(sa.case((is_member, 1), else_=0)).over(partition_by=whose).label("members"),
            sa.func.row_number()
            .over(partition_by=whose, order_by=(length, contact.c.contact_id))
            .label("position"),
            sa.func.coalesce(rule.c.is_in, sa.false()).label("is_in"),
            (
                sa.func.coalesce(rule.c.is_out, sa.true())
                & earlier.c.person.is_(None)
                & rules.is_told(audience.rule)
            ).label("is_out"),
            rule.c.amount_minor,
            rule.c.count,
            rule.c.last_on,
        )
        .select_from(
            contact.outerjoin(member, contact.c.contact_id == member.c.contact_id)
            .outerjoin(rule, contact.c.person == rule.c.owner)
            .outerjoin(earlier, contact.c.person == earlier.c.person)
        )
        .where(contact.c.erased_customer_id.is_(None))
        .subquery()
        .c
    )
    lacking = place.is_in & (place.members == 0) & (place.position == 1)
    return sa.select(
        text(str(audience.segment)),
        place.contact_id,
        place.person,
        place.is_member,
        (place.is_member & place.is_out) | lacking,
        place.amount_minor,
        place.count,
        place.last_on,
    ).where(place.is_in | place.is_out)


def _ordered_earlier(terms: Terms) -> sa.Select[Any]:
    """Select the people who may have ordered before `sales.since`: not all their orders were read."""
    order, known = link_order.c, ordered_in_all().subquery()
    read = (
        sa.select(order.person, sa.func.count(order.customer_id).label("orders"))
        .where(order.person.is_not(None), order.created_at >= terms.since)
        .group_by(order.person)
        .subquery()
    )
    return (
        sa.select(known.c.email_key.label("person"))
        .select_from(known.outerjoin(read, known.c.email_key == read.c.person))
        .where(known.c.is_untold | (known.c.total_orders > sa.func.coalesce(read.c.orders, 0)))
    )


def _mismatches(audience: Audience, terms: Terms) -> sa.Select[Any]:
    """Select who is in a segment against its rule, and who is not although the rule holds.

    The cause is a finding about the orders behind it, and only where the sales in Emarsys follow the
    rule to the same answer as its segment; else the segment itself went astray.

    Frame:
        Result: one row per contact; columns of `drift_audience`.

    Source:
        CHECKS.md, audience; Emarsys reference 9.2.
    """
    wrong = (
        sa.select(link_member)
        .where(link_member.c.segment_id == str(audience.segment), link_member.c.is_wrong)
        .cte("wrong")
    )
    row, contact = wrong.c, link_contact.c
    counted = rules.counted(terms, sa.select(row.contact_id))
    theirs = rules.read(audience.rule, counted, terms).subquery()
    much, little = _looking_like_more(wrong).subquery(), _looking_like_less(wrong).subquery()
    follows = sa.func.coalesce(theirs.c.is_in, sa.false()) == row.is_member
    more, less = _word(much.c.rank, _TOO_MUCH), _word(little.c.rank, _TOO_LITTLE)
    if audience.rule.last_order is not None and audience.rule.last_order.before is not None:
        more, less = less, more  # whoever bought lately is out of it
    cause = sa.case((~follows, None), (row.is_member, more), else_=less)
    return sa.select(
        text(MEMBERSHIP),
        text("audience"),
        row.segment_id + "/" + row.contact_id,
        contact.customer_id,
        row.contact_id,
        sa.literal(1),
        sa.cast(sa.null(), sa.BigInteger),
        text(terms.currency if audience.rule.lifetime_value else None),
        sa.func.coalesce(cause, text(UNEXPLAINED)),
        contact.contained,
        sa.cast(sa.null(), sa.DateTime),
        text(rules.described(audience.rule)),
        ~row.is_member,
        row.amount_minor,
        row.count,
        row.last_on,
        row.is_member,
        theirs.c.amount_minor,
        theirs.c.count,
        theirs.c.last_on,
        sa.cast(sa.null(), sa.BigInteger),
    ).select_from(
        wrong.join(link_contact, row.contact_id == contact.contact_id)
        .outerjoin(theirs, row.contact_id == theirs.c.owner)
        .outerjoin(much, row.contact_id == much.c.contact_id)
        .outerjoin(little, row.person == little.c.person)
    )


def _held(holders: sa.FromClause, owners: sa.FromClause, *, is_owned: bool) -> sa.Subquery:
    """Select which contacts hold sales of which orders, with the person of either.

    Args:
        holders: Rows of `emarsys_si_contact`.
        owners: Rows of `link_order`.
        is_owned: Only sales of these orders; otherwise also those of no order among them.
    """
    sale, contact = t.emarsys_sale, link_contact
    held = sale.join(holders, sale.c.si_contact_id == holders.c.si_contact_id)
    return (
        sa.select(
            sale.c.order_number,
            holders.c.contact_id,
            contact.c.person.label("holder"),
            owners.c.person.label("owner"),
        )
        .select_from(
            held.join(
                owners, sale.c.order_number == owners.c.order_number, isouter=not is_owned
            ).outerjoin(contact, holders.c.contact_id == contact.c.contact_id)
        )
        .distinct()
        .subquery()
    )


def _looking_like_more(wrong: sa.CTE) -> sa.Select[Any]:
    """Give each contact the rank of what it holds too much of."""
    si, whose = t.emarsys_si_contact, sa.select(wrong.c.contact_id)
    # Few are wrong: an engine that joins all sales before it looks whose they are takes ten times as long.
    holders = sa.select(si).where(si.c.contact_id.in_(whose)).subquery("holders")
    held, found = _held(holders, link_order, is_owned=False), found_orders()
    rank = sa.func.min(_rank(found.c.check_id, _TOO_MUCH, is_orphan=_is_elsewhere(held)))
    return (
        sa.select(held.c.contact_id, rank.label("rank"))
        .select_from(held.outerjoin(found, held.c.order_number == found.c.order_number))
        .group_by(held.c.contact_id)
    )


def _looking_like_less(wrong: sa.CTE) -> sa.Select[Any]:
    """Give each person the rank of what its contact lacks."""
    people, found = sa.select(wrong.c.person).where(wrong.c.person.is_not(None)), found_orders()
    order = sa.select(link_order).where(link_order.c.person.in_(people)).subquery("owners")
    held = _held(t.emarsys_si_contact, order, is_owned=True)
    rank = sa.func.min(_rank(found.c.check_id, _TOO_LITTLE, is_orphan=_is_elsewhere(held)))
    return (
        sa.select(order.c.person, rank.label("rank"))
        .select_from(
            order.outerjoin(held, order.c.order_number == held.c.order_number).outerjoin(
                found, order.c.order_number == found.c.order_number
            )
        )
        .where(order.c.channel == "consumer")
        .group_by(order.c.person)
    )


def _is_elsewhere(held: sa.Subquery) -> ColumnElement[bool]:
    """Tell whether the sales of an order hang on a contact that is not its person's."""
    stray = held.c.holder.is_(None) | (held.c.holder != held.c.owner)
    return held.c.owner.is_not(None) & stray


def _rank(
    check_id: ColumnElement[str], words: dict[str, str], *, is_orphan: ColumnElement[bool]
) -> ColumnElement[int | None]:
    ranks = {key: rank for rank, key in enumerate(words)}
    found = sa.case({key: rank for key, rank in ranks.items() if key != ORPHAN}, value=check_id)
    return sa.func.least(
        sa.func.coalesce(found, len(words)), sa.case((is_orphan, ranks[ORPHAN]), else_=len(words))
    )


def _word(rank: ColumnElement[int], words: dict[str, str]) -> ColumnElement[str | None]:
    return sa.case(dict(enumerate(words.values())), value=rank)
