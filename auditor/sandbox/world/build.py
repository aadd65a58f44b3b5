"""Builds a clean world: both systems of one brand, in agreement, from a seed."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auditor.sandbox.world.assortment import assort
from auditor.sandbox.world.campaigns import run_campaigns
from auditor.sandbox.world.catalogue import publish_catalogue
from auditor.sandbox.world.census import census
from auditor.sandbox.world.contacts import (
    create_contacts,
    draw_segments,
    empty_account,
    keep_lists,
    record_unsubscribes,
)
from auditor.sandbox.world.demand import foresee
from auditor.sandbox.world.events import define_events, fire_events
from auditor.sandbox.world.model import World
from auditor.sandbox.world.orders import place_orders
from auditor.sandbox.world.parcels import ship_orders
from auditor.sandbox.world.payments import settle_payments
from auditor.sandbox.world.people import populate
from auditor.sandbox.world.returns import take_returns
from auditor.sandbox.world.sales import record_sales
from auditor.sandbox.world.subscriptions import subscribe
from auditor.sandbox.world.tenant import opening_tenant
from auditor.sandbox.world.trade import open_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.assortment import Shelf
    from auditor.sandbox.world.scale import Scale

_TOKEN_LASTS = timedelta(days=200)


def build_world(seed: int, scale: Scale, now: datetime, *, shelf_seed: int | None = None) -> World:
    """Return a world without any drift; the same arguments always give the same world.

    Args:
        seed: Chooses among all worlds of that scale.
        scale: How large it is.
        now: The moment at which both systems stand; nothing in them is later.
        shelf_seed: Chooses the assortment, where worlds of other seeds are to sell the same; the
            world's own seed unless given.

    Raises:
        ValueError: `now` has no time zone.
    """
    if now.tzinfo is None:
        msg = "the moment of a world needs a time zone"
        raise ValueError(msg)
    moment = now.astimezone(UTC).replace(microsecond=0)
    world = World(now=moment, centra=opening_tenant(), emarsys=empty_account())
    with _without_collector():
        _fill_centra(
            world, seed, assort(world, seed if shelf_seed is None else shelf_seed, scale), scale
        )
        _fill_emarsys(world, seed)
    return world


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the cycle collector: a world is millions of rows without a cycle among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _fill_centra(world: World, seed: int, shelf: Shelf, scale: Scale) -> None:
    shoppers = populate(world, seed, scale)
    subscribe(world, seed, scale, shoppers)
    open_accounts(world, seed, scale, shoppers)
    place_orders(world, seed, shelf, foresee(world, seed, scale, shoppers))
    ship_orders(world, seed)
    take_returns(world, seed)
    settle_payments(world, seed)
    run_campaigns(world, seed)
    world.centra.token_ends_on = (world.now + _TOKEN_LASTS).date()


def _fill_emarsys(world: World, seed: int) -> None:
    people = census(world.centra)
    book = create_contacts(world, seed, people)
    record_unsubscribes(world, seed, people, book)
    keep_lists(world)
    draw_segments(world)
    record_sales(world, seed, people, book)
    define_events(world)
    fire_events(world, seed, people, book)
    publish_catalogue(world, seed)
