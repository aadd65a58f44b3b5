"""What the warehouse knows about the findings of one batch, looked up in sets and only when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.drift import link_contact, link_order, link_sale
from auditor.model.known_consent import flag_word, keyed_word
from auditor.reconcile import evidence
from auditor.reconcile.amounts import step_of, worth
from auditor.reconcile.orders import VALUED_LINES, completions
from auditor.reconcile.sql import half_up, sum_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.model.finding import Finding
    from auditor.reconcile.terms import Terms

Rows: TypeAlias = "Mapping[str, list[sa.RowMapping]]"

AT_ONCE = 2000
"""Findings of one batch: fewer cost a scan of the tables each, more take the time of their own names."""


def order_and_item(kind: str, key: str) -> tuple[str, str]:
    """Return the order that a subject is about and, of a line, the item; only a line's key has two parts."""
    if kind != "line":
        return key, ""
    number, _, item = key.partition("/")
    return number, item


class Facts:
    """Records behind some findings, from the present snapshot.

    Args:
        conn: Of the warehouse.
        findings: At most `AT_ONCE`.
        terms: Of the snapshot: they tell how the account keeps amounts of sales.
    """

    def __init__(self, conn: sa.Connection, findings: Sequence[Finding], terms: Terms) -> None:
        self._conn, self._findings, self._terms = conn, findings, terms

    @cached_property
    def contacts(self) -> Mapping[str, sa.RowMapping]:
        """Return contacts by their id: what Emarsys has of them, and whom they are linked to."""
        ids = {f.contact_id for f in self._findings if f.contact_id}
        return _single(self._contacts(t.emarsys_contact.c.contact_id, ids), "contact_id")

    @cached_property
    def contacts_by_key(self) -> Rows:
        """Return the contacts that carry the ids of the findings' customers, or of their survivors."""
        return _several(
            self._contacts(t.emarsys_contact.c.external_id, self._customer_ids), "external_id"
        )

    @cached_property
    def contacts_by_email(self) -> Rows:
        """Return the contacts with the e-mails of the findings' customers, by normalised e-mail."""
        emails = {row["email_key"] for row in self.customers.values() if row["email_key"]}
        return _several(self._contacts(t.emarsys_contact.c.email_key, emails), "email_key")

    @cached_property
    def contacts_of_buyers(self) -> Rows:
        """Return the contacts of the people who placed the findings' orders, by person."""
        people = {row["person"] for row in self.orders.values() if row["person"]}
        return _several(self._contacts(link_contact.c.person, people), "person")

    @cached_property
    def customers(self) -> Mapping[str, sa.RowMapping]:
        """Return Centra's customers by their id: those of the findings, and survivors."""
        row = t.centra_customer
        found = self._rows(sa.select(row), row.c.customer_id, self._customer_ids)
        return _single(found, "customer_id")

    @cached_property
    def customers_by_email(self) -> Rows:
        """Return all live customers with the e-mails of the findings' persons, and their stores' names."""
        row = t.centra_customer
        live = _with_store(row).where(~sa.func.coalesce(row.c.is_anonymized, sa.false()))
        return _several(self._rows(live, row.c.email_key, self._persons), "email_key")

    @cached_property
    def newsletters_by_email(self) -> Rows:
        """Return the active newsletter rows of the findings' persons, and their stores' names."""
        row = t.centra_subscription
        active = _with_store(row).where(row.c.is_active, ~row.c.is_product_bound)
        active = active.order_by(row.c.subscription_id)
        return _several(self._rows(active, row.c.email_key, self._persons), "email_key")

    @cached_property
    def subscriptions_by_email(self) -> Rows:
        """Return every newsletter row of the findings' persons, whatever it says."""
        row = t.centra_subscription
        rows = sa.select(row).where(~row.c.is_product_bound).order_by(row.c.subscription_id)
        return _several(self._rows(rows, row.c.email_key, self._persons), "email_key")

    @cached_property
    def agreements_by_email(self) -> Mapping[str, list[str]]:
        """Return the names of what said yes of the findings' persons in the legacy Order API."""
        flag, keyed = t.centra_customer_flag, t.centra_keyed_consent
        said_yes = sa.select(flag).where(flag.c.receives_newsletters)
        given = sa.select(keyed).where(keyed.c.is_given)
        found: dict[str, list[str]] = {}
        for row in self._rows(said_yes, flag.c.email_key, self._persons):
            found.setdefault(row["email_key"], []).append(flag_word(row))
        for row in self._rows(given, keyed.c.email_key, self._persons):
            found.setdefault(row["email_key"], []).append(keyed_word(row))
        return {email: sorted(names) for email, names in found.items()}

    @cached_property
    def consent_stores(self) -> tuple[str, ...]:
        """Return the ids of the stores whose newsletters are a consent."""
        store = t.centra_store
        found = self._conn.execute(
            sa.select(store.c.store_id).where(evidence.is_of_consent(store, self._terms))
        )
        return tuple(sorted(found.scalars()))

    @cached_property
    def orders(self) -> Mapping[str, sa.RowMapping]:
        """Return Centra's orders by their number."""
        order = t.centra_order
        select = sa.select(
            order.c.order_number,
            order.c.customer_id,
            order.c.created_at,
            order.c.updated_at,
            order.c.currency,
            link_order.c.person,
        ).select_from(order.join(link_order, order.c.order_number == link_order.c.order_number))
        return _single(self._rows(select, order.c.order_number, self._numbers), "order_number")

    @cached_property
    def sales(self) -> Rows:
        """Return, per order, what is expected and counted of each item."""
        select = sa.select(link_sale).order_by(link_sale.c.item)
        return _several(self._rows(select, link_sale.c.order_number, self._numbers), "order_number")

    @cached_property
    def returned(self) -> Rows:
        """Return, per order, the units of each item that each completed return took back.

        What they are worth has the decimals of the account's amounts, like all that is expected of a sale.
        """
        line, back, row = t.centra_order_line, t.centra_return, t.centra_return_line
        value, step = worth(line, self._terms), step_of(line, self._terms)
        part = half_up(value, row.c.quantity, line.c.quantity) * step
        seen = completions().subquery("completions")
        settles_from = sa.func.coalesce(seen.c.completed_at, back.c.created_at)
        select = (
            sa.select(
                line.c.order_number,
                back.c.return_id,
                settles_from.label("settles_from"),
                line.c.item,
                sum_of(row.c.quantity).label("quantity"),
                sum_of(part).label("value_minor"),
            )
            .select_from(
                back.join(row, back.c.return_id == row.c.return_id)
                .join(line, row.c.line_id == line.c.line_id)
                .outerjoin(seen, back.c.return_id == seen.c.return_id)
            )
            .where(back.c.status == "COMPLETED", line.c.kind.in_(VALUED_LINES))
            # BigQuery groups by columns alone, not by what is made of them.
            .group_by(
                line.c.order_number,
                back.c.return_id,
                seen.c.completed_at,
                back.c.created_at,
                line.c.item,
            )
        )
        return _several(self._rows(select, line.c.order_number, self._numbers), "order_number")

    @cached_property
    def counted(self) -> Rows:
        """Return, per order, what Emarsys counts of each item and contact, and how it names that one.

        What was taken off a contact again is left out, and so are rows that name no item: no file can.
        """
        sale, si, contact = t.emarsys_sale, t.emarsys_si_contact, t.emarsys_contact
        select = (
            sa.select(
                sale.c.order_number,
                sale.c.item,
                sum_of(sale.c.quantity_milli).label("quantity_milli"),
                sum_of(sale.c.amount_minor).label("amount_minor"),
                sa.func.min(sale.c.purchased_on).label("purchased_on"),
                si.c.contact_id,
                si.c.external_id,
                contact.c.email,
            )
            .select_from(
                sale.outerjoin(si, sale.c.si_contact_id == si.c.si_contact_id).outerjoin(
                    contact, si.c.contact_id == contact.c.contact_id
                )
            )
            .group_by(
                *(sale.c.order_number, sale.c.item),
                *(si.c.contact_id, si.c.external_id, contact.c.email),
            )
            .where(sale.c.item.is_not(None))
            .having((sum_of(sale.c.quantity_milli) != 0) | (sum_of(sale.c.amount_minor) != 0))
            .order_by(sale.c.order_number, sale.c.item, si.c.external_id)
        )
        return _several(self._rows(select, sale.c.order_number, self._numbers), "order_number")

    @cached_property
    def shipments(self) -> Mapping[str, sa.RowMapping]:
        """Return Centra's shipments by their number."""
        row = t.centra_shipment
        numbers = {f.subject_key for f in self._findings if f.subject_kind == "shipment"}
        return _single(self._rows(sa.select(row), row.c.number, numbers), "number")

    @cached_property
    def events(self) -> Mapping[str, str]:
        """Return the ids of the account's external events by name."""
        row = t.emarsys_event_definition.c
        found = self._conn.execute(sa.select(row.name, row.event_type_id))
        return {one.name: one.event_type_id for one in found}

    @cached_property
    def _persons(self) -> set[str]:
        """Return the e-mails of the people whom the findings' contacts are."""
        return {c["person"] for c in self.contacts.values() if c["person"]}

    @cached_property
    def _numbers(self) -> set[str]:
        """Return the order numbers that the findings are about; a line names its order first."""
        known = {"order", "line"}
        return {
            order_and_item(f.subject_kind, f.subject_key)[0]
            for f in self._findings
            if f.subject_kind in known
        }

    @cached_property
    def _customer_ids(self) -> set[str]:
        survivors = (f.centra.get("survivor_id") for f in self._findings if f.centra)
        named = (f.customer_id for f in self._findings)
        return {str(one) for one in (*named, *survivors) if one}

    def _contacts(
        self, column: sa.ColumnElement[Any], values: Iterable[str]
    ) -> list[sa.RowMapping]:
        contact, link = t.emarsys_contact, link_contact
        select = sa.select(
            contact,
            *(link.c[name] for name in ("person", "customer_id", "consent", "key", "is_key_live")),
            link.c.contained,
        ).select_from(contact.outerjoin(link, contact.c.contact_id == link.c.contact_id))
        return self._rows(select, column, values)

    def _rows(
        self, select: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[str]
    ) -> list[sa.RowMapping]:
        wanted = sorted(set(values))
        if not wanted:
            return []
        return list(self._conn.execute(select.where(column.in_(wanted))).mappings())


def _with_store(table: sa.Table) -> sa.Select[Any]:
    """Select the rows of a table with the name of their store."""
    store = t.centra_store
    joined = table.outerjoin(store, table.c.store_id == store.c.store_id)
    return sa.select(table, store.c.name.label("store")).select_from(joined)


def _single(rows: Iterable[sa.RowMapping], key: str) -> dict[str, sa.RowMapping]:
    return {row[key]: row for row in rows}


def _several(rows: Iterable[sa.RowMapping], key: str) -> dict[str, list[sa.RowMapping]]:
    found: dict[str, list[sa.RowMapping]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
