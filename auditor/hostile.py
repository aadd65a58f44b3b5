"""Text from the audited systems, made harmless before it reaches a page, a path or a spreadsheet."""

from __future__ import annotations

import re

TEXT_LIMIT = 400
"""Characters of one text in the page: no single value may blow the page up."""

# Controls that reorder, hide or break text: C0 but tab and line feed, DEL and C1, marks, embeddings,
# overrides and isolates, invisible operators, byte order marks, lone surrogates, tags. Joiners stay:
# they carry meaning in many scripts and in emoji, and cannot move text about.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAKS = re.compile(r"[\t\n]+")
_UNSAFE_NAME = re.compile(r"^\.|[^A-Za-z0-9_.-]")
# Full-width forms and line feeds are read as formulas by some spreadsheets, too.
FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""Characters of which each, at the beginning of a cell, lets a spreadsheet take it for a formula."""

_FORMULA = tuple(FORMULA)


def visible(text: str) -> str:
    """Replace every control character that a reader would not see by its code point."""
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def in_a_line(text: str) -> str:
    """Return a text as `visible` does, on one line: none of it passes for a line of what it stands in."""
    return visible(_BREAKS.sub(" ", text))


def printable(text: str, instead: str = "?") -> str:
    """Replace whatever is not printed, so that nothing moves a terminal's cursor."""
    return "".join(char if char.isprintable() else instead for char in text)


def clipped(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cut a long text, saying how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters in all)"


def safe_name(text: str) -> str:
    """Return a text as a file name and fragment: nothing in it can climb, hide or be quoted.

    Different texts give different names: what is unsafe is written as `~` and its code point.
    """
    return _UNSAFE_NAME.sub(lambda found: f"~{ord(found[0]):x}", text) or "~"


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
