"""What lies in BigQuery beside the warehouse is read there, by statements alone: see `model.stream.Beside`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.bigquery_engine import client_of, dry_run, faults, most_bytes
from auditor.model.stream import Told
from auditor.warehouse.stage import staged
from auditor.warehouse.unload import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEPT_FOR = "INTERVAL 1 DAY"
"""How long a copy stays that a run left behind which was killed."""


def reaches(engine: sa.Engine, url: str | None) -> bool:
    """Tell whether a warehouse's engine can name the tables of a database in its own statements."""
    if url is None or engine.dialect.name != "bigquery":
        return False
    other = sa.make_url(url)
    same = other.query.get("endpoint") == engine.url.query.get("endpoint")
    return other.get_backend_name() == "bigquery" and same


class BigQueryBeside:
    """See `model.stream.Beside`.

    Args:
        engine: Of a warehouse in BigQuery.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def told(self, select: sa.Select[Any]) -> Told | None:
        """See `Beside`."""
        with self._engine.connect() as conn:
            try:
                read, types = dry_run(conn, text_of(self._engine, select))
            except faults():
                return None
            return Told(types, read, most_bytes(client_of(conn)))

    @contextlib.contextmanager
    def copied(self, name: str, select: sa.Select[Any]) -> Iterator[int]:
        """See `Beside`."""
        address = self._engine.url
        place = f"{address.host}.{address.database}.{name}"
        until = f"TIMESTAMP_ADD(CURRENT_TIMESTAMP(), {KEPT_FOR})"
        with self._engine.connect() as conn:
            client = client_of(conn)
            client.query_and_wait(
                f"CREATE OR REPLACE TABLE `{name}` OPTIONS (expiration_timestamp = {until}) AS "
                f"{text_of(self._engine, select)}"
            )
            try:
                yield client.get_table(place).num_rows
            finally:
                client.delete_table(place, not_found_ok=True)

    def insert(self, table: sa.Table, select: sa.Select[Any]) -> int:
        """See `Beside`."""
        into = staged(table)
        fill = into.insert().from_select([column.name for column in table.columns], select)
        with self._engine.begin() as conn:
            return conn.execute(fill).rowcount

    def rows(self, select: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        """See `Beside`."""
        with self._engine.connect() as conn:
            yield from conn.execute(select).partitions(size)
