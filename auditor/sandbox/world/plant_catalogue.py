"""Planted drift of the catalogue suite; subjects are items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.sandbox.world.moments import SETTLED
from auditor.sandbox.world.planting import planter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.ground import Ground

# What a price differs by at least, in minor units; well beyond any tolerance.
_CLEAR_MINOR = 500


@planter("catalogue.missing_item")
def missing_item(ground: Ground, cases: int) -> Iterator[str]:
    """Leave sellable items out of the file, whether there is any of them or not."""
    for row in ground.racks.items(cases, ground.racks.is_sellable):
        ground.racks.drop([row])
        yield row.item


@planter("catalogue.retired_item", subjects="few")
def retired_item(ground: Ground, cases: int) -> Iterator[str]:
    """Go on offering what Centra switched off, what is not for sale in Sweden, and what is unknown."""
    for place in range(cases):
        yield _RETIREMENTS[place % len(_RETIREMENTS)](ground)


def _switched_off(ground: Ground) -> str:
    row = ground.racks.one(ground.racks.is_in_stock)
    size = ground.racks.size(row)
    size.is_active, size.updated_at = False, ground.world.now - SETTLED
    return row.item


def _not_for_sale(ground: Ground) -> str:
    row = ground.racks.one(ground.racks.is_unsellable)
    row.available = True
    return row.item


def _unknown(ground: Ground) -> str:
    row = ground.racks.one(ground.racks.is_in_stock)
    strange = replace(row, item=f"OLD-{row.item}")
    ground.racks.add(strange)
    return strange.item


_RETIREMENTS = (_switched_off, _not_for_sale, _unknown)


@planter("catalogue.price_mismatch", subjects="few")
def price_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Show the list price during a campaign, and any other price, in turn."""
    racks = ground.racks
    for place in range(cases):
        is_ignored = place % 2 == 0
        row = racks.one(racks.is_reduced if is_ignored else racks.is_sellable, racks.is_sellable)
        is_ignored = row.price_minor < row.msrp_minor
        row.price_minor = row.msrp_minor if is_ignored else row.price_minor + _CLEAR_MINOR
        yield row.item


@planter("catalogue.reference_price_mismatch")
def reference_price_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Show a higher price before the reduction than there was."""
    for row in ground.racks.items(cases, ground.racks.is_sellable):
        row.msrp_minor += _CLEAR_MINOR
        yield row.item


@planter("catalogue.out_of_stock_but_available")
def out_of_stock_but_available(ground: Ground, cases: int) -> Iterator[str]:
    """Offer the units that the shop keeps back."""
    for row in ground.racks.items(cases, ground.racks.is_sold_out):
        row.available, row.stock = True, row.stock + ground.racks.kept_back(row)
        yield row.item


@planter("catalogue.in_stock_but_unavailable")
def in_stock_but_unavailable(ground: Ground, cases: int) -> Iterator[str]:
    """Hide what can be bought."""
    for row in ground.racks.items(cases, ground.racks.is_in_stock):
        row.available, row.stock = False, 0
        yield row.item


@planter("catalogue.stock_mismatch")
def stock_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Count what the shop keeps back, where enough is left anyway."""
    for row in ground.racks.items(cases, ground.racks.is_in_stock):
        row.stock += ground.racks.kept_back(row)
        yield row.item


@planter("catalogue.attribute_mismatch")
def attribute_mismatch(ground: Ground, cases: int) -> Iterator[str]:
    """Keep a title, a link, a category, an image and a collection of the past, in turn."""
    for place, row in enumerate(ground.racks.items(cases, ground.racks.is_sellable)):
        name, addition = _PAST[place % len(_PAST)]
        setattr(row, name, getattr(row, name) + addition)
        yield row.item


_PAST = (
    *(("title", " (nyhet)"), ("link", "-old"), ("category", ">Nyheter")),
    *(("image", "?v=1"), ("collection", " 25")),
)


@planter("catalogue.duplicate_item")
def duplicate_item(ground: Ground, cases: int) -> Iterator[str]:
    """Write a row twice; every second time with another price."""
    for place, row in enumerate(ground.racks.items(cases, ground.racks.is_sellable)):
        price_minor = row.price_minor + place % 2 * _CLEAR_MINOR
        ground.racks.add(replace(row, price_minor=price_minor))
        yield row.item
