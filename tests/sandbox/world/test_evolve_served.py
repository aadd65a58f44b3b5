"""Running servers show a world that lived on, once they are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import UNLIMITED, CentraOptions, CentraServer, Token
from auditor.sandbox.centra.server import Query
from auditor.sandbox.emarsys.options import EmarsysOptions
from auditor.sandbox.emarsys.state import Emarsys
from auditor.sandbox.world import evolve
from tests.sandbox.world.conftest import NOW

if TYPE_CHECKING:
    from auditor.sandbox.world import World

LATER = NOW + timedelta(days=3)
TOKEN = Token("all")
CHANGED = "query ($d: DateTimeTz) { orders(limit: 200, where: {updatedAt: {from: $d}}) { number } }"


def changed_since(server: CentraServer) -> set[int]:
    body: Any = server.answer(TOKEN, Query(CHANGED, {"d": NOW.isoformat()}, None)).body
    return {row["number"] for row in body["data"]["orders"]}


def test_centra_finds_what_changed_after_a_refresh(small: World):
    options = CentraOptions(tokens=(TOKEN,), rate_plan=UNLIMITED)
    server = CentraServer(small.centra, options, lambda: LATER)
    before = changed_since(server)
    evolve(small, 3, LATER)
    server.refresh()
    expected = {order.number for order in small.centra.orders if order.updated_at >= NOW}
    assert changed_since(server) == expected
    assert len(expected) > len(before)


def test_emarsys_finds_new_contacts_after_a_reindex(small: World):
    state = Emarsys(small.emarsys, EmarsysOptions(), lambda: LATER)
    known = set(state.contacts.by_id)
    evolve(small, 3, LATER + timedelta(days=20))
    state.reindex()
    assert set(state.contacts.by_id) == {row.id for row in small.emarsys.contacts}
    assert set(state.contacts.by_id) > known


def test_a_day_of_life_makes_events_for_those_who_listen(small: World):
    options = CentraOptions(tokens=(TOKEN,), rate_plan=UNLIMITED, generates_events=True)
    server = CentraServer(small.centra, options, lambda: LATER)
    listen = """mutation { setEventListeners(input: [{objectType: Shipment, changeTypes: COMPLETED}])
        { userErrors { path } } }"""
    server.answer(TOKEN, Query(listen, {}, None))
    evolve(small, 3, LATER)
    server.refresh()
    read = "{ events(limit: 200) { changeType object { ... on Shipment { isShipped } } } }"
    body: Any = server.answer(TOKEN, Query(read, {}, None)).body
    events = body["data"]["events"]
    assert events
    assert all(event["object"] == {"isShipped": True} for event in events)


@pytest.mark.parametrize("quirk", ["inactive display", "stock offset", "threshold", "null price"])
def test_the_assortment_has_every_quirk(small: World, quirk: str):
    centra = small.centra
    found = {
        "inactive display": [row for row in centra.displays if row.status == "INACTIVE"],
        "stock offset": [row for row in centra.variants if row.stock_offset],
        "threshold": [row for row in centra.warehouses if row.threshold],
        "null price": [row for row in centra.prices if row.minor is None],
    }
    assert found[quirk]
