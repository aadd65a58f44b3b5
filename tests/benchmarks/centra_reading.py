"""Count what reading a tenant of Centra costs: whole, after one percent has changed, under limits.

The tenant answers in the same process and time is made up, so that hours of pacing pass in no time.
Tells requests and points per stream of the full read, requests of the incremental one and their ratio over
the streams that can be read in part, and, for limits that bind, the share of the allowed rate that reading
used.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from math import ceil
from typing import TYPE_CHECKING, Any

from auditor.model.stream import Start
from auditor.sandbox.centra import GROWTH, UNLIMITED
from auditor.sandbox.world import Scale, build_world
from tests.benchmarks.measure import tell
from tests.systems.centra.room import NOW, Room

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from auditor.sandbox.centra import RatePlan
    from auditor.sandbox.world.model import CentraTenant, World

LATENCY_S = 0.05
SHARE = 0.3
WINDOW_S = 10
CHANGED = 100
"""Of so many records one changes."""

ENDLESS = UNLIMITED.requests
TIGHT = {
    "requests": replace(UNLIMITED, requests=(GROWTH.requests[0], ENDLESS[1])),
    "points": replace(UNLIMITED, complexity=(150_000, ENDLESS[1])),
    "growth_plan": GROWTH,
}
"""Limits that bind while a small world is read: requests alone, points alone, and a whole plan."""


def costs(world: World) -> dict[str, Any]:
    """Return what a full read costs, and an incremental one when one percent of all has changed."""
    room = Room(world)
    full = {stream.name: room.cost(stream) for stream in room.streams}
    since = world.now
    change_some(world.centra, since + timedelta(hours=1))
    room.refresh()
    parts = {
        stream.name: room.cost(stream, Start(changed_since=since))
        for stream in room.streams
        if stream.read_from is not None
    }
    whole = sum(full[name][0] for name in parts)
    return {
        "requests": {name: requests for name, (requests, _) in full.items()},
        "points": {name: points for name, (_, points) in full.items()},
        "requests_incremental": {name: requests for name, (requests, _) in parts.items()},
        "incremental_to_full": round(sum(r for r, _ in parts.values()) / whole, 4),
    }


def change_some(tenant: CentraTenant, at: datetime) -> None:
    """Change every hundredth record that has a time of its change."""
    lists: tuple[Sequence[Any], ...] = (
        *(tenant.customers, tenant.accounts, tenant.orders, tenant.shipments),
        *(tenant.products, tenant.variants, tenant.sizes, tenant.displays),
    )
    for row in chain.from_iterable(rows[::CHANGED] for rows in lists):
        row.updated_at = at


def used(world: World, plan: RatePlan) -> dict[str, Any]:
    """Return how much of the allowed rate was used while some limit of ten seconds bound.

    For each ten seconds between the first pause and the last, that is the share of the limit which was
    used most; the mean of these counts. Over the whole reading, pauses or not, it is the share of what
    the limits of ten seconds and of an hour allow in as long, of requests or of points.
    """
    room = Room(world, plan, SHARE, latency_s=LATENCY_S)
    for stream in room.streams:
        room.cost(stream)
    first, last = room.pauses[0], room.pauses[-1]
    slots = [0.0] * int((last - first) // WINDOW_S)
    for number in range(len(slots)):
        begin = first + number * WINDOW_S
        within = [points for at, points in room.spent if begin <= at < begin + WINDOW_S]
        requests = len(within) / (plan.requests[0] * SHARE)
        slots[number] = max(requests, sum(within) / (plan.complexity[0] * SHARE))
    seconds = (room.now - NOW).total_seconds()
    whole = max(
        len(room.spent) / allowed(plan.requests, seconds),
        sum(points for _, points in room.spent) / allowed(plan.complexity, seconds),
    )
    return {
        "seconds": round(seconds),
        "slots": len(slots),
        "share": round(sum(slots) / len(slots), 3),
        "most": round(max(slots), 3),
        "share_of_whole": round(whole, 3),
        "refused": room.refused,
    }


def allowed(limits: tuple[int, int], seconds: float) -> float:
    """Return how much may be spent in so many seconds, by the limits of ten seconds and of an hour."""
    per_slot, per_hour = limits
    hours, rest = divmod(seconds, 3600)
    last = min(per_slot * ceil(rest / WINDOW_S), per_hour)
    return SHARE * (min(per_slot * 360, per_hour) * hours + last)


def table(result: dict[str, Any]) -> list[list[object]]:
    """Return the rows that a person reads."""
    rows: list[list[object]] = [["stream", "requests", "points"]]
    rows += [
        [name, requests, result["points"][name]] for name, requests in result["requests"].items()
    ]
    rows.append(["incremental / full", result["incremental_to_full"], ""])
    rows += [
        [f"limited by {name}: share", one["share"], ""] for name, one in result["limited"].items()
    ]
    return rows


def main() -> None:
    """Measure a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=Scale.S.customers)
    parser.add_argument("--limits", action="store_true", help="also read under tight limits")
    asked = parser.parse_args()
    world = build_world(1, Scale.of(customers=asked.customers), NOW)
    limited = {name: used(world, plan) for name, plan in TIGHT.items()} if asked.limits else {}
    result = {"customers": asked.customers, **costs(world), "limited": limited}
    tell(result, table(result))


if __name__ == "__main__":
    main()
