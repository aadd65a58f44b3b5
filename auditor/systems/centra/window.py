"""From where a stream is read again: what changed since, and no less.

Source:
    Centra reference 2.4 (which lists have `updatedAt`, and that bounds may or may not match), 5.2
    (returns have `createdAt` alone, so their later completion shows only in a trailing window).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from auditor.systems.centra.listing import Where

OVERLAP = timedelta(minutes=10)
"""Clocks differ and bounds may not match: records from shortly before are read once more."""

TRAILING = timedelta(days=60)
"""How long after its creation a return is looked at again; later ones show in the weekly sweep.

Source: Centra reference 5.2: 60 to 90 days. Sixty keep an incremental read of a tenant with few months
of history below a twentieth of a full one.
"""

Window = Literal["updatedAt", "createdAt"]


def narrowed(where: Where, window: Window, changed_since: datetime) -> Where:
    """Return a filter that also leaves out what has not changed since a moment (aware)."""
    back = OVERLAP if window == "updatedAt" else TRAILING
    begin = changed_since - back
    earlier = where.get(window)
    if isinstance(earlier, dict):
        begin = max(begin, datetime.fromisoformat(earlier["from"]))
    return {**where, window: {"from": begin.astimezone(UTC).isoformat(timespec="seconds")}}
