"""Opens the database of a warehouse, or says in one sentence why it cannot be opened."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import stamina

from auditor.bigquery_engine import faults
from auditor.compiled import engine_over
from auditor.database_tls import with_tls
from auditor.duckdb_files import OFFLINE
from auditor.errors import ConfigError, HeldError, StoreError
from auditor.faults import HELD, machine_fault, store_fault, teller
from auditor.private_file import private_folder
from auditor.warehouse import bigquery
from auditor.warehouse.schema import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

MEMORY_LIMIT = "1200MB"
THREADS = 2
SESSION = {
    "work_mem": "64MB",  # 4 MB, the server's own, lets every larger join and sort go to disk
    "maintenance_work_mem": "256MB",
    # No table has an index, so to look rows up one by one never pays; what a WITH names has no statistics,
    # and taken for few rows it would be joined in that way, for hours.
    "enable_nestloop": "off",
    "jit": "off",  # it compiles for seconds what runs for milliseconds
    "TimeZone": "UTC",
}
"""What each connection to PostgreSQL sets for itself, unless the options of its URL do."""
ENGINES = ("duckdb", "postgresql", "bigquery")
EXTRAS = {"postgresql": ("PostgreSQL", "postgres"), "bigquery": ("BigQuery", "bigquery")}
SETTING = "store.warehouse"

HELD_S = 20.0
"""Seconds that a file which another process holds is waited for; a notebook lets go of it after a query."""

SECOND = 2

SPILL = ".spill"
"""What follows the file's name in that of the folder for what does not fit into memory."""


def open_engine(url: str, *, waits: bool = True) -> sa.Engine:
    """Open a database and create what it does not have yet.

    Args:
        url: As in the settings.
        waits: Whether a file that another process holds is waited for.

    Raises:
        ConfigError: an engine that is not supported, or whose driver is not installed.
        HeldError: another process holds its file, still.
        StoreError: the database cannot be opened, or has a schema that this auditor does not know.
    """
    parsed = _parse(url)
    engine = connect_to(parsed)
    try:
        for attempt in while_held(waits=waits):
            with attempt, engine.begin() as conn:
                bring_up_to_date(conn)
    except sa.exc.DBAPIError as exc:
        engine.dispose()
        kind = HeldError if is_held(exc) else StoreError
        raise kind(_why_not_open(parsed, exc)) from exc
    except faults() as exc:
        engine.dispose()
        raise StoreError(bigquery.why_not_open(SETTING, exc)) from exc
    except StoreError:
        engine.dispose()
        raise
    file = file_of(parsed)
    if file is not None:
        file.chmod(0o600)  # it holds personal data
        clear_spill(file)
        private_folder(_spill_of(file))
    sa.event.listen(engine, "handle_error", teller(SETTING, parsed.database))
    return engine


def while_held(*, waits: bool = True) -> Iterator[stamina.Attempt]:
    """Yield attempts at a file as long as another process holds it, and it is worth waiting."""
    patience = {"timeout": HELD_S, "attempts": None} if waits else {"attempts": 1}
    for attempt in stamina.retry_context(on=is_held, **patience):
        if attempt.num == SECOND:
            log.warning("%s is in use by another process; waiting for it", SETTING)
        yield attempt


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


def is_held(exc: Exception) -> bool:
    """Tell whether an error says that another process holds a file."""
    said = str(exc).lower()
    return isinstance(exc, sa.exc.DBAPIError) and any(word in said for word in HELD.words)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as exc:
        raise ConfigError(
            "store.warehouse: not a database URL; write one like duckdb:///var/brand.duckdb."
        ) from exc
    if parsed.get_backend_name() not in ENGINES:
        raise ConfigError(
            f"store.warehouse: {parsed.get_backend_name()} is not supported; use duckdb, "
            "postgresql or bigquery."
        )
    return parsed


def connect_to(url: sa.URL) -> sa.Engine:
    """Return an engine over a database that is left as it is.

    Raises:
        ConfigError: its driver is not installed, or its address asks for less than TLS.
        StoreError: its file cannot be created.
    """
    url = with_tls(url, SETTING)
    try:
        if url.get_backend_name() == "bigquery":
            return bigquery.open_engine(url, SETTING)
        if url.get_backend_name() == "postgresql":
            return sa.create_engine(with_options(url.set(drivername="postgresql+psycopg"), SESSION))
        return _duckdb(url)
    except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as exc:
        name, extra = EXTRAS[url.get_backend_name()]
        raise ConfigError(
            f"store.warehouse: the driver for {name} is not installed; install the extra `{extra}`."
        ) from exc
    except OSError as exc:
        fault = machine_fault(exc)
        why = str(fault) if fault else f"{url.database} cannot be created: {exc.strerror}."
        raise StoreError(f"{SETTING}: {why}") from exc


def _duckdb(url: sa.URL) -> sa.Engine:
    config: dict[str, object] = {
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "preserve_insertion_order": False,
        **OFFLINE,
    }
    file = file_of(url)
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        config["temp_directory"] = str(_spill_of(file))
    return engine_over(url, {"config": config})


def use_threads(engine: sa.Engine, threads: int) -> None:
    """Let DuckDB answer with so many threads from now on, whatever the connection."""
    with engine.connect() as conn:
        conn.execute(sa.text(f"SET threads = {threads}"))


def with_options(url: sa.URL, wanted: Mapping[str, str]) -> sa.URL:
    """Let each connection to PostgreSQL, whatever its driver, set options that its URL leaves open."""
    own = url.normalized_query.get("options", ())
    said = [f"-c {name}={value}" for name, value in wanted.items()]
    return url.update_query_dict({"options": " ".join([*said, *own])})


def for_adbc(url: sa.URL) -> str:
    """Write an address with its password as ADBC takes it, which knows no `+` for a blank."""
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    place, mark, options = text.partition("?")
    return place + mark + options.replace("+", "%20")


def _why_not_open(url: sa.URL, exc: sa.exc.DBAPIError) -> str:
    return store_fault(SETTING, url.database, exc) or (
        f"{SETTING}: the database {url.database} cannot be opened; check the setting and the file."
    )
