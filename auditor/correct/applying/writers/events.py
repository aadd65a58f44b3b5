"""External events of Emarsys, fired with an id that is the same for ever.

Source:
    Emarsys reference 8: a `trigger_id` is processed once, so it may be sent once more after a request
    without an answer; no call tells what was fired, but Open Data does, later.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from auditor.correct.applying.journal import MOST_FIRINGS
from auditor.correct.applying.writers.contacts import contacts_now
from auditor.correct.applying.writers.outcome import fate_of_rows, refusals
from auditor.correct.applying.writers.rows import live_customers_now, rows_now
from auditor.correct.applying.writers.writer import AFTER, BEFORE, Sight, request_of
from auditor.model.plan import EventFiring
from auditor.model.tables import centra_order, emarsys_event
from auditor.reconcile.orders import CANCELLED
from auditor.systems.emarsys.writing.bodies import MOST_ROWS
from auditor.systems.emarsys.writing.events import Trigger, trigger_batches, trigger_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from auditor.correct.applying.journal import Receipt
    from auditor.correct.applying.writers.contacts import Contact
    from auditor.correct.applying.writers.writer import Sending
    from auditor.model.plan import Change
    from auditor.systems.emarsys.writing.api import WriteApi
    from auditor.systems.points import SystemPoints

EVENTS = "external_events"
CLOCKS_DIFFER = timedelta(minutes=5)

TOO_LATE = Sight("other", "it happened longer ago than events.max_age by now")
OTHER_CONTACT = Sight("other", "the contact is gone, or has another key by now")
NO_ORDER = Sight("other", "the order is cancelled or gone by now")
ERASED = Sight("other", "the customer was erased from Centra, or is gone, by now")
FIRED = Sight("other", "the event was fired for this contact since the plan was made")
FIRED_BEFORE = Sight("other", "an earlier plan has fired the event already")


class Firings(Protocol):
    """Knows which events were fired before, or may have been."""

    def fired(self) -> Sequence[EventFiring]:
        """Return those of the plan."""

    def fired_elsewhere(self, changes: Sequence[Change]) -> Mapping[str, int]:
        """Return how often other plans have fired the events of these findings, by finding."""


class EventWriter:
    """Fires events.

    Args:
        points: Reads contacts, orders, and where Open Data is configured what was fired.
        api: Fires.
        names: Our names of the mapped fields by their ids.
        as_of: When the snapshot of the plan began, aware.
        clock: The time now, aware.
        before: Tells what was fired before.
    """

    at_once, shows_later, may_repeat = MOST_ROWS, True, True

    def __init__(
        self,
        points: SystemPoints,
        api: WriteApi,
        names: Mapping[str, str],
        *,
        as_of: datetime,
        clock: Callable[[], datetime],
        before: Firings,
    ) -> None:
        self._points, self._api, self._names = points, api, names
        self._as_of, self._clock, self._before = as_of, clock, before

    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """See whether the news is still worth telling, to this contact, and was not told since."""
        requests = [request_of(change, EventFiring) for change in changes]
        there = contacts_now(self._points, [one.contact_id for one in requests])
        orders = self._orders(requests)
        fired = self._fired(requests, self._as_of)
        for one in self._before.fired():
            pair = (str(one.event_id), one.contact_id)
            fired[pair] = fired.get(pair, 0) - 1
        elsewhere = self._before.fired_elsewhere(changes)
        sights = []
        for change, one in zip(changes, requests, strict=True):
            order = orders.get(one.data.get("order", ""), NO_ORDER)
            sight = self._fits(one, there.get(one.contact_id), order)
            if sight == BEFORE and elsewhere.get(change.origin.finding, 0) >= MOST_FIRINGS:
                sight = FIRED_BEFORE
            elif sight == BEFORE and fired.get((str(one.event_id), one.contact_id), 0) > 0:
                sight = FIRED
            sights.append(sight)
        return sights

    def _fits(self, one: EventFiring, contact: Contact | None, order: Sight) -> Sight:
        """See whether the news is still worth telling to a contact; `order` is how its order looks."""
        if self._clock() >= one.not_after:
            return TOO_LATE
        if contact is None or contact.get(self._names[one.key_field]) != one.key:
            return OTHER_CONTACT
        return order

    def send(self, changes: Sequence[Change]) -> list[Sending]:
        """Fire them, one call for each event."""
        sent: dict[str, Sending] = {}
        requests = [request_of(change, EventFiring) for change in changes]
        for event_id, key_field in dict.fromkeys((one.event_id, one.key_field) for one in requests):
            triggers = [
                Trigger(one.key, one.trigger_id, one.happened_at, one.data)
                for one in requests
                if (one.event_id, one.key_field) == (event_id, key_field)
            ]
            for batch in trigger_batches(event_id, key_field, triggers):
                results = refusals(
                    lambda batch=batch: fate_of_rows(  # type: ignore[misc]
                        trigger_event(self._api, batch)
                    ),
                    len(batch.triggers),
                )
                ids = [trigger.trigger_id for trigger in batch.triggers]
                sent |= dict(zip(ids, results, strict=True))
        return [sent[one.trigger_id] for one in requests]

    def shown(
        self, changes: Sequence[Change], receipts: Mapping[str, Receipt]
    ) -> list[Sight | None]:
        """Return which firings Open Data shows; of the others nothing is known yet."""
        if EVENTS not in self._points.streams:
            return [None] * len(changes)
        found: list[Sight | None] = []
        rows = self._rows([request_of(change, EventFiring) for change in changes])
        for change in changes:
            request, receipt = request_of(change, EventFiring), receipts.get(change.id)
            since = None if receipt is None else receipt.intended_at
            is_there = since is not None and any(
                row["contact_id"] == request.contact_id
                and row["event_type_id"] == str(request.event_id)
                and row["happened_at"] is not None
                and row["happened_at"].replace(tzinfo=UTC) >= since - CLOCKS_DIFFER
                for row in rows
            )
            found.append(AFTER if is_there else None)
        return found

    def _orders(self, requests: Sequence[EventFiring]) -> dict[str, Sight]:
        """See whether the orders that the events are about still stand, and so do their customers."""
        numbers = [one.data["order"] for one in requests if "order" in one.data]
        rows = rows_now(self._points, "orders", centra_order, numbers)
        owners = [str(row["customer_id"]) for row in rows if row["customer_id"] is not None]
        there = live_customers_now(self._points, owners)
        return {str(row["order_number"]): _stands(row, there) for row in rows}

    def _fired(
        self, requests: Sequence[EventFiring], since: datetime
    ) -> dict[tuple[str, str], int]:
        """Return how often each event was fired for each contact since a moment, as far as is known.

        One of which the time is not told counts: two mails are worse than none.
        """
        counts: dict[tuple[str, str], int] = {}
        for row in self._rows(requests):
            if row["happened_at"] is None or row["happened_at"].replace(tzinfo=UTC) > since:
                pair = (str(row["event_type_id"]), str(row["contact_id"]))
                counts[pair] = counts.get(pair, 0) + 1
        return counts

    def _rows(self, requests: Sequence[EventFiring]) -> list[dict[str, Any]]:
        if EVENTS not in self._points.streams:
            return []
        ids = [one.contact_id for one in requests]
        return rows_now(self._points, EVENTS, emarsys_event, ids)


def _stands(order: Mapping[str, Any], customers: Mapping[str, Any]) -> Sight:
    """See whether an order stands; `customers` are those that Centra has, by id. A guest is none."""
    if order["status"] in CANCELLED:
        return NO_ORDER
    owner = order["customer_id"]
    return BEFORE if owner is None or str(owner) in customers else ERASED
