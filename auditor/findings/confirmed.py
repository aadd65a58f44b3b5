"""Writes down which findings a second look at both systems has borne out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.findings.ledger import finding_table
from auditor.model.finding import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.findings.ledger import Ledger


def mark(ledger: Ledger, brand: str, marks: Mapping[tuple[str, str], bool]) -> None:
    """Write down, by check and subject key, whether a finding was borne out when it was new."""
    rows = [
        {"marked": fingerprint(brand, check, key), "stands": stands}
        for (check, key), stands in marks.items()
    ]
    if not rows:
        return
    row = finding_table.c
    change = finding_table.update().where(row.fingerprint == sa.bindparam("marked"))
    with ledger.begin() as conn:
        conn.execute(change.values(confirmed=sa.bindparam("stands")), rows)
