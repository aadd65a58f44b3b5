"""The rate limit: so many requests per minute and API user, told in three headers.

Source:
    Emarsys reference 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_WINDOW_S = 60


class Pace:
    """Counts each API user's requests in the current minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, user: str, now: datetime) -> tuple[bool, dict[str, str]]:
        """Count one request; return whether it may pass, and the headers of its answer."""
        window = int(now.timestamp()) // _WINDOW_S
        since, used = self._used.get(user, (window, 0))
        used = used + 1 if since == window else 1
        self._used[user] = (window, used)
        headers = {
            "X-RateLimit-Limit": str(self._limit),
            "X-Ratelimit-Remaining": str(max(self._limit - used, 0)),
            "X-RateLimit-Reset": str((window + 1) * _WINDOW_S),
        }
        return used <= self._limit, headers
