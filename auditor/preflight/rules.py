"""What speaks against mailing somebody, and what against mailing about a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import (
    drift_audience,
    drift_catalogue,
    drift_consent,
    drift_identity,
    drift_sales,
    link_contact,
    link_order,
)
from auditor.model.history import stream_position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

OF_PEOPLE = {
    "consent.withdrawn_but_opted_in": drift_consent,
    "consent.opted_in_by_order": drift_consent,
    "consent.opted_in_without_evidence": drift_consent,
    "consent.erased_but_contactable": drift_consent,
    "consent.buyer_opted_in": drift_consent,
    "identity.orphaned_by_merge": drift_identity,
    "identity.duplicate_contact": drift_identity,
}
"""Checks about one contact: whoever drifts under one of them should not be mailed."""

OF_ORDERS = ("channel.wholesale_in_sales", "channel.marketplace_in_sales")
"""Checks about an order: whose person is treated as a consumer worth more than they are."""

OF_VALUE = "audience.membership_mismatch"
"""Of a segment with a rule: those in it whom the rule leaves out."""

OF_ITEMS = (
    "catalogue.missing_item",
    "catalogue.retired_item",
    "catalogue.price_mismatch",
    "catalogue.reference_price_mismatch",
    "catalogue.out_of_stock_but_available",
)
"""Checks about a product that a campaign shows: everybody would see what is wrong."""

SUITES = frozenset({"consent", "identity", "channel", "sales", "audience"})
"""The suites that must be reconciled for people; `catalogue` for products."""

audience_table = sa.Table("preflight_audience", sa.MetaData(), sa.Column("contact_id", sa.Text))
"""The contacts that are about to be mailed, beside the copy of the warehouse."""


class Offence(NamedTuple):
    """One contact of the audience under one check.

    Attributes:
        contained: Whether the contact is on the quarantine list.
    """

    check: str
    contact_id: str
    contained: bool


def offences(conn: sa.Connection, segment: str | None) -> list[Offence]:
    """Return what speaks against mailing some contacts of the audience; the opted-in alone are mailed.

    Args:
        conn: Of the reconciled copy.
        segment: Its number, where the audience is a segment with a rule.
    """
    who, contact = audience_table.c.contact_id, t.emarsys_contact.c
    mailed = sa.select(who).join(t.emarsys_contact, contact.contact_id == who)
    mailed = mailed.where(contact.opt_in == 1)
    parts: list[sa.Select[Any]] = [
        sa.select(drift.c.check_id, drift.c.contact_id.label("contact_id"))
        .where(drift.c.check_id == check, drift.c.contact_id.in_(mailed))
        .distinct()
        for check, drift in OF_PEOPLE.items()
    ]
    parts += [_of_orders(mailed), *([] if segment is None else [_of_value(mailed, segment)])]
    found, link = sa.union_all(*parts).subquery(), link_contact.c
    is_held = sa.exists().where(link.contact_id == found.c.contact_id, link.contained)
    rows = conn.execute(
        sa.select(found.c.check_id, found.c.contact_id, is_held).distinct().order_by(*found.c)
    )
    return [Offence(*row) for row in rows]


def faults_of(conn: sa.Connection, items: Collection[str]) -> list[tuple[str, str]]:
    """Return what is wrong with some products, as check and item."""
    row = drift_catalogue.c
    select = (
        sa.select(row.check_id, row.subject_key)
        .where(row.check_id.in_(OF_ITEMS), row.subject_key.in_(items))
        .distinct()
        .order_by(row.check_id, row.subject_key)
    )
    return [(found[0], found[1]) for found in conn.execute(select)]


def unknown_items(conn: sa.Connection, items: Iterable[str]) -> list[str]:
    """Return those of some products that neither system knows."""
    wanted = sorted(set(items))
    known = {
        found
        for column in (t.centra_size.c.item, t.emarsys_item.c.item)
        for found in conn.execute(sa.select(column).where(column.in_(wanted))).scalars()
    }
    return [item for item in wanted if item not in known]


def streams_read(conn: sa.Connection) -> set[str]:
    """Return the streams of which the copy has a complete reading."""
    return set(conn.scalars(sa.select(stream_position.c.stream).distinct()))


def mailable(conn: sa.Connection) -> int:
    """Return how many of the audience are opted in."""
    contact = t.emarsys_contact.c
    joined = sa.select(sa.func.count()).select_from(
        audience_table.join(t.emarsys_contact, contact.contact_id == audience_table.c.contact_id)
    )
    return int(conn.scalar(joined.where(contact.opt_in == 1)) or 0)


def _of_orders(mailed: sa.Select[tuple[str]]) -> sa.Select[tuple[str, str]]:
    """Select whose wholesale or marketplace orders count, whatever address they were placed with."""
    row, link, order = drift_sales.c, link_contact.c, link_order.c
    return (
        sa.select(row.check_id, link.contact_id.label("contact_id"))
        .select_from(
            drift_sales.join(link_order, order.order_number == row.subject_key).join(
                link_contact, link.person == order.person
            )
        )
        .where(row.check_id.in_(OF_ORDERS), link.contact_id.in_(mailed))
        .distinct()
    )


def _of_value(mailed: sa.Select[tuple[str]], segment: str) -> sa.Select[tuple[str, str]]:
    row = drift_audience.c
    return (
        sa.select(row.check_id, row.contact_id)
        .where(
            row.check_id == OF_VALUE,
            row.subject_key.startswith(f"{segment}/", autoescape=True),
            row.emarsys_is_member,
            row.contact_id.in_(mailed),
        )
        .distinct()
    )
