"""Who was forgotten: a keyed hash of each address, and nothing else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Text

from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.findings.ledger import Ledger

forgotten_table = sa.Table(
    "forgotten",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("email_hash", Text, primary_key=True),  # keyed by the brand's pepper
    Column("forgotten_at", DateTime, nullable=False),  # the last time
)


def remember(ledger: Ledger, brand: str, email_hash: str, at: datetime) -> None:
    """Leave a tombstone; whoever is forgotten again gets a newer one."""
    row = forgotten_table.c
    with ledger.begin() as conn:
        theirs = (row.brand == brand) & (row.email_hash == email_hash)
        conn.execute(forgotten_table.delete().where(theirs))
        values = {"brand": brand, "email_hash": email_hash, "forgotten_at": stored(at)}
        conn.execute(forgotten_table.insert().values(values))


def compact(ledger: Ledger) -> bool:
    """Write a ledger anew, so that nothing is left of what was blanked in it; tell whether that is so.

    A file keeps what was blanked for as long as another process reads what was there before.
    """
    engine = ledger.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        if engine.dialect.name == "sqlite":
            conn.execute(sa.text("VACUUM"))
            return not conn.scalar(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        quote = conn.dialect.identifier_preparer.quote
        for table in metadata.sorted_tables:
            conn.execute(sa.text(f"VACUUM FULL {quote(table.name)}"))
    return True
