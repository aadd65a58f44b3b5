"""The kill switch: a file and a flag in the ledger; either stops every write before its request.

The file needs no database and no auditor: whoever can make a file can stop it. The flag reaches every
machine that shares the ledger.

Source:
    DESIGN 8, 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Text

from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.findings.ledger import Ledger

halt_table = sa.Table(
    "halt",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("since", DateTime, nullable=False),
    Column("reason", Text, nullable=False),
)


class Halt:
    """The kill switch of one brand.

    Args:
        ledger: Where its flag is.
        brand: The brand.
        file: A file that stops everything as long as it is there, whatever it holds.
    """

    def __init__(self, ledger: Ledger, brand: str, file: str) -> None:
        self._ledger, self._brand, self._file = ledger, brand, Path(file)

    def reason(self) -> str | None:
        """Return why nothing may be written, None where it may."""
        if self._file.exists():
            return f"the file {self._file} is there; remove it to go on"
        row = halt_table.c
        with self._ledger.begin() as conn:
            why = conn.execute(sa.select(row.reason).where(row.brand == self._brand)).scalar()
        return None if why is None else f"halted ({why}); `auditor halt --lift` lets it go on"

    def set(self, reason: str, at: datetime) -> None:
        """Stop every write from now on."""
        values = {"since": stored(at), "reason": reason}
        mine = halt_table.c.brand == self._brand
        with self._ledger.begin_first() as conn:
            if conn.execute(sa.update(halt_table).where(mine).values(**values)).rowcount == 0:
                conn.execute(sa.insert(halt_table).values(brand=self._brand, **values))

    def lift(self) -> bool:
        """Take the flag away; return whether there was one. A file is for whoever made it."""
        with self._ledger.begin_first() as conn:
            mine = halt_table.c.brand == self._brand
            return conn.execute(sa.delete(halt_table).where(mine)).rowcount > 0
