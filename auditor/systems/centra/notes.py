"""What reading a stream left out and what it cost, for its line of coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.snapshot import Dropped


class Notes:
    """Sentences without personal data, each kept once and in the order they came."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}
        self._dropped: dict[Dropped, None] = {}

    def add(self, sentence: str) -> None:
        """Keep a sentence."""
        self._sentences[sentence] = None

    def drop(self, dropped: Dropped, sentence: str) -> None:
        """Keep a field that is left out, and the sentence that says why."""
        self._dropped[dropped] = None
        self.add(sentence)

    def clear(self) -> None:
        """Forget everything: the stream is read anew."""
        self._sentences.clear()
        self._dropped.clear()

    def __call__(self) -> tuple[str, ...]:
        """Return the sentences."""
        return tuple(self._sentences)

    def dropped(self) -> tuple[Dropped, ...]:
        """Return the fields that were left out."""
        return tuple(self._dropped)
