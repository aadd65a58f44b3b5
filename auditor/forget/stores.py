"""Takes a person out of the tables of both stores, whatever column they stand in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from auditor.model import history, judged, tables
from auditor.model.tables import unparsed_row
from auditor.warehouse.schema import drop_passing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.forget.person import Person

NAMED = ("email", "email_key", "first_name", "last_name")
"""The columns of a record that tell whose it is."""

_IDS = {"customer_id": "customers", "contact_id": "contacts"}

_PLAIN = re.compile(r"[a-z0-9@._+-]")


class Trace(NamedTuple):
    """A column in which a person still stands: never the value."""

    table: str
    column: str


def warehouse_tables() -> Iterator[sa.Table]:
    """Yield every table of the warehouse."""
    yield from tables.metadata.sorted_tables
    yield from history.metadata.sorted_tables


def erase_from_warehouse(conn: sa.Connection, person: Person) -> int:
    """Blank a person's addresses and names, now and in the past; return how many rows that were.

    What is left are ids and keyed hashes, which name nobody. Pages of a reading that broke off are dropped,
    and so is what the next audit would have gone on from: it judges everything anew.
    """
    drop_passing(conn)
    rows = sum(_blank_records(conn, table, person) for table in warehouse_tables())
    rows += sum(erase_address(conn, table, person) for table in warehouse_tables())
    profiles = history.agreed_value.c.link_key.in_(person.contacts)
    conn.execute(
        history.agreed_value.delete().where(profiles)
    )  # hashes of names, of which one can guess
    for table in (judged.touched_key, judged.judged_state, history.unfinished_read):
        conn.execute(table.delete())
    conn.execute(history.unfinished_page.delete())
    return rows


def _blank_records(conn: sa.Connection, table: sa.Table, person: Person) -> int:
    """Blank the records of a person's ids and address: their names stand where no address does."""
    blank = [name for name in NAMED if name in table.c]
    ids: list[sa.ColumnElement[bool]] = [
        table.c[key].in_(getattr(person, of)) for key, of in _IDS.items() if key in table.c
    ]
    if "email_key" in table.c:  # the address beside it may be written in another way
        ids.append(table.c.email_key == person.email)
    if not blank or not ids:
        return 0
    values: dict[str, None] = dict.fromkeys(blank)
    if "row_hash" in table.c:
        values["row_hash"] = None  # it was made of what is gone
    theirs = sa.or_(*ids) & sa.or_(*(table.c[name].is_not(None) for name in blank))
    rows = _count(conn, table, [theirs])
    if rows:
        conn.execute(table.update().where(theirs).values(values))
    return rows


def erase_address(conn: sa.Connection, table: sa.Table, person: Person) -> int:
    """Blank every text of a table that holds a person's address; return how many rows that were."""
    held = {c: texts for c, texts in _held(conn, table, person).items() if not c.primary_key}
    rows = _count(conn, table, [column.in_(texts) for column, texts in held.items()]) if held else 0
    for column, texts in held.items():
        values: dict[str, str | None] = {column.name: None if column.nullable else ""}
        if "row_hash" in table.c:
            values["row_hash"] = None
        conn.execute(table.update().where(column.in_(texts)).values(values))
    return rows


def traces(conn: sa.Connection, table: sa.Table, person: Person) -> Iterator[Trace]:
    """Yield the columns of a table in which a person still stands."""
    yield from (Trace(table.name, column.name) for column in _held(conn, table, person))


def _held(conn: sa.Connection, table: sa.Table, person: Person) -> dict[sa.Column[str], list[str]]:
    """Return the texts of a table that hold a person's address, by column.

    The engine finds whatever has its characters in a row; the address of somebody else may end like it.
    """
    columns = _texts(table)
    if not columns:
        return {}
    may = [sa.func.count(sa.case((_may_hold(column, person), 1))) for column in columns]
    counts = conn.execute(sa.select(*may).select_from(table)).one()
    held = {}
    for column, count in zip(columns, counts, strict=True):
        if count:
            found = conn.scalars(sa.select(column).where(_may_hold(column, person)).distinct())
            held[column] = [text for text in found if person.has_address_in(text)]
    if unparsed_row.c.content in columns:
        held[unparsed_row.c.content] = list(_unparsed(conn, person))
    return {column: texts for column, texts in held.items() if texts}


def _unparsed(conn: sa.Connection, person: Person) -> Iterator[str]:
    """Yield what could not be parsed and may be a person's: nobody knows which column it would have been."""
    for text in conn.scalars(sa.select(unparsed_row.c.content).distinct()):
        holds = (person.has_address_in, person.is_named_in, person.has_id_in)
        if text and any(one(text) for one in holds):
            yield text


def _texts(table: sa.Table) -> list[sa.Column[str]]:
    return [column for column in table.columns if isinstance(column.type, sa.String)]


def _may_hold(column: sa.Column[str], person: Person) -> sa.ColumnElement[bool]:
    """Tell whether a text may hold the address: letters with accents are left to a closer look.

    SQLite, and PostgreSQL where text sorts by code point, know no capitals of them, and JSON escapes them.
    """
    plain = "".join(char if _PLAIN.match(char) else "%" for char in person.email)
    # BigQuery lets no escape be named: a stroke stands for any letter here, which the closer look sorts out.
    return sa.func.lower(column).like(f"%{plain}%")


def _count(
    conn: sa.Connection, table: sa.Table, conditions: Iterable[sa.ColumnElement[bool]]
) -> int:
    rows = sa.select(sa.func.count()).select_from(table).where(sa.or_(*conditions))
    return conn.scalar(rows) or 0
