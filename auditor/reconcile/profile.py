"""Profile: the fields of a contact that the brand maps, against the customer they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.reconcile.sql import text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

COMPARED = {"first_name": "first_name", "last_name": "last_name", "email": "email_key"}
"""The mapped fields that Centra has too, each with the column that is compared."""


def compared_columns(terms: Terms) -> dict[str, str]:
    """Return the columns that are compared, by the mapped field that each stands for."""
    return {field: column for field, column in COMPARED.items() if field in terms.mapped_fields}


def customer_of(contact: sa.FromClause) -> ColumnElement[str]:
    """Return the customer whose profile a contact has: the one its key names, else its person's."""
    row = contact.c
    return sa.case((row.is_key_live, row.key), else_=row.customer_id)


def differing(judged: sa.CTE, terms: Terms) -> sa.Select[Any]:
    """Select the contacts of which a mapped field is that of no row of their customer.

    What Centra leaves empty says nothing. Guest and registered rows of one person may differ: either
    is right.

    Args:
        judged: Contacts with `is_plain`: only those are looked at.
        terms: Which fields are mapped.

    Frame:
        Result: one row per contact: contact_id, customer_id, key, contained, changed_at, and
        differs (the names of the fields).
    """
    row, contact, customer = judged.c, t.emarsys_contact, t.centra_customer
    named = customer_of(judged)
    candidates = (
        sa.select(
            row.contact_id,
            customer.c.customer_id,
            row.person,
            row.key,
            row.contained,
            row.changed_at,
            *(contact.c[column].label(f"their_{field}") for field, column in COMPARED.items()),
            *(_differs(contact.c[c], customer.c[c]).label(f"is_{f}") for f, c in COMPARED.items()),
        )
        .select_from(
            judged.join(contact, row.contact_id == contact.c.contact_id).join(
                customer, named == customer.c.customer_id
            )
        )
        .where(row.is_plain, row.changed_at < terms.contacts_before)
        .cte("profiles")
    )
    fields = list(compared_columns(terms))
    wrong = {
        field: candidates.c[f"is_{field}"] & ~_elsewhere(candidates, field) for field in fields
    }
    told = [sa.case((wrong[field], f"{field} "), else_="") for field in fields]
    names = sa.func.trim(sum(told[1:], start=told[0])) if told else text("")
    found = sa.select(
        candidates.c.contact_id,
        candidates.c.customer_id,
        candidates.c.key,
        candidates.c.contained,
        candidates.c.changed_at,
        names.label("differs"),
    ).where(sa.or_(sa.false(), *(candidates.c[f"is_{field}"] for field in fields)))
    named_fields = found.subquery()
    return sa.select(named_fields).where(named_fields.c.differs != "")


def _differs(theirs: ColumnElement[Any], ours: ColumnElement[Any]) -> ColumnElement[bool]:
    return ours.is_not(None) & theirs.is_distinct_from(ours)


def _elsewhere(candidates: sa.CTE, field: str) -> ColumnElement[bool]:
    """Tell whether another row of the same person has the value."""
    twin = t.centra_customer.alias(f"twin_{field}")
    return sa.exists().where(
        twin.c.email_key == candidates.c.person,
        ~sa.func.coalesce(twin.c.is_anonymized, sa.false()),
        twin.c[COMPARED[field]] == candidates.c[f"their_{field}"],
    )
