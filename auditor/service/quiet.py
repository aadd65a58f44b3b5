"""Watches a run that nobody looks at: the log says how it ended, and it ends early when the service does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import EndedError

if TYPE_CHECKING:
    from threading import Event

    from auditor.model.snapshot import Coverage
    from auditor.model.stream import Stream


class Quiet:
    """Says nothing; once the service has to end, the work ends at its next step.

    Whatever is left half done goes on from there next time: each stage can be killed at any moment.

    Args:
        ending: Set once the service has to end.
    """

    def __init__(self, ending: Event | None = None) -> None:
        self._ending = ending

    def stage(self, name: str) -> None:
        """Hear which stage begins."""
        del name
        self._go_on()

    def advanced(self, stream: Stream, rows: int, total: int | None) -> None:
        """Hear how far a stream has been read."""
        del stream, rows, total
        self._go_on()

    def ended(self, coverage: Coverage) -> None:
        """Hear that a stream is done."""

    def changes(self, done: int, of: int) -> None:
        """Hear how many changes are decided."""
        del done, of
        self._go_on()

    def _go_on(self) -> None:
        if self._ending is not None and self._ending.is_set():
            raise EndedError("The service has to end; this goes on when it is back.")
