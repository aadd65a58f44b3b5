"""The smallest records that show one fact each; nobody in them is real."""

from __future__ import annotations

from typing import Any

CREATED = "2026-10-23T15:47:12+02:00"
UPDATED = "2026-10-24T01:30:00+02:00"

Row = dict[str, Any]


def store(number: int = 1, **changes: Any) -> Row:
    """Return a store."""
    return {"id": number, "name": f"Store {number}", "type": "DIRECT_TO_CONSUMER", **changes}


def customer(number: int = 1, **changes: Any) -> Row:
    """Return a customer."""
    known = {
        "id": number,
        "status": "ACTIVE",
        "email": f"Person{number}@Example.com",
        "firstName": "Ann",
        "lastName": "Lee",
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "isAnonymized": False,
        "totalOrders": 3,
        "store": {"id": 1},
    }
    return {**known, **changes}


def subscription(number: int = 1, **changes: Any) -> Row:
    """Return a newsletter subscription."""
    known = {
        "id": number,
        "email": f"Reader{number}@Example.com",
        "isActive": True,
        "createdAt": CREATED,
        "productVariant": None,
        "productSize": None,
        "store": {"id": 1},
    }
    return {**known, **changes}


def buyer(number: int = 1, **changes: Any) -> Row:
    """Return a wholesale buyer."""
    known = {
        "id": number,
        "status": "ACTIVE",
        "email": f"Trade{number}@Example.com",
        "createdAt": CREATED,
        "updatedAt": UPDATED,
    }
    return {**known, **changes}


def money(value: float, currency: str = "SEK", rate: float = 1) -> Row:
    """Return an amount."""
    return {"value": value, "currency": {"code": currency}, "conversionRate": rate}


def line(number: int = 1, **changes: Any) -> Row:
    """Return a line of an order."""
    known = {
        "__typename": "ProductOrderLine",
        "id": number,
        "quantity": 2,
        "cancelledQuantity": 1,
        "taxPercent": 25,
        "lineValue": money(199.9),
        "productSize": {"SKU": "NL-1-BLK-M", "EAN": "7300000000017"},
        "productVariant": {"variantNumber": "1-BLK"},
        "frontendItemId": "88",
    }
    return {**known, **changes}


def order(number: int = 1, **changes: Any) -> Row:
    """Return a consumer order."""
    known = {
        "__typename": "DirectToConsumerOrder",
        "id": f"{number:032x}",
        "number": number,
        "status": "SHIPPED",
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "isInternal": False,
        "isOnHold": False,
        "isWaitingForPayment": False,
        "store": {"id": 1},
        "market": {"id": 2},
        "customer": {"id": 7, "email": "Ann@Example.com"},
        "affiliate": {"name": "Partner"},
        "grandTotal": money(248.9),
        "totals": {"shipping": {"value": 49}, "taxAdded": {"value": 0}},
        "paymentMethod": {"name": "Klarna"},
        "lines": [line(number * 10)],
        "attributes": [],
        "paymentHistory": [],
    }
    return {**known, **changes}


def returned(number: int = 1, **changes: Any) -> Row:
    """Return a return of one line."""
    known = {
        "id": number,
        "returnStatus": "COMPLETED",
        "createdAt": CREATED,
        "order": {"number": 501},
        "lines": [{"quantity": 1, "orderLine": {"id": 5010}}],
        "refundPaymentHistory": [{"entryType": "REFUND", "status": "SUCCESS"}],
    }
    return {**known, **changes}


def payment(number: int = 1, **changes: Any) -> Row:
    """Return an entry of a payment history."""
    known = {
        "id": number,
        "entryType": "CAPTURE",
        "status": "SUCCESS",
        "createdAt": CREATED,
        "value": money(248.9),
    }
    return {**known, **changes}


def shipment(number: int = 1, **changes: Any) -> Row:
    """Return a completed parcel of one line."""
    known = {
        "__typename": "DirectToConsumerShipment",
        "id": number,
        "number": f"501-{number}",
        "order": {"number": 501},
        "isShipped": True,
        "isPaid": True,
        "isCaptured": False,
        "shippedAt": UPDATED,
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "lines": [{"quantity": 2, "returnedQuantity": 1, "orderLine": {"id": 5010}}],
    }
    return {**known, **changes}


def account(number: int = 1, **changes: Any) -> Row:
    """Return a wholesale account."""
    known = {
        "id": number,
        "name": "Boutique",
        "status": "ACTIVE",
        "isInternal": False,
        "createdAt": CREATED,
        "updatedAt": UPDATED,
    }
    return {**known, **changes}


def product(number: int = 1, **changes: Any) -> Row:
    """Return a product."""
    known = {
        "id": number,
        "name": "Coat",
        "status": "ACTIVE",
        "productNumber": f"NL-{number}",
        "isBundle": False,
        "brand": {"name": "Nordlys"},
        "collection": {"name": "AW26"},
        "createdAt": CREATED,
        "updatedAt": UPDATED,
    }
    return {**known, **changes}


def variant(number: int = 1, **changes: Any) -> Row:
    """Return a variant."""
    known = {
        "id": number,
        "name": "Black",
        "status": "ACTIVE",
        "variantNumber": f"{number}-BLK",
        "stockOffset": 2,
        "product": {"id": 9},
        "updatedAt": UPDATED,
    }
    return {**known, **changes}


def size(number: int = 1, **changes: Any) -> Row:
    """Return a size with its stock in one warehouse."""
    known = {
        "id": number,
        "SKU": f"NL-{number}-M",
        "EAN": "7300000000017",
        "isActive": True,
        "updatedAt": UPDATED,
        "productVariant": {"id": 5, "variantNumber": "1-BLK"},
        "stock": [stock()],
    }
    return {**known, **changes}


def stock(warehouse: int = 1, quantity: int = 7) -> Row:
    """Return what a warehouse has of a size."""
    return {"warehouse": {"id": warehouse}, "freeToAllocateQuantity": quantity}


def display(number: int = 1, **changes: Any) -> Row:
    """Return a display of one variant in one market."""
    known = {
        "id": number,
        "name": "Coat",
        "status": "ACTIVE",
        "uri": "coat",
        "updatedAt": UPDATED,
        "store": {"id": 1},
        "product": {"id": 9},
        "canonicalCategory": {"name": "Coats"},
        "productVariants": [{"id": 5}],
        "markets": [{"id": 2}],
    }
    return {**known, **changes}


def price(number: int = 1, **changes: Any) -> Row:
    """Return a list price."""
    known = {
        "id": number,
        "price": money(499),
        "pricelist": {"id": 3},
        "product": {"id": 9},
        "productVariant": {"id": 5},
    }
    return {**known, **changes}


def lowest_price(**changes: Any) -> Row:
    """Return a lowest price; it has no id."""
    known = {
        "productVariant": {"id": 5},
        "pricelist": {"id": 3},
        "originalPrice": money(599),
        "price": money(499),
        "startDate": CREATED,
        "markets": [{"id": 2}],
    }
    return {**known, **changes}


def campaign(number: int = 1, **changes: Any) -> Row:
    """Return a campaign of one variant in one market."""
    known = {
        "id": number,
        "status": "ACTIVE",
        "startDate": CREATED,
        "stopDate": None,
        "markets": [{"id": 2}],
        "variants": [
            {"id": 8, "productVariant": {"id": 5}, "pricelist": {"id": 3}, "price": money(399)}
        ],
    }
    return {**known, **changes}


def pricelist(number: int = 3, **changes: Any) -> Row:
    """Return a price list."""
    known = {
        "id": number,
        "name": f"List {number}",
        "status": "ACTIVE",
        "currency": {"code": "SEK"},
        "store": {"id": 1},
    }
    return {**known, **changes}
