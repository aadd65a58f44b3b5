"""Planted drift of the freshness suite; subjects are streams and settings, each planted once.

A stream that stalls or lags takes every other case of that stream with it, so neither is planted: two
worlds of their own in the tests show them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.moments import DAY
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.ground import Ground

_FEED_AGE = timedelta(hours=50)
_DAYS_LEFT = 9


@planter("freshness.feed_age")
def feed_age(ground: Ground, _cases: int) -> Iterator[str]:
    """Write the catalogue file long ago; what stands in it does not change."""
    ground.world.emarsys.feed_written_at = ground.world.now - _FEED_AGE
    yield "catalogue"


@planter("freshness.token_expiry")
def token_expiry(ground: Ground, _cases: int) -> Iterator[str]:
    """Let Centra's token end soon, as the brand's settings tell."""
    ground.world.centra.token_ends_on = (ground.world.now + _DAYS_LEFT * DAY).date()
    yield "credentials.centra_token_expires"
