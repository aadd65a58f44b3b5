"""The fields of events and the mutations around them.

Source: Centra reference 7.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sandbox.centra import orders, parcels
from auditor.sandbox.centra.event_queues import EVERY_CHANGE
from auditor.sandbox.centra.field import Field, Request, attr, moment, plain, ref
from auditor.sandbox.centra.paging import page_size
from auditor.sandbox.centra.payload import Payload, complaint
from auditor.sandbox.world import model

if TYPE_CHECKING:
    from auditor.sandbox.centra.event_queues import Event
    from auditor.sandbox.centra.field import Arguments, Getter, Row

_TARGETS = {
    "Customer": ("customers", "id"),
    "NewsletterSubscription": ("subscriptions", "id"),
    "Order": ("orders", "number"),
    "Shipment": ("shipments", "id"),
    "Return": ("returns", "id"),
}


def typename(request: Request, _arguments: Arguments) -> Getter:
    """Answer the concrete type of what an event is about."""
    kinds: dict[type, Getter] = {
        model.Order: orders.typename(request, {}),
        model.Shipment: parcels.typename_as("Shipment")(request, {}),
        model.Return: parcels.typename_as("Return")(request, {}),
        model.Customer: lambda _row: "Customer",
        model.Subscription: lambda _row: "NewsletterSubscription",
    }
    return lambda row: kinds[type(row)](row)


def _events(request: Request, arguments: Arguments) -> Getter:
    """Answer with the oldest events that are not confirmed and that the token may see."""
    where = arguments.get("where") or {}
    visible = request.view.stores.by("id")

    def fits(event: Event) -> bool:
        return (
            (event.store_id is None or event.store_id in visible)
            and event.object_type in where.get("objectType", (event.object_type,))
            and event.change_type in where.get("changeType", (event.change_type,))
            and event.store_id in where.get("storeId", (event.store_id,))
            and event.market_id in where.get("marketId", (event.market_id,))
        )

    def answer(_root: object) -> list[Event]:
        queue = request.events.of(request.integration)
        size = page_size(request, arguments.get("limit"), "limit")
        return [event for event in queue.events if fits(event)][:size]

    return answer


def _target(request: Request, _arguments: Arguments) -> Getter:
    def answer(event: Event) -> Row:
        if event.change_type == "DELETED":
            return None
        table, key = _TARGETS[event.object_type]
        return getattr(request.view, table).by(key).get(event.reference)

    return answer


def _wanted(arguments: Arguments) -> list[tuple[str, Any]]:
    return [
        (row["objectType"], row.get("changeTypes") or EVERY_CHANGE) for row in arguments["input"]
    ]


def _set_listeners(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        request.events.listen(request.integration, _wanted(arguments))
        return _listeners(request)

    return answer


def _unset_listeners(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        request.events.ignore(request.integration, _wanted(arguments))
        return _listeners(request)

    return answer


def _listeners(request: Request) -> Payload:
    listeners = request.events.of(request.integration).listeners
    return Payload([(kind, sorted(changes)) for kind, changes in sorted(listeners.items())])


def _confirm(request: Request, arguments: Arguments) -> Getter:
    def answer(_root: object) -> Payload:
        ids = arguments["input"]["eventsIds"]
        unknown = request.events.confirm(request.integration, ids)
        return Payload(
            warnings=[
                complaint(f"Could not find Event with ID {ids[n]}", "input", "eventsIds", str(n))
                for n in unknown
            ]
        )

    return answer


QUERIES: dict[str, Field] = {"events": _events}
MUTATIONS: dict[str, Field] = {
    "setEventListeners": _set_listeners,
    "unsetEventListeners": _unset_listeners,
    "confirmEvents": _confirm,
}

FIELDS: dict[str, dict[str, Field]] = {
    "Event": {
        "id": attr("id"),
        "objectType": attr("object_type"),
        "changeType": attr("change_type"),
        "objectReference": attr("reference"),
        "createdAt": moment("created_at"),
        "store": ref("store_id", "stores"),
        "market": ref("market_id", "markets"),
        "object": _target,
    },
    "EventListener": {
        "objectType": plain(lambda pair: pair[0]),
        "changeTypes": plain(lambda pair: pair[1]),
    },
}
