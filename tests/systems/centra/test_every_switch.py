"""Whatever a tenant does about what is unknown, the client reads the same of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from auditor.sandbox.centra import CentraOptions
from auditor.sandbox.world import Scale, build_world
from auditor.sandbox.world.scale import SMALLEST
from tests.sandbox.centra.test_every_option import CASES
from tests.systems.centra.room import NOW, Room
from tests.systems.centra.shop import rows_of

if TYPE_CHECKING:
    from auditor.sandbox.world import World

OF_OTHERS = {
    *("tokens", "rate_plan", "attribute_types"),  # what a tenant sets up
    *("order_api_secret", "order_api_refusal", "order_api_list", "order_api_most"),
    *("update_customer_by", "newsletter_flip", "generates_events"),  # writes and events
}
SWITCHES = [(name, value) for name, value in CASES if name not in OF_OTHERS]


@cache
def world() -> World:
    return build_world(1, Scale.of(customers=SMALLEST), NOW)


def everything(options: CentraOptions) -> dict[str, Any]:
    """Return the rows of every stream."""
    room = Room(world(), options=options)
    found = {stream.name: rows_of(list(stream.read())) for stream in room.streams}
    for order in found["orders"]["centra_order"]:
        if order["status"] == options.cancelled_status:
            order["status"] = "cancelled"  # the word is the tenant's own; checks know both
    return found


@cache
def usual() -> dict[str, Any]:
    return everything(CentraOptions())


@pytest.mark.parametrize(
    ("name", "value"), SWITCHES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(SWITCHES)]
)
def test_every_setting_of_a_switch_reads_the_same(name: str, value: Any):
    found = everything(replace(CentraOptions(), **{name: value}))
    different = [stream for stream, rows in found.items() if rows != usual()[stream]]
    assert different == []
