"""Items: what Centra sells in the configured market, beside what stands in the catalogue feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from auditor.errors import ConfigError
from auditor.model import tables as t
from auditor.reconcile import offers
from auditor.reconcile.sql import LONG_AGO, any_of, sum_of, text, the_same

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.reconcile.terms import Terms


def items(terms: Terms) -> sa.Select[Any]:
    """Select every item of either side: how Centra sells it at the snapshot's moment, and its feed row.

    Sellable is an active size of an active variant and product, on an active display of a consumers'
    store in the market, with a price on the active list: the variant's own, or the product's that it
    inherits. The selling price is the lowest of the list price and of the campaigns that run in the
    market. A size without any stock row has no stock.

    Sizes that share an item (`catalogue.item: variant`) are one; where they say different things
    there is nothing to compare with, and the value is NULL.

    Frame:
        Result: one row per item; columns of `link_item`.

    Source:
        Centra reference 6.2 (sellable in a market), 6.3 (prices, campaigns, lowest prices), 6.4 (stock);
        CHECKS.md, catalogue.
    """
    ours, theirs = _offered(terms).cte("offered"), _listed().cte("listed")
    moved, seen = offers.moved(terms).cte("moved"), offers.last_seen(terms).cte("last_seen")
    written = sa.select(offers.written_at()).scalar_subquery()
    # A feed that is younger than the reading may hold what Centra has had only since then.
    gone_for_sure = sa.func.coalesce(written < terms.as_of, sa.true()) & sa.func.coalesce(
        seen.c.seen_at < terms.catalogue_before, sa.true()
    )
    in_centra = ours.c.item.is_not(None)
    return sa.select(
        sa.func.coalesce(ours.c.item, theirs.c.item).label("item"),
        in_centra.label("in_centra"),
        sa.func.coalesce(ours.c.is_sellable, sa.false()).label("is_sellable"),
        sa.func.coalesce(ours.c.is_bundle, sa.false()).label("is_bundle"),
        *(ours.c[name] for name in ("price_minor", "msrp_minor", "currency", "stock")),
        *(ours.c[name] for name in ("title", "uri", "category", "images", "collection")),
        ours.c.changed_at,
        sa.case((in_centra, ours.c.changed_at < terms.catalogue_before), else_=gone_for_sure).label(
            "is_settled"
        ),
        moved.c.item.is_not(None).label("has_moved"),
        sa.func.coalesce(theirs.c.rows, 0).label("rows"),
        *(theirs.c[name] for name in _FEED_VALUES),
    ).select_from(
        ours.join(theirs, ours.c.item == theirs.c.item, full=True)
        .outerjoin(moved, sa.func.coalesce(ours.c.item, theirs.c.item) == moved.c.item)
        .outerjoin(seen, theirs.c.item == seen.c.item)
    )


def require_names(conn: sa.Connection, terms: Terms) -> None:
    """Refuse a market or warehouse that Centra does not have: every item would look retired or sold out.

    What was not read is not asked: its checks are skipped anyway. The price list is asked for while
    prices are read.

    Raises:
        ConfigError: one is named that is not there.
    """
    market, warehouse = t.centra_market.c, t.centra_warehouse.c
    wanted = {
        "market": ((market.name, market.market_id), [terms.market] if terms.market else []),
        "warehouses": ((warehouse.name, warehouse.warehouse_id), terms.warehouses),
    }
    for setting, (columns, names) in wanted.items():
        found = conn.execute(sa.select(*columns)).all()
        known = {value for row in found for value in row}
        for name in names:
            if known and name not in known:
                there = ", ".join(sorted(str(row[0]) for row in found)[:10])
                raise ConfigError(
                    f"centra.catalogue.{setting}: Centra has none named {name}; there are {there}."
                )


_FEED_VALUES = (
    "available",
    "feed_price_minor",
    "feed_msrp_minor",
    "feed_currency",
    "feed_stock",
    "feed_title",
    "feed_link",
    "feed_category",
    "feed_image",
    "feed_collection",
)


def _listed() -> sa.Select[Any]:
    """Bring the feed's rows together; the values are those of any row, so only of a single one."""
    row = t.emarsys_item.c
    return sa.select(
        row.item,
        sa.cast(sa.func.count(), sa.Integer).label("rows"),
        any_of(row.available).label("available"),
        sa.func.min(row.price_minor).label("feed_price_minor"),
        sa.func.min(row.msrp_minor).label("feed_msrp_minor"),
        sa.func.min(row.currency).label("feed_currency"),
        sa.func.min(row.stock).label("feed_stock"),
        sa.func.min(row.title).label("feed_title"),
        sa.func.min(row.link).label("feed_link"),
        sa.func.min(row.category).label("feed_category"),
        sa.func.min(row.image).label("feed_image"),
        sa.func.min(row.collection).label("feed_collection"),
    ).group_by(row.item)


def _offered(terms: Terms) -> sa.Select[Any]:
    """Bring the sizes of each item together."""
    size = _sizes(terms).subquery("offer").c

    def agreed(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return the_same(sa.case((size.is_sellable, column)))

    return (
        sa.select(
            size.item,
            any_of(size.is_sellable).label("is_sellable"),
            any_of(size.is_bundle).label("is_bundle"),
            *(
                agreed(size[name]).label(name)
                for name in (
                    *("price_minor", "msrp_minor", "currency"),
                    *("title", "uri", "category", "images", "collection"),
                )
            ),
            _together(sa.case((size.is_sellable, size.stock))).label("stock"),
            sa.func.max(size.changed_at).label("changed_at"),
        )
        .where(size.item.is_not(None))
        .group_by(size.item)
    )


def _together(stock: ColumnElement[int]) -> ColumnElement[int]:
    """Add up the stock of several sizes: what one is short of, or keeps back, takes nothing from another."""
    return sa.case((any_of(stock > 0), sum_of(sa.func.greatest(stock, 0))), else_=sum_of(stock))


def _sizes(terms: Terms) -> sa.Select[Any]:
    size, variant, product = t.centra_size, t.centra_variant, t.centra_product
    shown, retouched = offers.shown(terms).cte("shown"), offers.retouched(terms).cte("retouched")
    own, inherited = offers.prices(terms, "variant_id"), offers.prices(terms, "product_id")
    own_gone, inherited_gone = (
        offers.withdrawn(terms, f"{of}_id") for of in ("variant", "product")
    )
    campaign, lowest = offers.campaigns(terms).cte("campaign"), offers.lowest(terms).cte("lowest")
    stock = offers.stock(terms).cte("stocked")
    listed = sa.func.coalesce(own.c.value_minor, inherited.c.value_minor)
    is_sellable = (
        size.c.is_active
        & (variant.c.status == offers.ACTIVE)
        & (product.c.status == offers.ACTIVE)
        & shown.c.variant_id.is_not(None)
        & listed.is_not(None)
    )
    changes = (
        *(product.c.updated_at, variant.c.updated_at, size.c.updated_at),
        *(retouched.c.changed_at, campaign.c.changed_at, lowest.c.started_at),
        *(own.c.changed_at, own_gone.c.changed_at),
        *(
            sa.case((own.c.value_minor.is_(None), price.c.changed_at))
            for price in (inherited, inherited_gone)
        ),
    )
    titles: dict[str | None, ColumnElement[Any]] = {
        "display.name": shown.c.name,
        "product.name": product.c.name,
        "variant.name": variant.c.name,
    }
    return sa.select(
        size.c.item,
        sa.func.coalesce(is_sellable, sa.false()).label("is_sellable"),
        product.c.is_bundle,
        sa.func.least(listed, sa.func.coalesce(campaign.c.price_minor, listed)).label(
            "price_minor"
        ),
        sa.func.coalesce(lowest.c.original_minor, listed).label("msrp_minor"),
        sa.func.coalesce(own.c.currency, inherited.c.currency).label("currency"),
        sa.case(
            (
                variant.c.stock_offset > 0,
                sa.func.coalesce(stock.c.free, 0) - variant.c.stock_offset,
            ),
            else_=sa.func.coalesce(stock.c.unprotected, 0),
        ).label("stock"),
        titles.get(terms.title, text(None)).label("title"),
        shown.c.uri,
        shown.c.category,
        shown.c.images,
        product.c.collection,
        sa.func.greatest(*(sa.func.coalesce(at, LONG_AGO) for at in changes)).label("changed_at"),
    ).select_from(
        size.outerjoin(variant, size.c.variant_id == variant.c.variant_id)
        .outerjoin(product, variant.c.product_id == product.c.product_id)
        .outerjoin(shown, variant.c.variant_id == shown.c.variant_id)
        .outerjoin(retouched, product.c.product_id == retouched.c.product_id)
        .outerjoin(own, variant.c.variant_id == own.c.variant_id)
        .outerjoin(inherited, product.c.product_id == inherited.c.product_id)
        .outerjoin(own_gone, variant.c.variant_id == own_gone.c.variant_id)
        .outerjoin(inherited_gone, product.c.product_id == inherited_gone.c.product_id)
        .outerjoin(campaign, variant.c.variant_id == campaign.c.variant_id)
        .outerjoin(lowest, variant.c.variant_id == lowest.c.variant_id)
        .outerjoin(stock, size.c.size_id == stock.c.size_id)
    )
