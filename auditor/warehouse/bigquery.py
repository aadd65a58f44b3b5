"""BigQuery as the engine of a warehouse: connections, load jobs, and what a statement would read.

It has no transactions across statements here: a run that is broken off in the middle of publishing is
published again by the next. Rows come in by load jobs of Parquet, which cost nothing; statements are billed
by the bytes that they read, of which no single one may read more than the address allows.

Source:
    BigQuery: loading Parquet data, jobs.insert (a job's id is used once), maximumBytesBilled, dry runs,
    DML without limits on bulk statements (read 2026-11).
"""

from __future__ import annotations

import hashlib
import io
import uuid
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.bigquery_engine import client_of, engine_over, faults
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

STAGES = ("stage_", "kept_")
LAST = "unfinished_page"
"""It says how far a read has come, and so is loaded behind the rows that it speaks of."""


def open_engine(url: sa.URL, setting: str) -> sa.Engine:
    """Return an engine over a dataset.

    Args:
        url: As for `engine_over`.
        setting: What the address is called in the settings.

    Raises:
        ConfigError: it names no dataset, an endpoint elsewhere, or credentials that cannot be read.
        ImportError: the extra `bigquery` is not installed.
    """
    import auditor.bigquery  # noqa: F401 - it loads what `faults` then names

    if not url.host or not url.database:
        raise ConfigError(f"{setting}: name project and dataset, as in bigquery://project/dataset.")
    unsigned: tuple[type[Exception], ...] = (OSError, ValueError, *faults())
    try:
        return engine_over(url, setting)
    except unsigned as exc:  # it signs in at once
        raise ConfigError(why_not_open(setting, exc)) from exc


def append(engine: sa.Engine, pages: Mapping[str, pa.Table]) -> None:
    """Append rows to tables, each by a load job of its own, that of the read's progress last.

    The id of a job that fills a stage comes of its rows and of when the stage was made: a page that is
    sent again, because nobody heard that it was loaded, is loaded once.
    """
    with engine.connect() as conn:
        client = client_of(conn)
        for name in sorted(pages, key=lambda name: name == LAST):
            _load(client, f"{engine.url.host}.{engine.url.database}.{name}", pages[name])


def _load(client: Any, table: str, rows: pa.Table) -> None:  # noqa: ANN401
    import pyarrow.parquet as pq
    from google.api_core.exceptions import Conflict
    from google.cloud import bigquery

    file = io.BytesIO()
    pq.write_table(rows, file, compression="zstd")
    content = file.getvalue()
    job_id = _job_id(client, table, content)
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
    )
    try:
        job = client.load_table_from_file(
            io.BytesIO(content), table, size=len(content), job_id=job_id, job_config=config
        )
    except Conflict:
        job = client.get_job(job_id)
    job.result()


def _job_id(client: Any, table: str, content: bytes) -> str:  # noqa: ANN401
    if not table.rpartition(".")[2].startswith(STAGES):
        return f"auditor_{uuid.uuid4().hex}"
    made = client.get_table(table).created
    digest = hashlib.sha256(f"{table} {made}".encode() + content).hexdigest()
    return f"auditor_{digest}"


def why_not_open(setting: str, exc: Exception) -> str:
    """Say why a dataset cannot be opened; what Google says may name a person."""
    return (
        f"{setting}: BigQuery cannot be asked ({type(exc).__name__}); check project, dataset, credentials "
        "and the rights BigQuery Data Editor and BigQuery Job User."
    )


def batches(engine: sa.Engine, sql: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a select a page at a time."""
    with engine.connect() as conn:
        rows = client_of(conn).query_and_wait(sql)
        yield from rows.to_arrow_iterable()


def publish(engine: sa.Engine, tables: Iterable[sa.Table]) -> None:
    """Let the published dataset hold the tables as they stand; a clone costs what later differs from it.

    Each table is put in the place of the one before in one step, and all of them one after the other.

    Raises:
        sqlalchemy.exc.DBAPIError: it may not.
    """
    quote = engine.dialect.identifier_preparer.quote_identifier
    own, copy = quote(str(engine.url.database)), quote(published(engine.url))
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {copy}"))
        for name in (quote(table.name) for table in tables):
            made = f"CREATE OR REPLACE TABLE {copy}.{name} CLONE {own}.{name}"
            conn.execute(sa.text(made))


def published(url: sa.URL) -> str:
    """Return the dataset of the copy that notebooks read."""
    return f"{url.database}_published"
