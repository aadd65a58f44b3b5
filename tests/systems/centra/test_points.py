"""Single records over a real socket: what is there now, and nothing of what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from auditor.systems.centra import points
from auditor.systems.centra.listing import Tenant
from auditor.systems.centra.orders import OrderTerms
from auditor.systems.centra.points import CentraPoints
from auditor.systems.centra.schema import learn_schema
from tests.systems.centra.shop import OPEN, open_shop, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.sandbox.world.model import World
    from tests.systems.centra.shop import Shop


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module", params=["plain", "connection"])
def shop(request: pytest.FixtureRequest, world: World) -> Iterator[Shop]:
    """A tenant whose newsletter subscriptions are a plain list, and one where they are a connection."""
    absent = OPEN.absent - {"Query.newsletterSubscriptionConnection"}
    options = OPEN if request.param == "plain" else replace(OPEN, absent=absent)
    with open_shop(world, options) as opened:
        yield opened


@pytest.fixture
def found(shop: Shop) -> CentraPoints:
    tenant = Tenant(shop.client, learn_schema(shop.client))
    return CentraPoints(tenant, OrderTerms("sku", "included"))


@pytest.mark.parametrize(
    ("stream", "table", "column"),
    [
        ("customers", "centra_customer", "customer_id"),
        ("newsletter_subscriptions", "centra_subscription", "subscription_id"),
        ("orders", "centra_order", "order_number"),
        ("returns", "centra_return", "order_number"),
    ],
)
def test_the_rows_are_those_of_the_snapshot(
    shop: Shop, found: CentraPoints, stream: str, table: str, column: str
):
    every = shop.rows(stream)[table]
    keys = sorted({row[column] for row in every})[:5]
    rows = found.read(stream, keys)[table].to_pylist()
    assert sorted(rows, key=repr) == [row for row in every if row[column] in keys]


def test_an_order_that_is_held_is_found(shop: Shop, found: CentraPoints):
    held = next(str(order.number) for order in shop.tenant.orders if order.is_on_hold)
    assert found.read("orders", [held])["centra_order"].num_rows == 1


def test_what_is_not_there_is_not_given(found: CentraPoints):
    rows = found.read("customers", ["999999999", "no number", "99999999999999"])
    assert sum(table.num_rows for table in rows.values()) == 0


def test_keys_that_can_be_nobodys_cost_no_call(found: CentraPoints):
    before = found.requests
    found.read("customers", ["CUST-1"])
    assert found.requests == before


def test_subscriptions_are_found_by_e_mail_and_each_once(shop: Shop, found: CentraPoints):
    one = shop.tenant.subscriptions[0]
    before = found.requests
    rows = found.read("newsletter_subscriptions", [str(one.id)], [one.email, "nobody@x.se"])
    ids = rows["centra_subscription"].column("subscription_id").to_pylist()
    assert ids == [str(s.id) for s in shop.tenant.subscriptions if s.email == one.email]
    assert found.requests - before <= 4


def test_an_e_mail_with_more_subscriptions_than_one_call_gives_is_read_to_the_last(
    shop: Shop, found: CentraPoints, monkeypatch: pytest.MonkeyPatch
):
    email = shop.tenant.subscriptions[0].email
    whole = found.read("newsletter_subscriptions", [], [email])["centra_subscription"]
    monkeypatch.setattr(points, "ROWS_PER_EMAIL", 1)
    several = found.read("newsletter_subscriptions", [], [email])["centra_subscription"]
    assert several.to_pylist() == whole.to_pylist() != []
