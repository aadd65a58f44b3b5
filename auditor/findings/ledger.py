"""The ledger: runs and findings, transactional, in SQLite (WAL) or PostgreSQL."""

from __future__ import annotations

import contextlib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

from auditor.database_tls import with_tls
from auditor.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

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
    Column("open", Text),  # JSON: findings that stood open, by severity
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
    Column("moved_by", Text),
    Column("since", DateTime),  # when the side that moved was first seen moved
    Column("agreed", Text),  # JSON: run and both sides' values when they agreed last
    Column("incident", Text, index=True),  # what it is a row of; NULL where the check has none
    Column("confirmed", Boolean),  # by a second look when it was new; NULL: none was due
    Column("first_seen", DateTime, nullable=False),
    Column("last_seen", DateTime, nullable=False),
    Column("run", Text, nullable=False),  # the newest run that saw it, or saw it gone
    Column("accepted_until", DateTime),
    Column("accepted_reason", Text),
    Column("accepted_severity", Text),  # what was accepted: more of it opens the finding again
    Column("accepted_people", Integer),
    Column("accepted_minor", BigInteger),
)

NEVER_OBSERVED = frozenset(
    column.name
    for column in finding_table.columns
    if column.name in ("state", "confirmed") or column.name.startswith("accepted_")
)
observed_table = sa.Table(
    "observed",
    metadata,
    *[Column(c.name, c.type) for c in finding_table.columns if c.name not in NEVER_OBSERVED],
    # Without it SQLite reads the whole table for each finding that may be gone.
    sa.Index("ix_observed_fingerprint", "fingerprint"),
)
"""What the present run saw, staged here so that the life cycle is a handful of set-based statements."""

VALUES = ("severity", "people", "money_minor", "currency", "centra", "emarsys", "cause")
history_table = sa.Table(
    "finding_history",
    metadata,
    Column("fingerprint", Text, nullable=False, index=True),
    Column("run", Text, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("state", Text, nullable=False),
    *[Column(name, finding_table.c[name].type) for name in VALUES],
)
"""The values of each finding: a row when it comes, when a value changes, when it goes or returns."""

incident_table = sa.Table(
    "incident",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("brand", Text, nullable=False, index=True),
    Column("check_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("cause", Text),  # NULL: its rows share none
    Column("owner", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("findings", Integer, nullable=False),  # 0 once it is over
    Column("people", Integer, nullable=False),
    Column("money_minor", BigInteger),
    Column("currency", Text),
    Column("first_seen", DateTime, nullable=False),
    Column("last_seen", DateTime, nullable=False),
    Column("run", Text, nullable=False),  # the newest run that saw it, or saw it gone
)


def stored(at: datetime) -> datetime:
    """Return an aware moment as the ledger keeps it: UTC without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None)


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
            _bring_up_to_date(self.engine)
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


def _bring_up_to_date(engine: sa.Engine) -> None:
    """Give the tables of an older version the columns, all of which may be empty, and the indexes."""
    found, type_of = sa.inspect(engine), engine.dialect.type_compiler_instance.process
    quote = engine.dialect.identifier_preparer.quote
    with engine.begin() as conn:
        for table in metadata.sorted_tables:
            known = {column["name"] for column in found.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    added = f"{quote(column.name)} {type_of(column.type)}"
                    conn.execute(sa.text(f"ALTER TABLE {quote(table.name)} ADD COLUMN {added}"))
            for index in table.indexes:
                index.create(conn, checkfirst=True)


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
    return with_tls(parsed, "store.ledger")


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
