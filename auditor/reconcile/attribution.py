"""Whose sales and events they are: the contact a sale hangs on, the contact an event fired for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_contact, link_gone, link_order
from auditor.reconcile.amounts import in_own, with_currency
from auditor.reconcile.orders import evened_out, is_part_of
from auditor.reconcile.precedence import Judgement, Rule
from auditor.reconcile.sql import any_of, count_if, populations, sum_of, text

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms


def _owners(terms: Terms) -> sa.CTE:
    """Give each settled consumer order with sales the people its rows hang on.

    A contact that a merge orphaned is nobody else's: its orders are the survivor's now.
    """
    owned, is_owned = _owned(terms)
    sale, si, contact, order = t.emarsys_sale, t.emarsys_si_contact, link_contact, link_order
    # Live customers are no one's former self, so a dead key and the survivor's order make the pair.
    orphaned = (contact.c.key == link_gone.c.customer_id) & (
        order.c.customer_id == link_gone.c.survivor_id
    )
    is_orphan = link_gone.c.customer_id.is_not(None)
    # A merge of a moment ago has yet to reach Emarsys.
    is_left = is_orphan & sa.func.coalesce(link_gone.c.gone_at < terms.contacts_before, sa.true())
    is_known = contact.c.person.is_not(None)
    someone_else = (is_known & (contact.c.person != order.c.person)) | (~is_known & _is_stranger())
    generated = sa.func.coalesce(si.c.is_generated, sa.false())
    stray = someone_else & ~generated & ~is_orphan
    return (
        sa.select(
            order.c.order_number,
            sa.func.min(order.c.customer_id).label("customer_id"),
            sa.func.min(order.c.status).label("status"),
            sa.func.min(order.c.created_at).label("created_at"),
            any_of(stray).label("is_stray"),
            any_of(generated).label("is_generated"),
            any_of(is_left).label("is_orphan"),
            sa.func.min(sa.case((stray, contact.c.contact_id))).label("stray_contact_id"),
            sa.func.min(sa.case((is_left, contact.c.contact_id))).label("orphan_contact_id"),
            sum_of(sale.c.amount_minor).label("amount_minor"),
            _amount_where(stray).label("stray_minor"),
            _amount_where(generated).label("generated_minor"),
            _amount_where(is_left).label("orphan_minor"),
            sum_of(sale.c.quantity_milli).label("quantity_milli"),
            sa.cast(sa.func.count(), sa.Integer).label("rows"),
        )
        .select_from(
            owned.outerjoin(contact, si.c.contact_id == contact.c.contact_id).outerjoin(
                link_gone, orphaned
            )
        )
        .where(is_owned)
        .group_by(order.c.order_number)
        .cte("sale_owners")
    )


def _owned(terms: Terms) -> tuple[sa.Join, sa.ColumnElement[bool]]:
    """Join the sales rows with their orders and holders, and tell which of them hang on somebody.

    Rows that were taken off a contact again hang on nobody.
    """
    evened = evened_out().subquery("evened_out")
    sale, si, order = t.emarsys_sale, t.emarsys_si_contact, link_order
    joined = (
        sale.join(order, sale.c.order_number == order.c.order_number)
        .join(si, sale.c.si_contact_id == si.c.si_contact_id)
        .outerjoin(evened, is_part_of(sale, evened))
    )
    is_owned = sa.and_(
        evened.c.order_number.is_(None),
        order.c.channel == "consumer",
        order.c.is_settled,
        ~order.c.is_cancelled,
        order.c.person.is_not(None),
        order.c.created_at >= terms.since,
    )
    return joined, is_owned


def _is_stranger() -> sa.ColumnElement[bool]:
    """Tell whether a contact whom Centra does not know is not the buyer's, by no name of theirs.

    One that names a dead customer is the identity suite's, one of an erased customer is nobody's.
    """
    row, order = link_contact.c, link_order.c
    theirs = (
        (row.email_key == order.person),
        (row.email_key == order.email_key),  # they may have moved on to another address
        (row.key == order.customer_id),  # a customer may have no address at all
    )
    return (
        row.contact_id.is_not(None)
        & row.erased_customer_id.is_(None)
        & (row.key.is_(None) | row.is_key_live)
        & sa.and_(*(~sa.func.coalesce(same, sa.false()) for same in theirs))
    )


def _amount_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sum_of(sa.case((condition, t.emarsys_sale.c.amount_minor)))


def sales_drift(terms: Terms) -> sa.Select[Any]:
    """Select the consumer orders whose sale hangs on the wrong, a generated or an orphaned contact.

    A contact that names a customer whom Centra does not have is left to the identity suite.

    Frame:
        Result: one row per order and check; columns of `drift_sales`.

    Source:
        Emarsys reference 5.2 (generated contacts), 7 (`si_contacts`).
    """
    owners = _owners(terms)
    row = owners.c
    joined, currency = with_currency(owners, row.order_number, terms)

    def rows_of(
        check: str,
        condition: sa.ColumnElement[bool],
        contact_id: sa.ColumnElement[Any],
        at_stake: sa.ColumnElement[int],
    ) -> sa.Select[Any]:
        return (
            sa.select(
                text(check),
                text("order"),
                row.order_number,
                row.customer_id,
                contact_id,
                sa.literal(1),
                in_own(sa.cast(sa.func.abs(at_stake), sa.BigInteger), currency, terms),
                currency,
                text(None),
                sa.false(),
                row.created_at,
                text("consumer"),
                row.status,
                sa.cast(sa.null(), sa.BigInteger),
                sa.cast(sa.null(), sa.BigInteger),
                sa.cast(row.quantity_milli, sa.Float) / 1000,
                in_own(row.amount_minor, currency, terms),
                row.rows,
                contact_id,
            )
            .select_from(joined)
            .where(condition)
        )

    found = sa.union_all(
        rows_of("sales.wrong_contact", row.is_stray, row.stray_contact_id, row.stray_minor),
        rows_of(
            "sales.generated_contact", row.is_generated, row.stray_contact_id, row.generated_minor
        ),
        rows_of("identity.sales_on_orphan", row.is_orphan, row.orphan_contact_id, row.orphan_minor),
    )
    return sa.select(found.subquery())


def judgement_of_owners(terms: Terms) -> Judgement:
    """Return the rules of whom sales hang on; several may hold of one order."""
    owners = _owners(terms)
    row, ids = owners.c, {"order_number": owners.c.order_number}
    rules = (
        Rule("sales.wrong_contact", row.is_stray),
        Rule("sales.generated_contact", row.is_generated),
        Rule("identity.sales_on_orphan", row.is_orphan),
    )
    return Judgement(owners, row.order_number, "owner of", ids, rules, is_exclusive=False)


def sales_checked(terms: Terms) -> sa.Select[Any]:
    """Select how many consumer orders with sales were looked at."""
    owned, is_owned = _owned(terms)
    orders = sa.select(link_order.c.order_number).select_from(owned).where(is_owned).distinct()
    checks = ("sales.wrong_contact", "sales.generated_contact", "identity.sales_on_orphan")
    return populations({check: sa.func.count() for check in checks}, orders.subquery("owned"))


def ordered_in_all() -> sa.Select[Any]:
    """Select how many orders each person ever placed, those before `sales.since` included.

    Frame:
        Result: one row per email_key with customer rows: total_orders, is_untold (the tenant keeps
            the number of some of them to itself).
    """
    row = t.centra_customer.c
    return (
        sa.select(
            row.email_key,
            sum_of(row.total_orders).label("total_orders"),
            any_of(row.total_orders.is_(None)).label("is_untold"),
        )
        .where(row.email_key.is_not(None))
        .group_by(row.email_key)
    )


def _buyers_only() -> sa.CTE:
    """Select the contacts who have wholesale or marketplace orders and no other.

    A customer row with more orders than were read may have bought as a consumer before
    `sales.since`; nothing is concluded about such a person.
    """
    order, contact = link_order, link_contact
    per_person = (
        sa.select(
            order.c.person,
            sa.cast(sa.func.count(), sa.Integer).label("orders"),
            any_of(order.c.channel.in_(("consumer", "internal"))).label("is_consumer"),
            sa.func.count(order.c.customer_id).label("customer_orders"),
        )
        .where(order.c.person.is_not(None))
        .group_by(order.c.person)
        .subquery()
    )
    known = ordered_in_all().subquery()
    whole = known.c.email_key.is_(None) | (
        ~known.c.is_untold & (known.c.total_orders <= per_person.c.customer_orders)
    )
    person = sa.func.coalesce(contact.c.person, contact.c.email_key)
    return (
        sa.select(contact.c.contact_id, contact.c.customer_id, per_person.c.orders)
        .select_from(
            contact.join(per_person, person == per_person.c.person).outerjoin(
                known, known.c.email_key == per_person.c.person
            )
        )
        .where(~per_person.c.is_consumer, whole)
        .cte("buyers_only")
    )


def lifecycle_events(terms: Terms) -> sa.Subquery:
    """Select the lifecycle events that are judged, each with its name."""
    event, definition = t.emarsys_event, t.emarsys_event_definition
    return (
        sa.select(event, definition.c.name)
        .select_from(event.join(definition, event.c.event_type_id == definition.c.event_type_id))
        .where(
            definition.c.name.in_(terms.lifecycle_events),
            event.c.happened_at >= terms.since,
            event.c.happened_at < terms.events_before,
        )
        .subquery()
    )


def event_drift(terms: Terms) -> sa.Select[Any]:
    """Select the lifecycle events that fired for contacts who never bought as consumers.

    Frame:
        Result: one row per event; columns of `drift_event`.

    Source:
        Emarsys reference 7: `external_events` has contact, event id and time, never an order number.
    """
    event, buyer = lifecycle_events(terms), _buyers_only()
    return sa.select(
        text("channel.event_for_non_consumer"),
        text("event"),
        "event:" + event.c.event_id,
        buyer.c.customer_id,
        buyer.c.contact_id,
        sa.literal(1),
        sa.cast(sa.null(), sa.BigInteger),
        text(None),
        text(None),
        sa.false(),
        event.c.happened_at,
        buyer.c.orders,
        event.c.name,
        event.c.happened_at,
    ).select_from(event.join(buyer, event.c.contact_id == buyer.c.contact_id))


def judgement_of_events(terms: Terms) -> Judgement:
    """Return the rule of lifecycle events."""
    event, buyer = lifecycle_events(terms), _buyers_only()
    rows = event.outerjoin(buyer, event.c.contact_id == buyer.c.contact_id)
    rules = [Rule("channel.event_for_non_consumer", buyer.c.contact_id.is_not(None))]
    ids = {"event_id": event.c.event_id}
    return Judgement(rows, "event:" + event.c.event_id, "event", ids, rules)


def events_checked(terms: Terms) -> sa.Select[Any]:
    """Select how many lifecycle events were looked at."""
    event = lifecycle_events(terms)
    return populations(
        {"channel.event_for_non_consumer": count_if(event.c.event_id.is_not(None))}, event
    )
