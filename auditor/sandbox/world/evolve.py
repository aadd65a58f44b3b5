"""Time passing: a clean world lives on to a later moment, and both systems stay in agreement.

Servers that are running keep indexes over the rows. After a world has evolved call `refresh` of the
`CentraServer` and `reindex` of the `Emarsys` behind the apps, and write Open Data again.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from auditor.sandbox.world.contacts import draw_segments
from auditor.sandbox.world.evolve_feeds import fire_new_events, load_new_sales, net_returns
from auditor.sandbox.world.evolve_identity import change_identities
from auditor.sandbox.world.evolve_orders import advance_orders, take_new_orders
from auditor.sandbox.world.evolve_people import meet_people
from auditor.sandbox.world.evolve_returns import complete_returns, take_new_returns
from auditor.sandbox.world.evolve_shelf import change_shelf
from auditor.sandbox.world.moments import DAY
from auditor.sandbox.world.payments import settle_payments
from auditor.sandbox.world.span import Span

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.sandbox.world.model import World


def evolve(world: World, seed: int, now: datetime) -> None:
    """Let a clean world live until a later moment, in place, a day at a time.

    About one percent of customers and orders change per day. Whatever changes gets a new
    `updated_at`. What happens depends on the seed, the world and the moment a day starts at, so two
    whole days in one call are the same as in two calls.

    Args:
        world: A world without drift; see `changes.py` for single manipulations.
        seed: The seed that the world was built with.
        now: The moment to live until.

    Raises:
        ValueError: `now` is earlier than the world.
    """
    moment = now.astimezone(UTC).replace(microsecond=0)
    if moment < world.now:
        msg = f"a world at {world.now} cannot go back to {moment}"
        raise ValueError(msg)
    while world.now < moment:
        end = min(world.now + DAY, moment)
        span = Span(world, seed, world.now, end)
        world.now = end
        _live(span)


def _live(span: Span) -> None:
    """Let everything happen that happens in a span.

    Events are fired before payments settle, because a capture changes its parcel once more.
    """
    world = span.world
    meet_people(span)
    change_identities(span)
    take_new_orders(span)
    advance_orders(span)
    complete_returns(span)
    take_new_returns(span)
    load_new_sales(span)
    net_returns(span)
    fire_new_events(span)
    _settle(span)
    change_shelf(span)
    draw_segments(world)


def _settle(span: Span) -> None:
    """Let payments happen; a capture changes its parcel."""
    waiting = [row for row in span.world.centra.shipments if not row.is_captured]
    settle_payments(span.world, span.seed)
    for parcel in waiting:
        if parcel.captured_at is not None:
            parcel.updated_at = max(parcel.updated_at, parcel.captured_at)
