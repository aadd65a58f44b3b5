"""Which new findings and customers are worth a second look, and on which records findings rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import DRIFT_TABLES, link_contact
from auditor.model.history import HISTORY, snapshot_run, stream_position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

KINDS = ("contact", "order")
"""Subjects that are one record on each side."""


class Suspect(NamedTuple):
    """A finding that may be raised, and whom it is about."""

    check: str
    kind: str
    key: str
    contact_id: str | None
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class Records:
    """Keys of the records that some findings rest on.

    Attributes:
        emails: As they are spelled on either side.
        returns: Those known of the orders.
    """

    contacts: tuple[str, ...]
    customers: tuple[str, ...]
    subscriptions: tuple[str, ...]
    emails: tuple[str, ...]
    orders: tuple[str, ...]
    returns: tuple[str, ...]


def suspects(engine: sa.Engine, checks: Collection[str]) -> list[Suspect]:
    """Return what drifted under some checks, by check and subject, but for contained subjects."""
    parts = [
        sa.select(*(table.c[name] for name in _SUSPECT)).where(
            table.c.check_id.in_(checks),
            table.c.subject_kind.in_(KINDS),
            ~sa.func.coalesce(table.c.contained, sa.false()),
        )
        for table in DRIFT_TABLES
    ]
    found = sa.union_all(*parts).subquery()
    select = sa.select(found).order_by(found.c.check_id, found.c.subject_key)
    with engine.connect() as conn:
        return [Suspect(*row) for row in conn.execute(select)]


_SUSPECT = ("check_id", "subject_kind", "subject_key", "contact_id", "customer_id")


def concerned(conn: sa.Connection, some: Sequence[Suspect]) -> Records:
    """Return the records that findings rest on: of contacts the people behind them, of orders returns.

    Whoever is linked to a contact by key or e-mail belongs to it, and every row with the same e-mail.
    """
    contacts = _known(one.contact_id for one in some)
    people = _known(one.contact_id for one in some if one.kind == "contact")
    orders = _known(one.key for one in some if one.kind == "order")
    link, contact, order, back = (
        link_contact.c,
        t.emarsys_contact.c,
        t.centra_order.c,
        t.centra_return.c,
    )

    def found(column: sa.ColumnElement[str], condition: sa.ColumnElement[bool]) -> list[str | None]:
        return list(conn.execute(sa.select(column).where(condition)).scalars())

    keys = _known(
        key
        for column in (link.email_key, link.person)
        for key in found(column, link.contact_id.in_(people))
    )
    of_customers = _of_people(conn, t.centra_customer.c.customer_id, keys)
    of_subscriptions = _of_people(conn, t.centra_subscription.c.subscription_id, keys)
    named = [
        customer_id
        for column in (link.key, link.customer_id, link.erased_customer_id, link.survivor_id)
        for customer_id in found(column, link.contact_id.in_(contacts))
    ]
    buyers = found(order.customer_id, order.order_number.in_(orders))
    spelled = found(contact.email, contact.contact_id.in_(people))
    emails = (email for _, email in (*of_customers, *of_subscriptions))
    return Records(
        contacts,
        _known(
            [*named, *buyers, *(s.customer_id for s in some), *(id_ for id_, _ in of_customers)]
        ),
        _known(id_ for id_, _ in of_subscriptions),
        _known([*keys, *spelled, *emails]),
        orders,
        _known(found(back.return_id, back.order_number.in_(orders))),
    )


def left_behind(conn: sa.Connection) -> list[str]:
    """Return the customers whose orders were seen under another customer since the last sweep, by id.

    They may have been merged away since. One whom the tables no longer have is known to be gone already;
    one who is there still is looked up by each run until the sweep, for an earlier look may have failed.
    """
    past, order, customer = HISTORY["centra_order"].c, t.centra_order.c, t.centra_customer.c
    run, position = snapshot_run.c, stream_position.c
    sweep = (
        sa.select(sa.func.max(position.number))
        .where(position.stream == "customers", position.mode == "full")
        .scalar_subquery()
    )
    select = (
        sa.select(past.customer_id)
        .select_from(
            HISTORY["centra_order"]
            .join(t.centra_order, past.order_number == order.order_number)
            .join(t.centra_customer, past.customer_id == customer.customer_id)
            .join(snapshot_run, past.valid_to_run == run.run)
        )
        .where(run.number >= sweep, past.customer_id != order.customer_id)
        .distinct()
        .order_by(past.customer_id)
    )
    return list(conn.scalars(select))


def _of_people(
    conn: sa.Connection, id_: sa.Column[str], keys: Sequence[str]
) -> Sequence[tuple[str, str | None]]:
    """Return the ids and e-mails of the rows of some people."""
    row = id_.table.c
    select = sa.select(id_, row.email).where(row.email_key.in_(keys))
    return [(one[0], one[1]) for one in conn.execute(select)]


def _known(keys: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({key for key in keys if key is not None}))
