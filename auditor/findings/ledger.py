"""The ledger: runs and findings, transactional, in SQLite (WAL) or PostgreSQL."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

from auditor.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

metadata = sa.MetaData()

run_table = sa.Table(
    "run",
    metadata,
    Column("run", Text, primary_key=True),
    Column("brand", Text, nullable=False, index=True),
    Column("as_of", DateTime, nullable=False),
    Column("verdict", Text),  # NULL until the audit is done
    Column("coverage", Text, nullable=False),  # JSON, one object per stream
    Column("total", Integer),
    Column("new", Integer),
    Column("resolved", Integer),
)

finding_table = sa.Table(
    "finding",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("brand", Text, nullable=False, index=True),
    Column("check_id", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_key", Text, nullable=False),
    Column("customer_id", Text),
    Column("contact_id", Text),
    Column("centra", Text),  # JSON: Centra's values, NULL when it has no such record
    Column("emarsys", Text),  # JSON likewise
    Column("people", Integer, nullable=False),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("cause", Text),
    Column("remedy", Text),
    Column("contained", Boolean, nullable=False),
    Column("occurred_at", DateTime),
    Column("first_seen", DateTime, nullable=False),
    Column("last_seen", DateTime, nullable=False),
    Column("run", Text, nullable=False),  # the newest run that saw it, or saw it gone
    Column("accepted_until", DateTime),
    Column("accepted_reason", Text),
)

observed_table = sa.Table(
    "observed",
    metadata,
    *[Column(c.name, c.type) for c in finding_table.columns if c.name != "state"],
)
"""What the present run saw, staged here so that the life cycle is a handful of set-based statements."""


class Ledger:
    """Runs and findings of one brand.

    Args:
        url: SQLAlchemy URL: `sqlite:///file` or `postgresql+psycopg://...`.

    Raises:
        ConfigError: not a URL of a supported engine, or its driver is not installed.
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        try:
            self.engine = _engine(parsed)
            metadata.create_all(self.engine)
        except sa.exc.DBAPIError as exc:
            raise StoreError(
                f"store.ledger: the database {parsed.database} cannot be opened; "
                "check the setting, and whether another process holds it."
            ) from exc

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction."""
        with self.engine.begin() as conn:
            yield conn


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as exc:
        raise ConfigError(
            "store.ledger: not a database URL; write one like sqlite:///var/brand-ledger.sqlite."
        ) from exc
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(
            f"store.ledger: {parsed.get_backend_name()} is not supported; use sqlite or postgresql."
        )
    return parsed


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(url.set(drivername="postgresql+psycopg"))
        except ModuleNotFoundError as exc:
            raise ConfigError(
                "store.ledger: the driver for PostgreSQL is not installed; install the extra `postgres`."
            ) from exc
    if url.database:
        try:
            Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(url.database).touch(mode=0o600)
        except OSError as exc:
            raise StoreError(
                f"store.ledger: {url.database} cannot be created: {exc.strerror}."
            ) from exc
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:  # noqa: ANN401 - whatever driver SQLAlchemy uses
    # WAL lets a report read while an audit writes; FULL survives a power cut between the two.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")
