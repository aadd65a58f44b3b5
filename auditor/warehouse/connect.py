"""Opens the database of a warehouse, or says in one sentence why it cannot be opened."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from auditor.errors import ConfigError, StoreError
from auditor.warehouse.schema import bring_up_to_date

MEMORY_LIMIT = "768MB"
THREADS = 2
ENGINES = ("duckdb", "postgresql")


def open_engine(url: str) -> sa.Engine:
    """Open a database and create what it does not have yet.

    Raises:
        ConfigError: an engine that is not supported, or whose driver is not installed.
        StoreError: the database cannot be opened, or has a schema that this auditor does not know.
    """
    parsed = _parse(url)
    engine = _engine(parsed)
    try:
        with engine.begin() as conn:
            bring_up_to_date(conn)
    except sa.exc.DBAPIError as exc:
        engine.dispose()
        raise StoreError(_why_not_open(parsed, exc)) from exc
    except StoreError:
        engine.dispose()
        raise
    if parsed.get_backend_name() == "duckdb" and parsed.database not in (None, ":memory:"):
        Path(str(parsed.database)).chmod(0o600)  # it holds personal data
    return engine


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
    return parsed


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
