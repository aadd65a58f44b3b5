"""Which numbers came already, however many there are."""

from __future__ import annotations


class Seen:
    """A set of whole numbers in little memory, where they lie close together as ids do."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, number: int) -> bool:
        """Add a number; return whether it is new."""
        block, bit = number >> 8, 1 << (number & 255)
        bits = self._blocks.get(block, 0)
        if bits & bit:
            return False
        self._blocks[block] = bits | bit
        self._count += 1
        return True
