"""Offers: where Centra shows a variant, what it costs there, and what there is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.model import tables as t
from auditor.model.history import HISTORY, stream_position
from auditor.places import CONSUMER
from auditor.reconcile.sql import LONG_AGO, sum_of, the_same

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms

ACTIVE = "ACTIVE"
"""Source: Centra reference 6.2: `ProductStatus` and `Status`."""


# --- where it is shown ------------------------------------------------------------------------------


def shown(terms: Terms) -> sa.Select[Any]:
    """Select the variants that a display shows in the market, with what their displays agree on."""
    display, variant, market = t.centra_display.c, t.centra_display_variant, t.centra_display_market
    return (
        sa.select(
            variant.c.variant_id,
            *(
                the_same(display[name]).label(name)
                for name in ("name", "uri", "category", "images")
            ),
        )
        .select_from(
            variant.join(t.centra_display, variant.c.display_id == display.display_id).join(
                market, market.c.display_id == display.display_id
            )
        )
        .where(
            display.status == ACTIVE,
            display.store_id.in_(_stores(terms)),
            market.c.market_id.in_(_markets(terms)),
        )
        .group_by(variant.c.variant_id)
    )


def retouched(terms: Terms) -> sa.Select[Any]:
    """Tell when the displays of a product changed last, those that show it no more included.

    One that is gone may have gone as soon as it was seen last.
    """
    display, past = t.centra_display, HISTORY[t.centra_display.name]
    reading, still = _readings("displays", terms), display.alias("displays_still_there")
    gone = (
        sa.select(past.c.product_id, past.c.store_id, reading.c.before_at)
        .select_from(
            past.join(reading, past.c.valid_to_run == reading.c.run).outerjoin(
                still, past.c.display_id == still.c.display_id
            )
        )
        .where(still.c.display_id.is_(None))
    )
    here = sa.select(display.c.product_id, display.c.store_id, display.c.updated_at)
    row = sa.union_all(here, gone).subquery("displays_of_products").c
    return (
        sa.select(row.product_id, sa.func.max(row.updated_at).label("changed_at"))
        .where(row.store_id.in_(_stores(terms)))
        .group_by(row.product_id)
    )


def _stores(terms: Terms) -> sa.Select[Any]:
    """Select the consumers' stores, only that of the price list where the tenant tells it."""
    store, pricelist = t.centra_store.c, t.centra_pricelist.c
    its_own = sa.select(pricelist.store_id).where(
        pricelist.pricelist_id.in_(_pricelists(terms)), pricelist.store_id.is_not(None)
    )
    return sa.select(store.store_id).where(
        store.type == CONSUMER,
        store.store_id.in_(its_own) | ~its_own.exists(),
    )


def _markets(terms: Terms) -> sa.Select[Any]:
    row = t.centra_market.c
    return sa.select(row.market_id).where(
        (row.name == terms.market) | (row.market_id == terms.market)
    )


def last_seen(terms: Terms) -> sa.Select[Any]:
    """Tell when Centra last had an item under which no size goes any more: that one may have just gone."""
    past, reading = HISTORY[t.centra_size.name], _readings("sizes", terms)
    return (
        sa.select(past.c.item, sa.func.max(reading.c.before_at).label("seen_at"))
        .select_from(past.join(reading, past.c.valid_to_run == reading.c.run))
        .where(past.c.item.is_not(None))
        .group_by(past.c.item)
    )


# --- what it costs ----------------------------------------------------------------------------------


def _pricelists(terms: Terms) -> sa.Select[Any]:
    """Select the configured price list unless it is out of use."""
    row = t.centra_pricelist.c
    named = (row.name == terms.pricelist) | (row.pricelist_id == terms.pricelist)
    return sa.select(row.pricelist_id).where(named, sa.func.coalesce(row.status, ACTIVE) == ACTIVE)


def prices(terms: Terms, grain: str) -> sa.CTE:
    """Select list prices by variant, or those of whole products, which variants inherit.

    Each tells the earliest moment that it can have become what it is, NULL where it always was.
    """
    row, first_seen = t.centra_price.c, _first_seen(terms)
    of_variant = row.variant_id.is_not(None)
    return (
        sa.select(
            row[grain],
            sa.func.min(row.value_minor).label("value_minor"),
            sa.func.min(row.currency).label("currency"),
            sa.func.max(first_seen.c.changed_at).label("changed_at"),
        )
        .select_from(t.centra_price.outerjoin(first_seen, row.price_id == first_seen.c.price_id))
        .where(
            of_variant if grain == "variant_id" else ~of_variant,
            row.pricelist_id.in_(_pricelists(terms)),
        )
        .group_by(row[grain])
        .cte(f"price_by_{grain}")
    )


def _first_seen(terms: Terms) -> sa.Subquery:
    """Select since when a price may be what it is: since the reading before the one that first told it.

    Centra keeps no time of its change. What the first reading of the same prices had is taken to be old.
    """
    past, reading = HISTORY[t.centra_price.name], _readings("prices", terms)
    return (
        sa.select(past.c.price_id, reading.c.before_at.label("changed_at"))
        .select_from(past.join(reading, past.c.valid_from_run == reading.c.run))
        .where(past.c.valid_to_run.is_(None), reading.c.before_at.is_not(None))
        .subquery("prices_first_seen")
    )


def withdrawn(terms: Terms, grain: str) -> sa.CTE:
    """Tell when prices that are there no more were seen last, by variant or of whole products."""
    past, reading = HISTORY[t.centra_price.name], _readings("prices", terms)
    still, of_variant = t.centra_price.alias("prices_still_there"), past.c.variant_id.is_not(None)
    return (
        sa.select(past.c[grain], sa.func.max(reading.c.before_at).label("changed_at"))
        .select_from(
            past.join(reading, past.c.valid_to_run == reading.c.run).outerjoin(
                still, past.c.price_id == still.c.price_id
            )
        )
        .where(
            still.c.price_id.is_(None),
            of_variant if grain == "variant_id" else ~of_variant,
            past.c.pricelist_id.in_(_pricelists(terms)),
        )
        .group_by(past.c[grain])
        .cte(f"withdrawn_by_{grain}")
    )


def _readings(stream: str, terms: Terms) -> sa.Subquery:
    """Select the readings of a stream, each with when the one before it that read the same began."""
    at = stream_position.c
    before = sa.func.lag(at.as_of).over(partition_by=at.basis, order_by=at.number)
    select = sa.select(at.run, before.label("before_at")).where(
        at.stream == stream, sa.literal(not terms.is_launch)
    )
    return select.subquery(f"{stream}_readings")


def campaigns(terms: Terms) -> sa.Select[Any]:
    """Select the lowest price of the campaigns that run, and when one last began or ended."""
    row, market = t.centra_campaign_price.c, t.centra_campaign_market
    began = sa.func.coalesce(row.starts_at, LONG_AGO) <= terms.as_of
    ended = sa.func.coalesce(row.stops_at <= terms.as_of, sa.false())
    runs = began & ~ended & (row.status == ACTIVE)
    return (
        sa.select(
            row.variant_id,
            sa.func.min(sa.case((runs, row.price_minor))).label("price_minor"),
            sa.func.max(sa.case((ended, row.stops_at), (began, row.starts_at))).label("changed_at"),
        )
        .where(
            row.pricelist_id.in_(_pricelists(terms)),
            row.campaign_id.in_(
                sa.select(market.c.campaign_id).where(market.c.market_id.in_(_markets(terms)))
            ),
        )
        .group_by(row.variant_id)
    )


def lowest(terms: Terms) -> sa.Select[Any]:
    """Select the newest original price of each variant, the market's own before the general one.

    Each tells since when it is one, NULL where nobody says.
    """
    row = t.centra_lowest_price.c
    of_market = row.market_id.in_(_markets(terms))
    started_at = sa.func.coalesce(row.started_at, LONG_AGO)
    place = sa.func.row_number().over(
        partition_by=row.variant_id,
        order_by=(sa.case((of_market, 0), else_=1), started_at.desc(), row.original_minor),
    )
    found = (
        sa.select(row.variant_id, row.original_minor, row.started_at, place.label("place"))
        .where(
            row.original_minor.is_not(None),
            row.pricelist_id.in_(_pricelists(terms)),
            row.market_id.is_(None) | of_market,
            started_at <= terms.as_of,
        )
        .subquery()
    )
    columns = (found.c.variant_id, found.c.original_minor, found.c.started_at)
    return sa.select(*columns).where(found.c.place == 1)


# --- what there is of it ----------------------------------------------------------------------------


def stock(terms: Terms) -> sa.Select[Any]:
    """Add up what the warehouses have of a size, whole and without what each keeps back.

    A warehouse keeps back what it has, never more: a threshold takes nothing from another one.
    """
    row, warehouse = t.centra_stock.c, t.centra_warehouse
    free = row.free_to_allocate
    kept = sa.func.least(sa.func.greatest(free, 0), sa.func.coalesce(warehouse.c.threshold, 0))
    select = (
        sa.select(row.size_id, sum_of(free).label("free"), sum_of(free - kept).label("unprotected"))
        .select_from(
            t.centra_stock.outerjoin(warehouse, row.warehouse_id == warehouse.c.warehouse_id)
        )
        .group_by(row.size_id)
    )
    if not terms.warehouses:
        return select
    names = terms.warehouses
    return select.where(warehouse.c.name.in_(names) | row.warehouse_id.in_(names))


def moved(terms: Terms) -> sa.Select[Any]:
    """Select the items that were ordered since the feed was written, within the settle time.

    Stock carries no time of its change; an order tells one. What came in by delivery or return tells
    none, and counts as old enough.
    """
    order, line = t.centra_order.c, t.centra_order_line
    written = sa.func.coalesce(sa.select(written_at()).scalar_subquery(), terms.catalogue_before)
    since = sa.func.greatest(written, terms.catalogue_before)
    return (
        sa.select(line.c.item)
        .select_from(line.join(t.centra_order, line.c.order_number == order.order_number))
        .where(order.created_at >= since, line.c.item.is_not(None))
        .distinct()
    )


def written_at() -> ColumnElement[datetime]:
    """Return when the feed was written, NULL where its server does not say."""
    return sa.func.max(t.emarsys_feed.c.written_at)
