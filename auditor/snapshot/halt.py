"""A word to all threads of a snapshot that it is over."""

from __future__ import annotations

from threading import Event


class HaltedError(Exception):
    """This thread stops because the snapshot ends early; why, another one has said."""


class Halt:
    """Tells threads to stop where they are between two pages, or pausing."""

    def __init__(self) -> None:
        self._called = Event()

    def call(self) -> None:
        """Let everybody stop."""
        self._called.set()

    def heed(self) -> None:
        """Go on, unless everybody stops.

        Raises:
            HaltedError: everybody stops.
        """
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Wait for that many seconds.

        Raises:
            HaltedError: everybody stops, before or meanwhile.
        """
        if self._called.wait(seconds):
            raise HaltedError
