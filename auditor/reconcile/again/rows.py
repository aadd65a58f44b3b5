"""The rows of the touched: copied beside the whole before they are judged, put back after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.model import drift as d
from auditor.model import tables as t
from auditor.model.history import HISTORY
from auditor.reconcile.again.marks import Node
from auditor.reconcile.again.touched import DRIFT, keys_of, whose
from auditor.warehouse.part import copy, of_part, of_whole
from auditor.warehouse.stage import learn

if TYPE_CHECKING:
    from collections.abc import Mapping

_COPIED: dict[sa.Table, Mapping[str, Node]] = {
    t.centra_customer: {"customer_id": Node.CUSTOMER},
    t.centra_customer_flag: {"customer_id": Node.CUSTOMER},
    t.centra_keyed_consent: {"customer_id": Node.CUSTOMER},
    t.centra_subscription: {"email_key": Node.EMAIL},
    t.centra_order: {"order_number": Node.ORDER},
    t.centra_order_line: {"order_number": Node.ORDER},
    t.centra_order_attribute: {"order_number": Node.ORDER},
    t.centra_payment: {"order_number": Node.ORDER},
    t.centra_return: {"order_number": Node.ORDER},
    t.centra_shipment: {"order_number": Node.ORDER},
    t.emarsys_contact: {"contact_id": Node.CONTACT},
    t.emarsys_quarantine: {"contact_id": Node.CONTACT},
    t.emarsys_segment_member: {"contact_id": Node.CONTACT},
    t.emarsys_unsubscribe: {"contact_id": Node.CONTACT},
    t.emarsys_event: {"contact_id": Node.CONTACT},
    t.emarsys_si_contact: {"si_contact_id": Node.HOLDER},
    t.emarsys_sale: {"si_contact_id": Node.HOLDER, "order_number": Node.ORDER},
    HISTORY["centra_customer"]: {"customer_id": Node.CUSTOMER},
    HISTORY["centra_subscription"]: {"email_key": Node.EMAIL},
    HISTORY["centra_order"]: {"order_number": Node.ORDER},
    HISTORY["centra_return"]: {"order_number": Node.ORDER},
    HISTORY["centra_shipment"]: {"order_number": Node.ORDER},
    HISTORY["emarsys_contact"]: {"contact_id": Node.CONTACT},
}
"""Which column of each table tells whom a row concerns; one of several is enough."""

_OWNED = {
    t.centra_return_line: (t.centra_return, "return_id"),
    t.centra_shipment_line: (t.centra_shipment, "shipment_id"),
}
"""Tables whose rows belong to those of another."""

_LINKS: dict[sa.Table, tuple[str, Node]] = {
    d.link_person: ("email_key", Node.EMAIL),
    d.link_contact: ("contact_id", Node.CONTACT),
    d.link_order: ("order_number", Node.ORDER),
    d.link_bought: ("person", Node.EMAIL),
    d.link_sale: ("order_number", Node.ORDER),
    d.link_verdict: ("order_number", Node.ORDER),
    d.link_event: ("contact_id", Node.CONTACT),
    d.link_purchase: ("order_number", Node.ORDER),
    d.link_member: ("contact_id", Node.CONTACT),
}
"""The links that are judged by the part, with what tells whose they are."""

_OF_ALL = (
    "fulfilment.dead_event",
    "fulfilment.missing_confirmation",
    "fulfilment.trigger_status_mismatch",
)
"""Checks of these tables that are asked of everything: what they found last time is of no use."""


def make_room(conn: sa.Connection) -> None:
    """Make the part's own `link_gone`, which is filled first."""
    of_part(conn, d.link_gone).create(conn)


def take(conn: sa.Connection) -> None:
    """Copy the rows of the touched, and make room for their links and drift."""
    copied = [
        copy(conn, table, sa.or_(*(table.c[c].in_(keys_of(node)) for c, node in columns.items())))
        for table, columns in _COPIED.items()
    ]
    for table, (owner, key) in _OWNED.items():
        whose = sa.select(of_part(conn, owner).c[key])
        copied.append(copy(conn, table, table.c[key].in_(whose)))
    _add_oldest_event(conn)
    _add_moved_subscriptions(conn)
    learn(conn, *copied)
    for table in (*_LINKS, *DRIFT):
        of_part(conn, table).create(conn)


def _add_oldest_event(conn: sa.Connection) -> None:
    """Events are believed from the oldest one on, whoever it fired for."""
    event, part = t.emarsys_event, of_part(conn, t.emarsys_event)
    oldest = sa.select(sa.func.min(event.c.happened_at)).scalar_subquery()
    known = sa.select(part.c.event_id)
    rows = sa.select(event).where(event.c.happened_at == oldest, event.c.event_id.not_in(known))
    conn.execute(part.insert().from_select(list(event.c.keys()), rows))


def _add_moved_subscriptions(conn: sa.Connection) -> None:
    """A newsletter row that went on to another address is gone from nobody, even if it went later."""
    past = HISTORY[t.centra_subscription.name]
    for table in (t.centra_subscription, past):
        row, moved = table.c, sa.select(of_part(conn, past).c.subscription_id)
        is_elsewhere = row.email_key.is_(None) | row.email_key.not_in(keys_of(Node.EMAIL))
        rows = sa.select(table).where(row.subscription_id.in_(moved), is_elsewhere)
        conn.execute(of_part(conn, table).insert().from_select(list(row.keys()), rows))


def put_back(conn: sa.Connection) -> None:
    """Let the links and the drift of the touched take the place of those they had."""
    for table, (column, node) in _LINKS.items():
        whole, part = of_whole(conn, table), of_part(conn, table)
        conn.execute(whole.delete().where(whole.c[column].in_(keys_of(node))))
        rows = sa.select(part).where(part.c[column].in_(keys_of(node)))
        conn.execute(whole.insert().from_select(list(table.c.keys()), rows))
    for table in DRIFT:
        row = of_whole(conn, table)
        conn.execute(row.delete().where(row.c.check_id.in_(_OF_ALL)))
        conn.execute(row.update().values(incident=None))  # causes are sought among all of it
    put_back_drift(conn)


def put_back_drift(conn: sa.Connection) -> None:
    """Let the drift of the touched take the place of what they had; that of all others stays."""
    for table in DRIFT:
        row = of_whole(conn, table)
        is_touched = sa.or_(*(key.in_(keys_of(node)) for node, key in whose(row)))
        conn.execute(row.delete().where(is_touched, row.c.check_id.not_in(_OF_ALL)))
        conn.execute(row.insert().from_select(list(row.c.keys()), sa.select(of_part(conn, table))))
