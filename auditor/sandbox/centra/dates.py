"""Dates as Centra reads and writes them: its scalars and PHP's format letters.

Source: Centra reference 2.5.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

DEFAULT_FORMAT = "Y-m-d\\TH:i:sP"
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?)?")


def read_moment(value: object) -> datetime:
    """Read a `DateTimeTz` input; it stays naive when it carries no offset.

    Raises:
        GraphQLError: The text is no date that Centra's documents use.
    """
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        raise GraphQLError(f"DateTimeTz cannot represent value: {value!r}")
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError as exc:
        raise GraphQLError(f"DateTimeTz cannot represent value: {value!r}") from exc


def read_int64(value: object) -> int:
    """Read an `Int64` input.

    Raises:
        GraphQLError: It is no integer of 64 bits.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"Int64 cannot represent value: {value!r}")
    return value


def writer(pattern: str | None, zone: tzinfo) -> Callable[[datetime], str]:
    """Return what writes a moment in the tenant's zone, by default `DEFAULT_FORMAT`."""
    if pattern is None or pattern == DEFAULT_FORMAT:
        return lambda moment: moment.astimezone(zone).isoformat("T", "seconds")
    return lambda moment: php_format(moment.astimezone(zone), pattern)


_LETTERS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04}",
    "y": lambda t: f"{t.year % 100:02}",
    "m": lambda t: f"{t.month:02}",
    "n": lambda t: str(t.month),
    "d": lambda t: f"{t.day:02}",
    "j": lambda t: str(t.day),
    "H": lambda t: f"{t.hour:02}",
    "G": lambda t: str(t.hour),
    "i": lambda t: f"{t.minute:02}",
    "s": lambda t: f"{t.second:02}",
    "u": lambda t: f"{t.microsecond:06}",
    "v": lambda t: f"{t.microsecond // 1000:03}",
    "U": lambda t: str(int(t.timestamp())),
    "O": lambda t: t.strftime("%z"),
    "P": lambda t: t.isoformat()[-6:],
    "c": lambda t: t.isoformat("T", "seconds"),
}


def php_format(moment: datetime, pattern: str) -> str:
    """Write a moment by a PHP date pattern; a backslash takes the next letter as it is."""
    parts: list[str] = []
    letters: Any = iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(next(letters, ""))
        else:
            parts.append(_LETTERS[letter](moment) if letter in _LETTERS else letter)
    return "".join(parts)
