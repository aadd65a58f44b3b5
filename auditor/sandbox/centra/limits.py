"""The rate limiter: three buckets in two windows, shared by every token of the environment.

Source: Centra reference 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.sandbox.centra.plans import RatePlan

_WINDOWS = (("TEN_SECONDS", 10), ("ONE_HOUR", 3_600))


@dataclass(slots=True)
class Bucket:
    """A bucket of one kind and window; it refills evenly and holds at most its quota."""

    kind: str
    interval: str
    interval_s: int
    quota: int
    left: float
    filled_at: datetime

    def refill(self, now: datetime) -> None:
        """Add what has come back since the last time."""
        passed_s = max((now - self.filled_at).total_seconds(), 0.0)
        self.left = min(self.quota, self.left + passed_s * self.quota / self.interval_s)
        self.filled_at = now

    def ready_at(self, cost: int) -> datetime:
        """Return when a cost can be paid; one above the quota never can, and gets when it is full."""
        missing = min(cost, self.quota) - self.left
        return self.filled_at + timedelta(seconds=missing * self.interval_s / self.quota)


class Limits:
    """All six buckets of an environment."""

    def __init__(self, plan: RatePlan, now: datetime) -> None:
        quotas = {
            "REQUEST_COUNT": plan.requests,
            "QUERY_COMPLEXITY": plan.complexity,
            "MUTATION_COUNT": plan.mutations,
        }
        self._buckets = [
            Bucket(kind, interval, interval_s, quota, quota, now)
            for kind, pair in quotas.items()
            for (interval, interval_s), quota in zip(_WINDOWS, pair, strict=True)
        ]

    def take(self, costs: Mapping[str, int], now: datetime) -> datetime | None:
        """Pay the costs by kind, or pay nothing and return when they could be paid."""
        late = []
        for bucket in self._buckets:
            bucket.refill(now)
            cost = costs.get(bucket.kind, 0)
            if cost > bucket.left:
                late.append(bucket.ready_at(cost))
        if late:
            return max(late)
        for bucket in self._buckets:
            bucket.left -= costs.get(bucket.kind, 0)
        return None

    def rows(self, now: datetime) -> list[dict[str, Any]]:
        """Return what the `rateLimits` query shows."""
        for bucket in self._buckets:
            bucket.refill(now)
        return [
            {
                "type": bucket.kind,
                "intervalSeconds": bucket.interval,
                "quota": bucket.quota,
                "usedQuota": bucket.quota - floor(bucket.left),
                "remainingQuota": floor(bucket.left),
            }
            for bucket in self._buckets
        ]


def retry_after(form: str, ready_at: datetime, now: datetime) -> str:
    """Write a `Retry-After` header as an epoch, an HTTP date or a number of seconds, rounded up."""
    whole = ceil(ready_at.timestamp())
    if form == "epoch":
        return str(whole)
    if form == "http_date":
        return format_datetime(datetime.fromtimestamp(whole, UTC), usegmt=True)
    return str(max(ceil((ready_at - now).total_seconds()), 1))
