"""The shape of the ledger: made whole, brought up to date from an older one, refused from a newer one.

A change of any table is a revision in `migrations/versions`, and raises `REVISION`: see docs/upgrades.md.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor import __version__
from auditor.errors import StoreError
from auditor.postgresql import one_at_a_time
from auditor.private_file import PRIVATE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

REVISION = "0001"
"""Of the tables below; the last of `migrations/versions`."""

MIGRATIONS = Path(__file__).parent / "migrations"

metadata = sa.MetaData()
"""Every table of the ledger; `tables` fills it."""

version_table = sa.Table(
    "ledger_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="ledger_version_pkc"),  # as Alembic makes it
)

DECLARED_IN = (
    "auditor.findings.ledger",
    "auditor.findings.forgotten",
    "auditor.correct.uploads",
    "auditor.correct.applying.journal",
    "auditor.correct.applying.effect",
    "auditor.correct.applying.halt",
    "auditor.correct.applying.lease",
    "auditor.mail.sent",
    "auditor.preflight.memory",
    "auditor.service.record",
)
"""The modules that declare tables, each its own."""

_ONE_AT_A_TIME = (
    threading.Lock()
)  # Alembic keeps what it works on in a global; a service has threads


def tables() -> sa.MetaData:
    """Return every table of the ledger, whoever declares it."""
    for name in DECLARED_IN:
        import_module(name)
    return metadata


def bring_up_to_date(engine: sa.Engine) -> None:
    """Make the tables, or those of an older auditor what they are to be; nothing where they are.

    A file is copied before it is changed. Of processes that come at once, one does it.

    Raises:
        StoreError: a newer auditor wrote the ledger, or it could not be brought up to date.
        DBAPIError: the database cannot be opened, or written.
    """
    if _quickly_found(engine) == REVISION:
        return
    with _alone(engine) as conn:
        found = sa.inspect(conn)
        if not found.has_table("run"):  # the first table that any auditor ever made
            tables().create_all(conn)
            conn.execute(version_table.insert().values(version_num=REVISION))
            return
        version = None
        if found.has_table(version_table.name):
            version = conn.scalar(sa.select(version_table.c.version_num))
        if version is not None and version > REVISION:
            raise StoreError(_is_newer(engine.url, version))
        if version != REVISION:
            _migrate(engine, conn, version)


def _quickly_found(engine: sa.Engine) -> str | None:
    """Return the revision in one statement, None where that cannot tell it."""
    try:
        with engine.connect() as conn:
            return conn.scalar(sa.select(version_table.c.version_num))
    except sa.exc.DBAPIError:
        return None


@contextlib.contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that no other process is in at the same time, its table changes included."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as conn:
            one_at_a_time(conn)
            yield conn
        return
    # The driver begins on its own, too late, and not before tables change: so it is told not to.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn, conn.begin():
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        yield conn


def _migrate(engine: sa.Engine, conn: sa.Connection, version: str | None) -> None:
    from_to = f"from schema {version or 'without a number'} to {REVISION}"
    try:
        copy = _copy(engine)
        _upgrade(conn)
    except (OSError, sa.exc.DBAPIError, sqlite3.Error) as exc:
        raise StoreError(
            f"store.ledger: {engine.url.database} could not be brought {from_to} "
            f"({type(exc).__name__}) and is as it was; see that the disk has room for a copy of it and "
            "that the user may change its tables, or go on with the older auditor."
        ) from exc
    kept = f"; as it was before, it is in {copy}" if copy else ""
    log.warning("store.ledger: brought %s%s", from_to, kept)


def _upgrade(conn: sa.Connection) -> None:
    from alembic import command  # it takes long, and is needed once per revision
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")


def _copy(engine: sa.Engine) -> Path | None:
    """Copy the file of a ledger beside it and return where; None for a server, which has its backups."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    path = Path(f"{engine.url.database}.before-{REVISION}")
    path.unlink(missing_ok=True)  # of an upgrade that failed
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    # Read by a connection of its own: the one that is about to write cannot be copied from.
    source = engine.raw_connection()
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(path)) as target:
        source.cursor().connection.backup(target)
    return path


def _is_newer(url: sa.URL, version: str) -> str:
    return (
        f"store.ledger: {url.database} has schema {version}, of a newer auditor; this one "
        f"({__version__}) knows schema {REVISION} at most; install the version that wrote it, or "
        "restore the ledger of before its upgrade."
    )
