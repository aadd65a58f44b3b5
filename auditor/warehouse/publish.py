"""The copy of the warehouse that notebooks read, so that they never lock a run out, nor see half of one.

Only an embedded DuckDB file needs one: one process may hold it. PostgreSQL has many readers.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.errors import StoreError
from auditor.faults import machine_fault
from auditor.private_file import replaced
from auditor.warehouse.connect import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

SUFFIX = ".published.duckdb"


class Published:
    """The warehouse as the last run left it, for reading alone.

    Args:
        url: The warehouse's, as in the settings.

    Raises:
        StoreError: no run has published it yet.
    """

    def __init__(self, url: str) -> None:
        copy = _copy_of(url)
        if copy is None:
            address = sa.make_url(url).set(drivername="postgresql+psycopg")
            self.engine = sa.create_engine(address, execution_options={"postgresql_readonly": True})
        elif copy.exists():
            arguments = {"read_only": True}
            self.engine = sa.create_engine(f"duckdb:///{copy}", connect_args=arguments)
        else:
            raise StoreError("No run has published its data yet; run `auditor audit` first.")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def publish(url: str) -> None:
    """Put a copy of the warehouse in the place of the last one, whole; what cannot be written is logged.

    An audit whose copy has no room is still an audit.

    Args:
        url: The warehouse's; no connection to it is open in this process.
    """
    source, copy = file_of(url), _copy_of(url)
    if source is None or copy is None or not source.exists():
        return
    try:
        with unchanging(source), source.open("rb") as read, replaced(copy, "wb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
    except (OSError, sa.exc.DBAPIError) as exc:
        why = machine_fault(exc) or type(exc).__name__
        log.warning("The copy for notebooks was not written, the last one stays: %s", why)


@contextlib.contextmanager
def unchanging(file: Path) -> Iterator[None]:
    """Keep other processes from writing into a file: a reader's lock, held for as long as it is copied."""
    engine = sa.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
    try:
        with engine.connect():
            yield
    finally:
        engine.dispose()


def _copy_of(url: str) -> Path | None:
    file = file_of(url)
    return None if file is None else file.with_suffix(SUFFIX)
