"""The client against a tenant behind a real socket: complete, or incomplete and saying so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError, RefusedError
from auditor.model.stream import Start
from auditor.model.tables import STREAM_TABLES
from auditor.sandbox.centra import DEFAULT_ABSENT, Token
from auditor.sandbox.wire import Fault
from auditor.systems.centra.listing import Tenant
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.prices import STOCK
from auditor.systems.centra.schema import learn_schema
from tests.systems.centra.room import Room
from tests.systems.centra.shop import NOW, OPEN, open_shop, rows_of, small_pages, small_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.sandbox.world.model import CentraTenant, World
    from tests.systems.centra.shop import Shop

BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)

KEYS: dict[str, Callable[[CentraTenant], list[Any]]] = {
    "markets": lambda t: [row.id for row in t.markets],
    "countries": lambda t: [row.id for row in t.countries],
    "currencies": lambda t: [row.code for row in t.currencies],
    "customers": lambda t: [row.id for row in t.customers],
    "newsletter_subscriptions": lambda t: [row.id for row in t.subscriptions],
    "accounts": lambda t: [row.id for row in t.accounts],
    "buyers": lambda t: [row.id for row in t.buyers],
    "orders": lambda t: [row.number for row in t.orders],
    "shipments": lambda t: [row.id for row in t.shipments],
    "returns": lambda t: [row.id for row in t.returns],
    "pricelists": lambda t: [row.id for row in t.pricelists],
    "warehouses": lambda t: [row.id for row in t.warehouses],
    "products": lambda t: [row.id for row in t.products],
    "variants": lambda t: [row.id for row in t.variants],
    "sizes": lambda t: [row.id for row in t.sizes],
    "displays": lambda t: [row.id for row in t.displays],
    "prices": lambda t: [row.id for row in t.prices],
    "stock": lambda t: [row.size_id for row in t.stocks],
    "stores": lambda t: [row.id for row in t.stores],
    "wholesale_stores": lambda t: [row.id for row in t.stores if row.type == "WHOLESALE"],
}
CHANGING = [
    *("customers", "accounts", "orders", "shipments"),
    *("products", "variants", "sizes", "displays"),
]
ROOTS = {"customers": "customerConnection", "orders": "orderConnection", "prices": "prices"}
"""A connection, one that is counted first, and a plain list; each has several pages."""

PLAIN = DEFAULT_ABSENT | {
    f"Query.{name}Connection"
    for name in (
        *("customer", "order", "shipment", "return", "account"),
        *("product", "productVariant", "productSize", "display"),
    )
}


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Shop]:
    with open_shop(world) as shop:
        yield shop


@pytest.fixture
def shop(served: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    small_pages(monkeypatch)
    yield served
    served.faults.clear()


def first_column(name: str, rows: dict[str, list[Any]]) -> list[str]:
    table = STREAM_TABLES[name][0]
    return [row[table.columns.keys()[0]] for row in rows[table.name]]


def expected(name: str, tenant: CentraTenant) -> list[str]:
    return sorted(str(key) for key in KEYS[name](tenant))


# --- to the end


@pytest.mark.parametrize("name", KEYS)
def test_a_stream_gives_every_row_of_the_world(shop: Shop, name: str):
    assert sorted(first_column(name, shop.rows(name))) == expected(name, shop.tenant)


@pytest.mark.parametrize("name", KEYS)
def test_reading_twice_gives_the_same(shop: Shop, name: str):
    assert shop.rows(name) == shop.rows(name)


@pytest.mark.parametrize("name", [*CHANGING, "returns", "stock"])
def test_a_tenant_without_connections_gives_every_row(world: World, name: str):
    with open_shop(world, replace(OPEN, absent=PLAIN)) as shop:
        assert sorted(first_column(name, shop.rows(name))) == expected(name, shop.tenant)


def test_lines_of_orders_are_those_of_the_world(shop: Shop):
    found = {
        (row["order_number"], row["line_id"], row["quantity"], row["cancelled_quantity"])
        for row in shop.rows("orders")["centra_order_line"]
    }
    assert found == {
        (str(order.number), str(line.id), line.quantity, line.cancelled)
        for order in shop.tenant.orders
        for line in order.lines
    }


def test_consumers_pay_what_the_world_says(shop: Shop):
    consumers = [order for order in shop.tenant.orders if order.buyer_id is None]
    world = {str(line.id): line.value_minor for order in consumers for line in order.lines}
    rows = shop.rows("orders")["centra_order_line"]
    found = {row["line_id"]: row["value_minor"] for row in rows if row["line_id"] in world}
    assert found == world


def test_payments_are_those_of_the_world(shop: Shop):
    found = [row["payment_id"] for row in shop.rows("orders")["centra_payment"]]
    world = [str(row.id) for row in getattr(shop.tenant, "payments", [])]
    assert sorted(found) == sorted(world)


def test_lines_of_shipments_are_those_of_the_world(shop: Shop):
    found = sorted(
        (row["shipment_id"], row["line_id"], row["quantity"])
        for row in shop.rows("shipments")["centra_shipment_line"]
    )
    assert found == sorted(
        (str(parcel.id), str(line.line_id), line.quantity)
        for parcel in shop.tenant.shipments
        for line in parcel.lines
    )


def test_stock_is_what_is_free_to_allocate(shop: Shop):
    found = {
        (row["size_id"], row["warehouse_id"]): row["free_to_allocate"]
        for row in shop.rows("stock")["centra_stock"]
    }
    assert found == {
        (str(one.size_id), str(one.warehouse_id)): one.physical - one.allocated
        for one in shop.tenant.stocks
    }


def test_stock_of_more_warehouses_than_fit_is_read_on(shop: Shop):
    narrow = replace(STOCK, nested=(replace(STOCK.nested[0], limit=1),))
    api = Tenant(shop.client, learn_schema(shop.client))
    assert rows_of(list(Reader(narrow, api).pages())) == shop.rows("stock")


def test_prices_are_those_of_the_world(shop: Shop):
    found = {row["price_id"]: row["value_minor"] for row in shop.rows("prices")["centra_price"]}
    assert found == {str(one.id): one.minor for one in shop.tenant.prices}


def test_only_the_configured_price_list_is_read(world: World):
    chosen = world.centra.pricelists[0]
    with open_shop(world, pricelist=chosen.name) as shop:
        found = {row["pricelist_id"] for row in shop.rows("prices")["centra_price"]}
    assert found == {str(chosen.id)}


# --- from a start


@pytest.mark.parametrize("name", [*CHANGING, "returns"])
def test_what_changed_since_the_beginning_is_everything(shop: Shop, name: str):
    assert shop.rows(name, Start(changed_since=BEGINNING)) == shop.rows(name)


@pytest.mark.parametrize("bounds", ["inclusive", "exclusive", "half_open"])
@pytest.mark.parametrize("name", ["customers", "orders", "shipments"])
def test_what_changed_since_a_moment_is_read(world: World, name: str, bounds: Any):
    rows = getattr(world.centra, name)
    moment = sorted(row.updated_at for row in rows)[-len(rows) // 10]
    with open_shop(world, replace(OPEN, date_bounds=bounds)) as shop:
        found = set(first_column(name, shop.rows(name, Start(changed_since=moment))))
    key = "number" if name == "orders" else "id"
    assert {str(getattr(row, key)) for row in rows if row.updated_at >= moment} <= found
    assert len(found) < len(rows)


def test_returns_are_read_from_sixty_days_before(shop: Shop):
    moment = NOW - timedelta(days=30)
    found = set(first_column("returns", shop.rows("returns", Start(changed_since=moment))))
    begin = moment - timedelta(days=60)
    assert found == {str(row.id) for row in shop.tenant.returns if row.created_at >= begin}


def test_a_small_change_costs_one_request(shop: Shop):
    before = shop.asked("customerConnection")
    shop.rows("customers", Start(changed_since=NOW - timedelta(days=2)))
    assert shop.asked("customerConnection") - before == 1


@pytest.mark.parametrize("name", [*CHANGING, "returns"])
def test_reading_goes_on_behind_every_page(shop: Shop, name: str):
    pages = shop.pages(name)
    whole = rows_of(pages)
    for number, page in enumerate(pages, 1):
        rest = shop.pages(name, Start(cursor=page.cursor))
        assert rows_of([*pages[:number], *rest]) == whole


def test_a_plain_list_gives_no_cursor(shop: Shop):
    assert {page.cursor for page in shop.pages("prices")} == {None}


# --- faults that pass


ERRORS = b'{"errors":[{"message":"Internal server error","extensions":{"category":"internal"}}]}'
PASSING = {
    "429 in seconds": Fault("centra", "status", status=429, headers={"retry-after": "1"}),
    "429 as epoch": Fault(
        "centra", "status", status=429, headers={"retry-after": f"{NOW.timestamp() + 1:.0f}"}
    ),
    "429 as date": Fault(
        "centra",
        "status",
        status=429,
        headers={"retry-after": f"{NOW + timedelta(seconds=1):%a, %d %b %Y %H:%M:%S GMT}"},
        body=b"slow down",
    ),
    "500": Fault("centra", "status", status=500),
    "cut": Fault("centra", "cut"),
    "garbage": Fault("centra", "garbage"),
    "200 with errors": Fault("centra", "status", status=200, body=ERRORS),
}


@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_changes_nothing(shop: Shop, name: str, fault: str):
    whole = shop.rows(name)
    shop.faults.arm(replace(PASSING[fault], match=f"query {ROOTS[name]}(", skip=1))
    assert shop.rows(name) == whole


# --- data that changes while it is read


@pytest.mark.parametrize("name", ["customers", "prices"])
@pytest.mark.parametrize("rows", [-3, 3])
def test_rows_that_come_or_go_are_read_or_make_the_stream_incomplete(
    monkeypatch: pytest.MonkeyPatch, name: str, rows: int
):
    small_pages(monkeypatch)
    with open_shop(small_world()) as shop:
        before = set(expected(name, shop.tenant))
        shop.faults.arm(Fault("centra", "shift", match=f"query {ROOTS[name]}(", skip=1, rows=rows))
        try:
            found = set(first_column(name, shop.rows(name)))
        except IncompleteSnapshotError:
            return
        assert before & set(expected(name, shop.tenant)) <= found


@pytest.mark.parametrize("name", ["customers", "orders"])
def test_an_old_record_that_changes_while_changes_are_read_is_read_too(
    monkeypatch: pytest.MonkeyPatch, name: str
):
    small_pages(monkeypatch)
    room = Room(small_world(), now=NOW + timedelta(hours=1))
    rows: list[Any] = getattr(room.world.centra, name)
    for row in rows:
        row.updated_at = NOW
    oldest = min(rows, key=attrgetter("number" if name == "orders" else "id"))
    oldest.updated_at = NOW - timedelta(days=30)
    room.refresh()
    stream = next(one for one in room.streams if one.name == name)
    assert stream.read_from is not None
    pages = []
    for page in stream.read_from(Start(changed_since=NOW)):
        pages.append(page)
        if len(pages) == 1:
            oldest.updated_at = room.now
            room.refresh()
    found = first_column(name, rows_of(pages))
    assert sorted(found) == sorted(expected(name, room.world.centra))


# --- faults that hide rows


@pytest.mark.parametrize("name", ["customers", "orders"])
@pytest.mark.parametrize("kind", ["repeat", "lose"])
def test_a_fault_that_hides_rows_is_seen(shop: Shop, name: str, kind: Any):
    shop.faults.arm(Fault("centra", kind, match=f"query {ROOTS[name]}(", skip=1))
    with pytest.raises(IncompleteSnapshotError):
        shop.pages(name)


def test_a_repeated_page_of_a_plain_list_is_seen(shop: Shop):
    shop.faults.arm(Fault("centra", "repeat", match="query prices(", skip=1))
    with pytest.raises(IncompleteSnapshotError):
        shop.pages("prices")


def test_a_page_of_a_plain_list_that_loses_rows_is_seen(shop: Shop):
    shop.faults.arm(Fault("centra", "lose", match="query prices(", skip=1))
    with pytest.raises(IncompleteSnapshotError):
        shop.pages("prices")


# --- tokens


def test_a_token_that_expires_meanwhile_is_named(world: World, monkeypatch: pytest.MonkeyPatch):
    small_pages(monkeypatch)
    token = Token("all", expires_at=NOW + timedelta(hours=1))
    with open_shop(world, replace(OPEN, tokens=(token,))) as shop:
        pages = shop.streams["customers"].read()
        next(pages)
        shop.advance(2)
        with pytest.raises(RefusedError, match=r"centra\.token was refused"):
            list(pages)


def restricted(**limits: Any) -> Any:
    return replace(OPEN, tokens=(Token("all", **limits),))


def test_a_token_that_hides_every_trace_of_wholesale_is_restricted(world: World):
    with open_shop(world, restricted(store_types=frozenset({"DIRECT_TO_CONSUMER"}))) as shop:
        for name in ("accounts", "buyers", "orders", "stores"):
            shop.pages(name)
        with pytest.raises(IncompleteSnapshotError, match="sees no wholesale store"):
            shop.pages("wholesale_stores")


def test_a_missing_permission_is_named_in_the_notes(world: World):
    granted = frozenset({"Customer:read", "Store:read"})
    with open_shop(world, restricted(permissions=granted)) as shop:
        shop.pages("customers")
        assert (
            "Customer.totalOrders was not read; grant Customer.totalOrders:read to the token."
            in shop.streams["customers"].notes()
        )


def test_a_stream_without_its_permission_names_it(world: World):
    granted = frozenset({"ProductSize:read"})
    with (
        open_shop(world, restricted(permissions=granted)) as shop,
        pytest.raises(RefusedError, match=r"grant ProductSize\.stock:read"),
    ):
        shop.pages("stock")


def test_a_field_that_the_tenant_lacks_is_named_in_the_notes(world: World):
    lacking = replace(OPEN, absent=DEFAULT_ABSENT | {"Warehouse.threshold"})
    with open_shop(world, lacking) as shop:
        shop.pages("warehouses")
        assert "Centra has no field Warehouse.threshold." in shop.streams["warehouses"].notes()


def test_notes_tell_what_reading_cost(shop: Shop):
    shop.pages("markets")
    assert any("points of query complexity" in note for note in shop.streams["markets"].notes())
