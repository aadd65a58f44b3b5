"""A Centra without a network: it has what a test gives it, and misbehaves as a test asks.

It looks at the name of the root field and at the variables, and gives every row whole: what is selected
of a row is the business of `query`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from auditor.systems.centra import CentraClient, Timing
from auditor.systems.centra.listing import Tenant
from auditor.systems.centra.schema import Schema, learn_schema

URL = "https://brand.centra.com/graphql"
TOKEN = "s3cret-integration-token"  # noqa: S105 - made up
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)

Row = dict[str, Any]
Answer = dict[str, Any]
Spoil = Callable[[Answer], Answer]

SCALARS: dict[str, tuple[str, ...]] = {
    "Store": ("id", "name", "type"),
    "Market": ("id", "name"),
    "Currency": ("id", "code"),
    "Customer": (
        *("id", "status", "email", "firstName", "lastName"),
        *("createdAt", "updatedAt", "isAnonymized", "totalOrders"),
    ),
    "NewsletterSubscription": ("id", "email", "isActive", "createdAt"),
    "ProductSize": ("id", "SKU", "EAN", "isActive", "updatedAt"),
    "ProductVariant": ("id", "variantNumber", "name", "status", "updatedAt", "stockOffset"),
    "Buyer": ("id", "status", "email", "createdAt", "updatedAt"),
    "Order": (
        *("id", "number", "createdAt", "updatedAt"),
        *("isInternal", "isOnHold", "isWaitingForPayment"),
    ),
    "DirectToConsumerOrder": (),
    "WholesaleOrder": (),
    "OrderLine": (*("id", "quantity", "cancelledQuantity", "taxPercent", "frontendItemId"),),
    "MonetaryValue": ("value", "conversionRate"),
    "OrderTotals": (),
    "Affiliate": ("id", "name"),
    "Attribute": (),
    "AttributeType": ("name",),
    "AttributeElement": ("key", "value"),
    "Return": ("id", "returnStatus", "createdAt"),
    "ReturnLine": ("id", "quantity"),
    "Payment": ("id", "entryType", "status", "createdAt"),
    "Counters": ("customers", "orders", "products"),
    "Pricelist": ("id", "name", "status"),
    "Warehouse": ("id", "name", "threshold"),
    "Country": ("id", "code", "name"),
    "Account": ("id", "name", "status", "isInternal", "createdAt", "updatedAt"),
    "Shipment": (
        *("id", "number", "isShipped", "isPaid", "isCaptured"),
        *("shippedAt", "createdAt", "updatedAt"),
    ),
    "ShipmentLine": ("quantity", "returnedQuantity"),
    "Product": ("id", "name", "status", "productNumber", "isBundle", "createdAt", "updatedAt"),
    "Display": ("id", "name", "status", "uri", "updatedAt"),
    "Price": ("id",),
    "LowestPrice": ("startDate",),
    "Campaign": ("id", "status", "startDate", "stopDate"),
    "CampaignVariant": ("id",),
    "Stock": ("freeToAllocateQuantity",),
}
RELATIONS: dict[str, dict[str, str]] = {
    "Customer": {"store": "Store"},
    "NewsletterSubscription": {
        "productVariant": "ProductVariant",
        "productSize": "ProductSize",
        "store": "Store",
    },
    "Order": {
        "status": "OrderStatus",
        "store": "Store",
        "market": "Market",
        "affiliate": "Affiliate",
        "paymentMethod": "Affiliate",
        "grandTotal": "MonetaryValue",
        "totals": "OrderTotals",
        "lines": "OrderLine",
        "attributes": "Attribute",
        "paymentHistory": "Payment",
    },
    "DirectToConsumerOrder": {"customer": "Customer"},
    "WholesaleOrder": {"buyer": "Buyer"},
    "OrderLine": {
        "lineValue": "MonetaryValue",
        "productSize": "ProductSize",
        "productVariant": "ProductVariant",
    },
    "MonetaryValue": {"currency": "Currency"},
    "OrderTotals": {"shipping": "MonetaryValue", "taxAdded": "MonetaryValue"},
    "Attribute": {"type": "AttributeType", "elements": "AttributeElement"},
    "Payment": {"value": "MonetaryValue"},
    "Return": {"order": "Order", "lines": "ReturnLine", "refundPaymentHistory": "Payment"},
    "ReturnLine": {"orderLine": "OrderLine"},
    "Pricelist": {"currency": "Currency", "store": "Store"},
    "Shipment": {"order": "Order", "lines": "ShipmentLine"},
    "ShipmentLine": {"orderLine": "OrderLine"},
    "Product": {"brand": "Affiliate", "collection": "Affiliate"},
    "ProductVariant": {"product": "Product"},
    "ProductSize": {"productVariant": "ProductVariant", "stock": "Stock"},
    "Stock": {"warehouse": "Warehouse"},
    "Display": {
        "store": "Store",
        "product": "Product",
        "canonicalCategory": "Affiliate",
        "productVariants": "ProductVariant",
        "markets": "Market",
    },
    "Price": {
        "price": "MonetaryValue",
        "pricelist": "Pricelist",
        "product": "Product",
        "productVariant": "ProductVariant",
    },
    "LowestPrice": {
        "productVariant": "ProductVariant",
        "pricelist": "Pricelist",
        "originalPrice": "MonetaryValue",
        "price": "MonetaryValue",
        "markets": "Market",
    },
    "Campaign": {"variants": "CampaignVariant", "markets": "Market"},
    "CampaignVariant": {
        "productVariant": "ProductVariant",
        "pricelist": "Pricelist",
        "price": "MonetaryValue",
    },
}
LIMITED = {"ProductSize.stock", "Campaign.variants"}
"""Lists below a row that take a limit and a page."""
POSSIBLE = {"Order": ("DirectToConsumerOrder", "WholesaleOrder")}
ENUMS = {
    "OrderStatus": ("PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "ARCHIVED", "CANCELLED"),
    "OrderSort": ("id_ASC", "number_ASC"),
    "CustomerSort": ("id_ASC", "updatedAt_ASC"),
}
CHANGING = (
    "Customer",
    "Account",
    "Shipment",
    "Product",
    "ProductVariant",
    "ProductSize",
    "Display",
)
INPUTS = {
    **{f"{row}Filter": ("id", "createdAt", "updatedAt") for row in CHANGING},
    "OrderFilter": ("createdAt", "updatedAt", "status", "isOnHold", "isWaitingForPayment"),
    "ReturnFilter": ("createdAt",),
}
LISTS = {
    "stores": "Store",
    "markets": "Market",
    "currencies": "Currency",
    "customers": "Customer",
    "newsletterSubscriptions": "NewsletterSubscription",
    "buyers": "Buyer",
    "orders": "Order",
    "returns": "Return",
    "pricelists": "Pricelist",
    "warehouses": "Warehouse",
    "countries": "Country",
    "accounts": "Account",
    "shipments": "Shipment",
    "products": "Product",
    "productVariants": "ProductVariant",
    "productSizes": "ProductSize",
    "displays": "Display",
    "prices": "Price",
    "campaigns": "Campaign",
    "lowestPrices": "LowestPrice",
}
CONNECTIONS = {
    "customerConnection": "customers",
    "orderConnection": "orders",
    "returnConnection": "returns",
}


def ref(name: str) -> dict[str, Any]:
    """Name a type as introspection does, non-null around it."""
    return {
        "kind": "NON_NULL",
        "name": None,
        "ofType": {"kind": "OBJECT", "name": name, "ofType": None},
    }


def _field(name: str, type_name: str, args: Mapping[str, str] | None = None) -> dict[str, Any]:
    arguments = [
        {"name": argument, "defaultValue": None, "type": ref(kind)}
        for argument, kind in (args or {}).items()
    ]
    return {"name": name, "type": ref(type_name), "args": arguments}


def _related(owner: str, name: str, to: str) -> dict[str, Any]:
    is_limited = f"{owner}.{name}" in LIMITED
    return _field(name, to, {"limit": "Int", "page": "Int"} if is_limited else None)


def _roots() -> list[dict[str, Any]]:
    filters = {row: {"where": f"{row}Filter", "sort": f"{row}Sort"} for row in LISTS.values()}
    plain = [
        _field(name, row, {**filters[row], "limit": "Int", "page": "Int"})
        for name, row in LISTS.items()
    ]
    connections = [
        _field(name, f"{LISTS[plain]}Connection", {**filters[LISTS[plain]], "first": "Int"})
        for name, plain in CONNECTIONS.items()
    ]
    return [*plain, *connections, _field("counters", "Counters")]


def _type(name: str, **parts: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("fields", "inputFields", "enumValues", "possibleTypes"))
    return {"name": name, **empty, **parts}


def introspection(absent: Sequence[str] = ()) -> dict[str, Any]:
    """Describe the schema, without the fields that `absent` names as `Type.field`.

    What an interface lacks, its types lack.
    """
    gone = {*absent}
    for interface, types in POSSIBLE.items():
        for name in [name for name in absent if name.startswith(f"{interface}.")]:
            gone |= {f"{one}.{name.partition('.')[2]}" for one in types}
    fields = {
        name: [
            *(_field(scalar, "String") for scalar in scalars),
            *(_related(name, own, to) for own, to in RELATIONS.get(name, {}).items()),
        ]
        for name, scalars in SCALARS.items()
    }
    for concrete in POSSIBLE["Order"]:
        fields[concrete] = [*fields["Order"], *fields[concrete]]
    for plain in CONNECTIONS.values():
        row = LISTS[plain]
        fields[f"{row}Connection"] = [_field("edges", f"{row}Edge")]
        fields[f"{row}Edge"] = [_field("node", row)]
    fields["Query"] = _roots()
    described = [
        _type(
            name,
            fields=[one for one in own if f"{name}.{one['name']}" not in gone],
            possibleTypes=[{"name": one} for one in POSSIBLE.get(name, ())],
        )
        for name, own in fields.items()
    ]
    described += [_type(n, enumValues=[{"name": v} for v in values]) for n, values in ENUMS.items()]
    described += [
        _type(n, inputFields=[{"name": v} for v in values if f"{n}.{v}" not in gone])
        for n, values in INPUTS.items()
    ]
    return {"__schema": {"queryType": {"name": "Query"}, "types": described}}


@dataclass
class FakeCentra:
    """A tenant.

    Attributes:
        rows: The rows of each plain list; a connection shows those of its plain list.
        absent: What its schema lacks.
        denied: Permissions that the token lacks, each with the text of a query that needs it.
        hides_held: Whether orders that are held or unpaid are left out unless asked for.
        spoil: What becomes of an answer's body, by the number of the request for a page, from 1.
        base: The currencies that are called the base.
        counter: What it counts, instead of the rows.
        complexity: What every query is said to cost.
        queries: The queries that it answered.
        variables: Their variables.
        requests: All requests that reached it.
        pages: How many pages it was asked for.
        replies: Whole HTTP answers given before any other.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    denied: dict[str, str] = field(default_factory=dict)
    hides_held: bool = False
    spoil: dict[int, Spoil] = field(default_factory=dict)
    replies: list[httpx.Response] = field(default_factory=list)
    base: tuple[str, ...] = ("SEK",)
    counter: object = None
    complexity: int = 10
    queries: list[str] = field(default_factory=list)
    variables: list[dict[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    pages: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        if self.replies:
            return self.replies.pop(0)
        sent = json.loads(request.content)
        self.queries.append(sent["query"])
        self.variables.append(sent["variables"])
        body = self._body(sent["query"], sent["variables"])
        return httpx.Response(200, json={**body, "extensions": {"complexity": self.complexity}})

    def asked(self, root: str) -> list[str]:
        """Return the queries for one root field."""
        return [text for text in self.queries if text.startswith(f"query {root}(")]

    def _body(self, text: str, variables: dict[str, Any]) -> Answer:
        lacking = [permission for permission, part in self.denied.items() if part in text]
        if lacking:
            return {"errors": [denial(permission) for permission in lacking]}
        for mark, answer in self._others.items():
            if mark in text:
                return {"data": answer(text, variables)}
        self.pages += 1
        body: Answer = {"data": {"page": self._page(text, variables)}}
        return self.spoil[self.pages](body) if self.pages in self.spoil else body

    @property
    def _others(self) -> dict[str, Callable[[str, dict[str, Any]], Answer]]:
        """Return what is answered with something else than a page."""
        return {
            "__schema": lambda *_: introspection(self.absent),
            "rateLimits": lambda *_: {"rateLimits": []},
            "isBase": lambda *_: {"currencies": [{"code": code} for code in self.base]},
            "orderCounts": lambda _, variables: self._totals(variables),
            "counters": self._counters,
            "query boundaries": self._boundaries,
        }

    def _totals(self, variables: dict[str, Any]) -> Answer:
        found = {name: self._select("orders", where) for name, where in variables.items()}
        total = self.counter
        return {
            f"c{name[1:]}": {"totalCount": len(rows) if total is None else total}
            for name, rows in found.items()
        }

    def _counters(self, text: str, variables: dict[str, Any]) -> Answer:
        found = re.search(r"count: (\w+)", text)
        rows = self._select(found[1] if found else "", variables.get("where") or {})
        return {"counters": {"count": len(rows) if self.counter is None else self.counter}}

    def _boundaries(self, text: str, variables: dict[str, Any]) -> Answer:
        found = re.findall(r"(b\d+): (\w+)\(limit: 1, page: (\d+)", text)
        where = variables.get("where") or {}
        return {
            name: self._select(root, where)[int(page) - 1 : int(page)] for name, root, page in found
        }

    def _page(self, text: str, variables: dict[str, Any]) -> Any:
        found = re.search(r"page: (\w+)\((first|limit): (\d+)", text)
        assert found is not None
        root, style, size = found[1], found[2], int(found[3])
        rows = self._select(CONNECTIONS.get(root, root), variables.get("where") or {})
        if style == "limit":
            start = (variables["page"] - 1) * size
            return rows[start : start + size]
        start = int(variables.get("after") or 0)
        stop = min(start + size, len(rows))
        return connection(rows[start:stop], total=len(rows), cursor=stop, more=stop < len(rows))

    def _select(self, name: str, where: Mapping[str, Any]) -> list[Row]:
        rows = self.rows.get(name, [])
        for flag in ("isOnHold", "isWaitingForPayment") if name == "orders" else ():
            if flag in where:
                rows = [row for row in rows if row[flag] is where[flag]]
            elif self.hides_held:
                rows = [row for row in rows if not row[flag]]
        return rows


def connection(rows: Sequence[Row], *, total: int, cursor: object, more: bool) -> Answer:
    """Write one page of a connection."""
    return {
        "totalCount": total,
        "pageInfo": {"hasNextPage": more, "endCursor": str(cursor) if rows else None},
        "edges": [{"node": row} for row in rows],
    }


def denial(permission: str) -> Answer:
    """Write the error of a query that needs a permission."""
    message = f"You need {permission} permission to access it."
    return {"message": message, "extensions": {"category": "authorization"}}


class Clocks:
    """Time that passes only while somebody sleeps, or when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def sleep(self, pause_s: float) -> None:
        """Let the time pass at once."""
        self.slept.append(pause_s)
        self.now_s += pause_s

    @property
    def timing(self) -> Timing:
        """Return what a client goes by."""
        return Timing(lambda: NOW, lambda: self.now_s, self.sleep)


def client_of(
    fake: Callable[[httpx.Request], httpx.Response], clocks: Clocks | None = None, **options: Any
) -> CentraClient:
    """Return a client of a fake."""
    timing = (clocks or Clocks()).timing
    return CentraClient(URL, TOKEN, timing, transport=httpx.MockTransport(fake), **options)


def tenant_of(fake: FakeCentra) -> Tenant:
    """Return a fake tenant with what it says it has."""
    client = client_of(fake)
    return Tenant(client, learn_schema(client))


def schema_of(fake: FakeCentra) -> Schema:
    """Return what a fake tenant says it has."""
    return learn_schema(client_of(fake))
