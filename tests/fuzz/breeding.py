"""Attacks bred from valid samples: what parsers trip over, put where a value, a key or a byte stood."""

from __future__ import annotations

import json
import random
from typing import Any

HARD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, -0.0, 1e-320,
    "", " ", "0", "-1", "NaN", "Infinity", "1e999999", "9" * 5000, "\0", "a\0b", "\u202e", "\ufeff",
    "2026-02-30", "0000-00-00 00:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
    "=HYPERLINK(1)", "\r\nBcc: x", "{{7*7}}", "%s", "{}", "<script>", "x" * 70_000,
    [], {}, [[]], [None], {"": None}, [{}],
)  # fmt: skip
"""Values at which numbers, dates, texts and shapes end."""

RAW = (
    b"\xff", b"\x00", b"\xed\xa0\x80", b'"', b"\n", b"\r", b"\r\n", b";", b",", b"\t", b"[" * 3000,
    b'{"a":' * 3000, b"NaN", b"1e999", b"-", b"9" * 400, b'"\\ud800"', b"&a *a", b"!!python/name:os.x ",
    b"\xef\xbb\xbf", b"\xe2\x80\xae", b"x" * 70_000,
)  # fmt: skip
"""Bytes at which decoders end."""


def bred(seed: bytes, number: int) -> bytes:
    """Return the attack of that number; the same number gives the same bytes."""
    dice = random.Random(number)  # noqa: S311 - attacks, no secrets
    if dice.random() < 0.7 and (value := _value_of(seed)) is not None:
        for _ in range(dice.choice((1, 1, 2, 4))):
            value = _changed(value, dice)
        return json.dumps(value).encode()
    content = seed
    for _ in range(dice.choice((1, 1, 2, 4))):
        content = _broken(content, dice)
    return content


def _value_of(seed: bytes) -> Any:
    try:
        return json.loads(seed)
    except ValueError:
        return None


def _changed(value: Any, dice: random.Random) -> Any:
    """Walk down to one place and change it there."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.15:
        return dice.choice(HARD)
    if isinstance(value, list):
        return _changed_list(value, dice)
    key = dice.choice(list(value))
    if dice.random() < 0.1:
        return {k: v for k, v in value.items() if k != key}
    return {**value, key: _changed(value[key], dice)}


def _changed_list(value: list[Any], dice: random.Random) -> list[Any]:
    place = dice.randrange(len(value))
    if dice.random() < 0.2:
        return [*value, value[place]]
    return [*value[:place], _changed(value[place], dice), *value[place + 1 :]]


def _broken(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content) + 1)
    end = min(len(content), place + dice.choice((0, 1, 1, 5, 40)))
    kind = dice.randrange(4)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + content[end:]
    if kind == 2:
        return content[:end] + content[place:]
    return content[:place] + dice.choice(RAW) + content[end:]
