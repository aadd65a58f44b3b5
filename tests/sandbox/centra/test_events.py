"""The event queue: additive listeners, redelivery until confirmed, and what an event shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import Token
from tests.sandbox.centra.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.centra.conftest import Shop

LISTEN = """mutation ($input: [EventListenerInput!]!) { setEventListeners(input: $input) {
    eventListeners { objectType changeTypes } userErrors { message path } } }"""
IGNORE = LISTEN.replace("setEvent", "unsetEvent")
CONFIRM = """mutation ($ids: [Int!]!) { confirmEvents(input: {eventsIds: $ids}) {
    userErrors { path } userWarnings { message path } } }"""
READ = """{ events { id objectType changeType objectReference store { id }
    object { __typename ... on Shipment { parcel: number } ... on Order { number }
             ... on Customer { email } } } }"""


@pytest.fixture
def live(open_shop: Callable[..., Shop]) -> Shop:
    """Return a shop whose tenant generates events."""
    others = [Token("other", integration="erp"), Token("same"), Token("b2b", stores=frozenset({2}))]
    return open_shop(generates_events=True, tokens=others)


def listen(shop: Shop, kind: str, *changes: str) -> Any:
    given = {"objectType": kind, **({"changeTypes": list(changes)} if changes else {})}
    return shop.data(LISTEN, input=[given])["setEventListeners"]["eventListeners"]


def events(shop: Shop) -> list[Any]:
    found: list[Any] = shop.data(READ)["events"]
    return found


def touch(shop: Shop, number: int = 1) -> None:
    shop.tenant.customers[number - 1].updated_at = NOW.replace(minute=number)
    shop.server.refresh()


def test_without_listeners_there_are_no_events(live: Shop):
    touch(live)
    assert events(live) == []


def test_a_tenant_that_generates_none_has_an_empty_queue(shop: Shop):
    listen(shop, "Customer")
    touch(shop)
    assert events(shop) == []


def test_listeners_add_up(live: Shop):
    listen(live, "Shipment", "COMPLETED")
    listen(live, "Shipment", "DELETED")
    listeners = listen(live, "Customer", "UPDATED")
    assert listeners == [
        {"objectType": "Customer", "changeTypes": ["UPDATED"]},
        {"objectType": "Shipment", "changeTypes": ["COMPLETED", "DELETED"]},
    ]


def test_a_change_is_an_event_with_the_object_as_it_is_now(live: Shop):
    listen(live, "Customer")
    touch(live)
    assert events(live) == [
        {
            "id": 1,
            "objectType": "Customer",
            "changeType": "UPDATED",
            "objectReference": 1,
            "store": {"id": 1},
            "object": {"__typename": "Customer", "email": "twin@example.com"},
        }
    ]


def test_only_what_is_listened_to_is_queued(live: Shop):
    listen(live, "Customer", "DELETED")
    touch(live)
    assert events(live) == []


def test_events_come_back_oldest_first_until_confirmed(live: Shop):
    listen(live, "Customer")
    touch(live, 1)
    touch(live, 2)
    assert [event["id"] for event in events(live)] == [1, 2]
    assert events(live) == events(live)
    live.data(CONFIRM, ids=[1])
    assert [event["id"] for event in events(live)] == [2]


def test_confirming_what_is_not_queued_is_a_warning(live: Shop):
    answer = live.data(CONFIRM, ids=[77])["confirmEvents"]
    assert answer["userErrors"] == []
    assert answer["userWarnings"][0]["path"] == ["input", "eventsIds", "0"]


def test_an_order_is_referred_to_by_its_number(live: Shop):
    listen(live, "Order")
    live.tenant.orders[0].updated_at = NOW
    live.server.refresh()
    (event,) = events(live)
    assert event["objectReference"] == 101
    assert event["object"] == {"__typename": "DirectToConsumerOrder", "number": 101}


def test_a_deleted_object_is_null(live: Shop):
    listen(live, "Order")
    del live.tenant.orders[0]
    live.server.refresh()
    (event,) = events(live)
    assert (event["changeType"], event["object"]) == ("DELETED", None)


def test_a_shipment_that_leaves_is_completed(live: Shop):
    listen(live, "Shipment", "COMPLETED")
    live.tenant.shipments[1].is_shipped = True
    live.server.refresh()
    (event,) = events(live)
    assert event["object"]["parcel"] == "101-2"


def test_not_listening_any_more_deletes_queued_events(live: Shop):
    listen(live, "Customer")
    touch(live)
    live.data(IGNORE, input=[{"objectType": "Customer"}])
    assert events(live) == []


def test_every_integration_has_a_queue_of_its_own(live: Shop):
    listen(live, "Customer")
    touch(live)
    assert events(live.as_("other")) == []


def test_tokens_of_one_integration_steal_each_others_events(live: Shop):
    listen(live, "Customer")
    touch(live)
    live.as_("same").data(CONFIRM, ids=[1])
    assert events(live) == []


def test_events_of_hidden_stores_are_not_delivered(live: Shop):
    listen(live, "Customer")
    touch(live)
    assert events(live.as_("b2b")) == []


def test_a_mutation_makes_an_event(live: Shop):
    listen(live, "Customer", "UPDATED")
    live.data(
        "mutation { updateCustomer(id: 4, input: {status: INACTIVE}) { userErrors { path } } }"
    )
    assert [event["objectReference"] for event in events(live)] == [4]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("objectType: [Customer]", 1),
        ("objectType: [Order]", 1),
        ("changeType: [DELETED]", 0),
        ("storeId: [1]", 2),
        ("storeId: [2]", 0),
        ("marketId: [1]", 2),
    ],
)
def test_events_can_be_filtered(live: Shop, where: str, count: int):
    listen(live, "Customer")
    listen(live, "Order")
    live.tenant.orders[0].updated_at = NOW
    touch(live)
    assert len(live.data(f"{{ events(where: {{{where}}}) {{ id }} }}")["events"]) == count


def test_events_are_limited(live: Shop):
    listen(live, "Customer")
    touch(live, 1)
    touch(live, 2)
    assert live.rows("id", "{ events(limit: 1) { id } }") == [1]
