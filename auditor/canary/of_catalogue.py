"""One case of every catalogue check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.canary.plants import plant
from auditor.canary.shadow import UNIT_MINOR
from auditor.model import tables as t

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.canary.shadow import Shadow

STOCK = 10


def _item(shadow: Shadow, *, status: str = "ACTIVE", stock: int = STOCK) -> str | None:
    """Let Centra sell an item; None for a brand that says neither at which price nor in which market."""
    terms = shadow.terms
    if terms.pricelist is None or terms.market is None:
        return None
    item = shadow.id("item")
    row: dict[str, Any] = {
        **{
            name: f"{item}-{name}"
            for name in ("product_id", "variant_id", "size_id", "display_id", "price_id")
        },
        "item": item,
        "sku": item,
        "name": item,
        "uri": item,
        "category": "Canary",
        "is_active": True,
        "is_bundle": False,
        "stock_offset": 0,
        "threshold": 0,
        "value_minor": UNIT_MINOR,
        "currency": terms.currency,
        "free_to_allocate": stock,
        "created_at": shadow.at,
        "updated_at": shadow.at,
        **{
            name: shadow.id(name)
            for name in ("store_id", "market_id", "pricelist_id", "warehouse_id")
        },
        "status": "ACTIVE",
    }
    warehouse = terms.warehouses[0] if terms.warehouses else item
    for table, own in (
        (t.centra_store, {"type": "DIRECT_TO_CONSUMER"}),
        (t.centra_market, {"name": terms.market}),
        (t.centra_pricelist, {"name": terms.pricelist}),
        (t.centra_warehouse, {"name": warehouse}),
        (t.centra_product, {"status": status}),
        (t.centra_variant, {}),
        (t.centra_size, {}),
        (t.centra_display, {}),
        (t.centra_display_variant, {}),
        (t.centra_display_market, {}),
        (t.centra_price, {}),
        (t.centra_stock, {}),
    ):
        known = {column.name: row[column.name] for column in table.columns if column.name in row}
        shadow.add(table, **{**known, **own})
    return item


def _listed(shadow: Shadow, item: str | None, **wrong: Any) -> str | None:  # noqa: ANN401
    """List an item in the feed as Centra sells it, but for what is wrong; return the item."""
    if item is None:
        return None
    values = {
        "title": item,
        "link": f"https://canary.invalid/{item}",
        "category": "Canary",
        "available": True,
        "price_minor": UNIT_MINOR,
        "msrp_minor": UNIT_MINOR,
        "stock": STOCK,
        "currency": shadow.terms.currency,
    }
    shadow.add(t.emarsys_item, item=item, **{**values, **wrong})
    return item


def _wrong(**wrong: Any) -> Callable[[Shadow], str | None]:  # noqa: ANN401
    return lambda shadow: _listed(shadow, _item(shadow), **wrong)


plant("catalogue.missing_item")(_item)
plant("catalogue.price_mismatch")(_wrong(price_minor=2 * UNIT_MINOR))
plant("catalogue.reference_price_mismatch")(_wrong(msrp_minor=2 * UNIT_MINOR))
plant("catalogue.in_stock_but_unavailable")(_wrong(available=False))
plant("catalogue.attribute_mismatch")(_wrong(link="https://canary.invalid/elsewhere"))


@plant("catalogue.retired_item")
def _retired(shadow: Shadow) -> str | None:
    return _listed(shadow, _item(shadow, status="INACTIVE"))


@plant("catalogue.out_of_stock_but_available")
def _sold_out(shadow: Shadow) -> str | None:
    return _listed(shadow, _item(shadow, stock=0), stock=0)


@plant("catalogue.stock_mismatch")
def _stock(shadow: Shadow) -> str | None:
    return _listed(shadow, _item(shadow), stock=STOCK + shadow.terms.stock_tolerance + 1)


@plant("catalogue.duplicate_item")
def _twice(shadow: Shadow) -> str | None:
    return _listed(shadow, _listed(shadow, _item(shadow)))
