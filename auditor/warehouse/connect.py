"""Opens the database of a warehouse, or says in one sentence why it cannot be opened."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import stamina

from auditor.errors import ConfigError, StoreError
from auditor.faults import HELD, machine_fault, store_fault, teller
from auditor.model import history
from auditor.model.drift import DRIFT_TABLES
from auditor.model.tables import metadata
from auditor.private_file import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

MEMORY_LIMIT = "768MB"
THREADS = 2
ENGINES = ("duckdb", "postgresql")
SETTING = "store.warehouse"

HELD_S = 20.0
"""Seconds that a file which another process holds is waited for; a notebook lets go of it after a query."""

SECOND = 2

SPILL = ".spill"
"""What follows the file's name in that of the folder for what does not fit into memory."""


def open_engine(url: str) -> sa.Engine:
    """Open a database and create what it does not have yet.

    Raises:
        ConfigError: an engine that is not supported, or whose driver is not installed.
        StoreError: the database cannot be opened.
    """
    parsed = _parse(url)
    engine = _engine(parsed)
    try:
        for attempt in stamina.retry_context(on=_is_held, timeout=HELD_S, attempts=None):
            if attempt.num == SECOND:
                log.warning("%s is in use by another process; waiting for it", SETTING)
            with attempt:
                _make_tables(engine)
    except sa.exc.DBAPIError as exc:
        engine.dispose()
        raise StoreError(_why_not_open(parsed, exc)) from exc
    file = file_of(parsed)
    if file is not None:
        file.chmod(0o600)  # it holds personal data
        clear_spill(file)
        private_folder(_spill_of(file))
    sa.event.listen(engine, "handle_error", teller(SETTING, parsed.database))
    return engine


def file_of(url: str | sa.URL) -> Path | None:
    """Return the file of a warehouse; None where its engine has none."""
    parsed = sa.make_url(url)
    is_file = parsed.get_backend_name() == "duckdb" and parsed.database not in (None, ":memory:")
    return Path(str(parsed.database)) if is_file else None


def clear_spill(file: Path) -> None:
    """Delete what did not fit into memory: the rows of a run that is over, or was killed."""
    shutil.rmtree(_spill_of(file), ignore_errors=True)


def _spill_of(file: Path) -> Path:
    return file.with_name(file.name + SPILL)


def _make_tables(engine: sa.Engine) -> None:
    with engine.begin() as conn:
        metadata.create_all(conn)
        history.metadata.create_all(conn)
        _widen(conn)


def _is_held(exc: Exception) -> bool:
    said = str(exc).lower()
    return isinstance(exc, sa.exc.DBAPIError) and any(word in said for word in HELD.words)


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
    return parsed


def _engine(url: sa.URL) -> sa.Engine:
    try:
        if url.get_backend_name() == "postgresql":
            return sa.create_engine(url.set(drivername="postgresql+psycopg"))
        config: dict[str, object] = {
            "threads": THREADS,
            "memory_limit": MEMORY_LIMIT,
            "preserve_insertion_order": False,
        }
        file = file_of(url)
        if file is not None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            config["temp_directory"] = str(_spill_of(file))
        return sa.create_engine(url, connect_args={"config": config})
    except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as exc:
        raise ConfigError(
            "store.warehouse: the driver for PostgreSQL is not installed; install the extra `postgres`."
        ) from exc
    except OSError as exc:
        fault = machine_fault(exc)
        why = str(fault) if fault else f"{url.database} cannot be created: {exc.strerror}."
        raise StoreError(f"{SETTING}: {why}") from exc


def _why_not_open(url: sa.URL, exc: sa.exc.DBAPIError) -> str:
    return store_fault(SETTING, url.database, exc) or (
        f"{SETTING}: the database {url.database} cannot be opened; check the setting and the file."
    )
