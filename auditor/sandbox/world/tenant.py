"""The fixed ground of the brand: stores, markets, price lists, warehouses, currencies, countries."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from auditor.sandbox.world.model import (
    CentraTenant,
    Country,
    Currency,
    Market,
    Pricelist,
    Store,
    Warehouse,
)

BRAND = "nordlys"
TIMEZONE = "Europe/Stockholm"
BASE_CURRENCY = "SEK"
SHOP_URL = "https://www.nordlys.example/"

RETAIL, OUTLET, WHOLESALE, ZALANDO = 1, 2, 3, 4
SWEDEN_MARKET, CDON_MARKET, OUTLET_MARKET, WHOLESALE_MARKET, ZALANDO_MARKET = 1, 9, 10, 11, 12
RETAIL_SEK, OUTLET_SEK, WHOLESALE_EUR, ZALANDO_EUR = 1, 8, 9, 10
MAIN_WAREHOUSE = 1


@dataclass(frozen=True, slots=True)
class Marketplaces:
    """What makes an order a marketplace order for this brand, as it would configure it."""

    stores: tuple[str, ...]
    markets: tuple[str, ...]
    attribute: tuple[str, str]
    affiliates: tuple[str, ...]


MARKETPLACES = Marketplaces(
    stores=("Zalando",),
    markets=("CDON",),
    attribute=("sales_channel", "amazon"),
    affiliates=("Miinto",),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """Where an order of a country lands in one store."""

    store_id: int
    market_id: int
    pricelist_id: int
    currency: str
    exponent: int
    country: str
    tax_percent: Decimal


# id, code, exponent, worth of one unit in the base currency
_CURRENCIES = (
    (1, "SEK", 2, "1"),
    (2, "NOK", 2, "0.9561"),
    (3, "DKK", 2, "1.5318"),
    (4, "EUR", 2, "11.4275"),
    (5, "GBP", 2, "13.2840"),
    (6, "USD", 2, "10.5120"),
    (7, "JPY", 0, "0.0702"),
)
# code, name, Emarsys choice id, retail market, retail price list, currency, tax percent, weight.
# Source: Emarsys reference 3.11 for the choice ids; Japan's is not in it, so any free id stands here.
_COUNTRIES = (
    ("SE", "Sweden", 167, 1, 1, "SEK", "25", 40),
    ("NO", "Norway", 129, 2, 2, "NOK", "25", 13),
    ("DK", "Denmark", 49, 3, 3, "DKK", "25", 12),
    ("FI", "Finland", 60, 4, 4, "EUR", "25.5", 8),
    ("DE", "Germany", 65, 5, 4, "EUR", "19", 11),
    ("FR", "France", 61, 5, 4, "EUR", "20", 4),
    ("NL", "Netherlands", 124, 5, 4, "EUR", "21", 4),
    ("GB", "United Kingdom", 184, 6, 5, "GBP", "20", 4),
    ("US", "United States", 185, 7, 6, "USD", "0", 2),
    ("JP", "Japan", 83, 8, 7, "JPY", "10", 2),
)

CURRENCY_EXPONENTS = {code: exponent for _, code, exponent, _ in _CURRENCIES}
COUNTRY_WEIGHTS = {row[0]: row[7] for row in _COUNTRIES}
COUNTRY_CHOICES = {row[0]: str(row[2]) for row in _COUNTRIES}
_ALL = tuple(COUNTRY_WEIGHTS)
_EURO = ("DE", "FR", "NL")


def opening_tenant() -> CentraTenant:
    """Return a tenant with everything that does not depend on seed or scale."""
    return CentraTenant(
        base_currency=BASE_CURRENCY,
        currencies=[
            Currency(number, code, exponent, Decimal(rate), code == BASE_CURRENCY)
            for number, code, exponent, rate in _CURRENCIES
        ],
        countries=[Country(number, *row[:3]) for number, row in enumerate(_COUNTRIES, 1)],
        stores=[
            Store(RETAIL, "Nordlys", "DIRECT_TO_CONSUMER"),
            Store(OUTLET, "Nordlys Outlet", "DIRECT_TO_CONSUMER"),
            Store(WHOLESALE, "Nordlys Wholesale", "WHOLESALE"),
            Store(ZALANDO, "Zalando", "DIRECT_TO_CONSUMER"),
        ],
        markets=_markets(),
        pricelists=_pricelists(),
        warehouses=[
            Warehouse(MAIN_WAREHOUSE, "Main", threshold=2),
            Warehouse(2, "Stockholm Store"),
            Warehouse(3, "B2B", threshold=10),
        ],
    )


def shop_of(store_id: int, country: str) -> Shop:
    """Return where an order of a country lands in a store."""
    return _SHOPS[store_id, country]


def _markets() -> list[Market]:
    return [
        Market(SWEDEN_MARKET, "Sweden", RETAIL, ("SE",)),
        Market(2, "Norway", RETAIL, ("NO",)),
        Market(3, "Denmark", RETAIL, ("DK",)),
        Market(4, "Finland", RETAIL, ("FI",)),
        Market(5, "Eurozone", RETAIL, _EURO),
        Market(6, "United Kingdom", RETAIL, ("GB",)),
        Market(7, "United States", RETAIL, ("US",)),
        Market(8, "Japan", RETAIL, ("JP",)),
        Market(CDON_MARKET, "CDON", RETAIL, ("SE",)),
        Market(OUTLET_MARKET, "Outlet", OUTLET, _ALL),
        Market(WHOLESALE_MARKET, "Wholesale", WHOLESALE, _ALL),
        Market(ZALANDO_MARKET, "Zalando Europe", ZALANDO, _ALL),
    ]


def _pricelists() -> list[Pricelist]:
    return [
        Pricelist(RETAIL_SEK, "Retail SEK", RETAIL, "SEK", ("SE",)),
        Pricelist(2, "Retail NOK", RETAIL, "NOK", ("NO",)),
        Pricelist(3, "Retail DKK", RETAIL, "DKK", ("DK",)),
        Pricelist(4, "Retail EUR", RETAIL, "EUR", ("FI", *_EURO)),
        Pricelist(5, "Retail GBP", RETAIL, "GBP", ("GB",)),
        Pricelist(6, "Retail USD", RETAIL, "USD", ("US",)),
        Pricelist(7, "Retail JPY", RETAIL, "JPY", ("JP",)),
        Pricelist(OUTLET_SEK, "Outlet SEK", OUTLET, "SEK", _ALL),
        Pricelist(WHOLESALE_EUR, "Wholesale EUR", WHOLESALE, "EUR", ()),
        Pricelist(ZALANDO_EUR, "Zalando EUR", ZALANDO, "EUR", _ALL),
    ]


def _shops() -> dict[tuple[int, str], Shop]:
    """Return where each country's orders land, per store."""
    shops = {}
    for code, _, _, market, pricelist, currency, tax, _ in _COUNTRIES:
        for store_id, market_id, pricelist_id, money, percent in (
            (RETAIL, market, pricelist, currency, tax),
            (OUTLET, OUTLET_MARKET, OUTLET_SEK, "SEK", "25"),
            (WHOLESALE, WHOLESALE_MARKET, WHOLESALE_EUR, "EUR", tax),
            (ZALANDO, ZALANDO_MARKET, ZALANDO_EUR, "EUR", tax),
        ):
            exponent = CURRENCY_EXPONENTS[money]
            shops[store_id, code] = Shop(
                store_id, market_id, pricelist_id, money, exponent, code, Decimal(percent)
            )
    return shops


_SHOPS = _shops()
