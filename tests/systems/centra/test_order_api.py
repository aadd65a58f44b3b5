"""The legacy Order API: customers to the last, or incomplete and saying so."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from auditor.config.systems import OrderApi
from auditor.config.values import Secret, WebUrl
from auditor.errors import ConfigError, IncompleteSnapshotError, RefusedError, SchemaDriftError
from auditor.sandbox.centra import centra_app
from auditor.sandbox.serve import serve
from auditor.sandbox.wire import Fault, Faults, RequestLog
from auditor.systems.centra.order_api import OrderApiClient, consent_stream
from auditor.systems.centra.order_points import OrderApiPoints
from tests.systems.centra.shop import NOW, OPEN, rows_of, small_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.stream import Page
    from auditor.sandbox.world.model import World

ZONE = ZoneInfo("Europe/Stockholm")
PATH = "api/order/customers"


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


def settings(base: str, secret: str = OPEN.order_api_secret) -> OrderApi:
    return OrderApi(url=WebUrl(f"{base}/api/order"), secret=Secret(secret))


@contextmanager
def reading(world: World, *faults: Fault, **options: Any) -> Iterator[Any]:
    """Serve a world and give the stream of its consents."""
    armed = Faults()
    for fault in faults:
        armed.arm(fault)
    app = centra_app(
        world.centra,
        options=replace(OPEN, **options),
        log=RequestLog(),
        faults=armed,
        clock=lambda: NOW,
    )
    with (
        serve({"centra": app}) as urls,
        closing(OrderApiClient(settings(urls["centra"]), lambda: NOW)) as client,
    ):
        yield consent_stream(client, ZONE)


def answering(*bodies: object, status: int = 200) -> OrderApiClient:
    """Return a client to which these answers are given, one after the other."""
    left = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=left.pop(0)))
    return OrderApiClient(settings("https://x.centra.com"), lambda: NOW, transport=transport)


def pages(*customers: list[dict[str, Any]]) -> list[Page]:
    client = answering(*({"status": "ok", "customers": page} for page in customers))
    return list(consent_stream(client, ZONE).read())


@pytest.mark.parametrize("options", [{}, {"order_api_list": "result"}, {"order_api_most": 20}])
def test_every_customer_is_read_with_the_flag_of_the_world(world: World, options: dict[str, Any]):
    with reading(world, **options) as stream:
        rows = rows_of(list(stream.read()))["centra_customer_flag"]
    assert {
        (r["customer_id"], r["receives_newsletters"], r["is_registered"], r["updated_at"])
        for r in rows
    } == {
        (
            str(c.id),
            c.receives_newsletters,
            c.is_registered,
            c.updated_at.replace(tzinfo=None, microsecond=0),
        )
        for c in world.centra.customers
    }


def test_keyed_consents_are_read(world: World):
    with reading(world) as stream:
        rows = rows_of(list(stream.read()))["centra_keyed_consent"]
    assert {r["customer_id"] for r in rows if r["key"] == "newsletter" and r["is_given"]} == {
        str(c.id)
        for c in world.centra.customers
        if c.is_registered and c.receives_newsletters and not c.is_anonymized
    }


@pytest.mark.parametrize(
    "fault",
    [
        Fault("centra", "status", status=429, headers={"retry-after": "0.01"}),
        Fault("centra", "status", status=500),
        Fault("centra", "cut"),
        Fault("centra", "garbage"),
    ],
    ids=["429", "500", "cut", "garbage"],
)
def test_a_fault_that_passes_changes_nothing(world: World, fault: Fault):
    with reading(world, replace(fault, match=PATH, skip=1)) as stream:
        assert sum(page.rows for page in stream.read()) == len(world.centra.customers)


@pytest.mark.parametrize("fault", ["repeat", "shift"])
def test_customers_that_shift_while_being_read_are_seen(fault: Any):
    with (
        reading(small_world(), Fault("centra", fault, match=PATH, skip=1)) as stream,
        pytest.raises(IncompleteSnapshotError, match="shifted"),
    ):
        list(stream.read())


def test_a_page_that_loses_rows_loses_no_customer(world: World):
    with reading(world, Fault("centra", "lose", match=PATH, skip=1)) as stream:
        assert sum(page.rows for page in stream.read()) == len(world.centra.customers)


@pytest.mark.parametrize("refusal", ["401", "no"])
def test_a_wrong_secret_is_named(world: World, refusal: str):
    options = {"order_api_secret": "another", "order_api_refusal": refusal}
    with (
        reading(world, **options) as stream,
        pytest.raises(RefusedError, match=r"centra\.order_api\.secret was refused"),
    ):
        list(stream.read())


def test_a_page_that_is_refused_later_is_no_matter_of_the_secret():
    api = answering({"status": "ok", "customers": []}, {"status": "no", "msg": "limit too high"})
    api.customers(0)
    with pytest.raises(SchemaDriftError, match="answers a page of customers with an error"):
        api.customers(500)


def test_a_wrong_address_is_named():
    with pytest.raises(RefusedError, match=r"centra\.order_api\.url does not lead"):
        answering({}, status=404).customers(0)


def test_a_page_of_a_shop_is_no_order_api():
    with pytest.raises(RefusedError, match=r"centra\.order_api\.url does not lead"):
        answering(b"<html>").customers(0)


def test_an_answer_without_a_list_is_refused():
    with pytest.raises(SchemaDriftError, match="without a list"):
        answering({"status": "ok"}).customers(0)


def test_a_secret_that_cannot_be_one_is_refused():
    with pytest.raises(ConfigError, match=r"centra\.order_api\.secret"):
        OrderApiClient(settings("https://x.centra.com", "two\nlines"), lambda: NOW)


def test_a_tenant_without_customers_has_no_page():
    assert pages([]) == []


def test_flags_written_as_numbers_are_read():
    (page,) = pages([{"customerId": "7", "newsletter": 1}], [{"customerId": "7"}])
    assert page.tables["centra_customer_flag"]["receives_newsletters"].to_pylist() == [True]


def test_a_customer_of_another_shape_is_set_aside():
    odd = {"customerId": 7, "newsletter": "perhaps"}
    (page,) = pages([odd], [odd])
    assert (page.rows, len(page.aside)) == (1, 1)


def test_a_time_of_zeros_is_none():
    (page,) = pages([{"customerId": 7, "created": "0000-00-00 00:00:00"}], [{"customerId": 7}])
    assert page.tables["centra_customer_flag"]["created_at"].to_pylist() == [None]


def test_a_customer_that_comes_twice_is_seen():
    with pytest.raises(IncompleteSnapshotError, match="twice"):
        pages([{"customerId": 1}, {"customerId": 2}], [{"customerId": 2}, {"customerId": 1}])


def test_a_customer_without_an_id_is_refused():
    with pytest.raises(SchemaDriftError, match="without an id"):
        pages([{"email": "a@x.se"}])


def test_pages_overlap_by_one_customer():
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["offset"])
        ids = [{"customerId": 1}, {"customerId": 2}] if len(asked) == 1 else [{"customerId": 2}]
        return httpx.Response(200, json={"status": "ok", "customers": ids})

    transport = httpx.MockTransport(answer)
    client = OrderApiClient(settings("https://x.centra.com"), lambda: NOW, transport=transport)
    list(consent_stream(client, ZONE).read())
    assert asked == ["0", "1"]


# --- single e-mails ------------------------------------------------------------------------------------


def agreeing(number: int, email: str) -> dict[str, Any]:
    return {"customerId": number, "email": email, "newsletter": True}


def agreements(*bodies: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    client = answering(*({"status": "ok", "customers": page} for page in bodies))
    return OrderApiPoints(client, ZONE, ("newsletter",)).agreements(["Ann@x.se"])


def test_of_an_e_mail_only_what_its_own_customers_say_counts():
    first, other = agreeing(1, "ann@x.se"), agreeing(2, "joann@x.se")
    assert agreements([first, other], [other]) == [("ann@x.se", "1", "1/flag")]


def test_an_api_that_does_not_keep_to_an_e_mail_tells_nothing():
    everybody = [agreeing(number, f"{number}@x.se") for number in range(201)]
    with pytest.raises(IncompleteSnapshotError, match="does not tell what somebody agreed to"):
        agreements(everybody)
