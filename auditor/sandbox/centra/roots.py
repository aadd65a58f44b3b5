"""The fields of the root: every list, its connection, the counters and the rate limits.

Source: Centra reference 2.1 and 2.7.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from auditor.sandbox.centra import events
from auditor.sandbox.centra.field import Field, Request, plain
from auditor.sandbox.centra.paging import connection, listing
from auditor.sandbox.centra.selection import TABLES, select

if TYPE_CHECKING:
    from auditor.sandbox.centra.field import Arguments, Getter

PLURALS = {
    **{kind: table for kind, table in TABLES.items() if not kind.startswith("Product")},
    "NewsletterSubscription": "newsletterSubscriptions",
    "Product": "products",
    "ProductVariant": "productVariants",
    "ProductSize": "productSizes",
    "LowestPrice": "lowestPrices",
    "PaymentHistoryEntry": "orderPaymentHistory",
}
"""The root list of each type."""
CONNECTED = (
    *("Customer", "NewsletterSubscription", "Account", "Order", "Shipment", "Return"),
    *("Product", "ProductVariant", "ProductSize", "Display", "Campaign"),
)
"""The types that have a Relay connection as well."""


def connection_of(kind: str) -> str:
    """Return the name of a type's root connection."""
    return f"{kind[0].lower()}{kind[1:]}Connection"


def _order(request: Request, arguments: Arguments) -> Getter:
    orders = request.view.orders.by("id")
    return lambda _root: orders.get(arguments["id"])


def _count(kind: str) -> Field:
    def bind(request: Request, arguments: Arguments) -> Getter:
        return lambda _root: len(select(request, kind, arguments.get("where"), None))

    return bind


def _rate_limits(request: Request, _arguments: Arguments) -> Getter:
    return lambda _root: request.limits.rows(request.now)


def _attribute_types(request: Request, _arguments: Arguments) -> Getter:
    entries = [(name, None, kind) for kind, name in request.options.attribute_types]
    return lambda _root: entries


_CONNECTION: dict[str, Field] = {
    "totalCount": plain(lambda page: len(page.selection)),
    "edges": plain(lambda page: [(page, row) for row in page.rows]),
    "pageInfo": plain(lambda page: page),
}
_EDGE: dict[str, Field] = {
    "cursor": plain(lambda edge: edge[0].cursor(edge[1])),
    "node": plain(lambda edge: edge[1]),
}

FIELDS: dict[str, dict[str, Field]] = {
    "Query": {
        **{plural: listing(kind, plural) for kind, plural in PLURALS.items()},
        **{connection_of(kind): connection(kind, connection_of(kind)) for kind in CONNECTED},
        **events.QUERIES,
        "attributeTypes": _attribute_types,
        "order": _order,
        "counters": plain(lambda _root: ()),
        "rateLimits": _rate_limits,
    },
    **{f"{kind}Connection": _CONNECTION for kind in CONNECTED},
    **{f"{kind}Edge": _EDGE for kind in CONNECTED},
    "PageInfo": {
        "hasNextPage": plain(lambda page: page.stop < len(page.selection)),
        "hasPreviousPage": plain(lambda page: page.start > 0),
        "startCursor": plain(lambda page: page.cursor(page.first)),
        "endCursor": plain(lambda page: page.cursor(page.last)),
    },
    "Counters": {
        "products": _count("Product"),
        "customers": _count("Customer"),
        "orders": _count("Order"),
    },
    "RateLimit": {
        name: plain(itemgetter(name))
        for name in ("type", "intervalSeconds", "quota", "usedQuota", "remainingQuota")
    },
}
