"""The lease: one process writes for a brand, and one that lost it can write nothing any more.

A token grows with every holder. Every transaction of the journal asks for its own token first, in the
same transaction, so that a process that slept past its time cannot write over its successor.

Source:
    DESIGN 9 (one writer per brand), 12 (a process may die at any instruction).
"""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.errors import StoppedError, UnsafePlanError
from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from auditor.findings.ledger import Ledger

LASTS = timedelta(minutes=10)
"""Longer than any request waits for its answer, retries included; every write renews it."""

Doing = Literal["correcting", "auditing", "serving"]

lease_table = sa.Table(
    "lease",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("holder", Text, nullable=False),  # host, process, and a word of its own
    Column("token", Integer, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)


def this_process() -> str:
    """Return a name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Lease:
    """The right to write for one brand.

    Args:
        ledger: The database that all processes of the brand share.
        brand: The brand.
        clock: The time now, aware.
        holder: Who asks.
        doing: What the holder does; each kind of work has a lease of its own.
    """

    def __init__(
        self,
        ledger: Ledger,
        brand: str,
        clock: Callable[[], datetime],
        holder: str,
        *,
        doing: Doing = "correcting",
    ) -> None:
        self._named, self._doing = brand, doing
        brand = brand if doing == "correcting" else f"{doing}:{brand}"
        self._ledger, self._brand, self._clock, self._holder = ledger, brand, clock, holder
        self.token = 0

    def take(self) -> None:
        """Become the writer of the brand.

        Raises:
            UnsafePlanError: another process is.
            StoreError: the ledger cannot be written now.
        """
        row = lease_table.c
        with self._ledger.begin_first() as conn:
            held = conn.execute(sa.select(lease_table).where(row.brand == self._brand)).first()
        if held is not None:
            self._believe(held.token, held.expires_at)
        with self._ledger.begin_first() as conn:
            if held is not None and not self._is_over(held.holder, held.expires_at):
                raise UnsafePlanError(
                    f"Another process ({_where(held.holder)}) is {self._doing} {self._named}, until "
                    f"{held.expires_at:%H:%M} UTC at the latest; wait for it, or for that moment."
                )
            token = 1 if held is None else held.token + 1
            values = {"holder": self._holder, "token": token, "expires_at": self._end()}
            if not self._wins(conn, None if held is None else held.token, values):
                raise UnsafePlanError(
                    f"Another process began {self._doing} {self._named} at this moment; try again later."
                )
        self.token = token

    def _believe(self, token: int, expires_at: datetime) -> None:
        """Cut a lease that ends later than any may: its clock was wrong, or this one was put back.

        Whoever holds it renews it as before; of one who is gone it ends within minutes, not in a year.
        """
        if expires_at <= self._end():
            return
        row = lease_table.c
        seen = sa.update(lease_table).where(row.brand == self._brand, row.token == token)
        with self._ledger.begin_first() as conn:
            conn.execute(seen.values(expires_at=self._end()))

    def _wins(self, conn: sa.Connection, seen: int | None, values: dict[str, object]) -> bool:
        """Write the lease down; of two that come at once, one finds what it saw."""
        row = lease_table.c
        if seen is not None:
            mine = sa.update(lease_table).where(row.brand == self._brand, row.token == seen)
            return conn.execute(mine.values(**values)).rowcount == 1
        try:
            conn.execute(sa.insert(lease_table).values(brand=self._brand, **values))
        except sa.exc.IntegrityError:
            return False
        return True

    def require(self, conn: sa.Connection) -> None:
        """Go on being the writer, in a transaction that writes.

        Raises:
            StoppedError: another process is by now; nothing of the transaction happens.
        """
        row = lease_table.c
        mine = sa.update(lease_table).where(
            row.brand == self._brand, row.token == self.token, row.holder == self._holder
        )
        if conn.execute(mine.values(expires_at=self._end())).rowcount != 1:
            raise StoppedError(
                f"Another process took over {self._doing} {self._named}; this one stops here."
            )

    def renew(self) -> None:
        """Go on being the writer.

        Raises:
            StoppedError: as for `require`.
        """
        with self._ledger.begin() as conn:
            self.require(conn)

    def give_back(self) -> None:
        """Let others write; harmless where another process does already."""
        row = lease_table.c
        mine = sa.update(lease_table).where(
            row.brand == self._brand, row.token == self.token, row.holder == self._holder
        )
        with self._ledger.begin() as conn:
            conn.execute(mine.values(expires_at=stored(self._clock())))

    def _is_over(self, holder: str, expires_at: datetime) -> bool:
        return expires_at.replace(tzinfo=UTC) <= self._clock() or is_dead(holder)

    def _end(self) -> datetime:
        return stored(self._clock() + LASTS)


def holder_of(ledger: Ledger, brand: str, doing: Doing, now: datetime) -> str | None:
    """Return where the process is that does something for a brand now; None where none does."""
    row, name = lease_table.c, brand if doing == "correcting" else f"{doing}:{brand}"
    with ledger.begin() as conn:
        held = conn.execute(sa.select(lease_table).where(row.brand == name)).first()
    if held is None or held.expires_at.replace(tzinfo=UTC) <= now or is_dead(held.holder):
        return None
    return _where(held.holder)


def _where(holder: str) -> str:
    """Return host and process of a holder."""
    return holder.rpartition(":")[0] or holder


def is_dead(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that is there no more.

    Of a process elsewhere nothing is known, so that its time has to pass.
    """
    host, _, rest = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
