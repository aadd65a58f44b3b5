"""Which permission each field needs.

Source: Centra reference 1.3.
"""

from __future__ import annotations

_NOUNS = {
    f"{kind}{name}": name
    for name in ("Order", "Shipment", "Return")
    for kind in ("DirectToConsumer", "Wholesale")
} | {"PaymentHistoryEntry": "PaymentHistory", "CampaignVariant": "Campaign"}
_READABLE = frozenset(
    {"Order", "Shipment", "Return", "Customer", "NewsletterSubscription", "Account", "Buyer"}
    | {"Product", "ProductVariant", "ProductSize", "Display", "Brand", "Category", "Collection"}
    | {"Event", "PaymentHistory", "Campaign", "LowestPrice"}
    | {"Warehouse", "Price", "Pricelist", "Market", "Store", "Country", "Attribute"}
)
_GUARDED = frozenset(
    {
        "Order.shippingAddress",
        "Order.billingAddress",
        "Order.attributes",
        "Order.internalComment",
        "Order.userIP",
        "Shipment.shippingAddress",
        "Return.comment",
        "Customer.billingAddress",
        "Customer.totalOrders",
        "Customer.attributes",
        "Buyer.billingAddress",
        "Buyer.totalOrders",
        "Product.internalComment",
        "ProductVariant.internalName",
        "ProductSize.stock",
        "ProductSize.stockTotals",
    }
)
_WRITTEN = {
    "updateCustomer": "Customer",
    "anonymizeCustomers": "Customer",
    "assignAttributes": "Attribute",
    "setEventListeners": "Event",
    "unsetEventListeners": "Event",
    "confirmEvents": "Event",
}
_COUNTED = {"orders": "Order", "customers": "Customer", "products": "Product"}


def noun(type_name: str) -> str:
    """Return the type that permissions name, for the concrete types of an interface too."""
    return _NOUNS.get(type_name, type_name)


def needed(owner: str, field: str, returned: str) -> list[str]:
    """Return the permissions for a field of one type that returns another."""
    permissions = []
    target = noun(returned.removesuffix("Connection"))
    if owner == "Mutation":
        return [f"{_WRITTEN[field]}:write"]
    if owner == "Counters":
        target = _COUNTED[field]
    if target in _READABLE:
        permissions.append(f"{target}:read")
    guarded = f"{noun(owner)}.{field}"
    if guarded in _GUARDED:
        permissions.append(f"{guarded}:read")
    return permissions
