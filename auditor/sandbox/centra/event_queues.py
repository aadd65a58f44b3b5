"""The event queue: listeners, events and confirmations, per integration name.

Source: Centra reference 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from auditor.sandbox.world.model import CentraTenant

COMPLETABLE = {"Order": "SHIPPED", "Shipment": True, "Return": "COMPLETED"}
"""What the last state of an object that can be completed is."""
EVERY_CHANGE = ("CREATED", "UPDATED", "DELETED", "COMPLETED", "DEPENDENT_DATA_CHANGED")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `reference` is an id, or the number of an order."""

    id: int
    object_type: str
    change_type: str
    reference: int
    created_at: datetime
    store_id: int | None
    market_id: int | None


class _State(NamedTuple):
    """What of an object is watched for changes, and where it belongs."""

    seen: Any
    progress: Any
    store_id: int | None
    market_id: int | None


@dataclass(slots=True)
class _Queue:
    """What one integration listens to and has not confirmed yet, oldest first."""

    listeners: dict[str, set[str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class EventQueues:
    """All queues of an environment."""

    def __init__(self, tenant: CentraTenant, *, is_generating: bool) -> None:
        self._tenant, self._is_generating = tenant, is_generating
        self._queues: dict[str, _Queue] = {}
        self._last_id = 0
        self._states = dict(_states(tenant)) if is_generating else {}

    def of(self, integration: str) -> _Queue:
        """Return the queue of an integration; tokens that share its name share it."""
        return self._queues.setdefault(integration, _Queue())

    def listen(self, integration: str, wanted: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Listen to more; what is listened to already stays."""
        listeners = self.of(integration).listeners
        for object_type, changes in wanted:
            listeners.setdefault(object_type, set()).update(changes)

    def ignore(self, integration: str, unwanted: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Listen to less, and delete the queued events of those types."""
        queue = self.of(integration)
        for object_type, changes in unwanted:
            dropped = set(changes)
            left = queue.listeners.get(object_type, set()) - dropped
            queue.listeners.pop(object_type, None)
            if left:
                queue.listeners[object_type] = left
            queue.events = [
                event
                for event in queue.events
                if event.object_type != object_type or event.change_type not in dropped
            ]

    def confirm(self, integration: str, ids: list[int]) -> list[int]:
        """Take events out of a queue; return the positions of ids that were not in it."""
        queue = self.of(integration)
        known = {event.id for event in queue.events}
        queue.events = [event for event in queue.events if event.id not in set(ids)]
        return [place for place, number in enumerate(ids) if number not in known]

    def emit(self, now: datetime) -> None:
        """Compare the tenant with what it was and queue what changed, for those who listen."""
        if not self._is_generating:
            return
        before, self._states = self._states, dict(_states(self._tenant))
        for (kind, reference), state in self._states.items():
            for change in _changes(kind, before.get((kind, reference)), state):
                self._queue(kind, change, reference, state, now)
        for (kind, reference), state in before.items():
            if (kind, reference) not in self._states:
                self._queue(kind, "DELETED", reference, state, now)

    def _queue(self, kind: str, change: str, reference: int, state: _State, now: datetime) -> None:
        self._last_id += 1
        event = Event(self._last_id, kind, change, reference, now, state.store_id, state.market_id)
        for queue in self._queues.values():
            if change in queue.listeners.get(kind, ()):
                queue.events.append(event)


def _changes(kind: str, before: _State | None, after: _State) -> Iterator[str]:
    if before is None:
        yield "CREATED"
    elif before.seen != after.seen:
        yield "UPDATED"
    done = COMPLETABLE.get(kind)
    if done is not None and after.progress == done and (not before or before.progress != done):
        yield "COMPLETED"


def _states(tenant: CentraTenant) -> Iterator[tuple[tuple[str, int], _State]]:
    stores: dict[int, tuple[int, int]] = {}
    for row in tenant.customers:
        seen = (row.updated_at, row.email, row.receives_newsletters, row.is_anonymized)
        yield ("Customer", row.id), _State(seen, None, row.store_id, row.market_id)
    for sub in tenant.subscriptions:
        state = _State(sub.is_active, None, sub.store_id, None)
        yield ("NewsletterSubscription", sub.id), state
    for order in tenant.orders:
        place = stores[order.number] = (order.store_id, order.market_id)
        seen_of = (order.updated_at, order.status, order.customer_id)
        yield ("Order", order.number), _State(seen_of, order.status, *place)
    for parcel in tenant.shipments:
        place = stores.get(parcel.order_number, (0, 0))
        state = _State((parcel.updated_at, parcel.is_captured), parcel.is_shipped, *place)
        yield ("Shipment", parcel.id), state
    for back in tenant.returns:
        place = stores.get(back.order_number, (0, 0))
        yield ("Return", back.id), _State(back.status, back.status, *place)
