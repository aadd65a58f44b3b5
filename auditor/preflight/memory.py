"""The verdicts of a brand's preflights, in the ledger: the newest stands in the report."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.findings.ledger import stored
from auditor.findings.schema import metadata
from auditor.model.audit import LastPreflight

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.findings.ledger import Ledger
    from auditor.preflight.verdict import Preflight

preflight_table = sa.Table(
    "preflight",
    metadata,
    Column("brand", Text, nullable=False, index=True),
    Column("made_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("audience", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("people", Integer, nullable=False),
)


def remember(ledger: Ledger, made: Preflight) -> None:
    """Write a verdict down."""
    values = {
        "brand": made.brand,
        "made_at": stored(made.made_at),
        "expires_at": stored(made.expires_at),
        "verdict": made.verdict,
        "kind": made.audience.kind,
        "audience": made.audience.id,
        "size": made.audience.size,
        "people": len(made.offenders),
    }
    with ledger.begin() as conn:
        conn.execute(preflight_table.insert().values(values))


def last_of(ledger: Ledger, brand: str) -> LastPreflight | None:
    """Return the newest verdict of a brand, None where it never asked for one."""
    row = preflight_table.c
    newest = sa.select(preflight_table).where(row.brand == brand).order_by(row.made_at.desc())
    with ledger.begin() as conn:
        found = conn.execute(newest.limit(1)).mappings().first()
    if found is None:
        return None
    return LastPreflight(
        made_at=found["made_at"].replace(tzinfo=UTC),
        expires_at=found["expires_at"].replace(tzinfo=UTC),
        verdict=found["verdict"],
        kind=found["kind"],
        audience=found["audience"],
        size=found["size"],
        people=found["people"],
    )


def delete_expired(conn: sa.Connection, brand: str, before: datetime) -> int:
    """Delete the verdicts that expired before a moment (aware), but for the newest; return how many."""
    row = preflight_table.c
    newest = sa.select(sa.func.max(row.made_at)).where(row.brand == brand).scalar_subquery()
    old = preflight_table.delete().where(
        row.brand == brand, row.expires_at < stored(before), row.made_at < newest
    )
    return conn.execute(old).rowcount
