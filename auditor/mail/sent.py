"""What was sent, what waits, and when each group of readers last heard anything: kept in the ledger."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.findings.ledger import run_table, stored
from auditor.findings.schema import metadata
from auditor.model.audit import Undelivered

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.findings.ledger import Ledger

mail_table = sa.Table(
    "mail",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("sent_at", DateTime, nullable=False),
)
waiting_table = sa.Table(
    "mail_waiting",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("way", Text, primary_key=True),  # mail or chat
    Column("letters", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
"""What the last post left behind, for the next report to tell."""

heard_table = sa.Table(
    "mail_heard",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("readers", Text, primary_key=True),  # the key of `mail.to`, or chat
    Column("at", DateTime, nullable=False),  # of the last digest
)


owed_table = sa.Table(
    "mail_owed",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("run", Text, primary_key=True),
)
"""The runs whose digests are still to be made: a process may die between its verdict and its letters."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the letters.

    Attributes:
        sent: Letters that were taken just now, those included that waited.
        waiting: Letters that wait for the next post.
        reason: Why they wait, None where none does.
    """

    sent: int
    waiting: int = 0
    reason: str | None = None


class Sent:
    """The memory of one brand's post.

    Args:
        ledger: Where it is kept.
        brand: Whose post.
    """

    def __init__(self, ledger: Ledger, brand: str) -> None:
        self._ledger, self._brand = ledger, brand

    def was(self, name: str) -> bool:
        """Tell whether a letter was taken, by its Message-ID or its key."""
        row = mail_table.c
        with self._ledger.begin() as conn:
            return conn.scalar(sa.select(row.sent_at).where(row.message_id == name)) is not None

    def note(self, name: str, at: datetime) -> None:
        """Write down that a letter was taken; that it was once more, by some of its readers, changes nothing."""
        values = {"message_id": name, "brand": self._brand, "sent_at": stored(at)}
        if self.was(name):
            return
        # Another process may have sent the same letter at this moment, and written it down first.
        with suppress(sa.exc.IntegrityError), self._ledger.begin() as conn:
            conn.execute(mail_table.insert().values(values))

    def leave(self, way: str, posted: Posted) -> None:
        """Write down what waits after a post by mail, or by chat."""
        row = waiting_table.c
        with self._ledger.begin() as conn:
            conn.execute(waiting_table.delete().where(row.brand == self._brand, row.way == way))
            if posted.waiting:
                values = {
                    "letters": posted.waiting,
                    "reason": posted.reason or "it is not known why",
                }
                conn.execute(waiting_table.insert().values(brand=self._brand, way=way, **values))

    def heard_at(self, readers: str) -> datetime | None:
        """Return when a group of readers was last written to, None before the first time."""
        row = heard_table.c
        select = sa.select(row.at).where(row.brand == self._brand, row.readers == readers)
        with self._ledger.begin() as conn:
            found = conn.scalar(select)
        return None if found is None else found.replace(tzinfo=UTC)

    def hears(self, readers: str, at: datetime) -> None:
        """Write down that a group of readers is written to."""
        row = heard_table.c
        with self._ledger.begin() as conn:
            conn.execute(
                heard_table.delete().where(row.brand == self._brand, row.readers == readers)
            )
            conn.execute(
                heard_table.insert().values(brand=self._brand, readers=readers, at=stored(at))
            )

    def owe(self, run: str) -> None:
        """Write down that a run has to be told, before it comes to its verdict."""
        self.settle(run)
        with self._ledger.begin() as conn:
            conn.execute(owed_table.insert().values(brand=self._brand, run=run))

    def owed(self) -> list[str]:
        """Return the runs that came to a verdict and were not told, the oldest first."""
        row, run = owed_table.c, run_table.c
        select = (
            sa.select(row.run)
            .select_from(owed_table.join(run_table, row.run == run.run))
            .where(row.brand == self._brand, run.verdict.is_not(None))
            .order_by(run.as_of)
        )
        with self._ledger.begin() as conn:
            return list(conn.execute(select).scalars())

    def settle(self, run: str) -> None:
        """Write down that a run was told."""
        row = owed_table.c
        with self._ledger.begin() as conn:
            conn.execute(owed_table.delete().where(row.brand == self._brand, row.run == run))

    @property
    def undelivered(self) -> Undelivered | None:
        """Return what the last posts left behind, None where nothing waits."""
        row = waiting_table.c
        select = (
            sa.select(row.letters, row.reason).where(row.brand == self._brand).order_by(row.way)
        )
        with self._ledger.begin() as conn:
            found = conn.execute(select).all()
        if not found:
            return None
        return Undelivered(sum(one[0] for one in found), "; ".join(one[1] for one in found))


def delete_sent(conn: sa.Connection, brand: str, before: datetime) -> int:
    """Delete that letters were taken before a moment (aware); return how many: no run tells them again."""
    row = mail_table.c
    old = mail_table.delete().where(row.brand == brand, row.sent_at < stored(before))
    return conn.execute(old).rowcount


def runs_owed(conn: sa.Connection, brand: str) -> frozenset[str]:
    """Return the runs that have yet to be told."""
    row = owed_table.c
    return frozenset(conn.scalars(sa.select(row.run).where(row.brand == brand)))
