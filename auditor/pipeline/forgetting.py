"""Forgets a person: everything that the auditor keeps of them goes, and a second look proves it."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.correct.applying.journal import plan_table
from auditor.errors import ConfigError
from auditor.findings import forgotten
from auditor.findings.ledger import Ledger
from auditor.findings.schema import tables as ledger_tables
from auditor.forget import files, stores
from auditor.forget.person import find
from auditor.model.keyed_hash import keyed_hash
from auditor.pipeline.leased import leased
from auditor.pipeline.run import REPORTS
from auditor.pipeline.unused import OLD_STORES, VAR, old_stores
from auditor.systems.text import email_key
from auditor.warehouse import Warehouse
from auditor.warehouse.compact import compact
from auditor.warehouse.connect import file_of
from auditor.warehouse.publish import Published, older_copies, publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.forget.person import Person
    from auditor.pipeline.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting came to.

    Attributes:
        rows: How many rows of both stores were blanked or deleted.
        files: How many files were deleted.
        searched_tables: How many tables were looked into afterwards.
        searched_files: How many files likewise.
        left: Where something still stands: a file, a table and its column, or a store or a copy that somebody
            reads. Empty is the proof.
        is_present: Whether the newest snapshot had the person: the next one will have them again.
        others: Contacts and customers under another address that a key ties to the person: they stay.
    """

    rows: int
    files: int
    searched_tables: int
    searched_files: int
    left: tuple[str, ...]
    is_present: bool
    others: tuple[str, ...] = ()


def forget(run: Run, email: str) -> Forgotten:
    """Erase a person from the stores and files of a brand, leave a tombstone, and look again.

    Broken off, it is done again from the beginning, and completes what is left.

    Args:
        run: The brand and its surroundings.
        email: The address, written in any way.

    Raises:
        ConfigError: no address, or `privacy.pepper` is not set.
        StoreError: a store cannot be opened, or a run or a plan is under way.
    """
    key, mark = _key(run, email)
    settings = run.settings
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(settings.store.ledger)))
        run = stack.enter_context(leased(run, ledger))
        # Whoever applies a plan writes its undo at the end, with the values that it replaced.
        run = stack.enter_context(leased(run, ledger, doing="correcting"))
        run.progress.stage("erase")
        with closing(Warehouse(settings.store.warehouse)) as warehouse:
            with warehouse.engine.connect() as conn:
                person = find(conn, key)
            with warehouse.engine.begin() as conn:
                rows = stores.erase_from_warehouse(conn, person)
        with ledger.begin() as conn:
            plans = _plans(conn, settings.brand)
            rows += sum(
                stores.erase_address(conn, t, person) for t in ledger_tables().sorted_tables
            )
        deleted = _delete(_files(run, plans), person)
        run.progress.stage("compact")
        forgotten.remember(ledger, settings.brand, mark, run.clock())
        held = [] if forgotten.compact(ledger) else [str(_ledger_file(run))]
        compact(settings.store.warehouse, stores.warehouse_tables())
        publish(settings.store.warehouse)
        run.progress.stage("search")
        tables, left = _searched_tables(run, ledger, person)
        searched = [path for path in _files(run, plans) if path.exists()]
        left += held + older_copies(settings.store.warehouse)
        left += [str(path) for path in searched if files.gives_away(path, person)]
    others = tuple(sorted(person.others))
    return Forgotten(rows, deleted, tables, len(searched), tuple(left), person.is_present, others)


def _key(run: Run, email: str) -> tuple[str, str]:
    key, pepper = email_key(email), run.settings.privacy.pepper
    if key is None or "@" not in key:
        raise ConfigError(f"{email!r} is no e-mail address; give the one to be forgotten.")
    mark = keyed_hash(key, pepper.reveal() if pepper else None)
    if mark is None:
        raise ConfigError(
            "privacy.pepper is not set, and without it no tombstone can be left that names nobody; "
            "set it and run it again."
        )
    return key, mark


def _delete(theirs: Iterable[Path], person: Person) -> int:
    """Delete the files that give a person away: a plan without one of its records is none.

    Nobody looks into stores that were set aside row by row, so they go whole.
    """
    deleted = 0
    for path in theirs:
        if any(mark in path.name for mark in OLD_STORES) or files.gives_away(path, person):
            path.unlink()
            log.info("Deleted %s", path)
            deleted += 1
    return deleted


def _plans(conn: sa.Connection, brand: str) -> list[Path]:
    """Return where the applied plans of a brand stand: a person may have chosen any place."""
    paths = sa.select(plan_table.c.path).where(plan_table.c.brand == brand)
    return sorted(map(Path, conn.scalars(paths)))


def _files(run: Run, plans: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of a brand, each once: those of its folders, its old stores and its plans elsewhere."""
    settings = run.settings
    old = sorted(path for path in old_stores(settings) if path.is_file())
    but = {*_store_files(run), *(path.resolve() for path in old)}
    seen = set()
    for path in (*files.of_brand((VAR, REPORTS), settings.brand, but), *old, *plans):
        if path.is_file() and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _store_files(run: Run) -> Iterator[Path]:
    """Yield the files of both stores with those that their engines put beside them."""
    warehouse, ledger = file_of(run.settings.store.warehouse), _ledger_file(run)
    if warehouse is not None:
        for file in (warehouse, warehouse.with_suffix(".published.duckdb")):
            yield from (file.resolve(), file.with_name(f"{file.name}.wal").resolve())
    if ledger is not None:
        yield from (ledger.with_name(ledger.name + end).resolve() for end in ("", "-wal", "-shm"))


def _ledger_file(run: Run) -> Path | None:
    url = sa.make_url(run.settings.store.ledger)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _searched_tables(run: Run, ledger: Ledger, person: Person) -> tuple[int, list[str]]:
    """Look into every table of both stores and of the copy that notebooks read."""
    looked, left = 0, []
    with ExitStack() as stack:
        warehouse = stack.enter_context(closing(Warehouse(run.settings.store.warehouse)))
        copy = stack.enter_context(closing(Published(run.settings.store.warehouse)))
        for name, engine, some in (
            ("warehouse", warehouse.engine, list(stores.warehouse_tables())),
            ("published copy", copy.engine, list(stores.warehouse_tables())),
            ("ledger", ledger.engine, ledger_tables().sorted_tables),
        ):
            with engine.connect() as conn:
                looked += len(some)
                left += [f"{name}: {one}" for one in _left(conn, some, person)]
    return looked, left


def _left(conn: sa.Connection, tables: list[sa.Table], person: Person) -> Iterator[str]:
    for table in tables:
        yield from (f"{one.table}.{one.column}" for one in stores.traces(conn, table, person))
