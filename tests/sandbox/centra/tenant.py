"""A tenant of a few rows per type that shows every quirk of reading.

Source: Centra reference 12, item 8.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from auditor.sandbox.world import model as m

DAY = datetime(2026, 6, 23, 13, 47, 12, tzinfo=UTC)
"""A day in June, when Stockholm is two hours ahead."""


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def small_tenant() -> m.CentraTenant:
    tenant = m.CentraTenant(base_currency="SEK")
    _places(tenant)
    _catalogue(tenant)
    _people(tenant)
    _orders(tenant)
    _parcels(tenant)
    _offers(tenant)
    return tenant


def _places(tenant: m.CentraTenant) -> None:
    tenant.currencies = [
        m.Currency(1, "SEK", 2, Decimal(1), is_base=True),
        m.Currency(2, "EUR", 2, Decimal("11.5"), is_base=False),
        m.Currency(3, "JPY", 0, Decimal("0.07"), is_base=False),
    ]
    tenant.countries = [
        m.Country(1, "SE", "Sweden", 170),
        m.Country(2, "DE", "Germany", 65),
        m.Country(3, "JP", "Japan", 86),
    ]
    tenant.stores = [
        m.Store(1, "Retail", "DIRECT_TO_CONSUMER"),
        m.Store(2, "Wholesale", "WHOLESALE"),
        m.Store(3, "Zalando", "DIRECT_TO_CONSUMER"),
    ]
    tenant.markets = [
        m.Market(1, "Sweden", 1, ("SE",)),
        m.Market(2, "World", 1, ("DE", "JP")),
        m.Market(3, "Zalando DE", 1, ("DE",)),
        m.Market(4, "Wholesale", 2, ("SE", "DE")),
        m.Market(5, "Zalando", 3, ("DE",)),
    ]
    tenant.pricelists = [
        m.Pricelist(1, "Retail SEK", 1, "SEK", ("SE",)),
        m.Pricelist(2, "Retail JPY", 1, "JPY", ("JP",)),
        m.Pricelist(3, "Wholesale EUR", 2, "EUR", ("DE",)),
        m.Pricelist(4, "Zalando EUR", 3, "EUR", ("DE",), status="INACTIVE"),
    ]
    tenant.warehouses = [m.Warehouse(1, "Main", threshold=2), m.Warehouse(2, "Outlet")]


def _catalogue(tenant: m.CentraTenant) -> None:
    for n, (name, status, is_bundle) in enumerate(
        [("Coat", "ACTIVE", False), ("Outfit", "ACTIVE", True), ("Hat", "INACTIVE", False)], 1
    ):
        dates = (day(-100), day(-10 + n))
        tenant.products.append(
            m.Product(n, f"P{n}", name, "Nord", "AW26", "Outer", status, is_bundle, *dates)
        )
        offset = 3 if n == 1 else 0
        tenant.variants.append(m.Variant(n, n, "BLK", "Black", status, offset, day(-n)))
        for size, label in ((2 * n - 1, "M"), (2 * n, "L")):
            sku = f"P{n}BLK{label}"
            tenant.sizes.append(
                m.Size(size, n, label, label, sku, f"735{size:010}", n < 3, day(-size))
            )
            tenant.stocks.append(m.Stock(size, 1, 10 * size, size))
        tenant.displays.append(
            m.Display(n, 1, n, (n,), (1, 2), name, name.lower(), f"https://i/{n}", status, day(-n))
        )
    tenant.stocks.append(m.Stock(1, 2, 5, 0))
    tenant.displays.append(m.Display(4, 3, 1, (1,), (5,), "Coat", "coat", "", "INACTIVE", day(-4)))
    tenant.prices = [
        m.Price(1, 1, 1, 129_900),
        m.Price(2, 1, 2, 15_000),
        m.Price(3, 2, 1, None),
        m.Price(4, 1, 4, 11_900),
    ]


def _person(number: int, email: str, **more: Any) -> m.Customer:
    values: dict[str, Any] = {
        "id": number,
        "store_id": 1,
        "status": "ACTIVE",
        "email": email,
        "first_name": "Ann",
        "last_name": f"No{number}",
        "country": "SE",
        "market_id": 1,
        "is_registered": True,
        "is_anonymized": False,
        "receives_newsletters": True,
        "created_at": day(-60 + number),
        "updated_at": day(-number % 4),
        "total_orders": 1,
    }
    return m.Customer(**{**values, **more})


def _people(tenant: m.CentraTenant) -> None:
    tenant.customers = [
        _person(1, "twin@example.com"),
        _person(2, "twin@example.com", is_registered=False, receives_newsletters=False),
        _person(3, "anon@example.com", is_anonymized=True, status="INACTIVE"),
        _person(4, "survivor@example.com", country="DE", market_id=2),
        _person(5, "tokyo@example.com", country="JP", market_id=2),
        _person(6, "relay@zalando.example", store_id=3, market_id=5, country="DE"),
    ]
    tenant.subscriptions = [
        m.Subscription(1, 1, "twin@example.com", True, "SE", day(-50)),
        m.Subscription(2, 1, "survivor@example.com", False, "DE", day(-40)),
        m.Subscription(3, 1, "tokyo@example.com", True, "JP", day(-30), variant_id=1, size_id=1),
        m.Subscription(4, 1, "nobody@example.com", True, "SE", day(-20)),
        m.Subscription(5, 3, "relay@zalando.example", True, "DE", day(-10)),
    ]
    tenant.accounts = [m.Account(1, "Boutique", "ACTIVE", day(-90), day(-5))]
    tenant.buyers = [
        m.Buyer(1, 1, 2, "ACTIVE", "twin@example.com", "Bo", "Buyer", day(-90), day(-5), 1)
    ]


def line(number: int, kind: str = "product", size: int | None = 1, **more: Any) -> m.Line:
    owner = None if size is None else (size + 1) // 2
    values: dict[str, Any] = {
        "id": number,
        "kind": kind,
        "size_id": size,
        "variant_id": owner,
        "product_id": owner,
        "quantity": 1,
        "cancelled": 0,
        "returned": 0,
        "unit_original_minor": 129_900,
        "unit_minor": 100_000,
        "value_minor": 100_000,
        "tax_percent": Decimal(25),
    }
    return m.Line(**{**values, **more})


def order(number: int, lines: list[m.Line], **more: Any) -> m.Order:
    values: dict[str, Any] = {
        "id": f"{(number * 7919) % 1000:032x}",
        "number": number,
        "store_id": 1,
        "market_id": 1,
        "pricelist_id": 1,
        "status": "SHIPPED",
        "currency": "SEK",
        "rate": Decimal(1),
        "country": "SE",
        "created_at": day(number - 120),
        "updated_at": day(number - 110),
        "customer_id": 1,
        "account_id": None,
        "buyer_id": None,
        "email": "twin@example.com",
        "is_internal": False,
        "is_on_hold": False,
        "is_waiting_for_payment": False,
        "hold_reason": None,
        "affiliate": None,
        "payment_method": "Klarna",
        "shipping_minor": 4_900,
        "lines": lines,
    }
    return m.Order(**{**values, **more})


def _orders(tenant: m.CentraTenant) -> None:
    wholesale: dict[str, Any] = {
        "store_id": 2,
        "market_id": 4,
        "pricelist_id": 3,
        "currency": "EUR",
        "rate": Decimal("11.5"),
        "customer_id": None,
        "account_id": 1,
        "buyer_id": 1,
    }
    yen: dict[str, Any] = {"currency": "JPY", "rate": Decimal("0.07"), "country": "JP"}
    gone = line(5, quantity=0, cancelled=2, value_minor=0)
    tenant.orders = [
        order(101, [line(1), line(2, size=2, returned=1)], affiliate="Magazine"),
        order(102, [line(3)], status="PROCESSING", is_on_hold=True, hold_reason="PAYMENT_MISMATCH"),
        order(103, [line(4), gone], customer_id=4, email="survivor@example.com"),
        order(104, [line(6)], status="CANCELLED", customer_id=4),
        order(105, [line(7)], **wholesale),
        order(106, [line(8)], store_id=3, market_id=5, customer_id=6, affiliate="Zalando"),
        order(107, [line(9)], is_internal=True, attributes={"origin": "staff"}),
        order(108, [line(10, unit_minor=15_000, value_minor=15_000)], customer_id=5, **yen),
        order(109, [line(11, "bundle", 3), line(12, "bundle_item", value_minor=0)]),
        order(110, [line(13, "gift", None)], status="PENDING", is_waiting_for_payment=True),
        order(111, [line(14)], status="ARCHIVED", market_id=3),
    ]


def _parcels(tenant: m.CentraTenant) -> None:
    def shipment(number: int, order_number: int, part: m.ShipmentLine, **more: Any) -> m.Shipment:
        values: dict[str, Any] = {
            "id": number,
            "number": f"{order_number}-{number}",
            "order_number": order_number,
            "created_at": day(number - 8),
            "updated_at": day(number - 7),
            "shipped_at": day(number - 7),
            "is_shipped": True,
            "is_paid": True,
            "is_captured": True,
            "tracking_number": f"T{number}",
            "lines": [part],
        }
        return m.Shipment(**{**values, **more})

    tenant.shipments = [
        shipment(1, 101, m.ShipmentLine(1, 1, 1), shipped_at=day(-20)),
        shipment(2, 101, m.ShipmentLine(2, 2, 1), is_shipped=False, shipped_at=None),
        shipment(3, 103, m.ShipmentLine(3, 4, 1), is_captured=False),
        shipment(4, 105, m.ShipmentLine(4, 7, 1)),
        shipment(5, 106, m.ShipmentLine(5, 8, 1)),
    ]
    tenant.returns = [
        m.Return(1, 101, 2, 1, "COMPLETED", day(-60), [m.ReturnLine(1, 2, 1, 100_000)]),
        m.Return(2, 105, 4, None, "PENDING", day(-2), [m.ReturnLine(2, 7, 1, 100_000)]),
    ]


def _offers(tenant: m.CentraTenant) -> None:
    def paid(number: int, kind: str, status: str, at: int, back: int | None = None) -> m.Payment:
        return m.Payment(
            number, 101, back, kind, status, 100_000, day(at), f"r{number}", "Klarna", "checkout"
        )

    tenant.payments = [
        paid(1, "AUTH", "SUCCESS", -19),
        paid(2, "CAPTURE_REQUEST", "PENDING", -8),
        paid(3, "CAPTURE", "SUCCESS", -6),
        paid(4, "REFUND", "SUCCESS", -2, back=1),
    ]
    tenant.campaigns = [m.Campaign(1, "Sale", "ACTIVE", day(-5), day(20), (1,), day(-6))]
    tenant.campaign_variants = [m.CampaignVariant(1, 1, 1, 1, 99_900)]
    tenant.lowest_prices = [m.LowestPrice(1, 1, 1, 129_900, 119_900, day(-5), (1,))]
