"""What was read to its end before this run: the checks that look back need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from auditor.model.finding import NOT_YET
from auditor.model.history import snapshot_run, stream_position
from auditor.prose import in_a_row

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def complete_before(conn: sa.Connection, run: str) -> Collection[str]:
    """Return the streams that some run before this one read to their end.

    A run that the warehouse does not know has nothing before it.
    """
    this = sa.select(sa.func.min(snapshot_run.c.number)).where(snapshot_run.c.run == run)
    at = stream_position.c
    found = sa.select(at.stream).where(at.number < this.scalar_subquery()).distinct()
    return frozenset(conn.scalars(found))


def sentence(streams: Sequence[str]) -> str:
    """Return why a check that looks back says nothing yet."""
    return f"{NOT_YET} {in_a_row(streams)}; the next audit has one."
