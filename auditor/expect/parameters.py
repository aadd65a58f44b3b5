"""What `{$PARAMETER: ...}` in a suite stands for in one run."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.expect.expectation import READ_AT, READ_ON
from auditor.model.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.expect.expectation import Expectation
    from auditor.model.snapshot import Snapshot

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two healthy systems may be apart."""
FARTHEST_ZONE = timedelta(hours=14)
"""How far ahead of UTC a calendar date may be."""


def values(
    conn: sa.Connection, expectations: Iterable[Expectation], snapshot: Snapshot
) -> dict[str, Any]:
    """Return the value of each parameter that the expectations name.

    The reading ends when the last stream does, not when the snapshot begins: a healthy shop goes on
    changing records while it is read.
    """
    ends = [c.as_of + timedelta(seconds=c.seconds) for c in snapshot.coverage]
    read_at = max([snapshot.as_of, *ends]).astimezone(UTC).replace(tzinfo=None) + CLOCK_SKEW
    found: dict[str, Any] = {READ_AT: read_at, READ_ON: (read_at + FARTHEST_ZONE).date()}
    for table, column in sorted({r for e in expectations for r in e.references}):
        value = metadata.tables[table].c[column]
        select = sa.select(value).where(value.is_not(None)).distinct().order_by(value)
        found[f"{table}.{column}"] = list(conn.scalars(select))
    return found
