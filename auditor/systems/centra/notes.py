"""What reading a stream left out and what it cost, for its line of coverage."""

from __future__ import annotations


class Notes:
    """Sentences without personal data, each kept once and in the order they came."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        """Keep a sentence."""
        self._sentences[sentence] = None

    def clear(self) -> None:
        """Forget everything: the stream is read anew."""
        self._sentences.clear()

    def __call__(self) -> tuple[str, ...]:
        """Return the sentences."""
        return tuple(self._sentences)
