"""Whatever a tenant does about what is unknown, reading every list to its end gives the same rows."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import (
    DEFAULT_ABSENT,
    ENTERPRISE,
    GROWTH,
    UNLIMITED,
    CentraOptions,
    Token,
)
from auditor.sandbox.centra.roots import CONNECTED, PLURALS, connection_of
from tests.sandbox.centra.conftest import NOW, shop_on
from tests.sandbox.centra.tenant import small_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.sandbox.centra.conftest import Shop, Stage

    Opener = Callable[..., Shop]

OTHER_TOKEN = Token("all", expires_at=NOW + timedelta(days=1), integration="audit")
SETTINGS: dict[str, tuple[Any, ...]] = {
    "tokens": ((Token("all"),), (OTHER_TOKEN,)),
    "order_api_secret": ("sandbox-order-api", "another"),
    "order_api_refusal": ("401", "no"),
    "order_api_list": ("customers", "result"),
    "order_api_most": (100, 1),
    "rate_plan": (UNLIMITED, GROWTH, ENTERPRISE),
    "timezone": ("Europe/Stockholm", "Asia/Tokyo"),
    "app_version": ("v1.7.0", "v0.32.3"),
    "refusal": ("401", "403", "errors"),
    "permission_error_status": (200, 403),
    "retry_after": ("epoch", "http_date", "seconds"),
    "limited_body": ("json", "text"),
    "over_limit": ("clamp", "error"),
    "date_bounds": ("inclusive", "exclusive", "half_open"),
    "cancelled_status": ("CANCELLED", "DELETED"),
    "hides_held_orders": (False, True),
    "hides_archived_orders": (False, True),
    "registered_field": (None, "isRegistered"),
    "newsletter_field": (None, "receiveNewsletters"),
    "base_value_field": (None, "baseValue"),
    "update_customer_by": ("id", "customer"),
    "newsletter_flip": ("none", "registered", "all"),
    "generates_events": (False, True),
    "attribute_types": ((), (("Customer", "emarsys_contact"),)),
    "absent": (DEFAULT_ABSENT, frozenset()),
}
CASES = [(name, value) for name, values in SETTINGS.items() for value in values]
STATUSES = "PENDING, CONFIRMED, PROCESSING, SHIPPED, ARCHIVED"
BOTH = ("true", "false")
LISTED = sorted(set(PLURALS.values()) - {"newsletterSubscriptions", "lowestPrices", "orders"})


def wheres(shop: Shop) -> list[str]:
    """Ask for every order by name, the way a client must that knows of what may be hidden."""
    status = f"status: [{STATUSES}, {shop.server.options.cancelled_status}]"
    return [
        f"{{{status}, isOnHold: {held}, isWaitingForPayment: {waits}}}"
        for held in BOTH
        for waits in BOTH
    ]


def by_pages(shop: Shop, name: str, where: str = "{}", field: str = "id") -> list[Any]:
    """Read a list by page number."""
    found: list[Any] = []
    for page in range(1, 20):
        query = f"{{ {name}(limit: 3, page: {page}, where: {where}) {{ {field} }} }}"
        shop.clock.advance(1)
        rows = shop.rows(field, query)
        found += rows
        if len(rows) < 3:
            break
    return found


def by_cursors(shop: Shop, kind: str, where: str = "{}") -> list[Any]:
    """Read a connection by cursors."""
    name = connection_of(kind)
    query = f"""query ($after: String) {{ {name}(first: 3, after: $after, where: {where}) {{
        pageInfo {{ hasNextPage endCursor }} edges {{ node {{ id }} }} }} }}"""
    found: list[Any] = []
    after, more = None, True
    while more:
        shop.clock.advance(1)
        page = shop.data(query, after=after)[name]
        found += [edge["node"]["id"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def everything(shop: Shop) -> dict[str, list[Any]]:
    """Return the ids of every list, however it is read, less what only some tenants have."""
    found = {name: by_pages(shop, name) for name in LISTED}
    found["subscriptions"] = by_pages(shop, "newsletterSubscriptions")
    found["orders"] = sorted(row for w in wheres(shop) for row in by_pages(shop, "orders", w))
    for kind in CONNECTED:
        if kind == "Order":
            ids = [row for where in wheres(shop) for row in by_cursors(shop, kind, where)]
            found["connected Order"] = sorted(ids)
        elif kind != "NewsletterSubscription":
            found[f"connected {kind}"] = by_cursors(shop, kind)
    return found


def expected(shop: Shop) -> dict[str, int]:
    """Return how many rows the tenant has of what is read."""
    tenant = shop.tenant
    return {
        "orders": len(tenant.orders),
        "connected Order": len(tenant.orders),
        "customers": len(tenant.customers),
        "subscriptions": len(tenant.subscriptions),
        "shipments": len(tenant.shipments),
        "returns": len(tenant.returns),
        "orderPaymentHistory": len(tenant.payments),
        "campaigns": len(tenant.campaigns),
        "prices": len(tenant.prices),
        "accounts": len(tenant.accounts),
    }


@pytest.fixture(scope="module")
def usual(stage: tuple[Stage, httpx.Client]) -> dict[str, list[Any]]:
    """Return what a tenant shows that behaves by default."""
    return everything(shop_on(stage, small_tenant()))


def opened(open_shop: Opener, name: str, value: object) -> Shop:
    return open_shop(**{name: list(value) if name == "tokens" else value})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "value"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)
def test_every_setting_of_every_option_shows_the_same_rows(
    usual: dict[str, list[Any]], open_shop: Opener, name: str, value: object
):
    assert everything(opened(open_shop, name, value)) == usual


def test_what_is_read_is_all_there_is(shop: Shop):
    read = everything(shop)
    wanted = expected(shop)
    assert {name: len(read[name]) for name in wanted} == wanted


def test_every_option_is_covered():
    assert set(SETTINGS) == {field.name for field in fields(CentraOptions)}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_an_option_is_tried_with_more_than_one_setting(name: str):
    assert len(set(SETTINGS[name])) > 1


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_what_is_usual_is_among_the_settings(name: str):
    if name not in ("tokens", "attribute_types"):
        assert getattr(CentraOptions(), name) in SETTINGS[name]
