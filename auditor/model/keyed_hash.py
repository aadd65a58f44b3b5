"""What stands for personal data where it must not stand itself: a hash only the brand can make."""

from __future__ import annotations

import hmac


def keyed_hash(text: str | None, pepper: str | None) -> str | None:
    """Return what stands for a text; None without a text or without the brand's pepper.

    Without the pepper nobody can try out which e-mail address a hash belongs to.
    """
    if text is None or not pepper:
        return None
    return hmac.digest(pepper.encode(), text.encode(), "sha256").hex()[:32]
