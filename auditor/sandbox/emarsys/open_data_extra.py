"""The Open Data views that only some accounts have: automation executions, and streamed products.

Records are written as JSON text, since not every engine has records.

Source:
    Emarsys reference 7.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from auditor.sandbox.emarsys.bulk import Row
    from auditor.sandbox.world.model import EmarsysAccount, EventDefinition, FiredEvent

_MOMENT = sa.DateTime(timezone=True)
_RECORD = sa.String()
_PRODUCT_RECORDS = (
    *("title", "link", "image", "zoom_image", "category", "available"),
    *("description", "msrp", "price", "currency", "availability", "brand"),
)

EXTRA_COLUMNS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "automation_node_executions": {
        "ac_program_id": sa.BigInteger(),
        "rti_program_id": sa.String(),
        "node_id": sa.String(),
        "execution_phase": sa.String(),
        "execution_id": sa.String(),
        "event_time": _MOMENT,
        "participants": _RECORD,
        "partitiontime": _MOMENT,
    },
    "products_latest_state": {
        "customer_id": sa.BigInteger(),
        "item_id": sa.String(),
        "event_time": _MOMENT,
        "loaded_at": _MOMENT,
        "item_group_id": sa.String(),
        "pause": sa.Boolean(),
        **dict.fromkeys(_PRODUCT_RECORDS, _RECORD),
        "customs": _RECORD,
    },
}


def executions(account: EmarsysAccount, fired: Iterator[FiredEvent]) -> Iterator[Row]:
    """Yield what each program did for each event that set it off: a start and an end."""
    definitions = {one.id: one for one in account.event_definitions}
    for event in fired:
        for program in _programs(definitions.get(event.definition_id)):
            for phase in ("START", "END"):
                yield (
                    *(program, None, "entry", phase, f"{event.event_id}-{program}"),
                    event.fired_at,
                    _participants(event, phase),
                    event.loaded_at.replace(hour=0, minute=0, second=0, microsecond=0),
                )


def products(account: EmarsysAccount, unit: Decimal, repeat_every: int) -> Iterator[Row]:
    """Yield the state of every product; one row in so many stands twice."""
    loaded_at = max((p.loaded_at for p in account.purchases), default=None)
    for number, row in enumerate(account.catalogue, start=1):
        values: dict[str, object] = {
            "title": row.title,
            "link": row.link,
            "image": row.image,
            "category": row.category,
            "available": row.available,
            "msrp": float(row.msrp_minor * unit),
            "price": float(row.price_minor * unit),
            "currency": account.currency,
            "availability": "in_stock" if row.available else "out_of_stock",
        }
        product = (
            *(account.customer_id, row.item, loaded_at, loaded_at, None, False),
            *(_record(values.get(name)) for name in _PRODUCT_RECORDS),
            json.dumps([{"k": "c_stock", "v": str(row.stock)}]),
        )
        yield product
        if repeat_every and number % repeat_every == 0:
            yield product


def _programs(definition: EventDefinition | None) -> tuple[int, ...]:
    return () if definition is None else definition.program_ids


def _participants(event: FiredEvent, phase: str) -> str:
    result = "success" if phase == "END" else None
    return json.dumps(
        {
            "execution_result": result,
            "contact_id": event.contact_id,
            "contact_list_id": None,
            "trigger_id": event.trigger_id,
        }
    )


def _record(default: object) -> str:
    return json.dumps({"default": default, "locals": list[object]()})
