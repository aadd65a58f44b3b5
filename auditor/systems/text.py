"""Text as it is stored: normalised once, at load, so that no engine's collation decides a match."""

from __future__ import annotations

import unicodedata


def email_key(raw: str | None) -> str | None:
    """Return the key that matches e-mail addresses: trimmed, NFC, lower case; empty is None.

    Dots and plus tags stay: providers differ in what they mean.
    """
    text = text_or_none(raw)
    if text is None:
        return None
    if text.isascii():
        return text.strip().lower()
    # Lower case may compose anew (a capital with a combining mark), so it is normalised last.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())


def name_or_none(raw: str | None) -> str | None:
    """Return a name as it is compared: NFC, no white space around it and single spaces inside.

    Case stays: a name in capitals reads differently in a mail.
    """
    text = text_or_none(raw)
    return None if text is None else unicodedata.normalize("NFC", " ".join(text.split()))


def text_or_none(raw: str | None) -> str | None:
    """Return the text as it is, None where it is missing, empty or blank.

    The NUL character is dropped: PostgreSQL keeps none, and one would fail a whole page.
    """
    if not raw or raw.isspace():
        return None
    if "\0" in raw:
        return text_or_none(raw.replace("\0", ""))
    return raw
