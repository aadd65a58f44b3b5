"""Emarsys Open Data, read through whatever SQL engine holds its views.

Only selects are sent; DuckDB and SQLite files are opened for reading only, and a connection lives no
longer than one read.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
import stamina

from auditor.bigquery_engine import engine_over, faults
from auditor.database_tls import with_tls
from auditor.duckdb_files import for_reading
from auditor.errors import AbsentError, ConfigError, RefusedError, TransientReadError
from auditor.faults import HELD
from auditor.model.stream import Aside, Page
from auditor.systems.arrow import arrow_schema
from auditor.systems.emarsys.columns import one_row_each
from auditor.systems.emarsys.open_data_views import PARTITION, delta_start, midnight

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime

    from auditor.config.systems import OpenData as OpenDataSettings
    from auditor.systems.emarsys.open_data_views import View

PAGE_ROWS = 20_000
LOCK_WAIT_S = 10.0
SETTING = "emarsys.open_data.url"

UNREADABLE = (ValueError, TypeError, OverflowError, NotImplementedError)
"""What Python and Arrow say about a value that is not of the kind its column should hold."""

DENIED = ("permission denied", "access denied")
BUSY = (*HELD.words, "timeout", "timed out")
"""What engines say where a view may be there all the same: it may not be read, or not now."""


class OpenData:
    """The Open Data views of one account.

    Args:
        settings: Where they are.

    Raises:
        ConfigError: the address names no engine that is installed.
    """

    def __init__(self, settings: OpenDataSettings) -> None:
        self._dataset, self._account = settings.dataset, settings.account
        self._engine = _engine(settings.url)

    def require(self, view: View) -> None:
        """Return when the view is there with every column that is read from it.

        Raises:
            AbsentError: the account has no such view, and need not have it.
            ConfigError: the database cannot be opened, or has no such view or column.
            RefusedError: the view may not be read.
            TransientReadError: the database cannot tell now.
        """
        with self._connected() as connection:
            self._require(connection, view)

    def read(self, view: View, since: date, loaded_since: datetime | None = None) -> Iterator[Page]:
        """Yield the rows of a view as canonical pages.

        Args:
            view: What is read.
            since: The first day that counts.
            loaded_since: Read only what came since then, with the overlap of `delta_start`.

        Raises:
            AbsentError: the account has no such view, and need not have it.
            ConfigError: the database cannot be opened, or has no such view or column.
            RefusedError: the view may not be read.
            TransientReadError: reading broke off.
        """
        return self._read(view, since, loaded_since)

    def read_some(
        self, view: View, since: date, column: str, values: Collection[str]
    ) -> Iterator[Page]:
        """Yield the rows of a view that have one of some values.

        Args:
            view: What is read; one whose repeated rows are kept or copies.
            since: The first day that counts.
            column: The canonical column that is looked at, one of text.
            values: What to look for.

        Raises:
            ConfigError, AbsentError, TransientReadError: as for `read`.
        """
        return self._read(view, since, only=(column, values))

    def _read(
        self,
        view: View,
        since: date,
        loaded_since: datetime | None = None,
        only: tuple[str, Collection[str]] | None = None,
    ) -> Iterator[Page]:
        with self._connected() as connection:
            self._require(connection, view)
            relation = view.relation(self._dataset, self._account)
            has_partitions = _has(connection, relation, sa.column(PARTITION))
            query = view.select(
                relation,
                since,
                loaded_since,
                has_partitions=has_partitions,
                records_as_text=connection.dialect.name == "bigquery",
            )
            if only is not None:
                column, values = only
                # Ids are numbers in some views and text in others.
                found = sa.cast(relation.c[view.columns[column][0]], sa.Text)
                query = query.where(found.in_(values))
            try:
                for columns in _batches(connection, query):
                    yield page_of(view, columns, since, loaded_since)
            except _broken(sa.exc.DBAPIError, pa.ArrowException, OSError) as exc:
                # `from None`: engines quote the value that they failed at, perhaps an address.
                raise TransientReadError(
                    f"Emarsys Open Data: reading {view.name} broke off ({_kind(exc)})."
                ) from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            connection = self._connect()
        except _broken(sa.exc.DBAPIError) as exc:
            raise _unopened(exc) from exc
        with connection:
            try:
                yield connection
            except _broken() as exc:  # BigQuery signs in with the first query
                raise _unopened(exc) from None

    def _connect(self) -> sa.Connection:
        for attempt in stamina.retry_context(on=_is_locked, timeout=LOCK_WAIT_S, attempts=None):
            with attempt:
                return self._engine.connect()
        raise AssertionError  # pragma: no cover - stamina raises or returns

    def _require(self, connection: sa.Connection, view: View) -> None:
        relation = view.relation(self._dataset, self._account)
        if _has(connection, relation, *relation.c):
            return
        place = f"dataset {self._dataset}" if self._dataset else "the database"
        is_there = _has(connection, relation, sa.literal(1))
        if not is_there and view.is_optional:
            raise AbsentError(f"Emarsys Open Data has no view {relation.name} in this account")
        if not is_there:
            raise ConfigError(
                f"emarsys.open_data: no view {relation.name} in {place}; check account and dataset "
                "(Emarsys shows a view once it has data)."
            )
        missing = [column.name for column in relation.c if not _has(connection, relation, column)]
        raise ConfigError(
            f"emarsys.open_data: the view {relation.name} has no column {', '.join(missing)}."
        )


def page_of(
    view: View, columns: Sequence[Any], since: date, loaded_since: datetime | None = None
) -> Page:
    """Return one page of canonical rows; a row with an unreadable value is set aside.

    Args:
        view: What is read.
        columns: Arrow columns or tuples, in the order of the view's columns.
        since: The first day that counts.
        loaded_since: Leave out what came earlier, but for the overlap; None keeps all.
    """
    table, aside = _canonical(view, columns)
    if view.since == "event_time":
        table = _from(table, "happened_at", midnight(since))
    if loaded_since is not None and "loaded_at" in table.column_names:
        table = _from(table, "loaded_at", delta_start(loaded_since))
    return Page({view.table.name: table}, rows=table.num_rows + len(aside), aside=aside)


def _from(table: pa.Table, column: str, start: datetime) -> pa.Table:
    at, first = table.column(column), pa.scalar(start, pa.timestamp("us"))
    return table.filter(pc.or_kleene(pc.is_null(at), pc.greater_equal(at, first)))


def _canonical(view: View, columns: Sequence[Any]) -> tuple[pa.Table, tuple[Aside, ...]]:
    """Read a page at once, and only where that fails its halves, down to the rows at fault."""
    try:
        return _table(view, columns), ()
    except UNREADABLE:
        count = len(columns[0])
    if count == 1:
        cells = [column[0] for column in columns]
        content = json.dumps(
            [c.as_py() if isinstance(c, pa.Scalar) else c for c in cells], default=str
        )
        nothing = arrow_schema(view.table).empty_table()
        return nothing, (Aside(f"a value of {view.name} cannot be read", content),)
    half = count // 2
    first, first_aside = _canonical(view, [column[:half] for column in columns])
    second, second_aside = _canonical(view, [column[half:] for column in columns])
    return pa.concat_tables([first, second]), first_aside + second_aside


def _table(view: View, columns: Sequence[Any]) -> pa.Table:
    arrays = {
        name: column if isinstance(column, pa.Array) else pa.array(column)
        for name, column in zip(view.source_columns, columns, strict=True)
    }
    if view.records is not None:
        arrays = one_row_each(arrays, view.records)
    read = [reader(arrays[source]) for source, reader in view.columns.values()]
    return pa.Table.from_arrays(read, schema=arrow_schema(view.table))


def _batches(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Any]]:
    """Yield the rows some thousand at a time, column by column."""
    if connection.dialect.name == "duckdb":
        # Row by row DuckDB is thirty times slower than its own Arrow batches.
        found: Any = connection.execute(query).cursor
        for batch in found.to_arrow_reader(PAGE_ROWS):
            yield batch.columns
    else:
        rows = connection.execution_options(stream_results=True).execute(query)
        for part in rows.partitions(PAGE_ROWS):
            yield list(zip(*part, strict=True))


def _has(
    connection: sa.Connection, relation: sa.TableClause, *columns: sa.ColumnElement[Any]
) -> bool:
    """Return whether these columns are there; no row is read.

    Raises:
        RefusedError: they may not be read.
        TransientReadError: the engine cannot tell now.
    """
    try:
        connection.execute(sa.select(*columns).select_from(relation).where(sa.false())).close()
    except sa.exc.DBAPIError as exc:
        connection.rollback()
        _require_told(relation, exc)
        return False
    return True


def _require_told(relation: sa.TableClause, exc: sa.exc.DBAPIError) -> None:
    """Return where an engine says that something is not there, and not that it cannot be read."""
    said = str(exc.orig).lower()
    if any(words in said for words in DENIED):
        raise RefusedError(
            f"emarsys.open_data: the view {relation.name} may not be read; grant the user of "
            "emarsys.open_data.url the right to select from it."
        ) from None
    if exc.connection_invalidated or any(words in said for words in BUSY):
        raise TransientReadError(
            f"Emarsys Open Data: asking for {relation.name} broke off ({_kind(exc)})."
        ) from None


def _engine(url: str) -> sa.Engine:
    try:
        parsed, arguments = _for_reading(with_tls(sa.make_url(url), SETTING))
        if parsed.get_backend_name() == "bigquery":
            return engine_over(parsed, SETTING, poolclass=sa.NullPool, hide_parameters=True)
        return sa.create_engine(
            parsed, poolclass=sa.NullPool, hide_parameters=True, connect_args=arguments
        )
    except sa.exc.NoSuchModuleError as exc:
        raise ConfigError(
            "emarsys.open_data.url: no SQLAlchemy dialect is installed for this kind of database; "
            "install it beside the auditor."
        ) from exc
    except ImportError as exc:
        raise ConfigError(
            "emarsys.open_data.url: the driver for this kind of database is not installed; "
            "install it beside the auditor."
        ) from exc
    except sa.exc.ArgumentError as exc:
        raise ConfigError("emarsys.open_data.url: not a SQLAlchemy URL.") from exc
    except _broken(OSError) as exc:  # BigQuery looks for its credentials at once
        raise _unopened(exc) from exc


def _unopened(exc: Exception) -> ConfigError:
    return ConfigError(
        f"emarsys.open_data.url: the database cannot be opened ({_kind(exc)}); "
        "check the address and the access rights."
    )


def _broken(*kinds: type[Exception]) -> tuple[type[Exception], ...]:
    """Return these errors, and what BigQuery's driver raises beside them."""
    return (*kinds, *faults())


def _for_reading(url: sa.URL) -> tuple[sa.URL, dict[str, Any]]:
    """Return the address and arguments that open a file without ever writing or creating it."""
    backend = url.get_backend_name()
    if backend == "duckdb":
        return url, for_reading()
    if backend == "sqlite" and url.database and not url.database.startswith("file:"):
        query = {**url.query, "mode": "ro", "uri": "true"}
        return url.set(database=f"file:{quote(url.database)}", query=query), {}
    return url, {}


def _is_locked(exc: Exception) -> bool:
    """Return whether another process is writing the DuckDB file at this moment."""
    return isinstance(exc, sa.exc.OperationalError) and "lock on file" in str(exc.orig)


def _kind(exc: Exception) -> str:
    return type(getattr(exc, "orig", exc)).__name__
