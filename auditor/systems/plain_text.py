"""Catalogue texts as they are compared: the same words, however a feed or a page writes them."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from auditor.systems.text import text_or_none

CACHED = 65_536
"""Categories repeat."""

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""Closed by a semicolon only: `?a=1&copy=2` in a link is no copyright sign."""


@lru_cache(CACHED)
def plain_text(raw: str | None) -> str | None:
    """Return a text with entities decoded and white space folded; blank is None."""
    text = text_or_none(raw)
    if text is None:
        return None
    if "&" in text:
        text = ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return text_or_none(" ".join(text.split()))
