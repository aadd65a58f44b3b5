"""Opens the database of a warehouse, or says in one sentence why it cannot be opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.database_tls import with_tls
from auditor.errors import ConfigError, StoreError
from auditor.model import history
from auditor.model.drift import DRIFT_TABLES
from auditor.model.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_LIMIT = "768MB"
THREADS = 2
ENGINES = ("duckdb", "postgresql")


def open_engine(url: str) -> sa.Engine:
    """Open a database and create what it does not have yet.

    Raises:
        ConfigError: an engine that is not supported, or whose driver is not installed.
        StoreError: the database cannot be opened.
    """
    parsed = _parse(url)
    engine = _engine(parsed)
    try:
        with engine.begin() as conn:
            metadata.create_all(conn)
            history.metadata.create_all(conn)
            _widen(conn)
    except sa.exc.DBAPIError as exc:
        raise StoreError(_why_not_open(parsed, exc)) from exc
    if parsed.get_backend_name() == "duckdb" and parsed.database not in (None, ":memory:"):
        Path(str(parsed.database)).chmod(0o600)  # it holds personal data
    return engine


def _widen(conn: sa.Connection) -> None:
    """Give what an older auditor has derived the columns that came since; old rows lack their values.

    A canonical table of another shape is not mended: its rows would have to be read again.
    """
    column = sa.table(
        "columns", sa.column("table_name"), sa.column("column_name"), schema="information_schema"
    )
    known = {
        tuple(row) for row in conn.execute(sa.select(column.c.table_name, column.c.column_name))
    }
    for table, missing in _missing(known):
        name = conn.dialect.identifier_preparer.quote(missing.name)
        kind = missing.type.compile(conn.dialect)
        conn.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind}"))


def _missing(known: set[tuple[str, ...]]) -> Iterator[tuple[sa.Table, sa.Column[object]]]:
    for table in (*DRIFT_TABLES, *history.HISTORY.values()):
        yield from ((table, c) for c in table.columns if (table.name, c.name) not in known)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as exc:
        raise ConfigError(
            "store.warehouse: not a database URL; write one like duckdb:///var/brand.duckdb."
        ) from exc
    if parsed.get_backend_name() not in ENGINES:
        raise ConfigError(
            f"store.warehouse: {parsed.get_backend_name()} is not supported; use duckdb or postgresql."
        )
    return with_tls(parsed, "store.warehouse")


def _engine(url: sa.URL) -> sa.Engine:
    try:
        if url.get_backend_name() == "postgresql":
            return sa.create_engine(url.set(drivername="postgresql+psycopg"))
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = {
            "threads": THREADS,
            "memory_limit": MEMORY_LIMIT,
            "preserve_insertion_order": False,
        }
        return sa.create_engine(url, connect_args={"config": config})
    except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as exc:
        raise ConfigError(
            "store.warehouse: the driver for PostgreSQL is not installed; install the extra `postgres`."
        ) from exc
    except OSError as exc:
        raise StoreError(
            f"store.warehouse: {url.database} cannot be created: {exc.strerror}."
        ) from exc


def _why_not_open(url: sa.URL, exc: sa.exc.DBAPIError) -> str:
    if "lock" in str(exc.orig).lower():
        return (
            f"store.warehouse: {url.database} is in use by another process; try again when it ends."
        )
    return f"store.warehouse: the database {url.database} cannot be opened; check the setting and the file."
