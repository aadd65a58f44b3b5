"""A world written straight into the warehouse, where reading it over sockets would take minutes.

It says what a complete snapshot of the world is, independently of both clients; worlds that are read
over sockets (`test_worlds`) keep the clients honest.
"""

from __future__ import annotations

import html
from collections import Counter
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from auditor.model import tables as t
from auditor.model.keyed_hash import keyed_hash
from auditor.model.snapshot import Coverage, Snapshot
from auditor.systems.arrow import arrow_table
from auditor.systems.text import email_key, name_or_none
from auditor.warehouse import FinishedRead, UnfinishedRead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import sqlalchemy as sa

    from auditor.sandbox.world.model import CentraTenant, EmarsysAccount, Order, World
    from auditor.warehouse import Warehouse

LINE_KINDS = {
    "product": "ProductOrderLine",
    "bundle": "BundleOrderLine",
    "bundle_item": "BundleItemOrderLine",
    "gift": "GiftCertificateOrderLine",
}
ROWS_PER_PAGE = 50_000
FEED_AGE = timedelta(hours=1)

Rows: TypeAlias = "Iterable[tuple[Any, ...]]"


def write_world(
    world: World,
    warehouse: Warehouse,
    run: str,
    *,
    as_of: datetime | None = None,
    pepper: str | None = None,
) -> Snapshot:
    """Fill every canonical table and return the snapshot that says so.

    Args:
        world: What both systems hold.
        warehouse: Where it goes, with the history of what was there before.
        run: The id of the run that has read it.
        as_of: When it is said to have been read; the moment of the world unless given.
        pepper: Keys the hashes of e-mail addresses.
    """
    return write_rows(rows_of(world, pepper), warehouse, run, as_of or world.now)


def rows_of(world: World, pepper: str | None = None) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield every canonical table with its rows, in the order of its columns."""
    yield from centra_rows(world.centra, pepper)
    yield from _assortment(world.centra)
    yield from _offers(world.centra)
    yield from _emarsys(world.emarsys, pepper)
    yield from _feed(world)


def write_rows(
    tables: Iterable[tuple[sa.Table, Rows]],
    warehouse: Warehouse,
    run: str,
    as_of: datetime,
    *,
    streams: Iterable[str] = t.STREAM_TABLES,
) -> Snapshot:
    """Fill canonical tables with rows and return the snapshot that says that all were read.

    Args:
        tables: Tables with their rows; one may come in several pages, one that never comes has none.
        warehouse: Where they go.
        run: The id of the run that has read them.
        as_of: When they are said to have been read.
        streams: Those that are read; of the others the rows that stand there are still the newest.
    """
    read = {name: t.STREAM_TABLES[name] for name in streams}
    for name, filled in read.items():
        warehouse.begin_read(UnfinishedRead(name, "full", "", as_of), filled)
    for table, rows in tables:
        _put(warehouse, table, rows)
    finished = [
        FinishedRead(name, "full", "", as_of, filled, None) for name, filled in read.items()
    ]
    warehouse.publish(run, as_of, finished)
    return whole_snapshot(run, as_of)


def whole_snapshot(run: str, as_of: datetime) -> Snapshot:
    """Return a snapshot that says that every stream was read to its end."""
    emarsys = {name for name, tables in t.STREAM_TABLES.items() if "emarsys" in tables[0].name}
    coverage = tuple(
        Coverage(
            system="emarsys" if name in emarsys else "centra",
            stream=name,
            rows=1,
            complete=True,
            mode="full",
            as_of=as_of,
        )
        for name in t.STREAM_TABLES
    )
    return Snapshot(run, as_of, coverage)


def _put(warehouse: Warehouse, table: sa.Table, rows: Rows) -> None:
    names = [column.name for column in table.columns]
    page: list[tuple[Any, ...]] = []

    def store() -> None:
        if page:
            columns = dict(zip(names, map(list, zip(*page, strict=True)), strict=True))
            warehouse.append_stage({table: arrow_table(table, columns)})

    for row in rows:
        page.append(row)
        if len(page) == ROWS_PER_PAGE:
            store()
            page.clear()
    store()


def centra_rows(tenant: CentraTenant, pepper: str | None = None) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield each table's rows, in the order of its columns."""
    emails = {c.id: c.email for c in tenant.customers}
    buyers = {b.id: b.email for b in tenant.buyers}
    digits = {c.code: c.exponent for c in tenant.currencies}
    skus = {size.id: size.sku for size in tenant.sizes}
    base = digits[tenant.base_currency]
    yield t.centra_store, [(str(s.id), s.name, s.type) for s in tenant.stores]
    yield t.centra_market, [(str(m.id), m.name) for m in tenant.markets]
    yield t.centra_currency, [(c.code, c.is_base) for c in tenant.currencies]
    yield (
        t.centra_customer,
        (
            (
                str(c.id),
                str(c.store_id),
                c.status,
                c.email,
                email_key(c.email),
                name_or_none(c.first_name),
                name_or_none(c.last_name),
                c.is_anonymized,
                c.total_orders,
                c.created_at,
                c.updated_at,
                keyed_hash(email_key(c.email), pepper),
            )
            for c in tenant.customers
        ),
    )
    yield (
        t.centra_subscription,
        (
            (
                str(s.id),
                str(s.store_id),
                s.email,
                email_key(s.email),
                s.is_active,
                s.variant_id is not None or s.size_id is not None,
                s.created_at,
            )
            for s in tenant.subscriptions
        ),
    )
    yield (
        t.centra_buyer,
        (
            (str(b.id), b.status, b.email, email_key(b.email), b.created_at, b.updated_at)
            for b in tenant.buyers
        ),
    )
    yield (
        t.centra_order,
        (
            (
                str(o.number),
                o.id,
                "DirectToConsumerOrder" if o.buyer_id is None else "WholesaleOrder",
                o.status,
                str(o.store_id),
                str(o.market_id),
                None if o.customer_id is None else str(o.customer_id),
                None if o.buyer_id is None else str(o.buyer_id),
                email_key(emails.get(o.customer_id or 0) or buyers.get(o.buyer_id or 0)),
                o.affiliate,
                o.is_internal,
                o.is_on_hold,
                o.is_waiting_for_payment,
                o.currency,
                _total(o),
                _total(o) - _net(o) if o.adds_tax else 0,
                o.shipping_minor,
                o.created_at,
                o.updated_at,
                o.payment_method or None,
            )
            for o in tenant.orders
        ),
    )
    yield (
        t.centra_order_attribute,
        ((str(o.number), k, v) for o in tenant.orders for k, v in o.attributes.items()),
    )
    yield (
        t.centra_order_line,
        (
            (
                str(o.number),
                str(line.id),
                LINE_KINDS[line.kind],
                None if line.size_id is None else skus[line.size_id],
                line.quantity,
                line.cancelled,
                _taxed(o, line.value_minor, line.tax_percent),
                o.currency,
                digits[o.currency],
                _converted(
                    _taxed(o, line.value_minor, line.tax_percent), o.rate, base - digits[o.currency]
                ),
                float(line.tax_percent),
            )
            for o in tenant.orders
            for line in o.lines
        ),
    )
    yield from _parcels_and_payments(tenant)
    yield (
        t.centra_return,
        ((str(r.id), str(r.order_number), r.status, r.created_at, None) for r in tenant.returns),
    )
    yield (
        t.centra_return_line,
        ((str(r.id), str(x.line_id), x.quantity) for r in tenant.returns for x in r.lines),
    )


def _parcels_and_payments(
    tenant: CentraTenant,
) -> Iterator[tuple[sa.Table, Rows]]:
    trade = {o.number for o in tenant.orders if o.buyer_id is not None}
    currency = {o.number: o.currency for o in tenant.orders}
    back: Counter[tuple[int | None, int]] = Counter()
    for returned in tenant.returns:
        for part in returned.lines:
            back[returned.shipment_id, part.line_id] += part.quantity
    yield (
        t.centra_shipment,
        (
            (
                str(s.id),
                "WholesaleShipment" if s.order_number in trade else "DirectToConsumerShipment",
                s.number,
                str(s.order_number),
                s.is_shipped,
                s.is_paid,
                s.is_captured,
                s.shipped_at,
                s.created_at,
                s.updated_at,
            )
            for s in tenant.shipments
        ),
    )
    yield (
        t.centra_shipment_line,
        (
            (str(s.id), str(line.line_id), line.quantity, back[s.id, line.line_id])
            for s in tenant.shipments
            for line in s.lines
        ),
    )
    yield (
        t.centra_payment,
        (
            (
                str(p.id),
                str(p.order_number),
                p.entry_type,
                p.status,
                p.minor,
                currency[p.order_number],
                p.created_at,
            )
            for p in tenant.payments
        ),
    )


def _total(order: Order) -> int:
    """Return what an order costs with tax; shipping is taxed like the highest taxed line."""
    highest = max((line.tax_percent for line in order.lines), default=Decimal(0))
    lines = sum(_taxed(order, line.value_minor, line.tax_percent) for line in order.lines)
    return lines + _taxed(order, order.shipping_minor, highest)


def _net(order: Order) -> int:
    return order.shipping_minor + sum(line.value_minor for line in order.lines)


def _taxed(order: Order, minor: int, percent: Decimal) -> int:
    """Return an amount with tax: wholesale amounts are kept without."""
    if not order.adds_tax:
        return minor
    return int((minor * (100 + percent) / 100).quantize(Decimal(1), ROUND_HALF_UP))


def _converted(minor: int, rate: Decimal, shift: int) -> int:
    return int((Decimal(minor).scaleb(shift) * rate).quantize(Decimal(1), ROUND_HALF_UP))


def _assortment(tenant: CentraTenant) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield what is sold and where it is shown, each table's rows in the order of its columns."""
    categories = {product.id: product.category for product in tenant.products}
    yield (
        t.centra_product,
        (
            (
                str(p.id),
                p.number,
                p.name,
                p.status,
                p.is_bundle,
                p.brand,
                p.collection,
                p.created_at,
                p.updated_at,
            )
            for p in tenant.products
        ),
    )
    yield (
        t.centra_variant,
        (
            (
                str(v.id),
                str(v.product_id),
                v.number,
                v.name,
                v.status,
                v.stock_offset,
                v.updated_at,
            )
            for v in tenant.variants
        ),
    )
    yield (
        t.centra_size,
        (
            (str(s.id), str(s.variant_id), s.sku, s.ean, s.sku, s.is_active, s.updated_at)
            for s in tenant.sizes
        ),
    )
    yield (
        t.centra_display,
        (
            (
                str(d.id),
                str(d.store_id),
                str(d.product_id),
                d.name,
                d.status,
                d.uri,
                categories[d.product_id],
                d.image,
                d.updated_at,
            )
            for d in tenant.displays
        ),
    )
    yield (
        t.centra_display_variant,
        ((str(d.id), str(v)) for d in tenant.displays for v in d.variant_ids),
    )
    yield (
        t.centra_display_market,
        ((str(d.id), str(m)) for d in tenant.displays for m in d.market_ids),
    )


def _offers(tenant: CentraTenant) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield prices and stock, each table's rows in the order of its columns."""
    currency = {p.id: p.currency for p in tenant.pricelists}
    products = {v.id: v.product_id for v in tenant.variants}
    campaigns = {c.id: c for c in tenant.campaigns}
    yield (
        t.centra_pricelist,
        [(str(p.id), str(p.store_id), p.name, p.status, p.currency) for p in tenant.pricelists],
    )
    yield t.centra_warehouse, [(str(w.id), w.name, w.threshold) for w in tenant.warehouses]
    yield (
        t.centra_price,
        (
            (
                str(p.id),
                str(p.pricelist_id),
                str(products[p.variant_id]),
                str(p.variant_id),
                p.minor,
                None if p.minor is None else currency[p.pricelist_id],
            )
            for p in tenant.prices
        ),
    )
    yield (
        t.centra_campaign_price,
        (
            (
                str(row.campaign_id),
                str(row.pricelist_id),
                str(row.variant_id),
                campaigns[row.campaign_id].status,
                row.minor,
                currency[row.pricelist_id],
                campaigns[row.campaign_id].start_at,
                campaigns[row.campaign_id].stop_at,
            )
            for row in tenant.campaign_variants
        ),
    )
    yield (
        t.centra_campaign_market,
        ((str(c.id), str(m)) for c in tenant.campaigns for m in c.market_ids),
    )
    yield (
        t.centra_lowest_price,
        (
            (
                str(row.pricelist_id),
                str(row.variant_id),
                str(market),
                row.original_minor,
                row.minor,
                currency[row.pricelist_id],
                row.start_at,
            )
            for row in tenant.lowest_prices
            for market in row.market_ids
        ),
    )
    yield (
        t.centra_stock,
        ((str(s.size_id), str(s.warehouse_id), s.physical - s.allocated) for s in tenant.stocks),
    )


def _feed(world: World) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield the catalogue file, its texts as a person would read them."""
    account = world.emarsys
    yield (
        t.emarsys_item,
        (
            (
                row.item,
                " ".join(html.unescape(row.title).split()),
                row.link,
                row.image,
                row.category,
                row.collection or None,
                row.available,
                row.price_minor,
                row.msrp_minor,
                row.stock,
                account.currency,
            )
            for row in account.catalogue
        ),
    )
    yield t.emarsys_feed, [(account.feed_written_at or world.now - FEED_AGE,)]


def _emarsys(account: EmarsysAccount, pepper: str | None) -> Iterator[tuple[sa.Table, Rows]]:
    """Yield each table's rows, in the order of its columns."""
    key = account.key_field
    yield (
        t.emarsys_contact,
        (
            (
                str(c.id),
                c.values.get(key) or None,
                c.values.get(3),
                email_key(c.values.get(3)),
                name_or_none(c.values.get(1)),
                name_or_none(c.values.get(2)),
                int(opt_in) if (opt_in := c.values.get(31)) else None,
                None,
                None,
                keyed_hash(email_key(c.values.get(3)), pepper),
            )
            for c in account.contacts
        ),
    )
    quarantined = [x for x in account.lists if x.name == "audit-quarantine"]
    yield t.emarsys_quarantine, [(str(i),) for x in quarantined for i in x.contact_ids]
    segments = {str(s.id): s.contact_ids or [] for s in account.segments}
    yield t.emarsys_segment_member, ((s, str(i)) for s, ids in segments.items() for i in ids)
    yield (
        t.emarsys_event_definition,
        [(str(d.id), d.name, len(d.program_ids)) for d in account.event_definitions],
    )
    yield (
        t.emarsys_event,
        (
            (e.event_id, str(e.definition_id), str(e.contact_id), e.fired_at, e.loaded_at)
            for e in account.fired_events
        ),
    )
    yield (
        t.emarsys_sale,
        (
            (
                p.order_id,
                p.item,
                p.purchased_on,
                int(p.quantity * 1000),
                p.amount_minor,
                str(p.si_contact_id),
                p.loaded_at,
            )
            for p in account.purchases
        ),
    )
    yield (
        t.emarsys_si_contact,
        (
            (
                str(s.id),
                None if s.contact_id is None else str(s.contact_id),
                s.external_id,
                s.is_generated,
            )
            for s in account.si_contacts
        ),
    )
    yield (
        t.emarsys_unsubscribe,
        ((str(u.contact_id), u.happened_at, u.source) for u in account.unsubscribes),
    )
