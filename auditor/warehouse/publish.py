"""The copy of the warehouse that notebooks read, so that they never lock a run out, nor see half of one.

Of an embedded DuckDB file it is a file, for one process may hold the warehouse's own. In PostgreSQL, which
has many readers, it is a schema: see `copies`. In BigQuery it is a dataset of clones.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.compiled import engine_over
from auditor.duckdb_files import for_reading
from auditor.errors import StoreError
from auditor.faults import machine_fault
from auditor.model import history
from auditor.model.tables import metadata
from auditor.private_file import replaced
from auditor.warehouse import bigquery, copies
from auditor.warehouse.connect import connect_to, file_of
from auditor.warehouse.schema import SCHEMA, stored_version, version_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

SUFFIX = ".published.duckdb"
UNPUBLISHED = "No run has published its data yet; run `auditor audit` first."


class Published:
    """The warehouse as the last run left it, for reading alone.

    Args:
        url: The warehouse's, as in the settings.

    Raises:
        StoreError: no run of this version has published it yet.
    """

    def __init__(self, url: str) -> None:
        self._held = contextlib.ExitStack()
        copy = _copy_of(url)
        address = sa.make_url(url)
        is_clone = address.get_backend_name() == "bigquery"
        if is_clone:
            self.engine = connect_to(address.set(database=bigquery.published(address)))
            self._held.callback(self.engine.dispose)
        elif copy is None:
            self.engine = self._held.enter_context(_newest_schema(url))
        elif copy.exists():
            self.engine = engine_over(f"duckdb:///{copy}", for_reading())
            self._held.callback(self.engine.dispose)
        else:
            raise StoreError(UNPUBLISHED)
        with self.engine.connect() as conn:
            version = stored_version(conn)
        if version != SCHEMA:
            self.close()
            if version is None and is_clone:
                raise StoreError(UNPUBLISHED)
            raise StoreError("Another version published the data; run `auditor audit` first.")

    def close(self) -> None:
        """Close all connections."""
        self._held.close()


@contextlib.contextmanager
def _newest_schema(url: str) -> Iterator[sa.Engine]:
    """Give an engine over the newest copy alone, which stays for as long as the block, for reading."""
    address = sa.make_url(url)
    warehouse = connect_to(address)
    try:
        with warehouse.connect() as conn:
            name = copies.hold_newest(conn)
            if name is None:
                raise StoreError(UNPUBLISHED)
            only = warehouse.dialect.identifier_preparer.quote_identifier(name)
            engine = connect_to(_reading(address, only))
            try:
                yield engine
            finally:
                engine.dispose()
    except sa.exc.OperationalError as exc:
        raise StoreError(
            f"store.warehouse: the database {address.database} cannot be opened; check the setting."
        ) from exc
    finally:
        warehouse.dispose()


def _reading(url: sa.URL, schema: str) -> sa.URL:
    """Return an address whose connections, whatever the driver, only read, and only one schema."""
    own = " ".join(url.normalized_query.get("options", ()))
    said = (
        f"{own} -c search_path={schema} -c default_transaction_read_only=on"  # the last one holds
    )
    return url.update_query_dict({"options": said.strip()})


def publish(url: str) -> None:
    """Put a copy of the warehouse in the place of the last one, whole; what cannot be written is logged.

    An audit whose copy has no room, or that may make none, is still an audit.

    Args:
        url: The warehouse's; no connection to it is open in this process.
    """
    source, copy = file_of(url), _copy_of(url)
    try:
        engine = sa.make_url(url).get_backend_name()
        if engine == "postgresql":
            copies.copy(url)
        elif engine == "bigquery":
            _clone(url)
        elif source is not None and copy is not None and source.exists():
            with unchanging(source), source.open("rb") as read, replaced(copy, "wb") as written:
                shutil.copyfileobj(read, written, 1 << 20)
    except (OSError, sa.exc.DBAPIError) as exc:
        why = machine_fault(exc) or type(exc).__name__
        log.warning("The copy for notebooks was not written, the last one stays: %s", why)


def older_copies(url: str) -> list[str]:
    """Return the names of earlier copies that still stand, because somebody reads them."""
    return copies.older(url) if sa.make_url(url).get_backend_name() == "postgresql" else []


def _clone(url: str) -> None:
    engine = connect_to(sa.make_url(url))
    try:
        tables = (*metadata.sorted_tables, *history.metadata.sorted_tables, version_table)
        bigquery.publish(engine, tables)
    finally:
        engine.dispose()


@contextlib.contextmanager
def unchanging(file: Path) -> Iterator[None]:
    """Keep other processes from writing into a file: a reader's lock, held for as long as it is copied."""
    engine = engine_over(f"duckdb:///{file}", for_reading())
    try:
        with engine.connect():
            yield
    finally:
        engine.dispose()


def _copy_of(url: str) -> Path | None:
    file = file_of(url)
    return None if file is None else file.with_suffix(SUFFIX)
