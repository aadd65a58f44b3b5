"""Writes the file of a warehouse anew, so that nothing is left of what was deleted from it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.faults import teller
from auditor.private_file import PRIVATE_FILE
from auditor.warehouse.connect import SETTING, connect_to, file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FRESH = "fresh"


def compact(url: str, tables: Iterable[sa.Table]) -> None:
    """Write a warehouse anew: its file in one step, or on PostgreSQL each table.

    Args:
        url: The warehouse's; no connection to it is open in this process.
        tables: Those of it.

    Raises:
        StoreError: it cannot be opened.
        MachineError: there is no room for a second copy; the warehouse stays as it is.
    """
    address = sa.make_url(url)
    opened = connect_to(address)
    sa.event.listen(opened, "handle_error", teller(SETTING, address.database))
    engine = opened.execution_options(isolation_level="AUTOCOMMIT")
    try:
        if address.get_backend_name() == "postgresql":
            with engine.connect() as conn:
                for table in tables:
                    quoted = conn.dialect.identifier_preparer.quote(table.name)
                    conn.execute(sa.text(f"VACUUM FULL {quoted}"))
            return
        _rewrite(engine, address)
    finally:
        engine.dispose()


def compact_file(url: str) -> None:
    """Write the file of a warehouse anew; a server gives the room of what is gone to what comes by itself.

    Raises:
        StoreError: it cannot be opened.
        MachineError: there is no room for a second copy; the warehouse stays as it is.
    """
    address = sa.make_url(url)
    if file_of(address) is not None:
        compact(url, ())


def _rewrite(engine: sa.Engine, address: sa.URL) -> None:
    """Copy what is there into a file of its own, which then takes the old one's place."""
    file = file_of(address)
    if file is None:
        return
    with _draft_of(file) as draft:
        try:
            _copy_into(draft, engine)
        finally:
            engine.dispose()
        draft.chmod(PRIVATE_FILE)
        draft.replace(file)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)


def _copy_into(draft: Path, engine: sa.Engine) -> None:
    place = str(draft).replace("'", "''")
    with engine.connect() as conn:
        whole = conn.dialect.identifier_preparer.quote(
            str(conn.scalar(sa.text("SELECT current_database()")))
        )
        conn.execute(sa.text(f"ATTACH '{place}' AS {FRESH}"))
        conn.execute(sa.text(f"COPY FROM DATABASE {whole} TO {FRESH}"))
        conn.execute(sa.text(f"DETACH {FRESH}"))


@contextlib.contextmanager
def _draft_of(file: Path) -> Iterator[Path]:
    """Give a place for a second copy; what is still there at the end found no room, and goes."""
    draft = file.with_name(f".{file.name}.{FRESH}")
    parts = (draft, draft.with_name(f"{draft.name}.wal"))
    for part in parts:
        part.unlink(missing_ok=True)
    try:
        yield draft
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
