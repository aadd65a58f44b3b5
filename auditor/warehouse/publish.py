"""The copy of the warehouse that notebooks read, so that they never lock a run out, nor see half of one.

Only an embedded DuckDB file needs one: one process may hold it. PostgreSQL has many readers.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.database_tls import with_tls
from auditor.errors import StoreError
from auditor.private_file import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            address = with_tls(sa.make_url(url), "store.warehouse").set(
                drivername="postgresql+psycopg"
            )
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
        log.warning("The copy for notebooks could not be written: %s", type(exc).__name__)


@contextlib.contextmanager
def unchanging(file: Path) -> Iterator[None]:
    """Keep other processes from writing into a file: a reader's lock, held for as long as it is copied."""
    engine = sa.create_engine(f"duckdb:///{file}", connect_args={"read_only": True})
    try:
        with engine.connect():
            yield
    finally:
        engine.dispose()


def file_of(url: str) -> Path | None:
    """Return the file of a warehouse; None where its engine has none."""
    parsed = sa.make_url(url)
    is_file = parsed.get_backend_name() == "duckdb" and parsed.database not in (None, ":memory:")
    return Path(str(parsed.database)) if is_file else None


def _copy_of(url: str) -> Path | None:
    file = file_of(url)
    return None if file is None else file.with_suffix(SUFFIX)
