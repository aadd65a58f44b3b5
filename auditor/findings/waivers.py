"""Waivers: someone takes a finding on, for a reason and until a date, or until it gets worse."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.errors import ConfigError
from auditor.findings.ledger import finding_table
from auditor.findings.query import finding_of

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.findings.ledger import Ledger
    from auditor.model.finding import Finding


def accept(ledger: Ledger, brand: str, prefix: str, *, until: datetime, reason: str) -> Finding:
    """Accept an open finding; one that is accepted already gets the new date and reason.

    Its present severity, people and money are what is accepted: more of any opens it again.

    Args:
        ledger: Where findings live.
        brand: Whose finding.
        prefix: The beginning of its fingerprint, as much as tells it from all others.
        until: When the waiver ends, aware.
        reason: Why, for whoever reads it later.

    Raises:
        ConfigError: no finding or several begin like that, or it is resolved.
        StoreError: the ledger cannot be written now.
    """
    row = finding_table.c
    with ledger.begin_first() as conn:
        fingerprint = _find(conn, brand, prefix)
        one = row.fingerprint == fingerprint
        conn.execute(
            finding_table.update()
            .where(one)
            .values(
                state="accepted",
                accepted_until=until.astimezone(UTC).replace(tzinfo=None),
                accepted_reason=reason,
                accepted_severity=row.severity,
                accepted_people=row.people,
                accepted_minor=row.money_minor,
            )
        )
        return finding_of(conn.execute(sa.select(finding_table).where(one)).mappings().one())


def _find(conn: sa.Connection, brand: str, prefix: str) -> str:
    row = finding_table.c
    begins = row.fingerprint.startswith(prefix, autoescape=True)
    select = sa.select(row.fingerprint, row.state).where(row.brand == brand, begins)
    found = conn.execute(select.order_by(row.fingerprint).limit(2)).all()
    if not prefix or not found:
        raise ConfigError(
            f"{prefix!r}: no finding has this fingerprint; `auditor findings` lists them."
        )
    if len(found) > 1:
        raise ConfigError(f"{prefix}: several findings begin like that; give more of it.")
    if found[0].state == "resolved":
        raise ConfigError(f"{prefix}: this finding is resolved; there is nothing to accept.")
    return str(found[0].fingerprint)
