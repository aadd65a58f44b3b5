"""Deletes the versions of records that ended too long ago, but for those that a check still goes by.

Of those that stay, names and addresses go, except the address of a newsletter row that is gone: it is the
only word of its person. Whatever stays, goes as well once its record or contact is no longer there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.history import HISTORY, snapshot_run
from auditor.model.judged import judged_state, touched_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

NAMED = ("email", "email_key", "first_name", "last_name")
"""The columns that tell whose a record is."""

IN = 1
"""Source: Emarsys reference 4, the opt-in."""


Among: TypeAlias = "Callable[..., ColumnElement[bool]]"
"""Tells whether a column of old versions holds what a column of another table has, where a condition holds."""


class _Evidence(NamedTuple):
    """Which versions of a table a check goes by, and the column of theirs that it needs to name people."""

    of: Callable[[sa.Table, Among], ColumnElement[bool]]
    by: str | None = None


def delete_versions(conn: sa.Connection, ended: datetime) -> int:
    """Delete or blank the versions that ended at or before a run; return how many rows that were.

    Where a newsletter row that is gone goes at last, the next audit judges everything anew: what has no
    row any more cannot be seen to have changed.

    Args:
        conn: In a transaction, which holds all of it.
        ended: When the last run began to which this applies, in UTC without a zone.
    """
    run = snapshot_run.c
    runs = sa.select(run.run).where(run.as_of <= ended, run.run.is_not(None))
    rows = 0
    for name, past in HISTORY.items():
        old, evidence = past.c.valid_to_run.in_(runs), EVIDENCE.get(name)
        if not _count(conn, past, old):
            continue
        among = _among(past, runs)
        stays = (
            sa.false()
            if evidence is None
            else sa.func.coalesce(evidence.of(past, among), sa.false())
        )
        if evidence is not None:
            rows += _blank(conn, past, old & stays, but=evidence.by)
        gone = _count(conn, past, old & ~stays)
        if gone:
            if name == t.centra_subscription.name:
                _judge_anew(conn)
            conn.execute(past.delete().where(old & ~stays))
        rows += gone
    return rows


def _blank(
    conn: sa.Connection, past: sa.Table, which: ColumnElement[bool], *, but: str | None
) -> int:
    columns = [name for name in NAMED if name in past.c and name != but]
    if not columns:
        return 0
    which &= sa.or_(*(past.c[name].is_not(None) for name in columns))
    rows = _count(conn, past, which)
    if rows:
        # The hash of the row was made of what is gone, and would let one guess it.
        conn.execute(past.update().where(which).values(dict.fromkeys([*columns, "row_hash"])))
    return rows


def _count(conn: sa.Connection, past: sa.Table, which: ColumnElement[bool]) -> int:
    return conn.scalar(sa.select(sa.func.count()).select_from(past).where(which)) or 0


def _judge_anew(conn: sa.Connection) -> None:
    for table in (judged_state, touched_key):
        conn.execute(table.delete())


def _among(past: sa.Table, runs: sa.Select[Any]) -> Among:
    """Return what tells whether a column of old versions holds what another table has.

    The other table is looked up for the keys of these few versions alone: PostgreSQL looks through a set
    that does not fit into memory once for every row.
    """
    old = past.alias("old_versions")

    def is_among(
        column: sa.Column[Any], other: sa.Column[Any], *which: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        keys = sa.select(old.c[column.name]).where(old.c.valid_to_run.in_(runs))
        return column.in_(sa.select(other).where(other.in_(keys), *which))

    return is_among


def _customer(past: sa.Table, is_among: Among) -> ColumnElement[bool]:
    """Whoever was erased in Centra is found in Emarsys by a hash; a contact may hang on one that is gone."""
    row, contact = t.centra_customer.c, t.emarsys_contact.c
    is_gone = ~is_among(past.c.customer_id, row.customer_id)
    return (
        past.c.email_hash.is_not(None)
        & is_among(past.c.customer_id, row.customer_id, row.is_anonymized)
    ) | (is_gone & is_among(past.c.customer_id, contact.external_id))


def _order(past: sa.Table, is_among: Among) -> ColumnElement[bool]:
    """Orders that changed hands tell into whom a customer was merged; one that is gone may still count."""
    is_there = is_among(past.c.order_number, t.centra_order.c.order_number)
    has_sales = is_among(past.c.order_number, t.emarsys_sale.c.order_number)
    is_nobodys = ~is_among(past.c.customer_id, t.centra_customer.c.customer_id)
    return (is_there & is_nobodys) | (~is_there & has_sales)


def _subscription(past: sa.Table, is_among: Among) -> ColumnElement[bool]:
    """A newsletter row that is gone says what it said last, as long as somebody has that address."""
    later = past.alias("later_versions")
    is_last = ~sa.exists().where(
        later.c.subscription_id == past.c.subscription_id,
        later.c.valid_from_run == past.c.valid_to_run,
    )
    is_gone = is_last & ~is_among(past.c.subscription_id, t.centra_subscription.c.subscription_id)
    has_address = is_among(past.c.email_key, t.emarsys_contact.c.email_key)
    return is_gone & (has_address | is_among(past.c.email_key, t.centra_customer.c.email_key))


def _contact(past: sa.Table, is_among: Among) -> ColumnElement[bool]:
    """An opt-out proves that an opt-in came later, and the first version that it did not come before."""
    run, began, every = snapshot_run.alias("began_with"), snapshot_run.c, past.alias("every")
    first = (
        sa.select(every.c.contact_id, sa.func.min(began.number).label("number"))
        .select_from(every.join(snapshot_run, every.c.valid_from_run == began.run))
        .where(is_among(every.c.contact_id, t.emarsys_contact.c.contact_id))
        .group_by(every.c.contact_id)
        .subquery("first_versions")
    )
    is_first = (
        sa.exists()
        .select_from(first.join(run, run.c.number == first.c.number))
        .where(first.c.contact_id == past.c.contact_id, run.c.run == past.c.valid_from_run)
    )
    is_there = is_among(past.c.contact_id, t.emarsys_contact.c.contact_id)
    return is_there & (past.c.opt_in.is_distinct_from(IN) | is_first)


def _shipment(past: sa.Table, is_among: Among) -> ColumnElement[bool]:
    """The first version that shows a parcel as sent tells when it had surely left."""
    return past.c.is_shipped & is_among(past.c.shipment_id, t.centra_shipment.c.shipment_id)


EVIDENCE = {
    t.centra_customer.name: _Evidence(_customer),
    t.centra_order.name: _Evidence(_order),
    t.centra_subscription.name: _Evidence(_subscription, by="email_key"),
    t.emarsys_contact.name: _Evidence(_contact),
    t.centra_shipment.name: _Evidence(_shipment),
}
"""What the checks go by: all that `auditor.reconcile` selects from the history."""
