"""What only earlier snapshots tell: customers that are gone, evidence that is gone, erased e-mails.

Whatever is gone vanished at some moment after the last reading that had it: that reading's time is
the earliest moment it can have happened, and the age by which it counts as settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.history import HISTORY, stream_position, vanished_record

if TYPE_CHECKING:
    from auditor.reconcile.terms import Terms

IN, OUT = 1, 2
"""Source: Emarsys reference 4, the opt-in."""


def readings(stream: str) -> sa.Select[Any]:
    """Select the complete readings of a stream: run, number, when it began and the one before it."""
    row = stream_position.c
    before = sa.func.lag(row.as_of).over(order_by=row.number)
    return sa.select(row.run, row.number, row.as_of, before.label("before_at")).where(
        row.stream == stream
    )


def gone(table: sa.Table, key: str, stream: str) -> sa.Select[Any]:
    """Select the closed versions of rows that are no longer there, with when each was last seen.

    Only a complete reading closes a version, and only one of the whole stream proves a row gone: what
    changed since is all that an incremental one tells. A row that was asked for by its key is gone too;
    then the reading of the same run still had it.

    Frame:
        Result: columns of the table's history, and `seen_at`.
    """
    past, reading = HISTORY[table.name], readings(stream).cte(f"{stream}_readings")
    looked_again = vanished_record.alias("looked_again")
    vanished = (
        (looked_again.c.record_key == past.c[key])
        & (looked_again.c.run == past.c.valid_to_run)
        & (looked_again.c.table_name == table.name)
    )
    seen_at = sa.case(
        (looked_again.c.record_key.is_not(None), reading.c.as_of), else_=reading.c.before_at
    )
    return (
        sa.select(past, seen_at.label("seen_at"))
        .select_from(
            past.join(reading, past.c.valid_to_run == reading.c.run)
            .outerjoin(table, past.c[key] == table.c[key])
            .outerjoin(looked_again, vanished)
        )
        .where(table.c[key].is_(None))
    )


def gone_customers(terms: Terms) -> sa.Select[Any]:
    """Select the customers that are gone, with those who have their orders now or who a log names.

    Frame:
        Result: one row per gone customer and survivor; columns of `link_gone`. One that only the log
            names went when its survivor last changed, for a merge changes it.

    Source:
        CHECKS.md, Terms, "Merged away"; Centra reference 3.2: a merge leaves no pointer, only its
        orders under another customer.
    """
    row, logged = gone(t.centra_customer, "customer_id", "customers").subquery(), _logged(terms)
    missed = sa.union_all(
        sa.select(row.c.customer_id, row.c.seen_at),
        sa.select(logged.c.customer_id, sa.cast(sa.null(), sa.DateTime)),
    ).subquery("missed_customers")
    lost = (
        sa.select(missed.c.customer_id, sa.func.max(missed.c.seen_at).label("seen_at"))
        .group_by(missed.c.customer_id)
        .cte("lost_customers")
    )
    past, order, heir = HISTORY["centra_order"], t.centra_order, t.centra_customer
    told = sa.union_all(
        sa.select(past.c.customer_id, order.c.customer_id.label("survivor_id"), order.c.updated_at)
        .select_from(past.join(order, past.c.order_number == order.c.order_number))
        .where(past.c.customer_id.in_(sa.select(lost.c.customer_id))),
        sa.select(logged.c.customer_id, logged.c.survivor_id, sa.cast(sa.null(), sa.DateTime)),
    ).subquery("told_merges")
    moved = (
        sa.select(
            told.c.customer_id,
            told.c.survivor_id,
            sa.func.max(sa.func.coalesce(told.c.updated_at, heir.c.updated_at)).label("moved_at"),
        )
        .select_from(told.join(heir, told.c.survivor_id == heir.c.customer_id))
        .where(~sa.func.coalesce(heir.c.is_anonymized, sa.false()))
        .group_by(told.c.customer_id, told.c.survivor_id)
        .cte("moved_orders")
    )
    survivors = sa.func.count(moved.c.survivor_id).over(partition_by=lost.c.customer_id)
    return sa.select(
        lost.c.customer_id,
        moved.c.survivor_id,
        sa.cast(survivors, sa.Integer).label("survivors"),
        sa.func.greatest(
            sa.func.coalesce(lost.c.seen_at, moved.c.moved_at),
            sa.func.coalesce(moved.c.moved_at, lost.c.seen_at),
        ).label("gone_at"),
    ).select_from(lost.outerjoin(moved, lost.c.customer_id == moved.c.customer_id))


def _logged(terms: Terms) -> sa.CTE:
    """Select the merges of the brand's own log whose customers Centra does not have."""
    columns = sa.column("customer_id", sa.Text), sa.column("survivor_id", sa.Text)
    customer = t.centra_customer.c.customer_id
    if not terms.merges:
        nobody = sa.select(customer, customer.label("survivor_id")).where(sa.false())
        return nobody.cte("logged_merges")
    log = sa.values(*columns, name="merge_log").data(list(terms.merges))
    known = sa.select(customer)
    return sa.select(log).where(log.c.customer_id.not_in(known)).cte("logged_merges")


def erased_emails() -> sa.Select[Any]:
    """Select the hashes of the e-mails that anonymised customers had in earlier snapshots.

    Frame:
        Result: one row per email_hash: customer_id, erased_at (the customer's last update).
    """
    past, customer = HISTORY["centra_customer"], t.centra_customer
    return (
        sa.select(
            past.c.email_hash,
            sa.func.min(customer.c.customer_id).label("customer_id"),
            sa.func.max(customer.c.updated_at).label("erased_at"),
        )
        .select_from(past.join(customer, past.c.customer_id == customer.c.customer_id))
        .where(
            past.c.valid_to_run.is_not(None),
            past.c.email_hash.is_not(None),
            customer.c.is_anonymized,
            ~sa.func.coalesce(past.c.is_anonymized, sa.false()),
        )
        .group_by(past.c.email_hash)
    )


def opted_out_before() -> sa.Select[Any]:
    """Select the contacts that an earlier snapshot saw opted out."""
    past = HISTORY["emarsys_contact"].c
    return (
        sa.select(past.contact_id)
        .where(past.valid_to_run.is_not(None), past.opt_in == OUT)
        .distinct()
    )


def turned(candidates: sa.FromClause) -> sa.Select[Any]:
    """Select between which two readings the opt-in of opted-in contacts turned to 1.

    A contact that the reading before did not have counts as turned when it was first seen; one that
    the very first reading saw opted in never turned.

    Args:
        candidates: Something with a column contact_id, of contacts opted in now.

    Frame:
        Result: one row per contact that turned: contact_id, after_at, before_at.
    """
    past = HISTORY["emarsys_contact"].c
    reading = readings("contacts").cte("contacts_readings")
    first, last = reading.alias("first"), reading.alias("last")
    other = past.opt_in.is_distinct_from(IN)
    seen = (
        sa.select(
            past.contact_id,
            sa.func.coalesce(
                sa.func.max(sa.case((other, last.c.number))), sa.func.min(first.c.number)
            ).label("number"),
        )
        .select_from(
            HISTORY["emarsys_contact"]
            .join(candidates, past.contact_id == candidates.c.contact_id)
            .join(first, past.valid_from_run == first.c.run)
            .outerjoin(last, past.valid_to_run == last.c.run)
        )
        .group_by(past.contact_id)
        .subquery("seen_opt_ins")
    )
    return (
        sa.select(
            seen.c.contact_id,
            reading.c.before_at.label("after_at"),
            reading.c.as_of.label("before_at"),
        )
        .select_from(seen.join(reading, seen.c.number == reading.c.number))
        .where(reading.c.before_at.is_not(None))
    )
