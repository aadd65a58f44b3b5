"""The ledger: runs and findings, transactional, in SQLite (WAL) or PostgreSQL."""

from __future__ import annotations

import contextlib
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text

from auditor.compiled import engine_over
from auditor.database_tls import with_tls
from auditor.errors import ConfigError, MachineError, StoreError
from auditor.faults import machine_fault, store_fault, teller
from auditor.findings.schema import bring_up_to_date, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

SETTING = "store.ledger"
BUSY_MS = 10_000
"""Milliseconds that a statement waits for another process to end its own."""

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

    Attributes:
        guards: What a result has to pass in its own transaction, as that this process may still write it.

    Raises:
        ConfigError: not a URL of a supported engine, or its driver is not installed.
        StoreError: the database cannot be opened or brought up to date, or is of a newer auditor.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.engine = _engine(parsed)
        self.guards: list[Callable[[sa.Connection], None]] = []
        try:
            bring_up_to_date(self.engine)
        except sa.exc.DBAPIError as exc:
            self.close()
            told = store_fault(SETTING, parsed.database, exc)
            raise StoreError(
                told
                or f"{SETTING}: the database {parsed.database} cannot be opened; check the setting."
            ) from exc
        except StoreError:
            self.close()
            raise
        sa.event.listen(self.engine, "handle_error", teller(SETTING, parsed.database))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction."""
        with self.engine.begin() as conn:
            yield conn

    @contextlib.contextmanager
    def begin_result(self) -> Iterator[sa.Connection]:
        """Open the transaction that keeps what a run came to; where a guard raises, nothing is kept."""
        with self.begin() as conn:
            yield conn
            for guard in self.guards:
                guard(conn)

    @contextlib.contextmanager
    def begin_first(self) -> Iterator[sa.Connection]:
        """Open the transaction with which work begins: without it, nothing was begun.

        Raises:
            StoreError: the machine fails, or another process holds the ledger.
        """
        try:
            with self.begin() as conn:
                yield conn
        except MachineError as exc:
            raise StoreError(str(exc)) from exc


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
    if parsed.get_backend_name() == "sqlite" and _is_in_memory(parsed):
        raise ConfigError(
            "store.ledger: a database in memory forgets every finding; "
            "name a file, like sqlite:///var/brand-ledger.sqlite."
        )
    return with_tls(parsed, "store.ledger")


def _is_in_memory(url: sa.URL) -> bool:
    """Tell whether SQLite would keep nothing. Source: SQLite, "In-memory databases"."""
    return not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(url.set(drivername="postgresql+psycopg"))
        except ModuleNotFoundError as exc:
            raise ConfigError(
                "store.ledger: the driver for PostgreSQL is not installed; install the extra `postgres`."
            ) from exc
    place = Path(url.database or "")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.touch(mode=0o600)
    except OSError as exc:
        fault = machine_fault(exc)
        why = str(fault) if fault else f"{place} cannot be created: {exc.strerror}."
        raise StoreError(f"{SETTING}: {why}") from exc
    engine = engine_over(url)
    sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:  # noqa: ANN401 - whatever driver SQLAlchemy uses
    # WAL lets a report read while an audit writes; FULL survives a power cut between the two.
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
