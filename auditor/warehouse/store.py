"""Canonical tables with their history, link and drift tables, in one database.

A stream is loaded into stage tables page by page. `publish` lets all staged rows take the place of
the present ones, and keeps the versions they replace, within one transaction: a reader sees either
the whole new snapshot or the whole old one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.errors import StoreError
from auditor.model.drift import DRIFT_TABLES, check_population
from auditor.model.history import (
    HISTORY,
    known_schema,
    snapshot_run,
    unfinished_page,
    unfinished_read,
)
from auditor.model.tables import unparsed_row
from auditor.postgresql import one_at_a_time
from auditor.warehouse import correct, load, reads, stage, unload, versions
from auditor.warehouse.beside import BigQueryBeside, reaches
from auditor.warehouse.connect import THREADS, clear_spill, file_of, open_engine, use_threads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from auditor.model.stream import Beside
    from auditor.warehouse.correct import Correction
    from auditor.warehouse.reads import FinishedRead, Position, UnfinishedRead
    from auditor.warehouse.stage import Key


class Warehouse:
    """All tables that one run fills and the next compares with.

    Args:
        url: SQLAlchemy URL; `duckdb:///file` or `postgresql+psycopg://...`.
        waits: Whether a file that another process holds is waited for.

    Raises:
        ConfigError: an engine that is not supported, or whose driver is not installed.
        HeldError: another process holds its file.
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str, *, waits: bool = True) -> None:
        self.engine = open_engine(url, waits=waits)
        aside = stage.staged(unparsed_row)
        with self.engine.begin() as conn:
            if not sa.inspect(conn).has_table(aside.name):
                one_at_a_time(conn)  # who is forgotten takes it along, and several may come behind
                aside.create(conn, checkfirst=True)

    def close(self) -> None:
        """Close all connections; a DuckDB file is free for other processes afterwards."""
        file = file_of(self.engine.url)
        if file is not None:
            clear_spill(file)  # while it is still held: nobody else has put anything there
        self.engine.dispose()

    def position(self, stream: str) -> Position | None:
        """Return a stream's newest complete read, None before the first."""
        with self.engine.connect() as conn:
            return reads.positions(conn, [stream]).get(stream)

    def unfinished(self, stream: str) -> UnfinishedRead | None:
        """Return the read of a stream that was broken off, None when there is none."""
        with self.engine.connect() as conn:
            return reads.unfinished(conn, stream)

    def beside(self, url: str | None) -> Beside | None:
        """Return the engine as it reaches a database of a system; None where it does not."""
        return BigQueryBeside(self.engine) if reaches(self.engine, url) else None

    def begin_read(self, read: UnfinishedRead, tables: Sequence[sa.Table]) -> None:
        """Make room for a read from its beginning, dropping what an earlier one left."""
        aside = stage.staged(unparsed_row)
        with self.engine.begin() as conn:
            reads.forget(conn, read.stream)
            conn.execute(aside.delete().where(aside.c.stream == read.stream))
            stage.begin(conn, tables)
            reads.begin(conn, read)

    def resume_read(self, tables: Sequence[sa.Table], key: Key) -> None:
        """Make room for the rest of a read whose first pages are stored."""
        stage.go_on(self.engine, tables, key)

    def end_read(self, tables: Sequence[sa.Table], key: Key) -> None:
        """Bring together what was stored before a break and behind it."""
        stage.join(self.engine, tables, key)

    @contextlib.contextmanager
    def beside_readers(self) -> Iterator[None]:
        """Until the block ends, take one processor alone: the others are needed to read what is stored.

        With more, DuckDB lets the thread that stores a few rows spin until another one has stored them.
        """
        if self.engine.dialect.name != "duckdb":
            yield
            return
        use_threads(self.engine, 1)
        try:
            yield
        finally:
            use_threads(self.engine, THREADS)

    def forget_read(self, stream: str) -> None:
        """Forget where an unfinished read stands: the next one begins anew."""
        with self.engine.begin() as conn:
            reads.forget(conn, stream)

    def append_stage(self, pages: Mapping[sa.Table, pa.Table]) -> None:
        """Append Arrow rows to stage tables, all in one transaction.

        The columns are those of the canonical table. `unfinished_page` is written as it stands.

        Raises:
            KeyError: a column of the canonical table is not in the Arrow table.
        """
        load.append(
            self.engine,
            {t if t is unfinished_page else stage.staged(t): rows for t, rows in pages.items()},
        )

    def append(self, pages: Mapping[sa.Table, pa.Table]) -> None:
        """Append Arrow rows to tables as they stand, all in one transaction.

        Raises:
            KeyError: a column of a table is not in its Arrow rows.
        """
        load.append(self.engine, pages)

    def batches(self, select: sa.Select[Any]) -> Iterator[pa.Table]:
        """Yield the rows of a select as Arrow tables, never all at once."""
        return unload.batches(self.engine, select)

    def publish(
        self,
        run: str,
        as_of: datetime,
        finished: Iterable[FinishedRead],
        others: Collection[str] = (),
    ) -> None:
        """Let staged rows become the present ones, with their history, all in one transaction.

        What was set aside is shown for unfinished reads too.

        Args:
            run: The run that read them.
            as_of: When that run began.
            finished: The reads that came to their end.
            others: Streams that were read, too, or are off: what was set aside of them before is past.
        """
        finished = list(finished)
        with self.engine.begin() as conn:
            number = reads.number_run(conn, run, as_of)
            # First: where there are no transactions, no read goes on whose stage is published already.
            reads.forget(conn, *(read.stream for read in finished))
            for read in finished:
                _publish(conn, read, run)
                stage.learn(conn, *read.tables)
            reads.finish(conn, finished, run, number)
            versions.forget_erased(conn)
            _show_aside(conn, {*others, *(read.stream for read in finished)})

    def recall(self, tenant: str, name: str) -> str | None:
        """Return what a tenant has said of its API under this name, None where it has not."""
        row = known_schema.c
        kept = sa.select(row.answer).where(row.tenant == tenant, row.name == name)
        with self.engine.connect() as conn:
            found: str | None = conn.scalar(kept.limit(1))
        return found

    def forget_schemas(self) -> None:
        """Forget what tenants have said of their APIs."""
        with self.engine.begin() as conn:
            conn.execute(known_schema.delete())

    def keep(self, tenant: str, name: str, text: str) -> None:
        """Keep what a tenant says of its API, in place of what it said before."""
        with self.engine.begin() as conn:
            conn.execute(known_schema.delete().where(known_schema.c.tenant == tenant))
            conn.execute(known_schema.insert().values(tenant=tenant, name=name, answer=text))

    def correct(self, run: str, corrections: Sequence[Correction]) -> bool:
        """Let single records that a run read again take their place, all in one transaction.

        Where the streams' next readings go on stays as it is.

        Returns:
            Whether any of them differs from what was there.
        """
        for one in corrections:
            correct.stage_rows(self.engine, one)
        with self.engine.begin() as conn:
            changed = sum(correct.apply(conn, one, run) for one in corrections)
            if changed:
                versions.forget_erased(conn)
            correct.drop_stages(conn, corrections)
        return changed > 0

    def as_of(self, table: sa.Table, run: str) -> sa.Select[Any]:
        """Select the rows that were current after a run, in the columns of the table.

        Raises:
            StoreError: the run is not known here, or the table has no history.
        """
        if table.name not in HISTORY:
            raise StoreError(f"store.warehouse: no history is kept of {table.name}.")
        with self.engine.connect() as conn:
            row = snapshot_run.c
            number = conn.scalar(sa.select(sa.func.max(row.number)).where(row.run == run))
        if number is None:
            raise StoreError(f"store.warehouse: it holds no run {run}; see `auditor findings`.")
        return versions.versions_at(table, number)

    def count(self, table: sa.Table) -> int:
        """Count the present rows of a table."""
        with self.engine.connect() as conn:
            return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def count_staged(self, table: sa.Table) -> int:
        """Count the rows staged for a table."""
        return self.count(stage.staged(table))

    def count_merged(self, table: sa.Table, key: Key) -> int:
        """Count the rows that a table will have once its staged records are merged in."""
        fresh = stage.staged(table)
        others = sa.select(sa.func.count()).where(~stage.same_record(table, fresh, key))
        with self.engine.connect() as conn:
            return (conn.scalar(others.select_from(table)) or 0) + self.count(fresh)

    def refill(self, conn: sa.Connection, table: sa.Table, select: sa.Select[Any]) -> None:
        """Replace a table's rows by a select's, whose columns are the table's in order.

        Embedded, what the connection has done until then is committed.
        """
        stage.empty(conn, table)
        conn.execute(table.insert().from_select([c.name for c in table.columns], select))
        stage.settle(conn, table)

    @contextlib.contextmanager
    def drift_rows(self, table: sa.Table) -> Iterator[sa.CursorResult[Any]]:
        """Stream one drift table, ordered by check and subject so that output is stable."""
        ordered = sa.select(table).order_by(table.c.check_id, table.c.subject_key)
        with self.engine.connect() as conn:
            yield conn.execution_options(stream_results=True).execute(ordered)

    def empty_drift(self, conn: sa.Connection, *, but: Collection[sa.Table] = ()) -> None:
        """Forget the drift of the run before, except that of some tables."""
        for table in (*DRIFT_TABLES, check_population):
            if table not in but:
                stage.empty(conn, table)


def _publish(conn: sa.Connection, read: FinishedRead, run: str) -> None:
    versioned = [table for table in read.tables if table.name in HISTORY]
    if read.mode == "full" or read.key is None:
        for table in versioned:
            versions.keep_all(conn, table, run)
        for table in read.tables:
            stage.swap_in(conn, table)
        return
    for table in versioned:
        versions.keep_changed(conn, table, run, first=read.tables[0], key=read.key)
    stage.merge_in(conn, read.tables, read.key)


def _show_aside(conn: sa.Connection, read: Collection[str]) -> None:
    """Show what this run set aside; what belongs to unfinished reads is shown again when they end.

    Of streams that it did not read, what was set aside before stands: it is the newest that is known.
    """
    aside = stage.staged(unparsed_row)
    is_staged = unparsed_row.c.stream.in_(sa.select(aside.c.stream))
    conn.execute(unparsed_row.delete().where(unparsed_row.c.stream.in_(read) | is_staged))
    conn.execute(unparsed_row.insert().from_select(list(aside.c.keys()), sa.select(aside)))
    waiting = sa.exists().where(unfinished_read.c.stream == aside.c.stream)
    conn.execute(aside.delete().where(~waiting))
