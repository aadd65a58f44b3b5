"""The filters of each type, under their names in the schema.

Source: Centra reference 3.1, 3.3, 4.3, 5.1, 5.2, 6.2 and 6.3.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from auditor.sandbox.centra.options import CANCELLED
from auditor.sandbox.centra.rules import (
    AnyOf,
    InRange,
    Matches,
    OneOf,
    Rule,
    Search,
    Within,
    attribute,
    nothing,
    within,
)

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Getter, Row, Value
    from auditor.sandbox.centra.rules import Taken, Terms, Test, Wanted
    from auditor.sandbox.centra.view import View

Rules = dict[str, Rule]


class _Status(OneOf):
    """An order's status; the two spellings of the cancelled one are the same."""

    def test(self, wanted: Wanted, terms: Terms) -> Test:
        """See `Rule.test`."""
        spellings = CANCELLED if CANCELLED & set(wanted) else frozenset()
        return OneOf.test(self, {*wanted, *spellings}, terms)


def _path(wanted: str, *hops: tuple[str, str, str]) -> Taken:
    """Take a value at the end of hops from row to row, each (attribute, table, key of the table)."""

    def bind(view: View) -> Getter:
        steps = [(attrgetter(name), getattr(view, table).by(key)) for name, table, key in hops]
        take = attrgetter(wanted)

        def value(row: Row) -> Value:
            for get, rows in steps:
                row = rows.get(get(row))
                if row is None:
                    return None
            return take(row)

        return value

    return bind


def _affiliate(view: View) -> Getter:
    numbers = view.orders.names("affiliate")
    return lambda order: numbers.get(order.affiliate)


def _free_stock(view: View) -> Getter:
    stocks = view.stocks.groups("size_id")
    return lambda size: sum(s.physical - s.allocated for s in stocks.get(size.id, []))


def _price(view: View) -> Getter:
    lists, currencies = view.pricelists.by("id"), view.currencies.by("code")

    def value(row: Row) -> float | None:
        if row.minor is None:
            return None
        return float(row.minor / 10 ** currencies[lists[row.pricelist_id].currency].exponent)

    return value


def _displays_of_variant(view: View) -> Getter:
    displays = view.displays.groups("variant_ids", several=True)
    return lambda variant: [display.id for display in displays.get(variant.id, [])]


def _codes(view: View) -> Getter:
    ids = {code: country.id for code, country in view.countries.by("code").items()}
    return lambda row: [ids[code] for code in row.country_codes if code in ids]


def _key(name: str) -> OneOf:
    return OneOf(attribute(name), indexed=True)


def _in(name: str) -> OneOf:
    return OneOf(attribute(name))


def _is(name: str) -> Rule:
    return Rule(attribute(name))


def _text(name: str) -> Matches:
    return Matches(attribute(name))


def _words(*names: str) -> Search:
    return Search(lambda _view: lambda row: [getattr(row, name) for name in names])


def _constant(value: Value) -> Rule:
    return Rule(lambda _view: lambda _row: value)


def _unheld(*names: str, rule: Rule | None = None) -> Rules:
    """Accept filters over what the world does not hold: no row matches them."""
    return dict.fromkeys(names, rule or OneOf(nothing))


_NO_DATE = Within(nothing, "created_at")
_ORDER = ("order_number", "orders", "number")
_STORE = ("store_id", "stores", "id")
_COUNTRY = ("country", "countries", "code")
_CURRENCY = ("currency", "currencies", "code")
_PRICELIST = ("pricelist_id", "pricelists", "id")

FILTERS: dict[str, Rules] = {
    "Store": {"id": _key("id"), "type": _is("type"), "search": _words("name")},
    "Market": {"id": _key("id"), "storeId": _in("store_id"), "search": _words("name")},
    "Pricelist": {
        "id": _key("id"),
        "name": _text("name"),
        "status": _in("status"),
        "assignedToCountryId": AnyOf(_codes),
        "currencyId": OneOf(_path("id", _CURRENCY)),
        "isDefaultForCurrency": Rule(nothing),
        "storeId": _in("store_id"),
        "search": _words("name"),
        **_unheld("externalId"),
    },
    "Warehouse": {"id": _key("id"), "search": _words("name")},
    "Currency": {"id": _key("id"), "code": _text("code"), "isBase": _is("is_base")},
    "Country": {"id": _key("id"), "code": _text("code"), "search": _words("name", "code")},
    "Customer": {
        "id": _key("id"),
        "status": _in("status"),
        "email": _text("email"),
        "firstName": _text("first_name"),
        "lastName": _text("last_name"),
        "createdAt": within("created_at"),
        "updatedAt": within("updated_at"),
        "gender": OneOf(lambda _view: lambda _row: "UNKNOWN"),
        "isAnonymized": _is("is_anonymized"),
        "countryId": OneOf(_path("id", _COUNTRY)),
        "marketId": _in("market_id"),
        "storeId": _in("store_id"),
        "totalOrders": InRange(attribute("total_orders")),
        "search": _words("email", "first_name", "last_name"),
        **_unheld("cellPhoneNumber", "phoneNumber", rule=Matches(nothing)),
        **_unheld("birthdate", "lastLoginAt", rule=_NO_DATE),
        **_unheld("languageId", "pricelistId", "externalId"),
    },
    "NewsletterSubscription": {
        "id": _key("id"),
        "email": _text("email"),
        "storeId": _in("store_id"),
        "search": _words("email"),
    },
    "Account": {
        "id": _key("id"),
        "status": _in("status"),
        "name": _text("name"),
        "createdAt": within("created_at"),
        "updatedAt": within("updated_at"),
        "search": _words("name"),
    },
    "Buyer": {
        "id": _key("id"),
        "status": _in("status"),
        "email": _text("email"),
        "accountId": _key("account_id"),
        "storeId": _in("store_id"),
        "search": _words("email", "first_name", "last_name"),
    },
    "Order": {
        "id": _key("id"),
        "number": _key("number"),
        "status": _Status(attribute("status")),
        "createdAt": within("created_at"),
        "updatedAt": within("updated_at"),
        "orderDate": within("created_at"),
        "accountId": _key("account_id"),
        "affiliateId": OneOf(_affiliate),
        "countryId": OneOf(_path("id", _COUNTRY)),
        "currencyId": OneOf(_path("id", _CURRENCY)),
        "marketId": _in("market_id"),
        "pricelistId": _in("pricelist_id"),
        "customerId": _key("customer_id"),
        "buyerId": _key("buyer_id"),
        "storeId": _in("store_id"),
        "storeType": Rule(_path("type", _STORE)),
        "isLocked": _constant(False),
        "isOnHold": _is("is_on_hold"),
        "isWaitingForCheckFirstAllocation": _constant(False),
        "isWaitingForPayment": _is("is_waiting_for_payment"),
        "isInternal": _is("is_internal"),
        "orderHoldReason": _in("hold_reason"),
        "search": _words("number", "email"),
        **_unheld("preferredShippingDate", "estimatedDeliveryDate", "cancelDate", rule=_NO_DATE),
        **_unheld("purchaseOrderNumber", "userIp", "otherComment", rule=Matches(nothing)),
        **_unheld("countryStateId", "deliveryWindowId", "languageId", "paymentMethodId"),
        **_unheld("salesRepresentativeId", "allocationRuleId", "externalId"),
    },
    "Shipment": {
        "id": _key("id"),
        "number": _key("number"),
        "createdAt": within("created_at"),
        "updatedAt": within("updated_at"),
        "shippedAt": within("shipped_at"),
        "isGoodToGo": Rule(lambda _view: lambda row: row.is_paid or row.is_shipped),
        "isPrinted": _is("is_shipped"),
        "isShipped": _is("is_shipped"),
        "isOnHold": _constant(False),
        "isPaid": _is("is_paid"),
        "isCaptured": _is("is_captured"),
        "trackingNumber": _in("tracking_number"),
        "countryId": OneOf(_path("id", _ORDER, _COUNTRY)),
        "currencyId": OneOf(_path("id", _ORDER, _CURRENCY)),
        "customerId": OneOf(_path("customer_id", _ORDER), indexed=True),
        "orderId": OneOf(_path("id", _ORDER), indexed=True),
        "storeId": OneOf(_path("store_id", _ORDER)),
        "storeType": Rule(_path("type", _ORDER, _STORE)),
        "search": _words("number", "tracking_number"),
        "usedFallbackTax": _constant(False),
        "paidAt": within("paid_at"),
        "capturedAt": within("captured_at"),
        **_unheld("emailSentAt", rule=_NO_DATE),
        **_unheld("adminUserId", "externalId"),
    },
    "Return": {
        "id": _key("id"),
        "status": _in("status"),
        "returnStatus": _in("status"),
        "createdAt": within("created_at"),
        "customerId": _key("customer_id"),
        "buyerId": OneOf(_path("buyer_id", _ORDER), indexed=True),
        "orderId": OneOf(_path("id", _ORDER), indexed=True),
        "orderNumber": _key("order_number"),
        "shipmentId": _key("shipment_id"),
        "shipmentNumber": OneOf(_path("number", ("shipment_id", "shipments", "id")), indexed=True),
        "storeId": OneOf(_path("store_id", _ORDER)),
        "storeType": Rule(_path("type", _ORDER, _STORE)),
        "search": _words("order_number"),
        **_unheld("externalId"),
    },
    "Product": {
        "id": _key("id"),
        "status": _in("status"),
        "productNumber": _text("number"),
        "isBundle": _is("is_bundle"),
        "createdAt": within("created_at"),
        "updatedAt": within("updated_at"),
        "search": _words("name", "number"),
    },
    "ProductVariant": {
        "id": _key("id"),
        "name": _text("name"),
        "status": _in("status"),
        "variantNumber": _text("number"),
        "displayId": AnyOf(_displays_of_variant),
        "productId": _key("product_id"),
        "updatedAt": within("updated_at"),
        "search": _words("name", "number"),
        **_unheld("sizeChartId", "sizeId", "externalId"),
    },
    "ProductSize": {
        "id": _key("id"),
        "description": _text("name"),
        "EAN": _text("ean"),
        "UPC": Matches(nothing),
        "SKU": _text("sku"),
        "sizeNumber": _text("number"),
        "quantity": InRange(_free_stock),
        "preorder": _constant(False),
        "sizeId": _key("id"),
        "isActive": _is("is_active"),
        "updatedAt": within("updated_at"),
        "search": _words("sku", "ean"),
    },
    "Display": {
        "id": _key("id"),
        "name": _text("name"),
        "status": _in("status"),
        "uri": _text("uri"),
        "marketId": AnyOf(attribute("market_ids")),
        "productId": _key("product_id"),
        "productVariantId": AnyOf(attribute("variant_ids")),
        "storeId": _in("store_id"),
        "updatedAt": within("updated_at"),
        "search": _words("name", "uri"),
        **_unheld("tags", "taxGroupId"),
    },
    "Price": {
        "id": _key("id"),
        "productId": OneOf(_path("product_id", ("variant_id", "variants", "id")), indexed=True),
        "productVariantId": _key("variant_id"),
        "pricelistId": _in("pricelist_id"),
        "storeId": OneOf(_path("store_id", _PRICELIST)),
        "price": InRange(_price),
    },
    "Campaign": {
        "id": _key("id"),
        "status": _in("status"),
        "updatedAt": within("updated_at"),
        "search": _words("name"),
    },
    "LowestPrice": {
        "productId": OneOf(_path("product_id", ("variant_id", "variants", "id"))),
        "productVariantId": _key("variant_id"),
        "pricelistId": _in("pricelist_id"),
        "storeId": OneOf(_path("store_id", _PRICELIST)),
        "marketId": AnyOf(attribute("market_ids")),
    },
    "PaymentHistoryEntry": {
        "id": _key("id"),
        "createdAt": within("created_at"),
        "entryType": _in("entry_type"),
        "status": _in("status"),
        "orderId": OneOf(_path("id", _ORDER), indexed=True),
    },
}
