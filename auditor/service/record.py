"""What the service did last, by kind of work, in the ledger: for its status, and for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, DateTime, Integer, Text

from auditor.findings.ledger import stored
from auditor.findings.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from auditor.findings.ledger import Ledger

work_table = sa.Table(
    "service_work",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("began_at", DateTime, nullable=False),
    Column("ended_at", DateTime),  # NULL while it goes on, or where it was killed
    Column("worked_at", DateTime),  # the last end that was no failure
    Column("said", Text),
    Column("failures", Integer, nullable=False),  # in a row
)


@dataclass(frozen=True, slots=True)
class Work:
    """How one kind of work went last.

    Attributes:
        ended_at: None while it goes on, or where its process died.
        worked_at: When it last ended without a failure.
        said: What it came to, or why it failed, as a sentence.
        failures: In a row.
    """

    kind: str
    began_at: datetime
    ended_at: datetime | None
    worked_at: datetime | None
    said: str | None
    failures: int


class Log:
    """The work of one brand.

    Args:
        ledger: Where it is kept.
        brand: Whose work.
    """

    def __init__(self, ledger: Ledger, brand: str) -> None:
        self._ledger, self._brand = ledger, brand

    def begins(self, kind: str, at: datetime) -> None:
        """Write down that work begins."""
        row = work_table.c
        mine = (row.brand == self._brand) & (row.kind == kind)
        values = {"began_at": stored(at), "ended_at": None, "said": None}
        with self._ledger.begin() as conn:
            changed = conn.execute(work_table.update().where(mine).values(values))
            if changed.rowcount == 0:
                known = {"brand": self._brand, "kind": kind, "failures": 0, **values}
                conn.execute(work_table.insert().values(known))

    def ends(self, kind: str, at: datetime, said: str, *, is_failure: bool) -> None:
        """Write down what it came to."""
        row = work_table.c
        values = {"ended_at": stored(at), "said": said}
        if is_failure:
            values["failures"] = row.failures + 1
        else:
            values |= {"failures": 0, "worked_at": stored(at)}
        mine = work_table.update().where(row.brand == self._brand, row.kind == kind)
        with self._ledger.begin() as conn:
            conn.execute(mine.values(values))

    def all(self) -> list[Work]:
        """Return how each kind of work went last."""
        row = work_table.c
        select = sa.select(work_table).where(row.brand == self._brand).order_by(row.kind)
        with self._ledger.begin() as conn:
            return [
                Work(
                    one["kind"],
                    one["began_at"].replace(tzinfo=UTC),
                    _told(one["ended_at"]),
                    _told(one["worked_at"]),
                    one["said"],
                    one["failures"],
                )
                for one in conn.execute(select).mappings()
            ]

    def of(self, kinds: Collection[str]) -> list[Work]:
        """Return the same of some kinds alone: nobody works at what is planned no more, or mends it."""
        return [one for one in self.all() if one.kind in kinds]


def _told(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
