"""Keeps the versions of rows: opens one for what is new, closes one for what changed or is gone.

A row is told from its other versions by a hash over all its columns, so that one comparison of
hashes serves every table and every engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model.history import HISTORY, snapshot_run
from auditor.model.tables import centra_customer
from auditor.warehouse.stage import same_record, staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.warehouse.stage import Key


def keep_all(conn: sa.Connection, table: sa.Table, run: str) -> None:
    """Remember a whole staged table: what is not in it is gone."""
    keep(conn, table, run, sa.true(), staged(table))


def keep_changed(
    conn: sa.Connection, table: sa.Table, run: str, *, first: sa.Table, key: Key
) -> None:
    """Remember staged records; what is not among them has not changed."""
    past = HISTORY[table.name]
    keep(conn, table, run, same_record(past, staged(first), key), staged(table))


def versions_at(table: sa.Table, number: int) -> sa.Select[Any]:
    """Select the rows that were current after the run of this number."""
    past = HISTORY[table.name]
    later = sa.select(snapshot_run.c.run).where(snapshot_run.c.number > number)
    return sa.select(*(past.c[column.name] for column in table.columns)).where(
        past.c.valid_from_run.not_in(later),
        past.c.valid_to_run.is_(None) | past.c.valid_to_run.in_(later),
    )


def forget_erased(conn: sa.Connection) -> None:
    """Take the e-mails and names out of what was remembered of customers who are erased now.

    What stays is the keyed hash of the e-mail, by which their contact is found, and it names nobody.
    """
    past, customer = HISTORY["centra_customer"], centra_customer
    erased = sa.exists().where(
        customer.c.customer_id == past.c.customer_id, customer.c.is_anonymized
    )
    personal = ("email", "email_key", "first_name", "last_name")
    conn.execute(
        past.update()
        .where(past.c.valid_to_run.is_not(None), past.c.email_key.is_not(None), erased)
        .values(dict.fromkeys(personal))
    )


def row_hash(table: sa.Table, names: list[str]) -> sa.ColumnElement[str]:
    """Hash a row; lengths stand before the values, so that no two rows read the same."""
    texts = [sa.cast(table.c[name], sa.Text) for name in names]
    # All pieces at once: joined two by two, the engines copy what they have for each of them.
    return sa.func.md5(sa.func.concat(*(piece for text in texts for piece in _pieces(text))))


def _pieces(text: sa.ColumnElement[str]) -> Iterator[sa.ColumnElement[str]]:
    """Yield the length of a value and the value; no value is a dash."""
    length = sa.cast(sa.func.length(text), sa.Text).concat(_COLON)
    yield sa.func.coalesce(length, _DASH)
    yield sa.func.coalesce(text, _NOTHING)


# As written, not as parameters: they are many, and each takes the compiler longer than all around it.
_COLON, _DASH, _NOTHING = (sa.literal_column(f"'{text}'", sa.Text) for text in (":", "-", ""))


def keep(
    conn: sa.Connection,
    table: sa.Table,
    run: str,
    concerned: sa.ColumnElement[bool],
    fresh: sa.Table,
) -> None:
    """Open a version for each fresh row that is new, and close those that are not among them.

    Args:
        conn: An open transaction.
        table: Whose versions.
        run: The run that read the rows.
        concerned: The versions that may be closed.
        fresh: The rows, in the columns of the table.
    """
    past = HISTORY[table.name]
    names = [column.name for column in table.columns]
    # Hashed in a subquery of their own, the engines join on one column instead of on all of them.
    hashed = sa.select(fresh, row_hash(fresh, names).label("row_hash")).subquery("hashed")
    is_open = past.c.valid_to_run.is_(None)
    is_there = sa.exists().where(hashed.c.row_hash == past.c.row_hash)
    conn.execute(past.update().where(is_open, concerned, ~is_there).values(valid_to_run=run))
    known = sa.select(past.c.row_hash).where(is_open).distinct().subquery("known")
    added = (
        sa.select(*(hashed.c[name] for name in names), sa.literal(run), hashed.c.row_hash)
        .select_from(hashed.outerjoin(known, hashed.c.row_hash == known.c.row_hash))
        .where(known.c.row_hash.is_(None))
    )
    into = [*names, "valid_from_run", "row_hash"]
    conn.execute(past.insert().from_select(into, added))
