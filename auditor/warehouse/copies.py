"""Copies of a PostgreSQL warehouse for whoever reads it: a schema for each finished run, the newest kept.

A run commits several times, between which rows and findings do not belong together yet. A copy is made in
one transaction when it ends, so that a reader finds a whole run or the one before, and nobody waits: what a
reader holds is only dropped by a later run. Beside the warehouse's own schema `nordlys` the copies are
`nordlys_published_1`, `nordlys_published_2` and so on.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.model import history
from auditor.model.tables import metadata
from auditor.warehouse.connect import connect_to
from auditor.warehouse.schema import version_table

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

BETWEEN = "_published_"
PATIENCE = "2s"
"""How long dropping an old copy waits for a reader who did not say so, as in psql."""

_namespace = sa.table("pg_namespace", sa.column("nspname", sa.Text), schema="pg_catalog")


def copy(url: str) -> None:
    """Copy the warehouse as it stands, whole; drop the older copies that nobody reads.

    Raises:
        sqlalchemy.exc.DBAPIError: it may not, or there is no room.
    """
    engine = connect_to(sa.make_url(url))
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            older = _copies(conn)
            _write(conn, f"{_prefix(conn)}{max(older, default=0) + 1}")
            conn.commit()
        for number in older:
            _drop(engine, number)
    finally:
        engine.dispose()


def why_not(engine: sa.Engine) -> str | None:
    """Return what to do before a warehouse can be copied; None where it can."""
    if engine.dialect.name != "postgresql":
        return None
    right = sa.func.has_database_privilege(sa.func.current_database(), "CREATE")
    with engine.connect() as conn:
        if conn.scalar(sa.select(right)):
            return None
        name, role = conn.execute(sa.text("SELECT current_database(), current_user")).one()
    return f"As its owner: GRANT CREATE ON DATABASE {name} TO {role}."


def hold_newest(conn: sa.Connection) -> str | None:
    """Return the schema of the newest copy, which stands for as long as the connection; None without any."""
    prefix = _prefix(conn)
    while numbers := _copies(conn):
        name = f"{prefix}{numbers[-1]}"
        conn.execute(sa.select(sa.func.pg_advisory_lock_shared(_lock(name))))
        if numbers[-1] in _copies(conn):  # it may have gone before it was held
            conn.commit()
            return name
        conn.rollback()
    return None


def older(url: str) -> list[str]:
    """Return the schemas of the copies but the newest: what somebody reads is not dropped."""
    engine = connect_to(sa.make_url(url))
    try:
        with engine.connect() as conn:
            return [f"{_prefix(conn)}{number}" for number in _copies(conn)[:-1]]
    finally:
        engine.dispose()


def _copies(conn: sa.Connection) -> list[int]:
    """Return the numbers of all copies, the newest last."""
    prefix = _prefix(conn)
    name = _namespace.c.nspname
    found = conn.scalars(sa.select(name).where(name.startswith(prefix, autoescape=True)))
    return sorted(int(rest) for one in found if (rest := one.removeprefix(prefix)).isdigit())


def _prefix(conn: sa.Connection) -> str:
    return f"{conn.scalar(sa.select(sa.func.current_schema()))}{BETWEEN}"


def _lock(name: str) -> sa.ColumnElement[int]:
    return sa.func.hashtextextended(name, 0, type_=sa.BigInteger)


def _write(conn: sa.Connection, name: str) -> None:
    quote = conn.dialect.identifier_preparer.quote
    conn.execute(sa.schema.CreateSchema(name))
    for table in _tables():
        into = f"{quote(name)}.{quote(table.name)}"
        conn.execute(sa.text(f"CREATE TABLE {into} AS TABLE {quote(table.name)}"))


def _tables() -> Iterator[sa.Table]:
    yield from metadata.sorted_tables
    yield from history.metadata.sorted_tables
    yield version_table


def _drop(engine: sa.Engine, number: int) -> None:
    """Drop a copy, unless somebody reads it: then a later run does."""
    with engine.connect() as conn:
        name = f"{_prefix(conn)}{number}"
        try:
            if conn.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_lock(name)))):
                conn.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
                conn.execute(sa.schema.DropSchema(name, cascade=True, if_exists=True))
                conn.commit()
        except sa.exc.OperationalError as exc:
            log.info("The copy %s is being read and stays: %s", name, type(exc.orig).__name__)
