"""What a unit looks like: one number for all rows of an order, a contact, a person.

A unit whose number is the same as when it was judged last has not changed on either side, whatever way
its rows came: read whole, in part, or again one by one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer

from auditor.model import tables as t
from auditor.model.drift import link_gone
from auditor.model.judged import unit_mark
from auditor.reconcile import rules
from auditor.reconcile.sql import row_hash
from auditor.warehouse.part import of_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

HALF = 31
"""How many bits of a mark are added up by themselves: so floats add four million of them exactly."""


class Node(IntEnum):
    """What units are of; the numbers are stored and never change their meaning."""

    ORDER = 1
    CONTACT = 2
    HOLDER = 3  # whom sales hang on in Open Data
    CUSTOMER = 4
    EMAIL = 5
    WHOLE = 6  # what every record may depend on: where it changes, everything is judged anew
    HASH = 7  # of an e-mail, by which the contact of an erased customer is known


_metadata = sa.MetaData()
changed_unit = sa.Table(
    "changed_unit",
    _metadata,
    Column("node", Integer),
    Column("unit", BigInteger),
    Column("mark", BigInteger),  # how it looks now; NULL where it is gone
)


class _Source(NamedTuple):
    """Rows that belong to units: of which table, told apart by which column, perhaps of another table."""

    table: sa.Table
    unit: ColumnElement[Any]
    rows: sa.FromClause


def _own(table: sa.Table, column: str) -> _Source:
    return _Source(table, table.c[column], table)


def _joined(table: sa.Table, owner: sa.Table, key: str, column: str) -> _Source:
    return _Source(table, owner.c[column], table.join(owner, table.c[key] == owner.c[key]))


_SOURCES: dict[Node, tuple[_Source, ...]] = {
    Node.ORDER: (
        *(
            _own(table, "order_number")
            for table in (
                t.centra_order,
                t.centra_order_line,
                t.centra_order_attribute,
                t.centra_payment,
                t.centra_return,
                t.centra_shipment,
                t.emarsys_sale,
            )
        ),
        _joined(t.centra_return_line, t.centra_return, "return_id", "order_number"),
        _joined(t.centra_shipment_line, t.centra_shipment, "shipment_id", "order_number"),
    ),
    Node.CONTACT: tuple(
        _own(table, "contact_id")
        for table in (
            t.emarsys_contact,
            t.emarsys_unsubscribe,
            t.emarsys_event,
            t.emarsys_quarantine,
            t.emarsys_segment_member,
            t.emarsys_si_contact,
        )
    ),
    Node.HOLDER: (_own(t.emarsys_si_contact, "si_contact_id"), _own(t.emarsys_sale, "si_contact_id")),
    Node.CUSTOMER: tuple(
        _own(table, "customer_id")
        for table in (t.centra_customer, t.centra_customer_flag, t.centra_keyed_consent, link_gone)
    ),
    Node.EMAIL: tuple(
        _own(table, "email_key")
        for table in (
            t.centra_subscription,
            t.centra_buyer,
            t.centra_customer_flag,
            t.centra_keyed_consent,
        )
    ),
}  # fmt: skip
"""The rows of each unit. `link_gone` must be filled: whoever a merge took away is a fact of the customer."""

_DEFINITION = t.emarsys_event_definition.c
_WHOLE: tuple[tuple[ColumnElement[Any], ...], ...] = (
    tuple(t.centra_store.c),
    tuple(t.centra_wholesale_store.c),
    tuple(t.centra_market.c),
    tuple(t.centra_currency.c),
    # What listens to an event is looked at for all of them anyway.
    (_DEFINITION.event_type_id, _DEFINITION.name),
)


def present(terms: Terms) -> Iterator[tuple[Node, sa.Select[Any]]]:
    """Yield selects of all units as they are now, kind by kind: `unit`, and its `mark`."""
    for node, sources in _SOURCES.items():
        rows = sa.union_all(
            *(
                sa.select(row_hash(unit).label("unit"), row_hash(*table.c).label("mark"))
                .select_from(joined)
                # A sale without an order number is kept: it is a unit that no key tells.
                .where(unit.is_not(None) if table is not t.emarsys_sale else sa.true())
                for table, unit, joined in sources
            )
        ).subquery()
        yield node, sa.select(rows.c.unit, _folded(rows.c.mark)).group_by(rows.c.unit)
    wholes = sa.union_all(*_wholes(terms)).subquery()
    yield Node.WHOLE, sa.select(wholes.c.unit, wholes.c.mark)


def _wholes(terms: Terms) -> Iterator[sa.Select[Any]]:
    marks = [_folded(row_hash(*columns)) for columns in _WHOLE]
    for audience in terms.audiences:
        if audience.rule.category is not None:
            items = rules.items_of(audience.rule.category.name).distinct().subquery()
            told = sa.case((rules.is_told(audience.rule), 1), else_=0)
            marks += [_folded(row_hash(items.c.item)), sa.cast(told, BigInteger).label("mark")]
    for number, mark in enumerate(marks):
        unit = sa.cast(sa.literal(number, BigInteger), BigInteger).label("unit")
        columns: list[ColumnElement[Any]] = [unit, mark]
        yield sa.select(*columns)


def _node(node: Node) -> ColumnElement[int]:
    return sa.cast(sa.literal(int(node), sa.Integer), sa.Integer).label("node")


def _folded(mark: ColumnElement[int]) -> ColumnElement[int]:
    """Add marks up; a sum, unlike an exclusive or, tells two equal rows from none.

    Each half is added up as floats: of BIGINTs the sum would have 128 bits, and take longer. A unit of more
    rows than floats add exactly may look changed though it is not, and is judged again.
    """
    halves = (mark.bitwise_rshift(sa.literal(HALF, Integer)), mark.bitwise_and((1 << HALF) - 1))
    return row_hash(*(sa.func.sum(sa.cast(half, sa.Double)) for half in halves)).label("mark")


def keep(conn: sa.Connection, terms: Terms) -> None:
    """Remember how all units look, for the next run to compare with."""
    conn.execute(unit_mark.delete())
    for node, units in present(terms):
        now = units.subquery()
        rows = sa.select(_node(node), now.c.unit, now.c.mark)
        conn.execute(unit_mark.insert().from_select(["node", "unit", "mark"], rows))


def compare(conn: sa.Connection, terms: Terms) -> None:
    """Fill `changed_unit` with the units that are new, gone or different, in the part, which comes first."""
    changed_unit.create(conn)
    for node, units in present(terms):
        rows = _changed(node, units.subquery())
        conn.execute(changed_unit.insert().from_select(["node", "unit", "mark"], rows))


def _changed(node: Node, now: sa.Subquery) -> sa.Select[Any]:
    known = sa.select(unit_mark.c.unit, unit_mark.c.mark).where(unit_mark.c.node == int(node))
    before = known.subquery()
    return (
        sa.select(_node(node), sa.func.coalesce(now.c.unit, before.c.unit), now.c.mark)
        .select_from(now.join(before, now.c.unit == before.c.unit, full=True))
        .where(now.c.mark.is_distinct_from(before.c.mark))
    )


def follow(conn: sa.Connection) -> None:
    """Remember how the changed units look now."""
    into, changed = unit_mark.c, of_part(conn, changed_unit)
    is_changed = sa.exists().where(changed.c.node == into.node, changed.c.unit == into.unit)
    conn.execute(unit_mark.delete().where(is_changed))
    there = sa.select(changed).where(changed.c.mark.is_not(None))
    conn.execute(unit_mark.insert().from_select(["node", "unit", "mark"], there))
