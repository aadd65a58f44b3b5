"""Stores, markets, price lists, warehouses, countries and currencies: small lists that others name.

Source:
    Centra reference 4.1 (`store { id name type }`, `market { id name }`, base currency), 6.3 (price lists), 6.4
    (thresholds), 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from auditor.errors import ConfigError, SchemaDriftError
from auditor.model.currency import MINOR_DIGITS
from auditor.model.not_json import NOT_JSON
from auditor.model.tables import (
    centra_country,
    centra_currency,
    centra_market,
    centra_pricelist,
    centra_store,
    centra_warehouse,
)
from auditor.systems.arrow import arrow_table
from auditor.systems.centra.listing import Source
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.query import Want, if_granted, wants
from auditor.systems.centra.records import (
    Country,
    Currency,
    CurrencyCode,
    Market,
    Pricelist,
    Store,
    Warehouse,
)
from auditor.systems.text import text_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from auditor.model.stream import Page
    from auditor.systems.centra.client import CentraClient
    from auditor.systems.centra.listing import Tenant, Where
    from auditor.systems.centra.notes import Notes

_BASE = "query baseCurrency { currencies(where: { isBase: true }) { code } }"


def _store_tables(rows: Sequence[Store]) -> dict[str, pa.Table]:
    columns = {
        "store_id": [str(row.id) for row in rows],
        "name": [text_or_none(row.name) for row in rows],
        "type": [row.type for row in rows],
    }
    return {centra_store.name: arrow_table(centra_store, columns)}


def _market_tables(rows: Sequence[Market]) -> dict[str, pa.Table]:
    columns = {
        "market_id": [str(row.id) for row in rows],
        "name": [text_or_none(row.name) for row in rows],
    }
    return {centra_market.name: arrow_table(centra_market, columns)}


def _pricelist_tables(rows: Sequence[Pricelist]) -> dict[str, pa.Table]:
    columns = {
        "pricelist_id": [str(row.id) for row in rows],
        "store_id": [str(row.store.id) if row.store else None for row in rows],
        "name": [text_or_none(row.name) for row in rows],
        "status": [row.status for row in rows],
        "currency": [row.currency.code if row.currency else None for row in rows],
    }
    return {centra_pricelist.name: arrow_table(centra_pricelist, columns)}


def _warehouse_tables(rows: Sequence[Warehouse]) -> dict[str, pa.Table]:
    columns = {
        "warehouse_id": [str(row.id) for row in rows],
        "name": [text_or_none(row.name) for row in rows],
        "threshold": [row.threshold for row in rows],
    }
    return {centra_warehouse.name: arrow_table(centra_warehouse, columns)}


def _country_tables(rows: Sequence[Country]) -> dict[str, pa.Table]:
    columns = {
        "country_id": [str(row.id) for row in rows],
        "code": [row.code for row in rows],
        "name": [text_or_none(row.name) for row in rows],
    }
    return {centra_country.name: arrow_table(centra_country, columns)}


_PRICELIST = wants(
    "id",
    "name",
    Want("status", is_optional=True, fills=("centra_pricelist.status",)),
    Want("currency", wants("code"), is_optional=True, fills=("centra_pricelist.currency",)),
    if_granted("store", wants("id"), "Store:read", "centra_pricelist.store_id"),
)

STORES = Source("stores", ("stores",), Store, wants("id", "name", "type"), _store_tables)
MARKETS = Source("markets", ("markets",), Market, wants("id", "name"), _market_tables)
PRICELISTS = Source("price lists", ("pricelists",), Pricelist, _PRICELIST, _pricelist_tables)
WAREHOUSES = Source(
    "warehouses",
    ("warehouses",),
    Warehouse,
    wants("id", "name", Want("threshold", is_optional=True, fills=("centra_warehouse.threshold",))),
    _warehouse_tables,
)
COUNTRIES = Source(
    "countries", ("countries",), Country, wants("id", "code", "name"), _country_tables
)


def read_currencies(tenant: Tenant, notes: Notes | None = None) -> Iterator[Page]:
    """Yield the currencies, with a mark on the one that everything is converted to.

    Raises:
        ReadError: they cannot be read to the end, or none is the base.
    """
    base = base_currency(tenant.client)

    def tables(rows: Sequence[Currency]) -> dict[str, pa.Table]:
        columns = {
            "code": [row.code for row in rows],
            "is_base": [row.code == base for row in rows],
        }
        return {centra_currency.name: arrow_table(centra_currency, columns)}

    source = Source("currencies", ("currencies",), Currency, wants("id", "code"), tables)
    yield from Reader(source, tenant, notes).pages()


def base_currency(client: CentraClient) -> str:
    """Return the code of the currency that everything is converted to.

    Raises:
        SchemaDriftError: Centra names none, several, or one whose decimals are not known.
    """
    try:
        answer = msgspec.json.decode(client.query(_BASE), type=dict[str, list[CurrencyCode]])
    except NOT_JSON as exc:
        raise SchemaDriftError(f"Centra names its base currency in another shape: {exc}.") from exc
    found = answer.get("currencies", [])
    if len(found) != 1 or found[0].code not in MINOR_DIGITS:
        raise SchemaDriftError("Centra does not name one base currency that is in ISO 4217.")
    return found[0].code


def pricelist_filter(tenant: Tenant, wanted: str | None) -> Where:
    """Return the filter for records of one price list, by its name or id; without one, of all.

    Several stores may have lists of one name; those that are out of use are passed over for one in use.

    Raises:
        ConfigError: the tenant has no such price list, or several.
        ReadError: price lists cannot be read.
    """
    if wanted is None:
        return {}
    tables = [page.tables[centra_pricelist.name] for page in Reader(PRICELISTS, tenant).pages()]
    rows = [row for table in tables for row in table.to_pylist()]
    found = [row for row in rows if wanted in (row["name"], row["pricelist_id"])]
    found = [row for row in found if row["status"] in (None, "ACTIVE")] or found[:1]
    ids = [int(row["pricelist_id"]) for row in found]
    if not ids:
        raise ConfigError(
            f"centra.catalogue.pricelist: Centra has no price list named {wanted}; "
            "write the name as it stands in Centra."
        )
    if len(ids) > 1:
        raise ConfigError(
            f"centra.catalogue.pricelist: Centra has {len(ids)} price lists named {wanted}; "
            f"write one of the ids {', '.join(map(str, ids))} in its place."
        )
    return {"pricelistId": ids}
