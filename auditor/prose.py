"""How sentences name things: some of them in a row, and the one that was meant by a misspelt name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def in_a_row(names: Sequence[str]) -> str:
    """Return names as a sentence has them: "a", "a and b", "a, b and c".

    Raises:
        ValueError: there is none.
    """
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Return the known name that is most like a name, None where none is.

    Args:
        name: What somebody wrote.
        known: What they may have meant; of two that are as near, the first counts.
        cutoff: How alike they must be, 0 to 1.
    """
    close = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def hint(name: str, known: Sequence[str]) -> str:
    """Return the end of a sentence about an unknown name: which was meant, or which there are.

    Args:
        name: What somebody wrote.
        known: What they may have meant, in the order in which it is listed.
    """
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"there are {', '.join(known)}."
