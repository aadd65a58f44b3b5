"""List prices, lowest prices and stock, as canonical tables.

Free-to-allocate stock is what the API gives without extra cost; thresholds and offsets stand with the
warehouses and the variants, and are subtracted by whoever judges it.

Source:
    Centra reference 6.3 and 6.4.
"""

from __future__ import annotations

from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.model.tables import centra_lowest_price, centra_price, centra_stock
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.assortment_records import LowestPrice, Price, SizeStock, StockOnly
from auditor.systems.centra.listing import HEAVY, Source
from auditor.systems.centra.money import minor_units
from auditor.systems.centra.nested import Nested
from auditor.systems.centra.query import Want, if_granted, wants

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from auditor.systems.centra.records import Amount

WAREHOUSES_AT_ONCE = 20
"""Source: Centra reference 6.2: the default of `stock(limit)`, which its price is reckoned with."""

_AMOUNT = wants("value", Want("currency", wants("code")))

_PRICE = wants(
    "id",
    Want("price", _AMOUNT),
    Want("pricelist", wants("id")),
    Want("product", wants("id")),
    Want("productVariant", wants("id")),
)
_LOWEST = wants(
    Want("productVariant", wants("id")),
    Want("pricelist", wants("id")),
    Want("originalPrice", _AMOUNT, is_optional=True, fills=("centra_lowest_price.original_minor",)),
    Want("price", _AMOUNT),
    Want("startDate", is_optional=True, fills=("centra_lowest_price.started_at",)),
    if_granted("markets", wants("id"), "Market:read", "centra_lowest_price.market_id"),
)
_STOCK = wants("id", Want("stock", wants(Want("warehouse", wants("id")), "freeToAllocateQuantity")))


def _price_tables(rows: Sequence[Price]) -> dict[str, pa.Table]:
    columns = {
        "price_id": [str(row.id) for row in rows],
        "pricelist_id": [str(row.pricelist.id) for row in rows],
        "product_id": [str(row.product.id) if row.product else None for row in rows],
        "variant_id": [
            str(row.product_variant.id) if row.product_variant else None for row in rows
        ],
        "value_minor": [_minor(row.price) for row in rows],
        "currency": [row.price.currency.code if row.price else None for row in rows],
    }
    return {centra_price.name: arrow_table(centra_price, columns)}


def _minor(amount: Amount | None) -> int | None:
    return minor_units([amount.value], [amount.currency.code])[0] if amount else None


def _lowest_tables(rows: Sequence[LowestPrice]) -> dict[str, pa.Table]:
    pairs = [(row, market) for row in rows for market in _markets(row)]
    found = [row for row, _ in pairs]
    columns = {
        "pricelist_id": [str(row.pricelist.id) for row in found],
        "variant_id": [str(row.product_variant.id) for row in found],
        "market_id": [market for _, market in pairs],
        "original_minor": [_minor(row.original_price) for row in found],
        "price_minor": [_minor(row.price) for row in found],
        "currency": [row.price.currency.code if row.price else None for row in found],
        "started_at": [row.start_date for row in found],
    }
    return {centra_lowest_price.name: arrow_table(centra_lowest_price, columns)}


def _markets(row: LowestPrice) -> Sequence[str | None]:
    return [str(market.id) for market in row.markets] or [None]


def _lowest_key(row: LowestPrice) -> int:
    """Return a number for a record that has no id, of all that it says: start and markets may be untold."""
    markets = sorted(market.id for market in row.markets)
    amounts = [_amount(amount) for amount in (row.original_price, row.price)]
    parts = (row.product_variant.id, row.pricelist.id, row.start_date, markets, amounts)
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=12).digest(), "big")


def _amount(amount: Amount | None) -> tuple[str, str] | None:
    return (str(amount.value), amount.currency.code) if amount else None


def _stock_tables(rows: Sequence[SizeStock]) -> dict[str, pa.Table]:
    pairs = [(str(row.id), entry) for row in rows for entry in row.stock]
    columns = {
        "size_id": [size_id for size_id, _ in pairs],
        "warehouse_id": [str(entry.warehouse.id) for _, entry in pairs],
        "free_to_allocate": [entry.free_to_allocate_quantity for _, entry in pairs],
    }
    return {centra_stock.name: arrow_table(centra_stock, columns)}


PRICES = Source("prices", ("priceConnection", "prices"), Price, _PRICE, _price_tables)
LOWEST_PRICES = Source(
    "lowest prices",
    ("lowestPriceConnection", "lowestPrices"),
    LowestPrice,
    _LOWEST,
    _lowest_tables,
    key=_lowest_key,
)
STOCK = Source(
    "stock",
    ("productSizeConnection", "productSizes"),
    SizeStock,
    _STOCK,
    _stock_tables,
    size=HEAVY,
    nested=(
        Nested(
            "stock",
            "stock",
            StockOnly,
            "id",
            attrgetter("warehouse.id"),
            WAREHOUSES_AT_ONCE,
            is_limited=True,
        ),
    ),
)
