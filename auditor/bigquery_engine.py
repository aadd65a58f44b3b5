"""Engines over BigQuery: as whom they sign in, and how many bytes one of their statements may read.

Source:
    BigQuery: maximumBytesBilled, dry runs (read 2026-11).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.errors import ConfigError
from auditor.systems.http import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 1 << 40
"""What one statement may read where the address names no `maximum_bytes_billed`: 1 TiB."""

PLAINLY = {"prefer_bqstorage_client": False}
"""Rows come back as pages of JSON: the few that a run asks for need no second service."""


def engine_over(url: sa.URL, setting: str, **options: Any) -> sa.Engine:  # noqa: ANN401 - as SQLAlchemy has them
    """Return an engine over a project, or a dataset in it.

    An `endpoint` in the address stands for BigQuery itself; only this machine may, and no credentials go
    there.

    Args:
        url: `bigquery://project/dataset`; its query may name `location`, `credentials_path` and
            `maximum_bytes_billed`.
        setting: What the address is called in the settings.
        options: Of SQLAlchemy's engine.

    Raises:
        ConfigError: an endpoint elsewhere.
        ImportError: the extra `bigquery` is not installed.
        OSError, ValueError: its credentials cannot be read; so say `faults`, too.
    """
    from auditor.bigquery import DRIVER

    url = url.set(drivername=f"bigquery+{DRIVER}")
    endpoint = url.query.get("endpoint")
    if endpoint is None:
        limit = {"maximum_bytes_billed": str(MOST_BYTES)}
        limited = url.update_query_dict({**limit, **url.query})
        return sa.create_engine(limited, connect_args=dict(PLAINLY), **options)
    client = _client_of_this_machine(url, str(endpoint), setting)
    own = url.set(query={"user_supplied_client": "true", "endpoint": str(endpoint)})
    return sa.create_engine(own, connect_args={"client": client, **PLAINLY}, **options)


def _client_of_this_machine(url: sa.URL, endpoint: str, setting: str) -> Any:  # noqa: ANN401 - Google's is untyped
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    if not is_loopback(sa.make_url(endpoint).host or ""):
        raise ConfigError(f"{setting}: an endpoint may only be on this machine; leave it out.")
    config = bigquery.QueryJobConfig(
        maximum_bytes_billed=int(str(url.query.get("maximum_bytes_billed", MOST_BYTES)))
    )
    if url.database:
        config.default_dataset = f"{url.host}.{url.database}"
    return bigquery.Client(
        project=url.host,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
        default_query_job_config=config,
    )


def faults() -> tuple[type[Exception], ...]:
    """Return what Google's client raises beside the errors of a driver, once it was loaded."""
    places = (
        ("google.auth.exceptions", "GoogleAuthError"),
        ("google.api_core.exceptions", "GoogleAPIError"),
    )
    return tuple(getattr(sys.modules[m], name) for m, name in places if m in sys.modules)


def client_of(conn: sa.Connection) -> Any:  # noqa: ANN401 - Google's is untyped
    """Return the client of Google's behind a connection."""
    raw: Any = conn.connection.driver_connection
    return raw._client  # noqa: SLF001 - the driver gives it no other name


def most_bytes(client: Any) -> int:  # noqa: ANN401
    """Return how many bytes one statement of a client may read."""
    return int(client.default_query_job_config.maximum_bytes_billed or MOST_BYTES)


def dry_run(conn: sa.Connection, sql: str) -> tuple[int, Mapping[str, str]]:
    """Return how many bytes a statement would read, and its columns with their types.

    BigQuery tells without running it, for nothing. A repeated column is an `ARRAY`.

    Raises:
        google.api_core.exceptions.GoogleAPIError: it would not run it: no such column, or no right.
    """
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    job = client_of(conn).query(sql, job_config=config)
    types = {
        field.name: "ARRAY" if field.mode == "REPEATED" else field.field_type
        for field in job.schema or ()
    }
    return int(job.total_bytes_processed), types
