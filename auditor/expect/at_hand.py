"""What a run has to judge by: which checks do not apply, and which lack what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.expect import earlier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import sqlalchemy as sa

    from auditor.model.finding import Check
    from auditor.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class AtHand:
    """What one run has.

    Attributes:
        snapshot: What was read, and how completely.
        before: Streams that an earlier run read to their end.
        off: Suites and checks that the settings give nothing to judge by, each with the reason.
    """

    snapshot: Snapshot
    before: Collection[str]
    off: Mapping[str, str]

    def why_off(self, check: Check) -> str | None:
        """Say why a check does not apply to this brand, or not yet; None when it does."""
        for name in (check.suite, check.id):
            if name in self.off:
                return self.off[name]
        for line in map(self.snapshot.line, check.needs):
            if line is not None and line.mode == "off":
                return line.reason or f"The stream {line.stream} is not configured."
        unread = [stream for stream in check.needs_before if stream not in self.before]
        return earlier.sentence(unread) if unread else None

    def why_skipped(self, check: Check) -> str | None:
        """Say what a check lacks; what it heeds it needs only where that is configured."""
        find = self.snapshot.line
        heeded = [s for s in check.heeds if (line := find(s)) and line.mode != "off"]
        for stream in (*check.needs, *heeded):
            line = find(stream)
            if line is None:
                return f"The stream {stream} was not read."
            if not line.is_usable:
                return line.reason or f"The stream {stream} was not read to its end."
        for name in check.needs_told:
            if name in self.snapshot.untold:
                table, _, column = name.partition(".")
                system, _, what = table.partition("_")
                return (
                    f"{system.capitalize()} does not tell {column} of any {what.replace('_', ' ')}; "
                    "see auditor doctor."
                )
        return None


def at_hand(
    conn: sa.Connection, checks: Collection[Check], snapshot: Snapshot, off: Mapping[str, str]
) -> AtHand:
    """Find out what a run has; only what some check asks for is looked up."""
    looks_back = any(check.needs_before for check in checks)
    before = earlier.complete_before(conn, snapshot.run) if looks_back else ()
    return AtHand(snapshot, before, off)
