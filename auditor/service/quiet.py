"""Watches a run that nobody looks at: the log says how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.snapshot import Coverage
    from auditor.model.stream import Stream


class Quiet:
    """Hears everything and says nothing."""

    def stage(self, name: str) -> None:
        """Hear which stage begins."""

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        """Hear how far a stream has been read."""

    def ended(self, coverage: Coverage) -> None:
        """Hear that a stream is done."""

    def changes(self, done: int, of: int) -> None:
        """Hear how many changes are decided."""
