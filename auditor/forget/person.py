"""Who is to be forgotten: an e-mail address, and what the stores know of whom it belongs to."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.history import HISTORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST_NAME = 3
"""Letters; a shorter name is so many words that to find it tells nothing."""

NEAR = 500
"""Characters between a first and a last name, at most, where they name one person: a file may be one line."""

# What stands before an address or a word: nothing that belongs to it, or the end of something written for
# a character, as in JSON or in a link.
_BEGINS = r"(?:(?<![\w.+%-])|(?<=\\[nrtbf])|(?<=%[0-9a-f]{2}))"
_ENDS = r"(?![\w-]|\.\w)"

_ESCAPED = re.compile(r"(?:\\u[0-9A-Fa-f]{4}|\\/)+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be forgotten.

    Attributes:
        email: The address, normalised as it is at load.
        customers: Their ids in Centra, former ones included.
        contacts: Their ids in Emarsys, likewise.
        names: First and last names together, as either system writes them.
        is_present: Whether the newest snapshot still has them.
        others: Records under another address that their key ties to them, as findings name these: they stay.
    """

    email: str
    customers: frozenset[str]
    contacts: frozenset[str]
    names: frozenset[tuple[str, str]]
    is_present: bool
    others: frozenset[str] = frozenset()

    def has_address_in(self, text: str) -> bool:
        """Tell whether a text holds the address itself, and not one that only ends or begins like it."""
        return _address(self.email).search(_folded(text)) is not None

    def is_named_in(self, text: str) -> bool:
        """Tell whether a text holds first and last name near each other, as words of their own."""
        folded = _folded(text)
        return any(
            first in folded and last in folded and _name(first, last).search(folded)
            for first, last in self.names
        )

    def has_id_in(self, text: str) -> bool:
        """Tell whether a text holds one of their ids as a whole value: not within a date, time or amount."""
        return any(_id(one).search(text) for one in self.customers | self.contacts)


def find(conn: sa.Connection, email: str) -> Person:
    """Find a person in a warehouse, among what is there now and what was there.

    Args:
        conn: To the warehouse.
        email: Normalised.
    """
    customers, customer_names = _found(conn, t.centra_customer, "customer_id", email)
    contacts, contact_names = _found(conn, t.emarsys_contact, "contact_id", email)
    present = [
        sa.exists().where(sa.or_(*_is_theirs(table, email)))
        for table in (t.centra_customer, t.centra_subscription, t.centra_buyer, t.emarsys_contact)
    ]
    is_present = bool(conn.scalar(sa.select(sa.or_(*present))))
    names = customer_names | contact_names
    others = frozenset(_others(conn, email, customers, contacts))
    return Person(email, customers, contacts, names, is_present, others)


def _others(
    conn: sa.Connection, email: str, customers: Iterable[str], contacts: Iterable[str]
) -> Iterator[str]:
    """Yield the contacts keyed by a person's customers, and the customers that key their contacts."""
    contact, customer = t.emarsys_contact.c, t.centra_customer.c
    keyed = sa.select(contact.contact_id).where(
        contact.external_id.in_(customers), contact.email_key != email
    )
    yield from conn.scalars(keyed)
    keys = sa.select(contact.external_id).where(contact.contact_id.in_(contacts))
    theirs = sa.select(customer.customer_id).where(
        customer.customer_id.in_(keys), customer.email_key != email
    )
    yield from (f"centra:{one}" for one in conn.scalars(theirs))


def _is_theirs(table: sa.Table, email: str) -> Iterator[sa.ColumnElement[bool]]:
    yield table.c.email_key == email
    yield sa.func.lower(table.c.email) == email


def _found(
    conn: sa.Connection, table: sa.Table, key: str, email: str
) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    ids: set[str] = set()
    names: set[tuple[str, str]] = set()
    for one in (table, HISTORY[table.name]):
        row = one.c
        theirs = sa.select(row[key], row.first_name, row.last_name).where(
            sa.or_(*_is_theirs(one, email))
        )
        for found, first, last in conn.execute(theirs):
            ids.add(found)
            if first and last and min(len(first), len(last)) >= SHORTEST_NAME:
                names.add((first.lower(), last.lower()))
    return frozenset(ids - {None}), frozenset(names)


def _folded(text: str) -> str:
    """Return a text as it is looked through: what JSON escapes is written out, and in small letters."""
    plain = _ESCAPED.sub(lambda found: str(json.loads(f'"{found[0]}"')), text)
    return unicodedata.normalize("NFC", plain.lower())


@lru_cache
def _address(email: str) -> re.Pattern[str]:
    return re.compile(_BEGINS + re.escape(email) + _ENDS)


@lru_cache
def _id(one: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.+-])(?<!\d:){re.escape(one)}(?![\w-]|[.:]\w)")


@lru_cache
def _name(first: str, last: str) -> re.Pattern[str]:
    one, other = (rf"{_BEGINS}{re.escape(name)}(?!\w)" for name in (first, last))
    between = rf".{{0,{NEAR}}}?"
    return re.compile(f"{one}{between}{other}|{other}{between}{one}", re.DOTALL)
